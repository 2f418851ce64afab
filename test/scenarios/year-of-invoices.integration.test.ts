import { ArcadiaError } from '../../src/platform/errors.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkCorrections,
  correctOnNextInvoice,
  issueCreditNote,
  waiveCorrection,
} from '../../src/invoices/corrections.ts';
import { composeCustomer, draftMonth } from '../../src/invoices/drafts.ts';
import { addDeployment, at, day, openBusiness, own, settle, proposalsOf } from '../fixtures/invoices.ts';
import { invoicesOfMonth, readDocument } from '../../src/invoices/invoices.ts';
import { cancelInvoice } from '../../src/invoices/cancel.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { addLine } from '../../src/invoices/manual-lines.ts';
import { MoneyLaws } from '../fixtures/money-laws.ts';
import { setTaxRate } from '../../src/invoices/tax-rates.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { Decimal } from '../../src/platform/quantity.ts';
import { addPlanVersion, getPlan } from '../../src/pricing/plans.ts';
import { subscribe } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { soaking } from '../soak.ts';

// Twelve months of an agency, from September 2027 to August 2028; in `npm test` the first six, to the 29th of February.
// The fleet is one like the simulator's agency, made by facts written as a sync writes them: the
// simulator's clock would need a year of listings for it. Each month is drafted, approved and issued
// on the 5th of the next, and between the months come plan changes, moves, a server that three
// deployments share, late facts, and decisions about what those come to. The laws on money are held
// against the tables after each of these steps.

const months = [
  '2027-09',
  '2027-10',
  '2027-11',
  '2027-12',
  '2028-01',
  '2028-02',
  '2028-03',
  '2028-04',
  '2028-05',
  '2028-06',
  '2028-07',
  '2028-08',
].slice(0, soaking ? 12 : 6);
const lastMonth = months.at(-1) ?? '';
const firstOf = (month: string) => day(`${month}-01`);
const before = (month: string) => Temporal.PlainYearMonth.from(month).subtract({ months: 1 }).toString();

let opened: TestDatabase;
let laws: MoneyLaws;
let now = at('2027-09-01');
const resources = new Map<string, number>();

beforeAll(async () => {
  opened = await openTestDatabase();
  const { db } = opened;
  laws = new MoneyLaws(db);
  const account = await openBusiness(db, '2027-09-01');
  await setTaxRate(db, { entity: null, category: 'standard', title: 'VAT', percent: '20', from: null }, 'ann', now);
  await setTaxRate(
    db,
    { entity: null, category: 'standard', title: 'VAT', percent: '19.5', from: day('2028-01-01') },
    'ann',
    now,
  );

  // Amounts in yen have no minor units; the plan is paid in advance and carries what is left over.
  const studio = await getPlan(db, 'studio', day('2027-09-01'));
  const items = studio.items
    .slice(0, 3)
    .map((item) => ({ ...item, allowance: '700', carryOver: { months: 2, limit: '500' } }));
  await addPlanVersion(
    db,
    { ...studio, plan: 'sakura', currency: 'JPY', base: '7501', baseDue: 'advance', items, from: day('2027-01-01') },
    'ann',
    now,
  );
  const dinar = {
    ...studio,
    plan: 'dinar',
    currency: 'KWD',
    base: '15.125',
    baseEvery: 'year' as const,
    baseDue: 'advance' as const,
    discount: { percent: '7.5', until: null },
  };
  await addPlanVersion(db, { ...dinar, from: day('2027-01-01') }, 'ann', now);

  const from = '2027-09-01';
  await addDeployment(db, { customer: 'acme', slug: 'acme-shop', from });
  await addDeployment(db, { customer: 'acme', slug: 'acme-blog', plan: 'atelier', from });
  await addDeployment(db, { customer: 'beta', slug: 'beta-wiki', from });
  await addDeployment(db, { customer: 'hana', slug: 'hana-store', plan: 'sakura', from, currency: 'JPY' });
  await addDeployment(db, { customer: 'gulf', slug: 'gulf-portal', plan: 'dinar', from, currency: 'KWD' });
  const fleet: [string, string, object, string[]][] = [
    ['web-1', 'droplet', {}, ['acme-shop']],
    ['web-2', 'droplet', {}, ['acme-shop']],
    ['web-3', 'droplet', {}, ['acme-shop']],
    ['blog', 'droplet', {}, ['acme-blog']],
    ['wiki', 'droplet', {}, ['beta-wiki']],
    ['store', 'droplet', {}, ['hana-store']],
    ['store-2', 'droplet', {}, ['hana-store']],
    ['portal', 'droplet', {}, ['gulf-portal']],
    ['shared', 'droplet', {}, ['acme-shop', 'beta-wiki', 'hana-store']],
    ['nightly', 'snapshot', { size_gb: 133.7 }, ['acme-shop']],
    ['photos', 'spaces_bucket', { size_gb: 61.05 }, ['beta-wiki']],
    ['example.com', 'dns_zone', {}, ['acme-blog']],
  ];
  for (const [name, kind, attributes, owners] of fleet) {
    const resource = await insertLiving(
      db,
      account,
      kind,
      name,
      { name, attributes: attributes as Record<string, number> },
      at('2027-09-03T07:11:00Z'),
    );
    await own(db, resource, owners, from);
    resources.set(name, resource);
  }
});
afterAll(() => opened.close());

