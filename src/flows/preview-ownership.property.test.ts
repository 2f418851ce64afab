import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  settle,
  writeState,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { assign, unassign } from '../deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../deployments/attribution.ts';
import { applyRules, endRule, listRules } from '../deployments/rules.ts';
import { checkCorrections } from '../invoices/corrections.ts';
import { draftMonth } from '../invoices/drafts.ts';
import { invoicesOfMonth } from '../invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../invoices/issue.ts';
import { previewMonth } from '../invoices/preview.ts';
import type { Database } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { Decimal } from '../platform/quantity.ts';
import { type OwnershipPreview, previewOwnership } from './preview-ownership.ts';
import { previewRuleEnd, previewRules } from './preview-rules.ts';

// January is issued to some, February is drafted, March is under way. What a preview says of a decision is compared
// with what months and corrections come to before it is made and after it.

const now = at('2026-03-04T12:00:00Z');
const slugs = ['shop', 'blog', 'wiki', 'euro'] as const;
const months = ['2026-01', '2026-02', '2026-03'] as const;

const moment = fc.integer({ min: -48, max: 46 * 24 }).map((hours) => at('2026-01-20').add({ hours }));

const decision = fc.record({
  resources: fc.subarray([0, 1, 2, 3, 4, 5], { minLength: 1, maxLength: 3 }),
  owners: fc.option(
    fc.uniqueArray(fc.record({ slug: fc.constantFrom(...slugs), weight: fc.integer({ min: 1, max: 3 }) }), {
      minLength: 1,
      maxLength: 3,
      selector: ({ slug }) => slug,
    }),
    { freq: 4 },
  ),
  from: fc.option(moment, { freq: 3 }),
  hours: fc.option(fc.integer({ min: 1, max: 900 }), { freq: 1 }),
});
type Decision = typeof decision extends fc.Arbitrary<infer Value> ? Value : never;

const fleet = fc.record({
  owners: fc.array(fc.option(fc.constantFrom(...slugs), { freq: 3 }), { minLength: 6, maxLength: 6 }),
  off: fc.array(fc.record({ droplet: fc.nat(5), at: moment }), { maxLength: 2 }),
  issued: fc.subarray(['acme', 'beta', 'gamma'], { minLength: 1 }),
});
type Fleet = typeof fleet extends fc.Arbitrary<infer Value> ? Value : never;

