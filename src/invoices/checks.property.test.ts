import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { soakRuns } from '../../test/soak.ts';
import { addDeployment, day } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { applyChanges } from './checks.store.ts';
import { deleteDraftChecks } from './late-months.store.ts';

// Which of what is remembered the log has touched, against a model that keeps one position a month.

/** Two of the first customer, one of the second that pays by the year, one of the third that starts in May. */
const deployments = ['a', 'b', 'yearly', 'late'] as const;
const customerOf = { a: 'first', b: 'first', yearly: 'second', late: 'third' } as const;
const customers = ['first', 'second', 'third'] as const;
const january2026 = day('2026-01-01');
const monthOf = (offset: number) => january2026.add({ months: offset });

const month = fc.integer({ min: 2, max: 5 });
const step = fc.oneof(
  fc.record({
    do: fc.constant('change' as const),
    topic: fc.constantFrom('usage' as const, 'pricing' as const, 'deployment' as const, 'resource' as const),
    of: fc.constantFrom(...deployments),
    all: fc.boolean(),
    from: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: -14, max: 22 })),
    months: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant('check' as const), customer: fc.constantFrom(...customers), month, behind: fc.nat(6) }),
  fc.record({
    do: fc.constant('look' as const),
    customer: fc.option(fc.constantFrom(...customers)),
    behind: fc.nat(6),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Change = Extract<Step, { do: 'change' }>;

/** A look with an older watermark, after somebody looked further, at a check that is older than both. */
const lookedFurther: Step[] = [
  ...(['resource', 'resource', 'usage'] as const).map(
    (topic): Change => ({ do: 'change', topic, of: 'a', all: false, from: 2, months: 1 }),
  ),
  { do: 'look', customer: null, behind: 0 },
  { do: 'check', customer: 'first', month: 2, behind: 2 },
  { do: 'look', customer: null, behind: 1 },
];

/** Whether a change can matter to what a customer's month costs. */
function matters(change: Change, customer: string, offset: number): boolean {
  const until = change.from + change.months;
  // One month's allowance is carried over to the next.
  if (change.topic === 'usage') {
    if (!change.all && customerOf[change.of] !== customer) return false;
    return change.from <= offset && until > offset - 1;
  }
  if (change.topic === 'resource' || customerOf[change.of] !== customer) return false;
  if (change.topic === 'deployment') return change.from <= offset;
  if (change.of === 'late' && offset < 4) return false;
  return change.of === 'yearly' ? change.from <= offset + 12 : change.from <= offset + 1 && until > offset - 12;
}

let test: TestDatabase;
const ids = new Map<string, number>();
beforeAll(async () => {
  test = await openTestDatabase();
  const hours = { kind: 'droplet_hours', allowance: '10', carryOver: { months: 1, limit: null } };
  const items = [{ ...hours, model: 'standard' as const, properties: { unitPrice: '1' } }];
  await makePlan(test.db, { plan: 'thrifty', base: '10.00', items });
  await makePlan(test.db, { plan: 'by-year', base: '120.00', baseEvery: 'year' });
  for (const slug of deployments) {
    const from = slug === 'late' ? '2026-05-01' : '2026-01-01';
    const plan = slug === 'yearly' ? 'by-year' : 'thrifty';
    await addDeployment(test.db, { customer: customerOf[slug], slug, plan, from });
  }
  const { rows } = await sql<{ name: string; id: number }>`
    SELECT slug AS name, deployment_id AS id FROM deployments UNION ALL SELECT external_id, customer_id FROM customers`.execute(
    test.db,
  );
  for (const { name, id } of rows) ids.set(name, id);
});
afterAll(() => test.close());

class World {
  /** By id: the log. */
  readonly changes = new Map<number, Change>();
  /** By customer and month: up to which change it is known. */
  readonly known = new Map<string, number>();
  last = 0;
  looked = 0;

  async open(): Promise<void> {
    await sql`TRUNCATE changes, draft_checks RESTART IDENTITY`.execute(test.db);
    await sql`UPDATE check_progress SET change_id = 0`.execute(test.db);
  }

  async take(one: Step): Promise<void> {
    if (one.do === 'change') return this.#change(one);
    const position = Math.max(this.last - one.behind, 0);
    if (one.do === 'check') {
      await sql`
        INSERT INTO draft_checks VALUES (${ids.get(one.customer)}, ${monthOf(one.month)}, ${position})
        ON CONFLICT (customer_id, month) DO UPDATE SET change_id = excluded.change_id`.execute(test.db);
      this.known.set(`${one.customer} ${one.month}`, position);
      return;
    }
    await test.db.transaction().execute((trx) => {
      const customerId = one.customer === null ? null : (ids.get(one.customer) as number);
      return applyChanges(trx, 'draft_checks', position, customerId, (touched) => deleteDraftChecks(trx, touched));
    });
    const upTo = Math.max(position, this.looked);
    for (const [key, known] of this.known) {
      const [customer, offset] = key.split(' ') as [string, string];
      if (one.customer !== null && one.customer !== customer) continue;
      const touched = [...this.changes].some(
        ([id, change]) => id > known && id <= upTo && matters(change, customer, Number(offset)),
      );
      if (touched) this.known.delete(key);
      else if (one.customer === null) this.known.set(key, Math.max(known, upTo));
    }
    if (one.customer === null) this.looked = upTo;
  }

  async #change(change: Change): Promise<void> {
    const subject = change.topic === 'usage' && change.all ? null : (ids.get(change.of) as number);
    const { rows } = await sql<{ id: number }>`
      INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
      VALUES (${change.topic}, ${subject}, ${monthOf(change.from)}, ${monthOf(change.from + change.months)}, 'test', '2026-01-01')
      RETURNING change_id AS id`.execute(test.db);
    this.last = rows[0]?.id as number;
    this.changes.set(this.last, change);
  }

  async remembered(): Promise<string[]> {
    const { rows } = await sql<{ customer: string; month: Temporal.PlainDate }>`
      SELECT external_id AS customer, month FROM draft_checks JOIN customers USING (customer_id)`.execute(test.db);
    return rows
      .map(({ customer, month: of }) => `${customer} ${of.since(january2026, { largestUnit: 'months' }).months}`)
      .sort();
  }
}

it('a look finds exactly the months that changes behind their positions matter to', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const world = new World();
      await world.open();
      for (const one of steps) {
        await world.take(one);
        expect(await world.remembered()).toEqual([...world.known.keys()].sort());
      }
    }),
    { numRuns: soakRuns(6), examples: [[lookedFurther]] },
  );
});
