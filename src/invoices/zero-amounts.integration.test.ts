import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { checkCorrections } from './corrections.ts';
import { creditWords } from './document.ts';
import { draftMonth } from './drafts.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  own,
  settle,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { getInvoice, listInvoices, readDocument } from './invoices.ts';
import { addLine } from './manual-lines.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { invoiceDraftsJob } from './jobs.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';
import { previewDeployment } from './preview.ts';

// What has neither usage nor an amount is no line, and a month without a line is no invoice. A month
// with one is, whatever it comes to: it says what was used, and that nothing is owed.

const january = day('2026-01-01');
const now = at('2026-02-05');

let test: TestDatabase;
let droplets: number[];
beforeAll(async () => {
  test = await openTestDatabase();
  const account = await openBusiness(test.db);
  const free = {
    kind: 'droplet_hours',
    allowance: '1000',
    model: 'standard' as const,
    properties: { unitPrice: '0.10' },
  };
  await makePlan(test.db, { plan: 'free', base: '0.00', items: [free] });
  await makePlan(test.db, { plan: 'gift', base: '50.00', discount: { percent: '100' } });
  for (const [slug, plan] of Object.entries({ idle: 'free', small: 'free', given: 'gift' })) {
    await addDeployment(test.db, { customer: slug, slug, plan });
  }
  await addDroplet(test.db, account, 'web', ['small'], '2026-01-01');
  droplets = [
    await insertLiving(test.db, account, 'droplet', 'batch-1', {}, at('2026-01-01')),
    await insertLiving(test.db, account, 'droplet', 'batch-2', {}, at('2026-01-01')),
  ];
  await settle(test.db, now);
  await draftMonth(test.db, { month: january, now });
});
afterAll(() => test.close());

const invoicesOf = async (customer: string) =>
  (await listInvoices(test.db, { customer }, { limit: 10, cursor: null })).items;

async function runJob(on: Temporal.Instant): Promise<void> {
  const context = {
    db: test.db,
    clock: { now: async () => on },
    signal: new AbortController().signal,
    log: { info() {} },
  };
  await invoiceDraftsJob.run(context as unknown as Parameters<typeof invoiceDraftsJob.run>[0]);
}

async function issue(invoiceId: number, on: Temporal.Instant): Promise<string> {
  await approveInvoice(test.db, invoiceId, { by: 'ann', now: on, override: 'a test' });
  return (await issueInvoice(test.db, invoiceId, { by: 'ann', now: on })).number;
}

it('a month of neither usage nor a fee is no invoice, in a preview neither', async () => {
  expect(await invoicesOf('idle')).toEqual([]);
  expect((await previewDeployment(test.db, 'idle', january, now)).invoices).toEqual([]);
});

it('usage within an allowance is an invoice of 0.00, which says what was used', async () => {
  const [draft] = await invoicesOf('small');
  const { document } = await readDocument(test.db, draft as NonNullable<typeof draft>);
  expect(document.total).toBe('0.00');
  expect(document.sections.flatMap(({ lines }) => lines)).toMatchObject([
    { kind: 'usage', amount: '0.00', details: { used: '744', included: '744' } },
  ]);
  expect(await issue(draft?.invoiceId as number, now)).toBe('INV-000001');
});

it('amounts that cancel each other are an invoice of 0.00 too', async () => {
  const [draft] = await invoicesOf('given');
  const { document } = await readDocument(test.db, draft as NonNullable<typeof draft>);
  expect(document.total).toBe('0.00');
  expect(document.sections.flatMap(({ lines }) => lines.map(({ amount }) => amount))).toEqual(['50.00', '-50.00']);
  expect(await issue(draft?.invoiceId as number, now)).toBe('INV-000002');
});

describe('what comes late', () => {
  const later = at('2026-03-05');
  const proposed = async () => {
    await checkCorrections(test.db);
    return (await proposalsOf(test.db)).map(({ deployment, month, amount }) => [deployment, month, amount]);
  };

  it('is an invoice of the month where nothing was due, and a correction where 0.00 was issued', async () => {
    const laws = new MoneyLaws(test.db);
    // Half of two droplets each: 744 hours for one, and for the other as many again.
    await own(test.db, droplets[0] as number, ['idle', 'small'], '2026-01-01', '2026-03-04');
    await own(test.db, droplets[1] as number, ['idle', 'small'], '2026-01-01', '2026-03-04');
    await settle(test.db, later);
    await runJob(later);
    expect((await invoicesOf('idle')).map(({ month, total }) => [String(month), total])).toContainEqual([
      '2026-01-01',
      '0.00',
    ]);
    expect(await proposed()).toEqual([['small', '2026-01', '48.80']]);
    await laws.hold();
    const found = (await invoicesOf('idle')).find(({ month }) => month.equals(january));
    await issue(found?.invoiceId as number, later);
    expect(await proposed()).toEqual([['small', '2026-01', '48.80']]);
    await laws.hold();
  });
});

describe('a total below zero', () => {
  it('is not due: the document says that it is credited, and what happens to it', async () => {
    await makePlan(test.db, { plan: 'ahead', base: '10.00', baseDue: 'advance' });
    await addDeployment(test.db, { customer: 'sorry', slug: 'sorry', plan: 'ahead' });
    await draftMonth(test.db, { month: january, now });
    const [draft] = await invoicesOf('sorry');
    const apology = { description: 'Our apologies', quantity: '1', unitPrice: '-40' };
    await addLine(test.db, draft?.invoiceId as number, apology, 'ann', now);
    const number = await issue(draft?.invoiceId as number, now);
    const invoice = await getInvoice(test.db, number);
    expect(invoice).toMatchObject({ total: '-20.00', dueOn: null });
    const { document } = await readDocument(test.db, invoice);
    expect(document).toMatchObject({ total: '-20.00', dueOn: null, credit: creditWords });
    // The fee of the first month, and that of the next in advance.
    expect(document.sections.flatMap(({ lines }) => lines).map(({ amount, period }) => [amount, period])).toEqual([
      ['10.00', { from: '2026-01-01', to: '2026-02-01' }],
      ['10.00', { from: '2026-02-01', to: '2026-03-01' }],
      ['-40.00', { from: '2026-01-01', to: '2026-02-01' }],
    ]);
  });
});
