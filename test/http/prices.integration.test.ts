import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { arcadiaHere } from '../cli/here.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// The price book from outside: over HTTP and as a command, by role, and as the worker fills it.

let database: TestDatabase;
let simulator: Simulator;
let api: TestApi;
const folder = makeFolder();
const smallest = '/prices/droplet_size:s-1vcpu-1gb';

beforeAll(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
  api = await startTestApi(database, { env: { DIGITALOCEAN_API_URL: simulator.url } });
  writeFileSync(join(folder.path, 'token'), await api.token('owner'), { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  await simulator.close();
  await database.close();
  folder.remove();
});

async function body(path: string, init?: Parameters<TestApi['fetch']>[1]): Promise<any> {
  const answer = await api.fetch(path, init);
  expect(`${answer.status} ${answer.ok ? '' : await answer.clone().text()}`).toBe('200 ');
  return answer.json();
}
const remote = (...args: readonly string[]) =>
  arcadiaHere([...args, '--url', api.url, '--token-file', 'token'], { cwd: folder.path });

test('sizes are read by a worker right after an account is connected', async () => {
  const published = await body('/prices?kind=droplet_size');
  expect(new Set(published.items.map(({ source }: { source: string }) => source))).toEqual(new Set(['published']));
  const connected = await api.fetch(
    '/accounts',
    json('POST', { token: 'any', account: 'acme' }, { 'idempotency-key': 'connect' }),
  );
  expect(connected.status).toBe(201);
  expect((await body('/jobs?job=sync_sizes')).items).toMatchObject([{ state: 'waiting' }]);
  const worker = await startWorker({
    db: database.db,
    connectionString: database.connectionString,
    config: api.config,
    log: createLog({ level: 'error', format: 'json' }),
    program: { ...program, schedule: [] },
  });
  try {
    for (;;) {
      const { items } = await body('/jobs?job=sync_sizes');
      if (items[0]?.state === 'completed') break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await worker.stop({ deadlineSeconds: 10 });
  }
  const { price, history } = await body(smallest);
  expect(price).toMatchObject({ source: 'api', account: 'acme', amount: '6', hourly: '0.00893', old: false });
  expect(history.map(({ source }: { source: string }) => source)).toEqual(['api', 'published', 'published']);
});

test('only an owner sets a price; no customer sees any', async () => {
  const set = json('PUT', { from: '2026-01-01', amount: '5.10' });
  for (const as of ['finance', 'operator', 'viewer'] as const) {
    expect((await api.fetch(smallest, { ...set, as })).status).toBe(403);
    expect((await api.fetch(smallest, { as })).status).toBe(200);
  }
  expect((await api.fetch('/prices', { as: 'customer', customer: 'acme' })).status).toBe(403);
  expect(await body(smallest, set)).toEqual({ changed: true });
  expect(await body(smallest, set)).toEqual({ changed: false });
  expect((await body(smallest)).price).toMatchObject({ source: 'operator', amount: '5.10', certainty: null });
  const wrong = json('PUT', { from: '2026-01-01', amount: '-1' });
  expect((await api.fetch(smallest, wrong)).status).toBe(400);
  const { items } = await body('/audit-log?table=own_prices');
  expect(items[0]).toMatchObject({ actor: expect.stringContaining('test owner'), operation: 'insert' });
});

test('an own price is shown to owner and finance; others see the list price, and nothing of what has no other', async () => {
  const dayOne = { from: '2026-01-01', account: 'acme', evidence: 'contract' };
  const own = [
    [smallest, { ...dayOne, amount: '4.44' }],
    ['/prices/database:db-s-1vcpu-1gb', { ...dayOne, amount: '13.33', unit: 'month' }],
  ] as const;
  for (const [path, price] of own) expect(await body(path, json('PUT', price))).toEqual({ changed: true });
  const read = async (as: 'owner' | 'finance' | 'operator' | 'viewer') => {
    const list = await body('/prices?account=acme&limit=1000', { as });
    const of = ({ subject, source, amount }: any) => [subject, source, amount];
    const named = ['database:db-s-1vcpu-1gb', 'droplet_size:s-1vcpu-1gb'];
    const shown = await Promise.all(own.map(([path]) => api.fetch(`${path}?account=acme`, { as })));
    const texts = await Promise.all(shown.map((answer) => answer.text()));
    return {
      listed: list.items.filter(({ subject }: any) => named.includes(subject)).map(of),
      statuses: shown.map(({ status }) => status),
      tells: /4\.44|5\.10|13\.33|contract|operator/.test(`${JSON.stringify(list)} ${texts.join(' ')}`),
    };
  };
  for (const as of ['owner', 'finance'] as const)
    expect([as, await read(as)]).toEqual([
      as,
      {
        listed: [
          ['database:db-s-1vcpu-1gb', 'operator', '13.33'],
          ['droplet_size:s-1vcpu-1gb', 'operator', '4.44'],
        ],
        statuses: [200, 200],
        tells: true,
      },
    ]);
  for (const as of ['operator', 'viewer'] as const)
    expect([as, await read(as)]).toEqual([
      as,
      { listed: [['droplet_size:s-1vcpu-1gb', 'api', '6']], statuses: [200, 404], tells: false },
    ]);
  for (const [path] of own) await body(`${path}?from=2026-01-01&account=acme`, { method: 'DELETE' });
});

test('the command prints the body of the API, and tables without it', async () => {
  const listed = await remote('price', 'list', '--kind', 'droplet_size', '--json');
  expect(answerOf(listed)).toEqual(await body('/prices?kind=droplet_size&limit=1000'));
  const shown = await remote('price', 'show', 'droplet_size:s-1vcpu-1gb');
  expect(shown.stdout).toContain('droplet_size:s-1vcpu-1gb costs 5.10 USD a month since 2026-01-01, by operator.');
  const off = await remote('price', 'unset', 'droplet_size:s-1vcpu-1gb', '--from', '2026-01-01');
  expect(off.stdout).toBe("From 2026-01-01 on, the provider's price of droplet_size:s-1vcpu-1gb applies.\n");
  const on = await remote('price', 'set', 'volume', '--from', '2026-02-01', '--amount', '0.09', '--unit', 'GiB-month');
  expect(on.stdout).toBe('Saved. Applies from 2026-02-01.\n');
  const before = await remote('price', 'list', '--subject', 'volume', '--at', '2026-01-31');
  expect(before.stdout).toMatch(/^volume +0\.10 +USD +GiB-month +- +2019-01-01 +published +-$/m);

  const account = ['--account', 'acme'];
  const own = await remote('price', 'set', 'volume', ...account, '--from', '2026-02-01', '--amount', '0.08');
  expect(own.stdout).toBe('Saved. Applies from 2026-02-01.\n');
  const paid = await remote('price', 'list', '--subject', 'volume', ...account);
  expect(paid.stdout).toMatch(/^volume +0\.08 +USD +GiB-month +- +2026-02-01 +operator, acme +-$/m);
  const others = await remote('price', 'list', '--subject', 'volume');
  expect(others.stdout).toMatch(/^volume +0\.09 +USD .* operator +-$/m);
  const ended = await remote('price', 'unset', 'volume', ...account, '--from', '2026-03-01');
  expect(ended.stdout).toBe('From 2026-03-01 on, acme has no price of its own of volume.\n');
});