async function open(db: Database, { owners, off, issued }: Fleet): Promise<number[]> {
  const account = await openBusiness(db, '2026-01-20');
  for (const [plan, currency, carries] of [
    ['usage', 'USD', false],
    ['carrying', 'USD', true],
    ['usage-eur', 'EUR', false],
  ] as const) {
    const carryOver = carries ? { carryOver: { months: 2, limit: null } } : {};
    const allowance = carries ? '700' : '100';
    const item = { kind: 'droplet_hours', allowance, model: 'standard' as const, properties: { unitPrice: '0.013' } };
    await makePlan(db, { plan, base: '10.00', currency, items: [{ ...item, ...carryOver }] });
  }
  await addDeployment(db, { customer: 'acme', slug: 'shop', plan: 'usage' });
  await addDeployment(db, { customer: 'acme', slug: 'blog', plan: 'carrying' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki', plan: 'carrying' });
  await addDeployment(db, { customer: 'gamma', slug: 'euro', plan: 'usage-eur', currency: 'EUR' });
  const droplets: number[] = [];
  for (const [index, owner] of owners.entries()) {
    const from = index % 2 === 0 ? '2026-01-10' : '2026-02-03';
    droplets.push(await addDroplet(db, account, `d${index}`, [owner ?? 'shop'], from));
    if (owner === null) {
      const all = { resourceIds: [droplets[index] as number], from: null };
      await unassign(db, all, 'test', at('2026-02-04'));
    }
  }
  await settle(db, now);
  for (const { droplet, at: from } of off) {
    await writeState(db, droplets[droplet] as number, { status: 'off' }, from, from.add({ hours: 30 }), now).catch(
      () => undefined,
    );
  }
  await settle(db, now);
  for (const month of months.slice(0, 2)) await draftMonth(db, { month: day(`${month}-01`), now });
  for await (const { invoiceId, customer } of invoicesOfMonth(db, day('2026-01-01'), 'draft')) {
    if (!issued.includes(customer)) continue;
    await approveInvoice(db, invoiceId, { by: 'ann', now, override: 'a test' });
    await issueInvoice(db, invoiceId, { by: 'ann', now });
  }
  return droplets;
}

interface Figures {
  readonly amounts: ReadonlyMap<string, string>;
  readonly corrections: ReadonlyMap<string, string>;
}

/** What months come to by the one way, and what is proposed by the other; both as drafts and decisions have them. */
async function figuresOf(db: Database): Promise<Figures> {
  const amounts = new Map<string, string>();
  for (const month of months) {
    for await (const { customers } of previewMonth(db, day(`${month}-01`), now)) {
      for (const { customer, invoices } of customers)
        for (const { currency, subtotal } of invoices)
          amounts.set(`${customer.externalId} ${month} ${currency}`, subtotal);
    }
  }
  await checkCorrections(db);
  const sums = new Map<string, Decimal>();
  for (const { customer, month, currency, amount } of await proposalsOf(db)) {
    const key = `${customer} ${month} ${currency}`;
    sums.set(key, (sums.get(key) ?? new Decimal(0)).plus(amount));
  }
  return { amounts, corrections: new Map([...sums].map(([key, sum]) => [key, sum.toFixed(2)])) };
}

function expectedBills(before: Figures, after: Figures) {
  const keys = new Set(
    [before, after].flatMap(({ amounts, corrections }) => [...amounts.keys(), ...corrections.keys()]),
  );
  return [...keys].sort().flatMap((key) => {
    const pair = (of: keyof Figures) => [before[of].get(key) ?? '0.00', after[of].get(key) ?? '0.00'] as const;
    const [amount, correction] = [pair('amounts'), pair('corrections')];
    return amount[0] === amount[1] && correction[0] === correction[1] ? [] : [{ key, amount, correction }];
  });
}

const written = async (db: Database) => {
  const { rows } = await sql`
    SELECT (SELECT max(change_id) FROM changes) AS changes, (SELECT count(*) FROM manual_assignments) AS assignments,
           (SELECT count(*) FROM attributions) AS attributions, (SELECT sum(quantity)::text FROM usage_records) AS usage,
           (SELECT count(*) FROM usage_changes) AS replaced, (SELECT sum(amount)::text FROM correction_costs) AS costs`.execute(
    db,
  );
  return rows[0];
};

/** Something to be decided: its preview, and the thing itself. */
interface Deciding {
  preview(db: Database, moneyMsMax: number): Promise<OwnershipPreview>;
  make(db: Database): Promise<unknown>;
}

async function compare(db: Database, { preview, make }: Deciding) {
  const before = await figuresOf(db);
  const was = await written(db);
  const { money, ...moved } = await preview(db, 600_000);
  expect(await written(db)).toEqual(was);

  const hasty = await preview(db, 0);
  expect(hasty).toMatchObject({ resources: moved.resources, money: { bills: [], billsTotal: 0 } });
  expect(hasty.money?.leftOut.months).toEqual(money?.months.map(({ month }) => month));

  await make(db);
  const { changed } = await bringAttributionsUpToDate(db, now);
  expect(moved.resources).toBe(changed);
  await settle(db, now);
  const after = await figuresOf(db);
  expect(money?.leftOut).toEqual({ months: [], customers: 0, days: 0, notRated: [] });
  const said = (money?.bills ?? []).map(({ customer, month, currency, correction, ...bill }) => ({
    key: `${customer} ${month} ${currency}`,
    amount: [bill.before, bill.after],
    correction: [correction?.before ?? '0.00', correction?.after ?? '0.00'],
  }));
  expect(said.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual(expectedBills(before, after));
  const corrected = expectedBills(before, after).filter(({ correction: [old, young] }) => old !== young);
  expect(money?.corrections.invoices).toBe(corrected.length);
}

function assigning(droplets: readonly number[], { resources, owners, from, hours }: Decision): Deciding {
  const range = {
    resourceIds: resources.map((index) => droplets[index] as number),
    from,
    to: from === null || hours === null ? null : from.add({ hours }),
  };
  const change = (on: Database) =>
    owners === null ? unassign(on, range, 'ann', now) : assign(on, { ...range, owners }, 'ann', now);
  return {
    preview: (db, moneyMsMax) => previewOwnership(db, (trx) => change(nestedDatabase(trx)), { now, moneyMsMax }),
    make: change,
  };
}

it('what a preview of an assignment says is what months and corrections come to when it is made', async () => {
  await fc.assert(
    fc.asyncProperty(fleet, fc.array(decision, { minLength: 2, maxLength: 4 }), async (given, decisions) => {
      const { db, close } = await openTestDatabase();
      try {
        const droplets = await open(db, given);
        for (const one of decisions) await compare(db, assigning(droplets, one));
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(2), endOnFailure: true },
  );
});

const rulesFile = fc.record({
  rules: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('d*', 'd0', 'd1', 'd?', '*2'),
      shares: fc
        .uniqueArray(fc.constantFrom(...slugs), { minLength: 1, maxLength: 2 })
        .map((owners) => Object.fromEntries(owners.map((slug, index) => [slug, index + 1]))),
      from: fc.option(moment, { nil: undefined, freq: 2 }),
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  ),
  keepOthers: fc.boolean(),
});

it('what a preview of rules says is what months and corrections come to when they are applied, or one ends', async () => {
  await fc.assert(
    fc.asyncProperty(fleet, fc.array(rulesFile, { minLength: 2, maxLength: 3 }), async (given, files) => {
      const { db, close } = await openTestDatabase();
      try {
        const droplets = await open(db, given);
        // Half of them are still assigned manually, which rules do not change.
        const all = { resourceIds: droplets.filter((_, index) => index % 2 === 0), from: null };
        await unassign(db, all, 'test', now);
        await settle(db, now);
        for (const { rules, keepOthers } of files) {
          const file = { rules: rules.map(({ from, ...one }) => ({ ...one, from: from?.toString() })) };
          await compare(db, {
            preview: (on, moneyMsMax) => previewRules(on, file, keepOthers, { now, moneyMsMax }),
            make: (on) => applyRules(on, file, 'ann', now, { keepOthers, mayEnd: true }),
          });
        }
        const [last] = (await listRules(db)).filter(({ origin, to }) => origin === 'declared' && to === null);
        if (last === undefined) return;
        await compare(db, {
          preview: (on, moneyMsMax) => previewRuleEnd(on, last.ruleId, { now, moneyMsMax }),
          make: (on) => endRule(on, last.ruleId, now),
        });
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(2), endOnFailure: true },
  );
});
