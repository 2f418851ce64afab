import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  checkCorrections,
  correctOnNextInvoice,
  issueCreditNote,
  waiveCorrection,
} from '../../src/invoices/corrections.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { invoicesOfMonth } from '../../src/invoices/invoices.ts';
import { cancelInvoice } from '../../src/invoices/cancel.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { setTaxRate } from '../../src/invoices/tax-rates.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { ArcadiaError } from '../../src/platform/errors.ts';
import type { PlanVersion } from '../../src/pricing/plan.ts';
import { addPlanVersion } from '../../src/pricing/plans.ts';
import { endSubscription, pauseSubscription, subscribe } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase } from '../database.ts';
import { insertLiving } from '../fixtures/inventory.ts';
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
} from '../fixtures/invoices.ts';
import { MoneyLaws } from '../fixtures/money-laws.ts';
import { type Currency, versionsOf } from '../rating/histories.ts';
import { soaking, soakRuns } from '../soak.ts';

// Random years of an operator: plans with versions of any rhythm, discount, cap, minimum and allowance carried over, in
// currencies of 0, 2 and 3 digits; facts in time and late; months that are billed on the 5th of the next; decisions about
// what late facts come to, undone by later facts and cancellations. The laws on money are held after every step.

const firstMonth = Temporal.PlainYearMonth.from('2023-10');
const monthCount = soaking ? 12 : 4;
const stepsPerMonth = 5;
const kindOf: Readonly<Record<string, string>> = {
  alpha: 'droplet_hours',
  beta: 'droplet_snapshot_gb_month',
  gamma: 'dns_zones',
};

/** Two plans in the currency of acme's two deployments, one in that of gulf's. */
const owners = { shop: 'acme', blog: 'acme', portal: 'gulf' } as const;
const slugs = Object.keys(owners) as (keyof typeof owners)[];
const plansOf: Readonly<Record<keyof typeof owners, readonly string[]>> = {
  shop: ['first', 'second'],
  blog: ['first', 'second'],
  portal: ['third'],
};

