import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { soakRuns, timeoutOf } from '../../../test/soak.ts';
import { assign } from '../../deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../deployments/attribution.ts';
import { Decimal } from '../../platform/quantity.ts';
import type { FleetEventInput } from '../../simulator/events.ts';
import { listMargins } from '../margin/margin.ts';
import { groupings } from '../margin/margin.store.ts';
import { rewriteBelief } from './rules.store.ts';

// The laws of reconciliation over random fleets, histories, billing rules, owners and mistakes. `npm run soak` tries many
// more, and prints the seed of one that fails.

const sizes = ['s-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb', 's-4vcpu-8gb'];
const size = fc.constantFrom(...sizes);
/** After so many hours of May; of what follows, after so many more. */
const hours = fc.integer({ min: 1, max: 300 });
const droplet = fc.record({
  start: hours,
  size,
  resized: fc.option(fc.record({ after: hours, size })),
  gone: fc.option(hours),
});
const volume = fc.record({ start: hours, gb: fc.integer({ min: 1, max: 500 }), gone: fc.option(hours) });
const rules = fc.record({
  monthly_from_2026: fc.constantFrom('floor_hours', 'seconds', 'month_hours'),
  droplet_cap: fc.constantFrom('each_line', 'highest', 'first'),
  rate_digits: fc.constantFrom('exact', 'five'),
  snapshot_unit: fc.constantFrom('gib', 'gb'),
});
const product = fc.constantFrom('Droplets', 'Volumes');
const month = '2026-05';
const mistake = fc.oneof(
  fc.record({
    mistake: fc.constantFrom(
      'extra_hours',
      'wrong_price',
      'cap_ignored',
      'not_ended',
      'missing_line',
      'doubled_line',
      'wrong_id',
      'no_id',
      'discount',
      'refund_next_month',
      'supplement',
      'other_end_convention',
      'seconds_unit',
    ),
    month: fc.constant(month),
    product,
  }),
  fc.record({
    mistake: fc.constantFrom(
      'ghost_line',
      'unknown_product',
      'credit',
      'credit_above_bill',
      'promo_in_header_only',
      'tax',
      'header_off_by_cent',
      'two_teams',
      'bandwidth',
    ),
    month: fc.constant(month),
  }),
);
const weights = fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)), { minLength: 8, maxLength: 8 });

interface Droplet {
  readonly start: number;
  readonly size: string;
  readonly resized: { readonly after: number; readonly size: string } | null;
  readonly gone: number | null;
}
interface Volume {
  readonly start: number;
  readonly gb: number;
  readonly gone: number | null;
}

/** What happens, hour by hour of May. */
function eventsOf(droplets: readonly Droplet[], volumes: readonly Volume[]): Map<number, FleetEventInput[]> {
  const all: [number, FleetEventInput][] = [];
  for (const [n, { start, size: first, resized, gone }] of droplets.entries()) {
    const id = 1000 + n;
    all.push([start, { type: 'create_droplet', id, name: `web-${n}`, size: first, seconds: 1 }]);
    let at = start;
    if (resized !== null && resized.size !== first)
      all.push([(at += resized.after), { type: 'resize_droplet', droplet: id, size: resized.size, seconds: 1 }]);
    if (gone !== null) all.push([at + gone, { type: 'destroy', kind: 'droplet', id, seconds: 1 }]);
  }
  for (const [n, { start, gb, gone }] of volumes.entries()) {
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
    all.push([start, { type: 'create_volume', id, name: `data-${n}`, sizeGb: gb }]);
    if (gone !== null) all.push([start + gone, { type: 'destroy', kind: 'volume', id }]);
  }
  return new Map([...Map.groupBy(all, ([at]) => at)].map(([at, each]) => [at, each.map(([, event]) => event)]));
}

