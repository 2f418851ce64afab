import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { secretKey } from '../../test/scenarios/simulated-account.ts';
import { createCustomer } from '../deployments/customers.ts';
import { createDeployment } from '../deployments/deployments.ts';
import { draftMonth } from '../invoices/drafts.ts';
import { approveInvoice, issueInvoice } from '../invoices/issue.ts';
import { listInvoices, readDocument } from '../invoices/invoices.ts';
import { sumAmounts } from '../invoices/lines.ts';
import { addLine } from '../invoices/manual-lines.ts';
import { readAccountsStatus } from '../inventory/account-status.ts';
import { rateMonths, readFigures } from '../invoices/month-figures.ts';
import { previewDeployment } from '../invoices/preview.ts';
import { openGaps } from '../metering/finality/gaps.ts';
import { changeKind } from '../metering/kinds.ts';
import { meterOutstanding } from '../metering/meter.ts';
import { databaseClock } from '../platform/clock.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { firingPage } from '../pricing/alerts.ts';
import { findExchangeRates } from '../pricing/exchange-rates.ts';
import { quoteDeployment } from '../pricing/quotes.ts';
import { changeSubscription, pauseSubscription, subscribe } from '../pricing/subscriptions.ts';
import { findConversion, readMarginTotals } from '../provider-billing/margin/margin.ts';
import { listReads } from '../provider-billing/payers.ts';
import { agencyDemonstration, demonstrate } from './demonstration.ts';
import { readOverview } from './overview.ts';

// The demonstration's agency, read less often than by a start.

let database: TestDatabase;
let now: Temporal.Instant;
const principal = { subject: 'test', role: 'owner' } as const;
const day = (text: string) => Temporal.PlainDate.from(text);
const midnight = (text: string) => day(text).toZonedDateTime('UTC').toInstant();
const june = { from: day('2026-06-01'), to: day('2026-07-01') };

beforeAll(async () => {
  database = await openTestDatabase();
  const cadence = Temporal.Duration.from({ hours: 96 });
  await demonstrate(
    database.db,
    { ...agencyDemonstration(), cadence, secretKey },
    { now: Temporal.Now.instant(), principal },
  );
  now = await databaseClock(database.db).now();
}, 600_000);
afterAll(() => database.close());

test("each row is its deployment's lines on the preview of its invoice, to the cent", async () => {
  const { db } = database;
  const before = (await readOverview(db, { now })).deployments;
  expect(before.length).toBeGreaterThan(35);
  const [first, second] = before.filter(({ plan }) => plan === 'studio').map(({ deployment }) => deployment);
  const customer = 'cus_mid_june';
  await createCustomer(db, { externalId: customer, name: 'Mid June', currency: 'USD' }, now);
  const start = midnight('2026-06-16');
  await createDeployment(db, { slug: 'mid-june', name: 'Mid June', customer, startsAt: start }, now);
  await subscribe(db, { deployment: 'mid-june', plan: 'studio', from: day('2026-06-16') }, 'test', now);
  const change = { deployment: first ?? '', plan: 'atelier', from: midnight('2026-06-09') };
  await changeSubscription(db, change, 'test', now);
  const pause = { deployment: second ?? '', from: midnight('2026-06-05'), to: midnight('2026-06-12') };
  await pauseSubscription(db, pause, 'test', now);

  const overview = await readOverview(db, { now });
  const rows = new Map(overview.deployments.map((row) => [row.deployment, row]));
  for (const { deployment, amounts, problem } of overview.deployments) {
    const { invoices, slugs } = await previewDeployment(db, deployment, june.from, now);
    const previewed = invoices.map(({ currency, lines }) => ({
      currency,
      amount: sumAmounts(
        lines.filter((one) => slugs[one.deploymentId ?? 0] === deployment),
        currency,
      ),
    }));
    expect({ deployment, amounts, problem }).toEqual({ deployment, amounts: previewed, problem: null });
    const quote = await quoteDeployment(db, { deployment, ...june });
    expect({ deployment, amounts }).toEqual({
      deployment,
      amounts: [{ currency: quote.currency, amount: quote.total }],
    });
  }
  expect(rows.get('mid-june')?.amounts).toEqual([{ currency: 'USD', amount: '25.00' }]);
  for (const changed of [first, second]) {
    expect(rows.get(changed ?? '')?.amounts).not.toEqual(before.find((row) => row.deployment === changed)?.amounts);
  }
  const shown = overview.deployments.flatMap(({ amounts }) => amounts);
  const sumOf = (currency: string) =>
    sumAmounts(
      shown.filter((one) => one.currency === currency),
      currency,
    );
  expect(overview.totals.map(({ currency, subtotal }) => [currency, subtotal])).toEqual(
    ['EUR', 'USD'].map((currency) => [currency, sumOf(currency)]),
  );
});