const deployment = fc.constantFrom(...slugs);
/** Days before the end of the month that runs: late where that is billed already. */
const back = fc.integer({ min: 1, max: 75 });
const which = fc.nat(9);

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('off' as const),
      which,
      back,
      hours: fc.integer({ min: 1, max: 900 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('moved' as const),
      which,
      back,
      to: fc.subarray(slugs, { minLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('resized' as const), back, gib: fc.integer({ min: 1, max: 500 }) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('replanned' as const), deployment, back, which }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('paused' as const),
      deployment,
      back,
      days: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('ended' as const), deployment, back }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('decided' as const),
      how: fc.constantFrom('invoice', 'credit', 'credit', 'waived'),
      which,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('cancelled' as const), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('rate' as const), percent: fc.constantFrom('0', '5.5', '19', '20') }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const years = fc
  .constantFrom<[Currency, Currency]>(['USD', 'JPY'], ['JPY', 'KWD'], ['KWD', 'USD'])
  .chain(([acme, gulf]) =>
    fc.record({
      currencies: fc.constant({ acme, gulf }),
      plans: fc.tuple(versionsOf('first', acme, 4), versionsOf('second', acme, 2), versionsOf('third', gulf, 3)),
      months: fc.array(fc.array(step, { maxLength: stepsPerMonth }), { minLength: monthCount, maxLength: monthCount }),
    }),
  );
type Year = typeof years extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly db: Database;
  readonly #droplets: number[] = [];
  #snapshot = 0;
  #now = at(`${firstMonth}-01`);
  /** What is billed next. */
  #month = firstMonth;

  constructor(db: Database) {
    this.db = db;
  }

  async open({ plans, currencies }: Pick<Year, 'plans' | 'currencies'>): Promise<void> {
    const { db } = this;
    const from = `${firstMonth}-01`;
    const account = await openBusiness(db, from);
    for (const version of plans.flat()) await addPlanVersion(db, withRealKinds(version), 'ann', this.#now);
    for (const slug of slugs) {
      const customer = owners[slug];
      const plan = plansOf[slug][0] as string;
      await addDeployment(db, { customer, slug, plan, from, currency: currencies[customer] });
    }
    await this.#rate('20');
    for (const [index, slug] of [...slugs, ...slugs].entries())
      this.#droplets.push(await addDroplet(db, account, `droplet-${index}`, [slug], from));
    this.#snapshot = await insertLiving(
      db,
      account,
      'snapshot',
      'nightly',
      { name: 'nightly', attributes: { size_gb: 120.5 } },
      at(from),
    );
    await own(db, this.#snapshot, ['shop', 'portal'], from);
    const zone = await insertLiving(db, account, 'dns_zone', 'example.com', { name: 'example.com' }, at(from));
    await own(db, zone, ['blog'], from);
  }

  /** The 5th of the next month: what has ended is metered, drafted, approved and issued. */
  async endMonth(): Promise<void> {
    const month = this.#month;
    this.#month = month.add({ months: 1 });
    this.#now = at(`${this.#month}-05`);
    await settle(this.db, this.#now);
    const first = day(`${month}-01`);
    await draftMonth(this.db, { month: first, now: this.#now });
    for await (const { invoiceId } of invoicesOfMonth(this.db, first, 'draft')) {
      await this.#unlessRefused(async () => {
        await approveInvoice(this.db, invoiceId, { by: 'ann', now: this.#now, override: 'a test' });
        await issueInvoice(this.db, invoiceId, { by: 'ann', now: this.#now });
      });
    }
  }

  async take(one: Step): Promise<void> {
    const { db } = this;
    this.#now = this.#now.add({ minutes: 1 });
    const ago = 'back' in one ? one.back : 0;
    const date = Temporal.PlainDate.compare(day(`${firstMonth}-01`), day(`${this.#month}-01`).subtract({ days: ago }));
    const from = date > 0 ? day(`${firstMonth}-01`) : day(`${this.#month}-01`).subtract({ days: ago });
    const moment = at(from.toString());
    switch (one.what) {
      case 'off':
        await writeState(
          db,
          this.#droplet(one.which),
          { status: 'off' },
          moment,
          moment.add({ hours: one.hours }),
          this.#now,
        );
        break;
      case 'moved':
        await own(db, this.#droplet(one.which), one.to, from.toString(), this.#now.toString());
        break;
      case 'resized':
        await writeState(db, this.#snapshot, { attributes: { size_gb: one.gib } }, moment, null, this.#now);
        break;
      case 'replanned': {
        const plans = plansOf[one.deployment];
        await subscribe(
          db,
          { deployment: one.deployment, plan: plans[one.which % plans.length] as string, from },
          'ann',
          this.#now,
        );
        break;
      }
      case 'paused': {
        const to = at(from.add({ days: one.days }).toString());
        const pause = { deployment: one.deployment, from: moment, to };
        await this.#unlessRefused(() => pauseSubscription(db, pause, 'ann', this.#now));
        break;
      }
      case 'ended':
        await endSubscription(db, { deployment: one.deployment, from: moment }, 'ann', this.#now);
        break;
      case 'decided':
        return this.#decide(one.how, one.which);
      case 'cancelled':
        return this.#cancel(one.which);
      case 'rate':
        return this.#rate(one.percent);
    }
    await settle(db, this.#now);
  }

  #droplet(index: number): number {
    return this.#droplets[index % this.#droplets.length] as number;
  }

  async #rate(percent: string): Promise<void> {
    const rate = { entity: null, category: 'standard', percent, title: 'VAT', from: day(`${firstMonth}-01`) };
    await setTaxRate(this.db, rate, 'ann', this.#now);
  }

  async #decide(how: string, index: number): Promise<void> {
    await checkCorrections(this.db);
    const proposals = await proposalsOf(this.db);
    const proposal = proposals[index % Math.max(proposals.length, 1)];
    if (proposal === undefined) return;
    const { deployment: slug, currency, amount, month } = proposal;
    const request = {
      deployment: slug,
      month: day(`${month}-01`),
      currency,
      expectedAmount: amount,
      by: 'ann',
      now: this.#now,
    };
    await this.#unlessRefused(async () => {
      if (how === 'invoice') await correctOnNextInvoice(this.db, request);
      else if (how === 'waived') await waiveCorrection(this.db, { ...request, reason: 'a trifle' });
      else await issueCreditNote(this.db, request);
    });
  }

  async #cancel(index: number): Promise<void> {
    const issued: number[] = [];
    for (
      let month = firstMonth;
      Temporal.PlainYearMonth.compare(month, this.#month) < 0;
      month = month.add({ months: 1 })
    )
      for await (const { invoiceId } of invoicesOfMonth(this.db, day(`${month}-01`), 'issued')) issued.push(invoiceId);
    const id = issued[index % Math.max(issued.length, 1)];
    if (id === undefined) return;
    await this.#unlessRefused(() =>
      cancelInvoice(this.db, id, { reason: 'wrong', by: 'ann', now: this.#now, dropWaivers: true }),
    );
  }

  /** What the state of things does not allow is refused, with a code of ours, and changes nothing. */
  async #unlessRefused(work: () => Promise<unknown>): Promise<void> {
    await work().catch((error: unknown) => {
      if (!(error instanceof ArcadiaError)) throw error;
      expect(error.code).not.toBe('internal');
    });
  }
}

function withRealKinds(version: PlanVersion): PlanVersion {
  return { ...version, items: version.items.map((item) => ({ ...item, kind: kindOf[item.kind] as string })) };
}

it('in any year, what is issued, decided and proposed for a month is what it costs, after every step', async () => {
  await fc.assert(
    fc.asyncProperty(years, async ({ months, ...given }) => {
      const { db, close } = await openTestDatabase();
      try {
        const world = new World(db);
        const laws = new MoneyLaws(db);
        await world.open(given);
        for (const steps of months) {
          await world.endMonth();
          await laws.hold();
          for (const one of steps) {
            await world.take(one);
            await laws.hold();
          }
        }
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(1), endOnFailure: true },
  );
});
