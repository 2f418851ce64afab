import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, at, proposalsOf, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../test/http/api-fixture.ts';
import { bringDraftsUpToDate } from '../invoices/bring-drafts-up-to-date.ts';
import { draftMonth } from '../invoices/drafts.ts';
import { updateEntity } from '../invoices/entities.ts';
import { approveInvoice, issueInvoice } from '../invoices/issue.ts';
import { rateMonths } from '../invoices/month-figures.ts';
import { setExchangeRate } from '../pricing/exchange-rates.ts';
import { changeSubscription, customersWithoutBill } from '../pricing/index.ts';
import { passCostsOn } from './costs.ts';

// A database of 15.15 a month, which nobody meters, and a droplet of 6.00, which a meter has a price for. The plan passes
// on whatever the provider charges with 20 % on top: 15.15 x 1.2 = 18.18, and nothing for the droplet beside its hours.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
const may = Temporal.PlainDate.from('2026-05-01');
const now = () => account.opened.simulator.now();

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openReconciledAccount(database, 'acme', {
    fleet: 'bare',
    seed: 1,
    resources: 1,
    at: at('2026-05-01'),
  });
  const tags = ['deployment:acme-site'];
  await account.opened.control('fleet', {
    events: [
      { type: 'create_droplet', id: 7, name: 'web', size: 's-1vcpu-1gb', tags },
      { type: 'create_database', id: '00000000-0000-4000-8000-000000000001', name: 'db', size: 'db-s-1vcpu-1gb', tags },
      {
        type: 'create_database',
        id: '00000000-0000-4000-8000-000000000002',
        name: 'db-2',
        size: 'db-s-1vcpu-1gb',
        tags: ['deployment:euro-site'],
      },
    ],
  });
  const seller = { name: 'Seller Ltd', address: ['1 Quay Street'] };
  await updateEntity(db, 'default', seller, { by: 'test', now: at('2026-05-01') });
  const hours = { kind: 'droplet_hours', model: 'standard', properties: { unitPrice: '0.01' } } as const;
  const passThrough = [
    { product: 'Database*', markupPercent: '20' },
    { product: '*', markupPercent: '50' },
  ];
  await makePlan(db, { plan: 'passing', base: '0.00', items: [hours], passThrough });
  await makePlan(db, {
    plan: 'euros',
    base: '0.00',
    currency: 'EUR',
    passThrough: [{ resourceKind: 'database', markupPercent: '0' }],
  });
  await addDeployment(db, { customer: 'acme', slug: 'acme-site', plan: 'passing', from: '2026-05-01' });
  await addDeployment(db, { customer: 'euro', slug: 'euro-site', plan: 'euros', currency: 'EUR', from: '2026-05-01' });
  await account.sync();
  api = await startTestApi(database);
});
afterAll(async () => {
  await api?.close();
  await account?.close();
  await database?.close();
});

/** Reads the bills, and what follows from them, as the jobs of a night do. */
async function night(): Promise<void> {
  await account.sync();
  await settle(database.db, now());
  await account.reconcile(['2026-05', '2026-06']);
  await passCostsOn(database.db, may, now());
  await draftMonth(database.db, { month: may, now: now() }).catch((error: unknown) =>
    expect(error).toMatchObject({ code: expect.any(String) }),
  );
  await bringDraftsUpToDate(database.db, { now: now() });
}

async function read(path: string, as: 'owner' | 'finance' | 'operator' | 'customer' = 'owner'): Promise<any> {
  const token = await api.token(as, ...(as === 'customer' ? ['acme'] : []));
  const answer = await api.fetch(path, { headers: { authorization: `Bearer ${token}` } });
  const body = await answer.json();
  expect([path, answer.status, body]).toEqual([path, 200, body]);
  return body;
}

const linesOf = (invoice: any) => invoice.document.sections.flatMap((each: any) => each.lines);

async function draftOf(customer: string): Promise<any> {
  const { items } = await read(`/invoices?month=2026-05&customer=${customer}`);
  return items.length === 0 ? null : read(`/invoices/${items[0].invoiceId}`);
}

test('of a preview: a price that follows the bill, and a month that is not final', async () => {
  await account.advance({ hours: 24 * 14 });
  await night();
  // 336 of 672 hours.
  expect(linesOf(await draftOf('acme'))).toMatchObject([
    { kind: 'usage', description: 'Droplet hours, running' },
    {
      kind: 'usage',
      description: 'Database Clusters',
      quantity: '1',
      amount: '9.10',
      details: { product: 'Database Clusters', bill: 'preview' },
    },
  ]);
  expect(await read('/deployments/acme-site/quote?month=2026-05')).toMatchObject({
    passThrough: [{ product: 'Database Clusters', amount: '9.10', final: false }],
  });
});