/** What the overview says of the month in dollars. */
const dollars = (totals: readonly { readonly currency: string; readonly subtotal: string }[]) =>
  totals.find(({ currency }) => currency === 'USD')?.subtotal ?? '0';

test('what is kept of the month, and of the one before, is what the overview composes', async () => {
  const { db } = database;
  // What was changed above.
  expect((await rateMonths(db, { now })).rated).toContain('2026-06');
  const { totals } = await readOverview(db, { now });
  const kept = await readFigures(db, june.from);
  const shown = new Map(totals.map(({ currency, subtotal }) => [currency, subtotal]));
  expect(new Map(kept?.totals.map(({ currency, toDate }) => [currency, toDate]))).toEqual(shown);
  expect(kept?.days.findLast(({ currency }) => currency === 'USD')).toMatchObject({ toDate: dollars(totals) });
  expect(await rateMonths(db, { now })).toEqual({ rated: [] });
});

test('its invoices show more than base fees: overage, a discount, a credit, and a correction', async () => {
  const { db } = database;
  const all = async (kind: 'invoice' | 'credit_note') =>
    (await listInvoices(db, { kind }, { limit: 500, cursor: null })).items;
  const lines = (await Promise.all((await all('invoice')).map((one) => readDocument(db, one)))).flatMap(
    ({ document }) =>
      document.sections.flatMap((section) => section.lines.map((line) => ({ ...line, month: document.month }))),
  );
  const worth = (kind: string) => lines.filter((line) => line.kind === kind && Number(line.amount) !== 0);
  expect(worth('usage').length).toBeGreaterThan(5);
  expect(worth('adjustment').map(({ details }) => details.cause)).toContain('discount');
  // Half of April on the dearer plan, and a third of April paused.
  expect(new Set(worth('correction').map(({ month, serviceMonth }) => `${serviceMonth} on ${month}`))).toEqual(
    new Set(['2026-04 on 2026-05']),
  );
  const notes = await all('credit_note');
  expect(notes).toMatchObject([{ state: 'issued', month: day('2026-04-01') }]);
  expect(Number(notes[0]?.total)).toBeLessThan(0);
  const states = async () => {
    const invoices = await all('invoice');
    const of = (month: string) => invoices.filter((one) => one.month.equals(day(month))).map(({ state }) => state);
    const may = of('2026-05-01');
    return {
      april: [...new Set(of('2026-04-01'))],
      approved: may.filter((state) => state === 'approved').length,
      draft: may.filter((state) => state === 'draft').length,
    };
  };
  const { april, approved, draft } = await states();
  expect(april).toEqual(['issued']);
  expect(approved).toBeGreaterThan(10);
  expect([0, 1]).toContain(approved - draft);
  // A later start decides nothing again.
  const cadence = Temporal.Duration.from({ hours: 96 });
  await demonstrate(db, { ...agencyDemonstration(), cadence, secretKey }, { now, principal });
  expect((await all('credit_note')).length).toBe(1);
  expect(await states()).toEqual({ april, approved, draft });
});

