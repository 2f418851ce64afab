import { soakRuns, timeoutOf } from '../../test/soak.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { endSubscription, subscribe } from '../pricing/subscriptions.ts';
import { checkCorrections } from './corrections.ts';
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
} from '../../test/fixtures/invoices.ts';
import { listInvoices } from './invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';

// Four months of a plan that carries its allowance two months on. Some are issued, some are cancelled, drafts,
// or were never billed; what is changed in any of them can reach an issued one behind it.

const months = ['2026-01', '2026-02', '2026-03', '2026-04'] as const;
const customers = ['acme', 'beta'] as const;
const slugOf = { acme: 'shop', beta: 'wiki' } as const;

const month = fc.constantFrom(...months);
const customer = fc.constantFrom(...customers);
/** Days from the first that is metered: in each month some. */
const dayOffset = fc.integer({ min: 0, max: 62 });

const off = fc.record({
  what: fc.constant('off' as const),
  droplet: fc.nat(3),
  offset: dayOffset,
  days: fc.integer({ min: 1, max: 20 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: off },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('moved' as const), droplet: fc.nat(3), offset: dayOffset, to: customer }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('replanned' as const),
      customer,
      month,
      plan: fc.constantFrom('thrifty', 'lean'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('issued' as const), customer, month }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('cancelled' as const), customer, month }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

class World {
  readonly db: Database;
  readonly #droplets: number[] = [];
  #now = at('2026-04-04');

  constructor(db: Database) {
    this.db = db;
  }

  /** Two droplets each, which use about the allowance, and the last two months of both customers issued. */
  async open(): Promise<void> {
    const account = await openBusiness(this.db, '2026-01-30');
    for (const [plan, allowance] of [
      ['thrifty', '1400'],
      ['lean', '1000'],
    ] as const) {
      const hours = { kind: 'droplet_hours', allowance, carryOver: { months: 2, limit: null } };
      const items = [{ ...hours, model: 'standard' as const, properties: { unitPrice: '0.5' } }];
      await makePlan(this.db, { plan, base: '10.00', items });
    }
    for (const owner of customers) {
      await addDeployment(this.db, { customer: owner, slug: slugOf[owner], plan: 'thrifty', from: '2026-01-30' });
      // So that the part of April's allowance is that of its days, too.
      await endSubscription(this.db, { deployment: slugOf[owner], from: at('2026-04-04') }, 'ann', this.#now);
      for (const name of ['a', 'b']) {
        this.#droplets.push(await addDroplet(this.db, account, owner + name, [slugOf[owner]], '2026-01-30'));
      }
    }
    await settle(this.db, this.#now);
    for (const owner of customers) {
      await this.take({ what: 'issued', customer: owner, month: '2026-03' });
      await this.take({ what: 'issued', customer: owner, month: '2026-04' });
    }
  }

  async take(one: Step): Promise<void> {
    this.#now = this.#now.add({ minutes: 1 });
    const { db } = this;
    const now = this.#now;
    if (one.what === 'issued') {
      await draftMonth(db, { month: day(`${one.month}-01`), now });
      const draft = await this.#invoice(one.customer, one.month, 'draft');
      if (draft === undefined) return;
      await approveInvoice(db, draft, { by: 'ann', now, override: 'It is known.' });
      await issueInvoice(db, draft, { by: 'ann', now });
    } else if (one.what === 'cancelled') {
      const issued = await this.#invoice(one.customer, one.month, 'issued');
      if (issued !== undefined) await cancelInvoice(db, issued, { reason: 'wrong', by: 'ann', now });
    } else if (one.what === 'replanned') {
      const from = one.month === '2026-01' ? day('2026-01-30') : day(`${one.month}-01`);
      const whose = { deployment: slugOf[one.customer], from };
      await subscribe(db, { ...whose, plan: one.plan }, 'ann', now);
      await endSubscription(db, { ...whose, from: at('2026-04-04') }, 'ann', now);
    } else {
      const droplet = this.#droplets[one.droplet] as number;
      const from = at('2026-01-30').add({ hours: 24 * one.offset });
      if (one.what === 'off') {
        await writeState(db, droplet, { status: 'off' }, from, from.add({ hours: 24 * one.days }), now);
      } else {
        await own(db, droplet, [slugOf[one.to]], from.toString(), now.toString());
      }
      await settle(db, now);
    }
  }

  async #invoice(of: string, name: string, state: 'draft' | 'issued'): Promise<number | undefined> {
    const filter = { customer: of, month: day(`${name}-01`), state };
    const { items } = await listInvoices(this.db, filter, { limit: 1, cursor: null });
    return items[0]?.invoiceId;
  }
}

it(
  'issued is frozen: what a month carried over is corrected in issued ones behind it, issued itself or not',
  async () => {
    await fc.assert(
      fc.asyncProperty(off, fc.array(step, { minLength: 5, maxLength: 8 }), async (first, more) => {
        const { db, close } = await openTestDatabase();
        try {
          const world = new World(db);
          await world.open();
          const laws = new MoneyLaws(db);
          for (const one of [first, ...more]) {
            await world.take(one);
            await laws.hold();
            expect(await checkCorrections(db)).toBe(0);
          }
        } finally {
          await close();
        }
      }),
      { numRuns: soakRuns(2), endOnFailure: true },
    );
  },
  timeoutOf(180_000),
);
