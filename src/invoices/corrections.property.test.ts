import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { Decimal } from '../platform/quantity.ts';
import { subscribe } from '../pricing/subscriptions.ts';
import { checkCorrections, correctOnNextInvoice, issueCreditNote, waiveCorrection } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  own,
  settle,
  writeState,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';

const deployments = ['shop', 'blog', 'wiki'] as const;
const dayOfJanuary = fc.integer({ min: 20, max: 30 });

/** What may come after the fact: to history, to ownership, to plans; or what an operator decides. */
const step = fc.oneof(
  fc.record({
    what: fc.constant('off'),
    droplet: fc.nat(5),
    from: dayOfJanuary,
    days: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    what: fc.constant('moved'),
    droplet: fc.nat(5),
    from: dayOfJanuary,
    to: fc.subarray([...deployments], { minLength: 1 }),
  }),
  fc.record({
    what: fc.constant('replanned'),
    deployment: fc.constantFrom(...deployments),
    from: dayOfJanuary,
    plan: fc.constantFrom('studio', 'atelier'),
  }),
  fc.record({ what: fc.constant('decided'), how: fc.constantFrom('invoice', 'credit note', 'waived') }),
  fc.record({ what: fc.constant('billed'), month: fc.constant('2026-02') }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly db: Database;
  droplets: number[] = [];
  /** Moves on with every step, so that what is recorded later is later. */
  now = at('2026-03-05');

  constructor(db: Database) {
    this.db = db;
  }

  async open(): Promise<void> {
    const account = await openBusiness(this.db, '2026-01-20');
    await addDeployment(this.db, { customer: 'acme', slug: 'shop' });
    await addDeployment(this.db, { customer: 'acme', slug: 'blog' });
    await addDeployment(this.db, { customer: 'beta', slug: 'wiki' });
    for (let index = 0; index < 6; index += 1) {
      this.droplets.push(
        await addDroplet(this.db, account, `droplet-${index}`, [deployments[index % 2] as string], '2026-01-20'),
      );
    }
    await settle(this.db, this.now);
    await this.bill('2026-01');
  }

  async bill(name: string): Promise<void> {
    const month = day(`${name}-01`);
    await draftMonth(this.db, { month, now: this.now });
    for await (const { invoiceId } of invoicesOfMonth(this.db, month, 'draft')) {
      await approveInvoice(this.db, invoiceId, { by: 'ann', now: this.now });
      await issueInvoice(this.db, invoiceId, { by: 'ann', now: this.now });
    }
  }

  async take(one: Step): Promise<void> {
    this.now = this.now.add({ minutes: 1 });
    const moment = (dayOfMonth: number) => at(`2026-01-${dayOfMonth}`);
    if (one.what === 'billed' && 'month' in one) return this.bill(one.month);
    if (one.what === 'decided' && 'how' in one) return this.decide(one.how);
    if (one.what === 'replanned' && 'plan' in one) {
      await subscribe(
        this.db,
        { deployment: one.deployment, plan: one.plan, from: day(`2026-01-${one.from}`) },
        'ann',
        this.now,
      );
      return;
    }
    if ('to' in one) {
      await own(this.db, this.droplets[one.droplet] as number, one.to, `2026-01-${one.from}`, this.now.toString());
    } else if ('days' in one) {
      const from = moment(one.from);
      const droplet = this.droplets[one.droplet] as number;
      await writeState(this.db, droplet, { status: 'off' }, from, from.add({ hours: 24 * one.days }), this.now);
    }
    await settle(this.db, this.now);
  }

  async decide(how: string): Promise<void> {
    await checkCorrections(this.db);
    const [proposal] = await proposalsOf(this.db);
    if (!proposal) return;
    const { deployment, currency, amount } = proposal;
    const month = day(`${proposal.month}-01`);
    const request = { deployment, month, currency, expectedAmount: amount, by: 'ann', now: this.now };
    if (how === 'invoice') await correctOnNextInvoice(this.db, request);
    else if (how === 'waived') await waiveCorrection(this.db, { ...request, reason: 'a trifle' });
    else if (new Decimal(amount).isNegative()) await issueCreditNote(this.db, request);
    else await expect(issueCreditNote(this.db, request)).rejects.toMatchObject({ code: 'conflict' });
    const left = await proposalsOf(this.db, { deployment, month, currency });
    if (how !== 'credit note' || new Decimal(amount).isNegative()) expect(left).toEqual([]);
  }
}

it('issued is frozen: what was issued, decided and is proposed for a month is what it costs, after each late fact and decision', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 7 }), async (steps) => {
      const { db, close } = await openTestDatabase();
      try {
        const world = new World(db);
        await world.open();
        const laws = new MoneyLaws(db);
        await laws.hold();
        for (const one of steps) {
          await world.take(one);
          await laws.hold();
        }
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(2), endOnFailure: true },
  );
});