test('a customer pays in euros, a scope was lost, its usage is a gap, an alert fired, and bills are there', async () => {
  const { db } = database;
  const { items } = await listInvoices(db, { currency: 'EUR' }, { limit: 10, cursor: null });
  expect(items.map(({ customer, month }) => [customer, month.toString()])).toEqual([['cus_acme', '2026-05-01']]);
  const pair = { base: 'USD', counter: 'EUR' };
  const rates = await findExchangeRates(
    db,
    ['2026-05-31', '2026-06-17'].map((text) => ({ ...pair, on: day(text) })),
  );
  expect(rates.map((rate) => rate?.rate)).toEqual(['0.9153', '0.9126']);

  const [agency, europe] = await readAccountsStatus(db, day('2026-06-18'));
  expect([agency?.account.slug, europe?.account.slug]).toEqual(['agency', 'europe']);
  expect(new Set(agency?.kinds.map(({ lastRun }) => lastRun?.outcome))).toEqual(new Set(['complete']));
  // It has no key for Spaces either.
  expect(europe?.token?.missing.map(({ scope }) => scope)).toEqual(['snapshot:read', 'Spaces key']);
  const gaps = (await openGaps(db, now)).map(({ account, resourceKind }) => `${account} ${resourceKind}`);
  expect(gaps).toEqual(['europe snapshot']);

  const fired = await firingPage(db, {}, { limit: 50, cursor: null, q: null, sort: 'firedAt', order: 'asc' });
  expect(fired.total).toBeGreaterThan(0);
  expect((await listReads(db)).map(({ payer, part, outcome }) => `${payer} ${part}: ${outcome}`).toSorted()).toEqual([
    'agency balance: complete',
    'agency bills: complete',
    'europe balance: complete',
    'europe bills: complete',
  ]);
  const may = { from: day('2026-05-01'), to: day('2026-06-01'), basis: 'accrued' } as const;
  // The branch's customers pay in euros for what is charged in dollars.
  const { conversion } = await findConversion(db, may, 'USD', day('2026-06-10'));
  const [margin] = await readMarginTotals(db, { ...may, conversion });
  expect(margin).toMatchObject({ currency: 'USD', notKnown: null });
  expect(Number(margin?.cost)).toBeGreaterThan(1_000);
});

test('a manual line is in the row of its deployment, and one of no deployment in the total', async () => {
  const { db } = database;
  const before = await readOverview(db, { now });
  await draftMonth(db, { month: june.from, now });
  const filter = { month: june.from, customer: 'cus_mid_june' };
  const { items } = await listInvoices(db, filter, { limit: 1, cursor: null });
  const invoiceId = items[0]?.invoiceId ?? 0;
  const line = { description: 'Migration', quantity: '1.5', unitPrice: '80.00' };
  await addLine(db, invoiceId, { ...line, deployment: 'mid-june' }, 'test', now);
  await addLine(db, invoiceId, line, 'test', now);
  const after = await readOverview(db, { now });
  expect(after.deployments.find((row) => row.deployment === 'mid-june')?.amounts).toEqual([
    { currency: 'USD', amount: '145.00' },
  ]);
  const [was, is] = [dollars(before.totals), dollars(after.totals)];
  expect(sumAmounts([{ amount: is }, { amount: `-${was}` }], 'USD')).toBe('240.00');
});

test('the invoices of the last month can be issued at once', async () => {
  const { db } = database;
  const { items } = await listInvoices(db, { month: day('2026-05-01') }, { limit: 100, cursor: null });
  expect(items.length).toBeGreaterThan(25);
  for (const { invoiceId } of items) {
    await approveInvoice(db, invoiceId, { by: 'test', now });
    expect(await issueInvoice(db, invoiceId, { by: 'test', now })).toMatchObject({ issuedNow: true });
  }
});

test('what the plans price and nobody meters is told, and is what metering it adds', async () => {
  const { db } = database;
  const before = await readOverview(db, { now });
  expect(before.unbilled.map(({ reason, kind, deployments }) => [reason, kind, deployments.length])).toEqual([
    ['not_metered', 'volume_gb_month', 13],
    ['not_metered', 'reserved_ip_hours', 15],
    ['not_metered', 'load_balancer_hours', 6],
  ]);
  for (const { next } of before.unbilled) {
    const { kind, fromDay, enabled } = next?.arguments ?? {};
    await changeKind(db, String(kind), day(String(fromDay)), { enabled: enabled === true });
  }
  await meterOutstanding(db, { now });
  const after = await readOverview(db, { now });
  expect(after.unbilled).toEqual([]);
  for (const { kind, quantity, deployments } of before.unbilled) {
    const used = after.deployments.filter((row) => deployments.includes(row.deployment)).map((row) => row.usage[kind]);
    // One of them was paused for a week, above, in which it had a reserved IP.
    const paused = kind === 'reserved_ip_hours' ? '168' : '0';
    expect(sumQuantities(used.map((one) => one ?? '0'))).toBe(sumQuantities([quantity ?? '0', paused]));
  }
  const [was, is] = [dollars(before.totals), dollars(after.totals)];
  const told = before.unbilled.map(({ amount }) => ({ amount: amount ?? '0' }));
  expect(sumAmounts([{ amount: is }, { amount: `-${was}` }], 'USD')).toBe(sumAmounts(told, 'USD'));
});
