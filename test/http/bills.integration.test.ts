import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { createLog } from '../../src/platform/log.ts';
import { open, type Opened } from '../contract/simulator-client.ts';
import { arcadiaHere } from '../cli/here.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { untilDrained } from '../jobs/worker-fixture.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// The provider's bills from outside: read by jobs, over HTTP and as commands, by owner and finance alone.

const INVOICES = '/v2/customers/my/invoices';
let database: TestDatabase;
let opened: Opened;
let api: TestApi;
let worker: Worker;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  opened = await open({ fleet: 'pilot', seed: 1, at: Temporal.Instant.from('2026-06-03T09:30:00Z') });
  await opened.control('limits', { perHour: null, perMinute: null });
  api = await startTestApi(database, { env: { DIGITALOCEAN_API_URL: opened.simulator.url } });
  writeFileSync(join(folder.path, 'token'), await api.token('finance'), { mode: 0o600 });
  const connect = json('POST', { token: 'any', account: 'acme' }, { 'idempotency-key': 'connect' });
  expect((await api.fetch('/accounts', connect)).status).toBe(201);
  worker = await startWorker({
    db: database.db,
    connectionString: database.connectionString,
    config: api.config,
    log: createLog({ level: 'error', format: 'json' }),
    program: { ...program, schedule: [] },
    registry: new Registry(),
  });
});
afterAll(async () => {
  await worker.stop({ deadlineSeconds: 10 });
  await api.close();
  await opened.close();
  await database.close();
  folder.remove();
});

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
async function body(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<any> {
  const answer = await api.fetch(path, init);
  expect(`${answer.status} ${answer.ok ? '' : await answer.clone().text()}`).toMatch(/^20\d $/);
  return answer.json();
}
const remote = (...args: readonly string[]) =>
  arcadiaHere([...args, '--url', api.url, '--token-file', 'token'], { cwd: folder.path });

test('what a sync reads is there as the API and the commands show it, and its events were published', async () => {
  const synced = await remote('bill', 'sync');
  expect(synced.stdout).toMatch(/^ *\d+ +2026-05 +acme +final +\d+ +1 +5 +38\.88 +0\.00 +0\.00 +0\.00 +0 +open +-$/m);
  const { items, reads } = await body('/bills?payer=acme');
  expect(reads.map(({ part, outcome }: Record<string, string>) => [part, outcome])).toEqual([
    ['balance', 'complete'],
    ['bills', 'complete'],
    ['insights', 'complete'],
  ]);
  const [invoice] = (await opened.send(INVOICES)).body.invoices;
  const may = items.find((bill: Record<string, string>) => bill['month'] === '2026-05-01' && bill['kind'] === 'final');
  expect(may).toMatchObject({
    number: invoice.invoice_id,
    externalId: invoice.invoice_uuid,
    amount: invoice.amount,
    residual: '0.00',
    version: 1,
  });
  const told = await opened.all(`${INVOICES}/${invoice.invoice_uuid}`, 'invoice_items');
  const lines = (await body(`/bills/${may.bill}/items?limit=1000`)).items;
  expect(lines.map(({ description, amount }: Record<string, string>) => [description, amount])).toEqual(
    told.map(({ description, amount }) => [description, amount]),
  );
  // Page by page, and as CSV, the same.
  const first = await body(`/bills/${may.bill}/items?limit=2`);
  const second = await body(`/bills/${may.bill}/items?limit=1000&cursor=${encodeURIComponent(first.nextCursor)}`);
  expect([...first.items, ...second.items]).toEqual(lines);
  const csv = await api.fetch(`/bills/${may.bill}/items`, { headers: { accept: 'text/csv' } });
  expect((await csv.text()).trimEnd().split('\r\n').length).toBe(lines.length + 1);

  const shown = await body(`/bills/${may.bill}`);
  const products = Map.groupBy(told, ({ product }) => product);
  expect(shown.products.map(({ product, lines: of }: { product: string; lines: number }) => [product, of])).toEqual(
    [...products].map(([product, of]) => [product, of.length]).sort(([a], [b]) => (a! < b! ? -1 : 1)),
  );
  expect(answerOf(await remote('bill', 'show', String(may.bill), '--json'))).toEqual(shown);
  expect((await remote('bill', 'show', String(may.bill))).stdout).toContain(`amount         ${invoice.amount} USD`);
  const found = await remote('bill', 'items', String(may.bill), '--product', told[0].product);
  expect(found.stdout).toContain(told[0].description);
  expect((await body('/bills?kind=preview')).items).toMatchObject([{ month: '2026-06-01', kind: 'preview' }]);
  expect((await api.fetch(`/bills/${may.bill}?version=2`)).status).toBe(404);

  const balance = (await opened.send('/v2/customers/my/balance')).body;
  expect((await body('/balances')).items).toMatchObject([
    { payer: 'acme', monthToDateBalance: balance.month_to_date_balance, generatedAt: balance.generated_at },
  ]);
  const history = await opened.all('/v2/customers/my/billing_history', 'billing_history');
  expect((await body('/billing-history?limit=1000')).items.map(({ amount }: Record<string, string>) => amount)).toEqual(
    history.map(({ amount }) => amount),
  );
  const insights = (await body('/bill-insights?from=2026-05-10&to=2026-05-12&limit=1000')).items;
  const { team } = (await opened.send('/_simulator/')).body;
  const points = (await opened.send(`/v2/billing/${team}/insights/2026-05-10/2026-05-11?per_page=200`)).body
    .data_points;
  const sorted = (rows: string[][]) => rows.map((row) => row.join(' ')).sort();
  expect(sorted(insights.map((row: Record<string, string>) => [row['day']!, row['sku']!, row['amount']!]))).toEqual(
    sorted(points.map((row: Record<string, string>) => [row['start_date']!, row['sku']!, row['total_amount']!])),
  );
  const { rows: events } = await sql<{ type: string; subject: string }>`
    SELECT type, subject FROM event_outbox WHERE type IN ('bill.changed', 'balance.changed')
    UNION SELECT type, subject FROM events WHERE type IN ('bill.changed', 'balance.changed')`.execute(database.db);
  expect(events).toContainEqual({ type: 'bill.changed', subject: String(may.bill) });
  expect(events).toContainEqual({ type: 'balance.changed', subject: 'acme' });
});

test('a file is imported by its address alone, its errors are named by line', async () => {
  const header = 'product,group_description,description,hours,start,end,USD,project_name';
  const volume = 'Volumes,,volume-sfo2-01 (sfo2) 100GB,744,2019-01-01 00:00:00 +0000,2019-01-31 23:59:59 +0000,$10.00,';
  const droplet = 'Droplets,,indra (s-2vcpu-4gb),446,2019-01-13 09:39:51 +0000,2019-02-01 00:00:00 +0000,$13.27,web';
  writeFileSync(join(folder.path, 'bill.csv'), `${[header, volume, droplet, droplet].join('\n')}\n`);
  const imported = await remote('bill', 'import', 'bill.csv', '--payer', 'acme', '--number', '77', '--amount', '36.55');
  expect(imported.stdout).toMatch(/^Imported 3 lines as bill \d+ of 2019-01, version 1\.\n$/);
  const again = await remote('bill', 'import', 'bill.csv', '--payer', 'acme', '--number', '77');
  expect(again.stdout).toMatch(/^Version 1 of bill \d+ has the same 3 lines; nothing was written\.\n$/);
  const [bill] = (await body('/bills?month=2019-01')).items;
  // 10.00 and twice 13.27 are 36.54: a cent stands in the header alone.
  expect(bill).toMatchObject({ source: 'csv', number: '77', amount: '36.55', linesAmount: '36.54', residual: '0.01' });
  const { items } = await body(`/bills/${bill.bill}/items`);
  expect(items[0]).toMatchObject({ endTime: '2019-01-31T23:59:59Z', projectName: null, durationUnit: 'Hours' });
  const wrong = `${[header, volume.replace('$10.00', 'ten'), droplet.replace('2019-01-13', '2019-13-13')].join('\n')}\n`;
  const upload = { method: 'POST', body: wrong, headers: { 'content-type': 'text/csv', 'idempotency-key': 'wrong' } };
  const refused = await api.fetch('/bills/import?payer=acme', upload);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toMatch(/2 errors.*line 2, usd: .*ten.*line 3, start: .*2019-13-13/);
});

test('accounts are put on the bills of another payer from a day on', async () => {
  expect((await body('/bill-payers')).items).toMatchObject([
    { payer: 'acme', organizationId: null, accounts: [{ account: 'acme', from: null, to: null }] },
  ]);
  const { organization } = (await opened.send('/_simulator/')).body;
  const organizationId = organization.replace('do:teamgroup:', '');
  const set = await remote('bill', 'payer', 'set', 'acme', '--organization-id', organizationId);
  expect(set.stdout).toBe('Saved.\n');
  const cover = json('PUT', { from: '2026-06-01' });
  expect(await body('/bill-payers/acme/accounts/acme', cover)).toEqual({ changed: false });
  expect((await api.fetch('/bill-payers/acme/accounts/nobody', cover)).status).toBe(404);
  // Insights are of the organization from then on.
  await body('/bills/sync', json('POST', { payer: 'acme' }, { 'idempotency-key': 'again' }));
  await untilDrained(database.db);
  const { items } = await body('/bill-insights?from=2026-06-01&to=2026-06-02&limit=1000');
  expect(new Set(items.map(({ urn }: Record<string, string>) => urn))).toContain(organization);
});

test('operators, viewers and customers see none of it', async () => {
  const [bill] = (await body('/bills')).items;
  const paths = ['/bills', `/bills/${bill.bill}`, `/bills/${bill.bill}/items`, '/balances', '/billing-history'];
  for (const path of [...paths, '/bill-insights', '/bill-payers']) {
    for (const as of ['operator', 'viewer'] as const)
      expect([path, (await api.fetch(path, { as })).status]).toEqual([path, 403]);
    expect([path, (await api.fetch(path, { as: 'customer', customer: 'acme' })).status]).toEqual([path, 403]);
    expect([path, (await api.fetch(path, { as: 'finance' })).status]).toEqual([path, 200]);
  }
  const sync = json('POST', {}, { 'idempotency-key': 'operator' });
  expect((await api.fetch('/bills/sync', { ...sync, as: 'operator' })).status).toBe(403);
});

test('a missing scope is said by the check of the account, and beside the bills', async () => {
  await opened.control('faults', { fault: 'missing_scope', scopes: ['billing:read'], hidden: true });
  const { scopes } = await body('/accounts/acme/check');
  expect(scopes.find(({ scope }: { scope: string }) => scope === 'billing:read')).toMatchObject({
    granted: 'no',
    others: ["the provider's balance, bills and daily Insights"],
  });
  const synced = await remote('bill', 'sync', 'acme');
  expect([synced.code, synced.stderr]).toEqual([1, expect.stringContaining('the scope billing:read')]);
  expect((await body('/jobs?job=read_bills')).items.map(({ state }: Record<string, string>) => state)).not.toContain(
    'dead',
  );
  expect((await remote('bill', 'list')).stderr).toContain(
    'acme, bills: refused: account acme: The token lacks the scope billing:read',
  );
});