test('the preview said otherwise: 36.36 is issued, 18.18 is due, and the difference is a correction', async () => {
  const { db } = database;
  const resource = '00000000-0000-4000-8000-000000000001';
  const mistake = { mistake: 'wrong_price', month: '2026-05', resource, percent: 200 };
  await account.opened.control('billing/mistakes', mistake);
  await account.advance({ hours: 24 * 17, minutes: 30 });
  await night();
  const draft = await draftOf('acme');
  const line = linesOf(draft).at(-1);
  expect(line).toMatchObject({ description: 'Database Clusters', amount: '36.36', details: { bill: 'preview' } });
  await expect(approveInvoice(db, draft.invoiceId, { by: 'ann', now: now() })).rejects.toMatchObject({
    code: 'month_not_final',
    message: expect.stringContaining('the final bill of the provider is not there yet'),
  });
  await approveInvoice(db, draft.invoiceId, { by: 'ann', now: now(), override: 'the customer wants it now' });
  await issueInvoice(db, draft.invoiceId, { by: 'ann', now: now() });

  await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
  await account.advance({ hours: 4 });
  await night();
  await rateMonths(db, { now: now() });
  const proposals = await proposalsOf(db, { customer: 'acme' });
  expect(proposals).toMatchObject([
    { lines: [{ description: 'Database Clusters', issued: '36.36', costs: '18.18', amount: '-18.18' }] },
  ]);
  // The same again is the same.
  expect(await passCostsOn(db, may, now())).toBe(0);
});

test('in another currency by the rate of the last day, and without one the customer cannot be rated', async () => {
  const { db } = database;
  expect(await draftOf('euro')).toBeNull();
  const { failures } = await bringDraftsUpToDate(db, { now: now() });
  expect(failures.map(({ message }) => message).join()).toMatch(/exchange rate of 2026-05-31/);
  const rate = { base: 'USD', counter: 'EUR', rate: '0.9', source: 'test', day: Temporal.PlainDate.from('2026-05-29') };
  await setExchangeRate(db, rate, 'test', now());
  await bringDraftsUpToDate(db, { now: now() });
  // 15.15 x 0.9 = 13.635
  expect(linesOf(await draftOf('euro'))).toMatchObject([
    { description: 'Database Clusters', amount: '13.64', details: { bill: 'final' } },
  ]);
});

test('a customer sees the product and its price, never what it costs nor the markup', async () => {
  const quote = await read('/deployments/acme-site/quote?month=2026-05', 'customer');
  expect(quote).toMatchObject({ passThrough: [{ product: 'Database Clusters', amount: '18.18', final: true }] });
  const { items } = await read('/invoices?month=2026-05', 'customer');
  const plans = await read('/plans', 'customer');
  expect(plans.items[0].passThrough).toEqual([
    { product: 'Database*', resourceKind: null, markupPercent: null },
    { product: '*', resourceKind: null, markupPercent: null },
  ]);
  const { items: ours } = await read('/plans');
  expect(ours.find(({ plan }: any) => plan === 'passing').passThrough[0].markupPercent).toBe('20');
  const all = JSON.stringify([quote, plans, await read(`/invoices/${items[0].invoiceId}`, 'customer')]);
  expect(all).not.toMatch(/15\.15|30\.30|"20"/);
  await database.db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('arcadia.customer', customer_id::text, true) FROM customers WHERE external_id = 'acme'`.execute(
      trx,
    );
    await sql`SET LOCAL ROLE arcadia_customer`.execute(trx);
    for (const table of ['deployment_costs', 'plan_markups']) {
      await sql`SAVEPOINT before`.execute(trx);
      await expect(sql`SELECT FROM ${sql.table(table)}`.execute(trx)).rejects.toThrow(/permission denied/);
      await sql`ROLLBACK TO before`.execute(trx);
    }
    const { rows } = await sql<Record<string, number>>`
      SELECT (SELECT count(*) FROM plan_pass_through) AS plans,
             (SELECT count(DISTINCT deployment_id) FROM passed_prices) AS deployments`.execute(trx);
    expect(rows).toEqual([{ plans: 2, deployments: 1 }]);
  });
});

test('the markup, which tells the cost by the price, is for owner and finance alone', async () => {
  const seen = async (as: 'owner' | 'finance' | 'operator') => {
    const sheet = await read('/plans/passing/sheet', as);
    const shown = [await read('/plans/passing', as), sheet.plan, ...sheet.versions];
    return shown.map(({ passThrough }) => passThrough[0].markupPercent);
  };
  expect([await seen('owner'), await seen('finance'), await seen('operator')]).toEqual([
    ['20', '20', '20'],
    ['20', '20', '20'],
    [null, null, null],
  ]);
  const token = await api.token('operator');
  const headers = { authorization: `Bearer ${token}` };
  expect((await api.fetch('/plans/passing/export', { headers })).status).toBe(403);
  expect((await api.fetch('/plans/studio/export', { headers })).status).toBe(200);
  const { retiredAt: _, ...plan } = await read('/plans/passing');
  const text = JSON.stringify({ ...plan, from: '2026-07-01', passThrough: [{ product: '*', markupPercent: '1' }] });
  const preview = async (as: 'owner' | 'operator') => {
    const answer = await api.fetch('/plans/preview', {
      method: 'POST',
      headers: { authorization: `Bearer ${await api.token(as)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ files: [{ name: 'passing.yaml', text }] }),
    });
    const { changes }: any = await answer.json();
    return changes[0].differences.find(({ what }: { what: string }) => what === 'passThrough.*.markupPercent').before;
  };
  expect([await preview('owner'), await preview('operator')]).toEqual(['50', null]);
});

