import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, addDroplet, at, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { Decimal } from '../platform/quantity.ts';
import { draftMonth } from './drafts.ts';
import { listInvoices, totalInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice, reopenInvoice } from './issue.ts';
import { addLine, removeLine } from './manual-lines.ts';
import { holdsOfInvoices } from './month-invoices.ts';
import { stepMonth } from './month-step.ts';
import { changeOfListed, readMonthSummary } from './month-summary.ts';

// A month's invoices decided together: all but some, at the totals that were seen, and how they stand meanwhile.

const february = Temporal.PlainDate.from('2026-02-01');
const march5 = at('2026-03-05');
const { signal } = new AbortController();

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  const account = await openBusiness(test.db);
  for (const slug of ['shop', 'wiki', 'blog']) {
    const customer = { shop: 'acme', wiki: 'beta', blog: 'gamma' }[slug] as string;
    await addDeployment(test.db, { customer, slug });
  }
  // Three droplets are 2232 hours in January and 2016 in February: 744 and 528 beyond the allowance.
  for (const name of ['a', 'b', 'c']) await addDroplet(test.db, account, name, ['shop'], '2026-01-01');
  await addDroplet(test.db, account, 'd', ['wiki'], '2026-01-10');
  for (const name of ['e', 'f', 'g', 'h']) await addDroplet(test.db, account, name, ['blog'], '2026-02-01');
  await settle(test.db, march5);
  for (const month of [february.subtract({ months: 1 }), february]) await draftMonth(test.db, { month, now: march5 });
});
afterAll(() => test.close());

const of = (customer: string) => listInvoices(test.db, { month: february, customer }, { limit: 1, cursor: null });
async function idOf(customer: string): Promise<number> {
  return (await of(customer)).items[0]?.invoiceId ?? 0;
}
const approve = (id: number, expectedTotal: string | undefined) =>
  approveInvoice(test.db, id, { by: 'ann', now: march5, expectedTotal });
const choice = { month: february, state: 'draft', after: 0, signal } as const;

it('lists what is furthest from the month before first, with what keeps it', async () => {
  const { items } = await listInvoices(
    test.db,
    { month: february, kind: 'invoice' },
    { limit: 10, cursor: null, sort: 'change', order: 'desc' },
  );
  expect(items.map((row) => [row.customer, changeOfListed(row).changePercent])).toEqual([
    ['gamma', expect.stringMatching(/^\d\d\.\d$/)],
    ['acme', expect.stringMatching(/^-\d\d\.\d$/)],
    ['beta', '0.0'],
  ]);
  const holds = await holdsOfInvoices(test.db, items, march5);
  expect(items.map(({ invoiceId }) => holds.get(invoiceId))).toEqual([['differs'], [], []]);
});

it('counts and sums as the list does, and beside the month before', async () => {
  const summary = await readMonthSummary(test.db, february, march5);
  const [total] = await totalInvoices(test.db, { month: february, state: 'draft' });
  expect(summary.states).toEqual([{ kind: 'invoice', state: 'draft', ...total }]);
  const [before] = await totalInvoices(test.db, { month: february.subtract({ months: 1 }) });
  expect(summary.changes).toEqual([
    expect.objectContaining({ currency: 'USD', invoices: 3, subtotal: total?.subtotal, previous: before?.subtotal }),
  ]);
  expect(summary.holds.map(({ reason, invoices }) => [reason, invoices])).toEqual([['differs', 1]]);
  expect(summary.movers[0]).toMatchObject({ customer: 'gamma' });
});

it('filters by total, currency, seller and dates', async () => {
  const { items } = await of('gamma');
  const total = items[0]?.total ?? '';
  const count = async (filter: Parameters<typeof listInvoices>[1]) =>
    (await listInvoices(test.db, { month: february, ...filter }, { limit: 10, cursor: null })).items.length;
  expect(await count({ totalMin: total })).toBe(1);
  expect(await count({ totalMax: total })).toBe(3);
  expect(await count({ currency: 'EUR' })).toBe(0);
  expect(await count({ entity: 'default' })).toBe(3);
  expect(await count({ entity: 'other' })).toBe(0);
  expect(await count({ issuedFrom: february })).toBe(0);
});

it('does nothing where the chosen come to something else than was seen', async () => {
  const [total] = await totalInvoices(test.db, { month: february });
  const expected = [{ currency: 'USD', invoices: 3, total: total?.total ?? '' }];
  const except = [await idOf('gamma')];
  await expect(stepMonth(test.db, { ...choice, except, expected }, approve)).rejects.toMatchObject({
    code: 'invoice_facts_changed',
  });
  expect((await readMonthSummary(test.db, february, march5)).states).toMatchObject([{ state: 'draft', invoices: 3 }]);
});

