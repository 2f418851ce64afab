import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { addDeployment, at, day, openBusiness, proposalsOf } from '../../test/fixtures/invoices.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { soakRuns } from '../../test/soak.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { currencyDigits } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { setExchangeRate } from '../pricing/exchange-rates.ts';
import { endSubscription, subscribe } from '../pricing/subscriptions.ts';
import { setBilling } from './billing.ts';
import { checkCorrections, correctOnNextInvoice, issueCreditNote, waiveCorrection } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { cancelInvoice } from './cancel.ts';
import { updateEntity } from './entities.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { setTaxRate } from './tax-rates.ts';

// Months of fees that are changed after the fact, and every decision about them in any order: on the next
// invoice, as credit notes, waived, undone by the next change, cancelled. Taxes and currencies are any.

const customerOf = { shop: 'acme', blog: 'acme', docs: 'acme', wiki: 'beta' } as const;
const slugs = Object.keys(customerOf) as (keyof typeof customerOf)[];
const months = ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05'] as const;

/** Fees in the smallest unit of the currency. */
const fees = { tiny: 93, odd: 6833, half: 5750, less: 8500 } as const;
const plan = fc.constantFrom(...(Object.keys(fees) as (keyof typeof fees)[]), 'foreign' as const);
/** Any day of the first four months. */
const offset = fc.integer({ min: 0, max: 119 });
const deployment = fc.constantFrom(...slugs);
const treatment = fc.constantFrom('taxed' as const, 'exempt' as const, 'reverse_charge' as const);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('ended' as const), deployment, offset }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('replanned' as const), deployment, offset, plan }) },
  {
    weight: 8,
    arbitrary: fc.record({
      what: fc.constant('decided' as const),
      how: fc.constantFrom('invoice', 'credit', 'credit', 'waived'),
      which: fc.nat(9),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('billed' as const) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('cancelled' as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('taxed' as const), treatment }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('rate' as const), percent: fc.constantFrom('0', '5.5', '19', '20') }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly db: Database;
  readonly #currency: string;
  #now = at('2026-06-05');
  #billed = 0;

  constructor(db: Database, currency: string) {
    this.db = db;
    this.#currency = currency;
  }

  async open(): Promise<void> {
    await openBusiness(this.db);
    const digits = currencyDigits(this.#currency);
    const money = (units: number) => new Decimal(units).div(10 ** digits).toFixed(digits);
    for (const [slug, units] of Object.entries(fees)) {
      const discount = slug === 'less' ? { percent: '12.5' } : null;
      await makePlan(this.db, { plan: slug, base: money(units), currency: this.#currency, discount });
    }
    await makePlan(this.db, { plan: 'foreign', base: '12.5', currency: 'EUR' });
    for (const [index, slug] of slugs.entries()) {
      const own = Object.keys(fees)[index] as string;
      await addDeployment(this.db, { customer: customerOf[slug], slug, plan: own, currency: this.#currency });
    }
    await this.#accountInFrancs();
    await this.#rate('20');
    await setBilling(this.db, 'beta', { taxCategory: 'reduced' }, day('2026-01-01'), 'ann', this.#now);
    const reduced = { entity: null, category: 'reduced', percent: '5.5', title: 'VAT', from: day('2026-01-01') };
    await setTaxRate(this.db, reduced, 'ann', this.#now);
    await this.#bill();
    await this.#bill();
  }

  async take(one: Step): Promise<void> {
    this.#now = this.#now.add({ minutes: 1 });
    const by = 'ann';
    const from = 'offset' in one ? day('2026-01-01').add({ days: one.offset }) : day('2026-01-01');
    switch (one.what) {
      case 'ended':
        await endSubscription(this.db, { deployment: one.deployment, from: at(from.toString()) }, by, this.#now);
        return;
      case 'replanned':
        await subscribe(this.db, { deployment: one.deployment, plan: one.plan, from }, by, this.#now);
        return;
      case 'decided':
        return this.#decide(one.how, one.which);
      case 'billed':
        return this.#bill();
      case 'cancelled':
        return this.#cancel(one.which);
      case 'taxed':
        await setBilling(
          this.db,
          'acme',
          { taxTreatment: one.treatment, taxNote: 'a charity', taxIds: ['VAT DE1'] },
          from,
          by,
          this.#now,
        );
        return;
      case 'rate':
        return this.#rate(one.percent);
    }
  }

  /** Nothing is owed any more: what can be credited is, the rest goes on an invoice. */
  async giveAllBack(): Promise<void> {
    for (const slug of slugs) await this.take({ what: 'ended', deployment: slug, offset: 0 });
    await checkCorrections(this.db);
    for (let turn = 0; turn < 20 && (await proposalsOf(this.db)).length > 0; turn += 1) {
      await this.#decide('credit', 0);
      await this.#decide('invoice', 0);
    }
  }

  /** Each month at another rate, of many digits. */
  async #accountInFrancs(): Promise<void> {
    await updateEntity(
      this.db,
      'default',
      { vatCurrency: 'CHF' },
      { from: day('2026-01-01'), by: 'ann', now: this.#now },
    );
    for (const [index, name] of months.entries()) {
      const last = day(`${name}-01`).add({ months: 1 }).subtract({ days: 1 });
      for (const base of new Set([this.#currency, 'EUR'])) {
        const rate = { base, counter: 'CHF', day: last, rate: `0.${index + 3}1739`, source: 'ECB' };
        await setExchangeRate(this.db, rate, 'ann', this.#now);
      }
    }
  }

  async #rate(percent: string): Promise<void> {
    const standard = { entity: null, category: 'standard', percent, title: 'VAT', from: day('2026-01-01') };
    await setTaxRate(this.db, standard, 'ann', this.#now);
  }

  /** Drafts, approves and issues the next month. */
  async #bill(): Promise<void> {
    const name = months[this.#billed];
    if (name === undefined) return;
    this.#billed += 1;
    await draftMonth(this.db, { month: day(`${name}-01`), now: this.#now });
    const { rows } = await sql<{ id: number }>`
      SELECT invoice_id AS id FROM invoices WHERE state = 'draft' ORDER BY month, invoice_id`.execute(this.db);
    for (const { id } of rows) {
      await this.#orConflict(async () => {
        await approveInvoice(this.db, id, { by: 'ann', now: this.#now, override: 'a test' });
        await issueInvoice(this.db, id, { by: 'ann', now: this.#now });
      });
    }
  }

  async #cancel(which: number): Promise<void> {
    const { rows } = await sql<{ id: number }>`
      SELECT invoice_id AS id FROM invoices WHERE state = 'issued' ORDER BY invoice_id DESC`.execute(this.db);
    const id = rows[which % Math.max(rows.length, 1)]?.id;
    if (id === undefined) return;
    const request = { reason: 'wrong', by: 'ann', now: this.#now, dropWaivers: true };
    await this.#orConflict(() => cancelInvoice(this.db, id, request));
  }

  async #decide(how: string, which: number): Promise<void> {
    await checkCorrections(this.db);
    const proposals = await proposalsOf(this.db);
    const proposal = proposals[which % Math.max(proposals.length, 1)];
    if (proposal === undefined) return;
    const { deployment: slug, currency, amount } = proposal;
    const month = day(`${proposal.month}-01`);
    const request = { deployment: slug, month, currency, expectedAmount: amount, by: 'ann', now: this.#now };
    const before = await this.#pending();
    const decided = await this.#orConflict(async () => {
      if (how === 'invoice') await correctOnNextInvoice(this.db, request);
      else if (how === 'waived') await waiveCorrection(this.db, { ...request, reason: 'a trifle' });
      else await issueCreditNote(this.db, request);
    });
    if (!decided) return;
    expect(await proposalsOf(this.db, { deployment: slug, month, currency })).toEqual([]);
    // What was decided the other way and is not issued is taken back first, as far as the decision goes.
    const after = await this.#pending();
    for (const line of proposal.lines) {
      const isCredit = new Decimal(line.amount).isNegative();
      const key = `${slug} ${proposal.month} ${currency} ${line.component} ${isCredit ? 'charge' : 'credit'}`;
      const left = Decimal.max((before.get(key) ?? new Decimal(0)).minus(new Decimal(line.amount).abs()), 0);
      expect(`${key} ${(after.get(key) ?? new Decimal(0)).toFixed()}`).toBe(`${key} ${left.toFixed()}`);
    }
  }

  /** What was decided of a line and is on no issued document, by the line and its sign: amounts without sign. */
  async #pending(): Promise<Map<string, Decimal>> {
    const { rows } = await sql<{ key: string; amount: string }>`
      SELECT concat_ws(' ', d.slug, to_char(c.month, 'YYYY-MM'), c.currency, c.component,
                       CASE WHEN c.amount > 0 THEN 'charge' ELSE 'credit' END) AS key, sum(abs(c.amount))::text AS amount
      FROM corrections c JOIN deployments d USING (deployment_id)
      WHERE c.withdrawn_at IS NULL AND (c.decision = 'waive' OR c.decision = 'invoice' AND NOT EXISTS (
        SELECT FROM invoices i WHERE i.customer_id = c.customer_id AND i.currency = c.currency AND i.month = c.target_month
          AND i.state = 'issued' AND i.kind = 'invoice' AND i.cancelled_at IS NULL))
      GROUP BY 1`.execute(this.db);
    return new Map(rows.map((row) => [row.key, new Decimal(row.amount)]));
  }

  /** What is refused with a reason changes nothing. */
  async #orConflict(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ArcadiaError && error.declaration.status === 409) return false;
      throw error;
    }
  }
}

/** Nobody was given back more of a deployment's month than is charged for it on issued documents. */
async function nothingGivenBackUncharged(db: Database): Promise<void> {
  const { rows } = await sql`
    SELECT l.deployment_id, l.service_month, i.currency, sum(l.amount)::text AS amount
    FROM invoice_lines l JOIN invoices i USING (invoice_id) WHERE i.state = 'issued' AND l.kind <> 'manual'
    GROUP BY l.deployment_id, l.service_month, i.currency HAVING sum(l.amount) < 0`.execute(db);
  expect(rows).toEqual([]);
}

it('what is issued for a month, with tax, is what it costs less what is pending, whatever is decided in whatever order', {
  timeout: soakRuns(300_000),
}, async () => {
  const run = fc.tuple(fc.constantFrom('USD', 'JPY', 'KWD'), fc.array(step, { minLength: 6, maxLength: 16 }));
  await fc.assert(
    fc.asyncProperty(run, async ([currency, steps]) => {
      const { db, close } = await openTestDatabase();
      try {
        const world = new World(db, currency);
        const laws = new MoneyLaws(db);
        await world.open();
        await laws.hold();
        for (const one of steps) {
          await world.take(one);
          await laws.hold();
          await nothingGivenBackUncharged(db);
        }
        await world.giveAllBack();
        await laws.hold();
        await nothingGivenBackUncharged(db);
        expect(await proposalsOf(db)).toEqual([]);
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(3), endOnFailure: true },
  );
});