const resource = (name: string) => resources.get(name) as number;

/** Drafts, previews, approves and issues all of a month: the preview of each is what is issued. */
async function bill(month: string): Promise<void> {
  const { db } = opened;
  const first = firstOf(month);
  await draftMonth(db, { month: first, now });
  const again = await draftMonth(db, { month: first, now });
  expect(again).toMatchObject({ created: 0, changed: 0, removed: 0 });
  for await (const { invoiceId, customerId, currency } of invoicesOfMonth(db, first, 'draft')) {
    const [preview] = await composeCustomer(db, customerId, first);
    const composed = preview?.invoices.find((one) => one.currency === currency);
    await approveInvoice(db, invoiceId, { by: 'ann', now });
    const { number } = await issueInvoice(db, invoiceId, { by: 'ann', now });
    for await (const issued of invoicesOfMonth(db, first, 'issued')) {
      if (issued.number !== number) continue;
      const { document } = await readDocument(db, issued);
      const shown = document.sections.flatMap((section) => section.lines.map((line) => [line.component, line.amount]));
      expect(shown).toEqual(composed?.lines.map((line) => [line.component, line.amount]));
      expect(document.total).toBe(composed?.total);
    }
  }
}

/** Late facts of a month that is issued; which, goes by the month. */
const lateFacts: Record<string, (month: string) => Promise<unknown>> = {
  '2027-09': (month) =>
    writeState(opened.db, resource('web-2'), { status: 'off' }, at(`${month}-10`), at(`${month}-12T05:00:00Z`), now),
  '2027-10': (month) => own(opened.db, resource('web-3'), ['beta-wiki'], `${month}-15`, now.toString()),
  '2027-11': (month) => own(opened.db, resource('shared'), ['acme-shop', 'hana-store'], `${month}-20`, now.toString()),
  '2027-12': (month) => writeState(opened.db, resource('store-2'), null, at(`${month}-24`), null, now),
  '2028-01': (month) =>
    subscribe(opened.db, { deployment: 'acme-blog', plan: 'grand', from: day(`${month}-16`) }, 'ann', now),
  '2028-02': (month) =>
    writeState(opened.db, resource('nightly'), { attributes: { size_gb: 200 } }, at(`${month}-29`), null, now),
  '2028-03': (month) => own(opened.db, resource('photos'), ['hana-store'], `${month}-01`, now.toString()),
  // Two months late: what is left of February's allowance was used in March and April.
  '2028-04': () => writeState(opened.db, resource('store'), { status: 'off' }, at('2028-02-03'), at('2028-02-20'), now),
  '2028-05': (month) =>
    subscribe(opened.db, { deployment: 'hana-store', plan: 'studio', from: day(`${month}-01`) }, 'ann', now),
  '2028-06': (month) =>
    writeState(opened.db, resource('portal'), { status: 'off' }, at(`${month}-05`), at(`${month}-25`), now),
};