it('goes on only with what was seen when it began, one batch after the other', async () => {
  const [all] = await totalInvoices(test.db, { month: february });
  const seen = [{ currency: 'USD', invoices: 3, total: all?.total ?? '' }];
  const first = await stepMonth(test.db, { ...choice, limit: 1, expected: seen }, approve);
  const [done, rest] = [first.done[0]?.total ?? '', first.rest[0]];
  expect([first.done.length, rest?.invoices]).toEqual([1, 2]);
  expect(new Decimal(done).plus(rest?.total ?? '0').toFixed(2)).toBe(all?.total);

  const second = { ...choice, after: first.next ?? 0, limit: 1, expected: first.rest };
  const { items } = await listInvoices(test.db, { month: february }, { limit: 10, cursor: null });
  const last = Math.max(...items.map(({ invoiceId }) => invoiceId));
  const late = { description: 'Late', quantity: '1', unitPrice: '10' };
  const { lineId } = await addLine(test.db, last, late, 'ann', march5);
  await expect(stepMonth(test.db, second, approve)).rejects.toThrow('Nothing more was done');
  await removeLine(test.db, lineId, 'ann', march5);
  const more = await stepMonth(test.db, second, approve);
  expect([more.done.length, more.rest]).toMatchObject([1, [{ invoices: 1 }]]);
  for (const { invoiceId } of [...first.done, ...more.done]) await reopenInvoice(test.db, invoiceId, march5);
});

it('approves all but an exception at the totals that were seen, then issues only some', async () => {
  const gamma = await idOf('gamma');
  const chosen = { ...choice, except: [gamma] };
  const rows = await listInvoices(test.db, { month: february }, { limit: 10, cursor: null });
  const others = rows.items.filter(({ invoiceId }) => invoiceId !== gamma);
  const cents = others.reduce((sum, { total }) => sum + BigInt(total.replace('.', '')), 0n);
  const expected = [
    { currency: 'USD', invoices: 2, total: `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}` },
  ];
  const { done, refused } = await stepMonth(test.db, { ...chosen, expected }, approve);
  expect([done.map(({ customer }) => customer).sort(), refused]).toEqual([['acme', 'beta'], []]);
  const other = { by: 'ann', now: march5, incomplete: true, expectedTotal: '1.00' };
  await expect(issueInvoice(test.db, await idOf('acme'), other)).rejects.toMatchObject({
    code: 'invoice_facts_changed',
  });
  const issued = await stepMonth(test.db, { ...choice, state: 'approved', only: [await idOf('acme')] }, (id) =>
    issueInvoice(test.db, id, { by: 'ann', now: march5, incomplete: true }),
  );
  expect(issued.done.map(({ customer, state }) => [customer, state])).toEqual([['acme', 'issued']]);
  const { states, holds } = await readMonthSummary(test.db, february, march5);
  expect(states.map(({ state, invoices }) => [state, invoices])).toEqual([
    ['approved', 1],
    ['draft', 1],
    ['issued', 1],
  ]);
  expect(holds).toMatchObject([{ reason: 'differs' }]);
});

it('counts manual lines', async () => {
  const gamma = await idOf('gamma');
  await addLine(test.db, gamma, { description: 'Support', quantity: '1', unitPrice: '10' }, 'ann', march5);
  expect((await of('gamma')).items[0]).toMatchObject({ manualLines: 1, corrections: 0 });
});

it('lists what was nothing the month before as furthest from it', async () => {
  await addDeployment(test.db, { customer: 'delta', slug: 'site' });
  await settle(test.db, march5);
  const january = february.subtract({ months: 1 });
  for (const month of [january, february]) await draftMonth(test.db, { month, now: march5 });
  const { items } = await listInvoices(test.db, { month: january, customer: 'delta' }, { limit: 1, cursor: null });
  const [before] = items;
  const free = { description: 'First month free', quantity: '1', unitPrice: `-${before?.subtotal}` };
  await addLine(test.db, before?.invoiceId ?? 0, { ...free, deployment: 'site' }, 'ann', march5);
  const page = (cursor: string | null) =>
    listInvoices(test.db, { month: february, kind: 'invoice' }, { limit: 1, cursor, sort: 'change', order: 'desc' });
  const first = await page(null);
  expect(first.items).toMatchObject([{ customer: 'delta', previous: '0.00' }]);
  const second = await page(first.nextCursor);
  expect(second.items.map(({ customer }) => customer)).not.toContain('delta');
});