async function live(account: ReconciledAccount, events: ReadonlyMap<number, FleetEventInput[]>): Promise<void> {
  let now = 0;
  for (const at of [...events.keys()].toSorted((a, b) => a - b)) {
    if (at > now) await account.advance({ hours: at - now });
    now = Math.max(now, at);
    await account.opened.control('fleet', { events: events.get(at) });
    await account.advance({ seconds: 30 });
    await account.sync();
  }
  await account.advance({ hours: 32 * 24 - now });
  await account.sync();
}

async function own({ db }: TestDatabase, given: readonly (readonly number[])[], now: Temporal.Instant): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    SELECT resource_id AS id FROM resources WHERE kind IN ('droplet', 'volume') ORDER BY 1`.execute(db);
  for (const [at, { id }] of rows.entries()) {
    const owners = ['a', 'b', 'c'].flatMap((slug, place) => {
      const weight = given[at % given.length]![place]!;
      return weight === 0 ? [] : [{ slug, weight }];
    });
    if (owners.length > 0) await assign(db, { resourceIds: [id], owners, from: null }, 'test', now);
  }
  await bringAttributionsUpToDate(db, now);
}

const sum = (amounts: readonly (string | null)[]) =>
  amounts.reduce((total, amount) => total.plus(amount ?? 0), new Decimal(0)).toFixed(4);

/** B1, B2 and B3; and that a page as received has the lines that are kept (B5). */
async function expectWholeBills({ db }: TestDatabase, account: ReconciledAccount): Promise<void> {
  for (const of of ['2026-04', '2026-05', '2026-06']) {
    for (const { bridge, lines } of await account.bills(of)) {
      expect(lines.map(({ position }) => position)).toEqual(lines.map((_, at) => at + 1));
      const { rows: shares } = await sql<{ position: number; amount: string; lines: string }>`
        SELECT o.position, coalesce(sum(s.amount), 0)::text AS amount, l.amount::text AS lines
        FROM bill_line_outcomes o JOIN reconciliations r USING (reconciliation_id)
        JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
        LEFT JOIN bill_line_shares s ON s.reconciliation_id = o.reconciliation_id AND s.position = o.position
        WHERE o.reconciliation_id = ${bridge.reconciliationId} AND o.outcome <> 'unexplained' GROUP BY 1, 3`.execute(
        db,
      );
      for (const { position, amount, lines: whole } of shares)
        expect([position, sum([amount])]).toEqual([position, sum([whole])]);
      const parts = [...shares.map(({ amount }) => amount), bridge.unexplained, bridge.residual];
      expect([of, sum(parts)]).toEqual([of, sum([bridge.amount])]);
      const { expected, differences, allocated, unexplained, residual } = bridge as typeof bridge & {
        differences: string;
      };
      expect(sum([expected, differences, allocated, unexplained, residual])).toBe(sum([bridge.amount]));
    }
  }
  const { rows } = await sql<{ same: boolean }>`
    SELECT (SELECT count(*) FROM provider_bill_lines l WHERE l.bill_version_id = v.bill_version_id)
             = (SELECT sum(jsonb_array_length(body::jsonb -> 'invoice_items')) FROM provider_bill_pages p WHERE p.bill_version_id = v.bill_version_id)
           AND (SELECT sum(amount) FROM provider_bill_lines l WHERE l.bill_version_id = v.bill_version_id)
             = (SELECT sum((i ->> 'amount')::numeric) FROM provider_bill_pages p, jsonb_array_elements(body::jsonb -> 'invoice_items') i
                WHERE p.bill_version_id = v.bill_version_id) AS same
    FROM provider_bill_versions v WHERE v.state = 'sealed' AND v.lines > 0`.execute(db);
  expect(rows.every(({ same }) => same)).toBe(true);
}

/** B7: of what is owned in the same shares all along, each is within a cent of its exact part, and of the line's sign. */
async function expectExactShares({ db }: TestDatabase): Promise<void> {
  const { rows } = await sql<{ off: string; sign: boolean }>`
    SELECT abs(s.amount - l.amount * m.weight / w.weight_total)::text AS off, s.amount = 0 OR sign(s.amount) = sign(l.amount) AS sign
    FROM bill_line_shares s JOIN reconciliations r USING (reconciliation_id)
    JOIN bill_line_outcomes o USING (reconciliation_id, position)
    JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = s.position
    JOIN attributions a ON a.resource_id = o.resource_id AND a.superseded_at = 'infinity'
    JOIN owner_sets w USING (owner_set_id) JOIN owner_set_members m ON m.owner_set_id = a.owner_set_id AND m.deployment_id = s.deployment_id
    WHERE o.outcome = 'matched' AND NOT EXISTS (SELECT FROM attributions x WHERE x.resource_id = a.resource_id AND x.superseded_at = 'infinity'
                                                AND x.attribution_id <> a.attribution_id)`.execute(db);
  for (const { off, sign } of rows) expect([off, new Decimal(off).lt('0.01'), sign]).toEqual([off, true, true]);
}

/** B8: every grouping adds up to the bills that count. */
async function expectMarginsToAddUp({ db }: TestDatabase): Promise<void> {
  const from = Temporal.PlainDate.from('2026-04-01');
  const filters = { from, to: from.add({ months: 3 }), basis: 'accrued' } as const;
  const { rows } = await sql<{ amount: string }>`
    SELECT sum(r.amount)::text AS amount FROM provider_billing_counting c JOIN reconciliations r USING (reconciliation_id)
    WHERE c.month >= '2026-04-01' AND c.month < '2026-07-01'`.execute(db);
  for (const by of groupings) {
    const all = await listMargins(db, filters, { by, limit: 10_000, after: null, target: null });
    expect([by, sum(all.map(({ cost }) => cost))]).toEqual([by, sum([rows[0]!.amount])]);
  }
}

/** All that is kept of what came of bills, in one text for each. */
const resultsOf = async ({ db }: TestDatabase) =>
  (
    await sql`
      SELECT r.bill_id, r.amount, r.expected, r.differences, r.allocated, r.unexplained, r.residual,
             (SELECT jsonb_agg(to_jsonb(o) - 'reconciliation_id' ORDER BY position) FROM bill_line_outcomes o WHERE o.reconciliation_id = r.reconciliation_id)::text AS outcomes,
             (SELECT jsonb_agg(to_jsonb(s) - 'reconciliation_id' ORDER BY position, target, deployment_id) FROM bill_line_shares s
              WHERE s.reconciliation_id = r.reconciliation_id)::text AS shares,
             (SELECT jsonb_agg(to_jsonb(c) - 'reconciliation_id' ORDER BY target, deployment_id, product, from_bill) FROM bill_cost_sums c
              WHERE c.reconciliation_id = r.reconciliation_id)::text AS sums,
             (SELECT jsonb_agg(to_jsonb(m) - 'reconciliation_id' ORDER BY ordinal) FROM bill_missing m WHERE m.reconciliation_id = r.reconciliation_id)::text AS missing
      FROM reconciliations r ORDER BY bill_id`.execute(db)
  ).rows;
/** What no bill may change (B6). */
const otherFacts = async ({ db }: TestDatabase) =>
  (
    await sql`
      SELECT (SELECT count(*) FROM resources) AS resources, (SELECT count(*) FROM resource_states) AS states,
             (SELECT count(*) FROM usage_records) AS usage, (SELECT count(*) FROM attributions) AS attributions,
             (SELECT count(*) FROM invoices) AS invoices`.execute(db)
  ).rows;

/** What each line is about, by its page and place as received. */
const matchesOf = async ({ db }: TestDatabase) =>
  (
    await sql`
      SELECT l.bill_version_id, l.page, l.ordinal, o.outcome, o.rule, o.resource_id FROM bill_line_outcomes o JOIN reconciliations r USING (reconciliation_id)
      JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position ORDER BY 1, 2, 3`.execute(
      db,
    )
  ).rows;

/** The lines of every bill the other way round. */
async function turnLines({ db }: TestDatabase): Promise<void> {
  const first = 1_000_000;
  await sql`ALTER TABLE provider_bill_lines DISABLE TRIGGER USER`.execute(db);
  await sql`UPDATE provider_bill_lines SET position = position + ${first}::int`.execute(db);
  await sql`
    UPDATE provider_bill_lines l SET position = c.lines + 1 + ${first}::int - l.position
    FROM (SELECT bill_version_id, count(*)::int AS lines FROM provider_bill_lines GROUP BY 1) c WHERE c.bill_version_id = l.bill_version_id`.execute(
    db,
  );
  await sql`ALTER TABLE provider_bill_lines ENABLE TRIGGER USER`.execute(db);
}

/** B9. */
async function expectHiddenFromCustomers({ db }: TestDatabase): Promise<void> {
  for (const table of ['provider_billing_costs', 'bill_line_shares', 'provider_bill_lines', 'provider_surprises'])
    await expect(
      db.transaction().execute(async (trx) => {
        await sql`SET LOCAL ROLE arcadia_customer`.execute(trx);
        await sql`SELECT FROM ${sql.table(table)}`.execute(trx);
      }),
    ).rejects.toThrow(/permission denied/);
}

test(
  'whatever the fleet, its history, the rules, the owners and the mistakes: the laws of reconciliation hold',
  async () => {
    const histories = fc.record({
      seed: fc.integer({ min: 1, max: 100_000 }),
      droplets: fc.array(droplet, { minLength: 1, maxLength: 5 }),
      volumes: fc.array(volume, { maxLength: 3 }),
      rules,
      weights,
      mistakes: fc.array(mistake, { minLength: 1, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(histories, async ({ seed, droplets, volumes, rules: variants, weights: given, mistakes }) => {
        const database = await openTestDatabase();
        const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
        const account = await openReconciledAccount(database, 'law', { fleet: 'bare', seed, resources: 4, at });
        try {
          const { db } = database;
          await createDeployments(db, ['a', 'b', 'c'], Temporal.Instant.from('2024-01-01T00:00:00Z'));
          await account.opened.control('billing/rules', variants);
          const from = Temporal.Instant.from('2020-01-01T00:00:00Z');
          for (const [rule, variant] of Object.entries(variants))
            await db
              .transaction()
              .execute((trx) => rewriteBelief(trx, { rule, variant, reason: 'test', from }, 'test', at));
          await live(account, eventsOf(droplets, volumes));
          await own(database, given, account.opened.simulator.now());
          const before = await otherFacts(database);
          await account.reconcile(undefined, { monthsBefore: 1 });
          // Our engine is the provider's, whatever the variants.
          const sound = (await account.bills(month)).flatMap(({ lines, missing }) => [
            ...lines.map(({ description, cause, outcome }) => ({ description, cause, outcome })),
            ...missing,
          ]);
          expect(sound.filter((line) => !('cause' in line) || line.cause !== 'none')).toEqual([]);
          await expectWholeBills(database, account);
          await expectExactShares(database);

          for (const each of mistakes) await account.opened.control('billing/mistakes', each);
          await account.reconcile(undefined, { monthsBefore: 1 });
          await expectWholeBills(database, account);
          await expectExactShares(database);
          await expectMarginsToAddUp(database);
          // B4: the same again writes nothing; thrown away, it comes to the same.
          expect(await account.reconcile(undefined, { read: false })).toBe(0);
          const results = await resultsOf(database);
          await sql`DELETE FROM reconciliations`.execute(db);
          await account.reconcile(undefined, { read: false });
          expect(await resultsOf(database)).toEqual(results);
          // A line is of the same thing wherever it stands.
          const matches = await matchesOf(database);
          await turnLines(database);
          await sql`DELETE FROM reconciliations`.execute(db);
          await account.reconcile(undefined, { read: false });
          expect(await matchesOf(database)).toEqual(matches);
          expect(await otherFacts(database)).toEqual(before);
          await expectHiddenFromCustomers(database);
        } finally {
          await account.close();
          await database.close();
        }
      }),
      { numRuns: soakRuns(2), endOnFailure: true },
    );
  },
  timeoutOf(240_000),
);