/** What is known in time: in the month that runs. */
const changes: Record<string, (month: string) => Promise<unknown>> = {
  '2027-10': (month) =>
    subscribe(opened.db, { deployment: 'acme-shop', plan: 'atelier', from: day(`${month}-11`) }, 'ann', now),
  '2027-12': (month) =>
    subscribe(opened.db, { deployment: 'beta-wiki', plan: 'grand', from: day(`${month}-02`) }, 'ann', now),
  '2028-02': (month) => own(opened.db, resource('wiki'), ['acme-blog'], `${month}-29T12:00:00Z`, now.toString()),
  '2028-04': (month) =>
    subscribe(opened.db, { deployment: 'acme-shop', plan: 'studio', from: day(`${month}-30`) }, 'ann', now),
  '2028-07': (month) =>
    subscribe(opened.db, { deployment: 'beta-wiki', plan: 'studio', from: day(`${month}-15`) }, 'ann', now),
};

/** Decides on all that is proposed, in turn in each of the three ways. */
/** An invoice that gave something back itself may be too small for a credit note: then the next invoice has the rest. */
async function creditOrCorrect(request: Parameters<typeof issueCreditNote>[1]): Promise<void> {
  await issueCreditNote(opened.db, request).catch(async (error: unknown) => {
    if (!(error instanceof ArcadiaError) || !error.message.includes('is left of')) throw error;
    await correctOnNextInvoice(opened.db, request);
  });
}

async function decideAll(turn: number): Promise<void> {
  const { db } = opened;
  await checkCorrections(db);
  for (const [index, { deployment, month, currency, amount }] of (await proposalsOf(db)).entries()) {
    const request = { deployment, month: firstOf(month), currency, expectedAmount: amount, by: 'ann', now };
    const way = (turn + index) % 3;
    if (way === 0 && new Decimal(amount).isNegative()) await creditOrCorrect(request);
    else if (way === 1) await waiveCorrection(db, { ...request, reason: 'goodwill' });
    else await correctOnNextInvoice(db, request);
  }
  expect(await proposalsOf(db)).toEqual([]);
}

describe.each(months)('%s', (month) => {
  const touched = [before(before(month)), before(month), month];

  test('changes as it runs, is metered, drafted, approved and issued', async () => {
    now = at(`${month}-28`);
    await changes[month]?.(month);
    now = firstOf(month).add({ months: 1 }).toZonedDateTime('UTC').add({ days: 4 }).toInstant();
    await settle(opened.db, now);
    await bill(month);
    await laws.hold(touched);
  });

  test('is corrected by late facts, and everything is accounted for after each step', async () => {
    now = now.add({ hours: 1 });
    await lateFacts[month]?.(month);
    await settle(opened.db, now);
    await laws.hold(touched);
    now = now.add({ hours: 1 });
    await decideAll(months.indexOf(month));
    await laws.hold(touched);
  });
});

describe('at the end of the year', () => {
  test('a leap February has 29 days of hours, and yen have no minor units', async () => {
    for await (const invoice of invoicesOfMonth(opened.db, day('2028-02-01'), 'issued')) {
      const { document } = await readDocument(opened.db, invoice);
      const lines = document.sections.flatMap((section) => section.lines);
      if (invoice.customer === 'gulf') {
        expect(lines.find((line) => line.details.billingKind === 'droplet_hours')?.details.used).toBe('696');
      }
      const digits = { JPY: /^-?\d+$/, KWD: /^-?\d+\.\d{3}$/, USD: /^-?\d+\.\d{2}$/ }[invoice.currency] as RegExp;
      for (const line of lines) expect(line.amount).toMatch(digits);
    }
  });

  test('manual lines and cancelled invoices keep every law', async () => {
    const { db } = opened;
    const last = firstOf(lastMonth);
    for await (const { invoiceId, customer } of invoicesOfMonth(db, last, 'issued')) {
      if (customer !== 'gulf') continue;
      await cancelInvoice(db, invoiceId, { reason: 'support was forgotten', by: 'ann', now });
    }
    await draftMonth(db, { month: last, now });
    for await (const { invoiceId } of invoicesOfMonth(db, last, 'draft')) {
      await addLine(
        db,
        invoiceId,
        { description: 'Support', quantity: '1.333', unit: 'hour', unitPrice: '12.3456' },
        'ann',
        now,
      );
    }
    await bill(lastMonth);
    await laws.hold([lastMonth]);
  });

  test('all months are accounted for', () => laws.hold());
});