test('the margin has the price beside the cost of the same product', async () => {
  const { items } = await read('/margins?from=2026-05-01&by=product&deployment=acme-site');
  const row = items.find(({ product }: { product: string }) => product === 'Database Clusters');
  expect(row).toMatchObject({ revenue: '18.18', cost: '15.15', margin: '3.03' });
});

test('a product under another name, or with another of its meters, is not passed on beside its meter', async () => {
  const { db } = database;
  const passed = async () => (await read('/deployments/acme-site/quote?month=2026-05')).passThrough;
  const databases = [{ product: 'Database Clusters', amount: '18.18', final: true }];
  const renamed = { mistake: 'renamed_product', month: '2026-05', product: 'Droplets', to: 'Compute' };
  await account.opened.control('billing/mistakes', renamed);
  await night();
  expect(await passed()).toEqual(databases);
  await account.opened.send('/_simulator/billing/mistakes', { method: 'DELETE' });
  await night();
  const onPlan = (plan: string) =>
    changeSubscription(
      db,
      { deployment: 'acme-site', plan, from: may.toZonedDateTime('UTC').toInstant() },
      'test',
      now(),
    );
  const passThrough = [{ product: '*', markupPercent: '20' }];
  const vcpus = { kind: 'vcpu_hours', model: 'standard', properties: { unitPrice: '0.01' } } as const;
  await makePlan(db, { plan: 'by-vcpu', base: '0.00', items: [vcpus], passThrough });
  await onPlan('by-vcpu');
  expect(await passed()).toEqual(databases);
  await makePlan(db, { plan: 'all', base: '0.00', passThrough });
  await onPlan('all');
  expect(await passed()).toEqual([...databases, { product: 'Droplets', amount: '7.20', final: true }]);
  await onPlan('passing');
});

test('what a plan has a price for, or passes on, is no finding; what it does neither with is', async () => {
  const { items: bills } = await read('/bills?month=2026-05&kind=final');
  const found = async () =>
    (await read(`/bills/${bills[0].bill}/findings`)).items.filter(({ finding }: any) => finding === 'no_plan_item');
  expect(await found()).toEqual([]);
  const { db } = database;
  const onPlan = (plan: string) =>
    changeSubscription(
      db,
      { deployment: 'acme-site', plan, from: may.toZonedDateTime('UTC').toInstant() },
      'test',
      now(),
    );
  const names = async () => (await found()).map(({ name, amount }: any) => [name, amount]);
  await makePlan(db, { plan: 'bare', base: '5.00' });
  await onPlan('bare');
  expect(await names()).toEqual([
    ['web (s-1vcpu-1gb)', '6.00'],
    ['db (db-s-1vcpu-1gb)', '15.15'],
  ]);
  // Any meter of a droplet is a price for it.
  const vcpus = { kind: 'vcpu_hours', model: 'standard', properties: { unitPrice: '0.01' } } as const;
  await makePlan(db, { plan: 'vcpus', base: '0.00', items: [vcpus] });
  await onPlan('vcpus');
  expect(await names()).toEqual([['db (db-s-1vcpu-1gb)', '15.15']]);
});

test('a month is final no more, at once, when a deployment comes onto a plan that passes cost on', async () => {
  const { db } = database;
  const month = may.toPlainYearMonth();
  await passCostsOn(db, may, now());
  expect(await customersWithoutBill(db, month)).toEqual(new Set());
  await changeSubscription(
    db,
    { deployment: 'acme-site', plan: 'passing', from: may.toZonedDateTime('UTC').toInstant() },
    'test',
    now(),
  );
  expect(await customersWithoutBill(db, month)).toEqual(new Set(['acme']));
  await passCostsOn(db, may, now());
  expect(await customersWithoutBill(db, month)).toEqual(new Set());
  expect((await read('/deployments/acme-site/quote?month=2026-05')).passThrough).toEqual([
    { product: 'Database Clusters', amount: '18.18', final: true },
  ]);
});
