import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { createDeployments } from '../../test/fixtures/metering.ts';
import { openMistakenBill, resourceNamed } from '../../test/fixtures/mistaken-bill.ts';
import type { ReconciledAccount } from '../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../test/http/api-fixture.ts';
import { Decimal } from '../platform/quantity.ts';

// A bill as a document: what the provider offers, kept once asked for, and what we know of it.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
let bill = 0;
let uuid = '';

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openMistakenBill(database, (slugs, since) => createDeployments(db, slugs, since));
  api = await startTestApi(database, { env: { ARCADIA_SECRET_KEY: account.config.secretKey! } });
  const { items } = await body('/bills?month=2026-05');
  ({ bill, externalId: uuid } = items[0]);
});
afterAll(async () => {
  await api.close();
  await account.close();
  await database.close();
});

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
async function body(path: string): Promise<any> {
  const answer = await api.fetch(path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.json();
}

const document = (query: string, as: 'finance' | 'operator' | 'viewer' = 'finance') =>
  api.fetch(`/bills/${bill}/document?${query}`, { as });
const askedFor = async (form: string) => (await account.asked()).filter((url) => url.endsWith(`/${form}`)).length;

test("the provider's CSV and PDF are as it sends them, and are asked for once", async () => {
  const { text } = await account.opened.send(`/v2/customers/my/invoices/${uuid}/csv`);
  const before = await askedFor('csv');
  for (let each = 0; each < 2; each += 1) {
    const answer = await document('format=csv');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="bill-${bill}.csv"`);
    expect(await answer.text()).toBe(text);
  }
  expect(await askedFor('csv')).toBe(before + 1);
  const pdf = await document('format=pdf');
  expect(pdf.headers.get('content-type')).toBe('application/pdf');
  expect((await pdf.text()).slice(0, 5)).toBe('%PDF-');
});

test('JSON has the bridge, and every line with who bears it', async () => {
  const whole = await (await document('format=json')).json();
  const { bridge, lines } = whole as { bridge: object; lines: { amount: string; shares: { amount: string }[] }[] };
  expect(bridge).toEqual(await body(`/bills/${bill}/bridge`));
  expect(lines.map(({ amount }) => amount)).toEqual(
    (await body(`/bills/${bill}/lines`)).items.map(({ amount }: { amount: string }) => amount),
  );
  const borne = lines.flatMap(({ shares }) => shares.map(({ amount }) => amount));
  // All but what is unexplained.
  expect(borne.reduce((sum, amount) => sum.plus(amount), new Decimal(0)).toFixed(2)).toBe('67.72');
});

test('what was kept of a version stays, and two versions are compared line by line', async () => {
  const { text: first } = await account.opened.send(`/v2/customers/my/invoices/${uuid}/csv`);
  expect((await api.fetch(`/bills/${bill}/changes`)).status).toBe(404);
  const db = (await resourceNamed(database, 'acme-studio-db-01')).externalId;
  // Charged twice at first; on 6 June it is made again.
  const reissue = { mistake: 'reissue_same_uuid', month: '2026-05', resource: db, product: 'Droplets', days: 5 };
  await account.opened.control('billing/mistakes', reissue);
  await expectStatus('format=pdf&version=1', 200);
  await account.reconcile();
  const shown = await body(`/bills/${bill}`);
  expect(shown.versions).toBe(2);
  const compared = await body(`/bills/${bill}/changes`);
  expect(compared).toMatchObject({ base: 1, version: 2, before: '70.49', after: shown.amount, currency: 'USD' });
  const sum = compared.items.reduce(
    (total: Decimal, { difference }: { difference: string }) => total.plus(difference),
    new Decimal(0),
  );
  expect(sum.toFixed(2)).toBe(new Decimal(compared.difference).toFixed(2));
  expect(compared.items).toContainEqual(
    expect.objectContaining({
      change: 'added',
      product: 'Droplets',
      before: null,
      after: '24.00',
      difference: '24.00',
    }),
  );
  expect((await body(`/bills/${bill}/changes?base=2&version=2`)).items).toEqual([]);
  expect(await (await document('format=csv&version=1')).text()).toBe(first);
  const { text: second } = await account.opened.send(`/v2/customers/my/invoices/${uuid}/csv`);
  expect(await (await document('format=csv')).text()).toBe(second);
  expect(second).not.toBe(first);
  // It was made again, which the program has not read yet.
  await account.advance({ hours: 5 * 24 });
  await expectStatus('format=pdf', 409, 'shows another version');
  await account.reconcile();
  await expectStatus('format=pdf&version=2', 409, 'was not kept while it was current');
  expect((await body(`/bills/${bill}/changes`)).items).toContainEqual(
    expect.objectContaining({ change: 'removed', product: 'Droplets', position: null, difference: '-24.00' }),
  );
});

async function expectStatus(query: string, status: number, text = ''): Promise<void> {
  const answer = await document(query);
  expect([query, answer.status, await answer.text()]).toEqual([query, status, expect.stringContaining(text)]);
}

test('what cannot be had is said; a file that was imported is its own CSV', async () => {
  await expectStatus('format=csv&version=9', 404, 'version of bill');
  expect((await api.fetch('/bills/4711/document?format=json')).status).toBe(404);
  const csv = `product,group_description,description,hours,start,end,USD,project_name,category
Droplets,,old-1 (s-2vcpu-4gb),744,2025-01-01 00:00:00 +0000,2025-02-01 00:00:00 +0000,$24.00,web,iaas
`;
  const imported = await api.fetch('/bills/import?payer=acme&number=41', {
    method: 'POST',
    headers: { 'content-type': 'text/csv', 'idempotency-key': 'import-41' },
    body: csv,
  });
  const { bill: other } = (await imported.json()) as { bill: number };
  expect(await (await api.fetch(`/bills/${other}/document`)).text()).toBe(csv);
  const pdf = await api.fetch(`/bills/${other}/document?format=pdf`);
  expect([pdf.status, await pdf.text()]).toEqual([404, expect.stringContaining('there is no PDF of it')]);
});

test('JSON of a signed bill is of the version that was signed, also when it is issued again', async () => {
  const signed = await api.fetch(`/bills/${bill}/sign-off`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'sign' },
    body: JSON.stringify({ reason: 'agreed' }),
  });
  expect(signed.status).toBe(200);
  const ghost = { mistake: 'ghost_line', month: '2026-05', amount: '3.00' };
  await account.opened.control('billing/mistakes', ghost);
  await account.reconcile();
  const { amount, version, versions, bridge, lines }: any = await (await document('format=json')).json();
  expect(versions).toBeGreaterThan(version);
  expect([amount, version]).toEqual([bridge.amount, bridge.version]);
  const sum = lines.reduce((total: Decimal, line: { amount: string }) => total.plus(line.amount), new Decimal(0));
  expect(sum.plus(bridge.residual).toFixed(2)).toBe(amount);
});

test('owner and finance alone', async () => {
  for (const as of ['operator', 'viewer'] as const)
    for (const format of ['csv', 'json', 'pdf']) expect((await document(`format=${format}`, as)).status).toBe(403);
  for (const path of ['document', 'changes'])
    expect((await api.fetch(`/bills/${bill}/${path}`, { as: 'customer', customer: 'acme' })).status).toBe(403);
});
