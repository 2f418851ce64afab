import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fieldsOf } from '../../src/cli/engine/fields.ts';
import { localSurface } from '../../src/cli/engine/local-surface.ts';
import { remoteSurface } from '../../src/cli/engine/remote-surface.ts';
import { openSession, type Session } from '../../src/cli/engine/session.ts';
import { noInput, type Surface } from '../../src/cli/engine/surface.ts';
import { assignResources, unassignResources } from '../../src/flows/operations/assignments.ts';
import { createCustomer } from '../../src/deployments/operations/customers.ts';
import { createDeployment, listOwnership } from '../../src/deployments/operations/deployments.ts';
import * as accounts from '../../src/inventory/accounts.ts';
import { connectAccount } from '../../src/inventory/operations/accounts.ts';
import { verifyAuditLog } from '../../src/flows/operations/audit.ts';
import { syncAccount } from '../../src/inventory/sync.ts';
import { updateCustomerBilling } from '../../src/invoices/operations/customer-billing.ts';
import { setTaxRate, updateLegalEntity } from '../../src/invoices/operations/entities.ts';
import { draftInvoices } from '../../src/invoices/operations/invoices.ts';
import { listJobs, runJob } from '../../src/jobs/operations/jobs.ts';
import { controlQueue } from '../../src/jobs/operations/queues.ts';
import { confirmUsage } from '../../src/metering/operations/attestations.ts';
import { program } from '../../src/modules.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import type { Action, List } from '../../src/platform/declare/answer.ts';
import type { RawInput } from '../../src/platform/declare/input.ts';
import { toArcadiaError } from '../../src/platform/errors.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { decideSubscription } from '../../src/pricing/operations/subscriptions.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';
import { arcadiaHere } from './here.ts';

// The same command on the database and on a running server: the same bytes, the same refusals.

let database: TestDatabase;
let api: TestApi;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
  writeFileSync(join(folder.path, 'token'), await api.token('owner'), { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  await database.close();
  folder.remove();
});

const env = () => ({
  DATABASE_URL: database.connectionString,
  ARCADIA_DATA_DIR: folder.path,
  ARCADIA_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => 7 + at)).toString('base64'),
});
const local = (...args: readonly string[]) => arcadiaHere(args, { env: env(), cwd: folder.path });
const remote = (...args: readonly string[]) =>
  arcadiaHere([...args, '--url', api.url, '--token-file', 'token'], { cwd: folder.path });

const alert = ['--threshold', '80', '--unit', 'absolute', '--currency', 'USD', '--json'];

test('what a server was asked to do is done there, and is seen from both', async () => {
  for (const threshold of ['10', '20', '30'])
    expect(await remote('alert', 'add', ...alert.with(1, threshold))).toMatchObject({ code: 0 });
  const there = await remote('alert', 'list', '--json');
  expect(answerOf(there)).toMatchObject({ items: [{ threshold: '10' }, {}, {}], nextCursor: null });
  expect(await local('alert', 'list', '--json')).toMatchObject({ stdout: there.stdout });
  // So do processes.
  const flags = ['--json', '--url', api.url, '--token-file', 'token'];
  expect(await arcadia(['alert', 'list', ...flags], { cwd: folder.path })).toEqual(there);
  expect(await arcadia(['alert', 'list', '--json'], { env: env(), cwd: folder.path })).toEqual(there);
});

test('a page, its cursor, and all pages are the same bytes', async () => {
  const page = await remote('alert', 'list', '--limit', '2', '--json');
  expect(await local('alert', 'list', '--limit', '2', '--json')).toMatchObject({ stdout: page.stdout });
  const { nextCursor } = answerOf(page) as { nextCursor: string };
  const second = await local('alert', 'list', '--limit', '2', '--cursor', nextCursor, '--json');
  expect(answerOf(second)).toMatchObject({ items: [{ threshold: '30' }], nextCursor: null });
  const all = await remote('alert', 'list', '--limit', '1', '--all', '--json');
  expect((answerOf(all) as { items: unknown[] }).items).toHaveLength(3);
  expect(await local('alert', 'list', '--limit', '1', '--all', '--json')).toMatchObject({ stdout: all.stdout });
});

test('CSV is what the API answers as CSV: every row, or as many as are asked for', async () => {
  const answered = await api.fetch('/alerts', { as: 'owner', headers: { accept: 'text/csv' } });
  const csv = await answered.text();
  expect(csv.trimEnd().split('\r\n')).toHaveLength(4);
  for (const surface of [local, remote]) {
    expect(await surface('alert', 'list', '--csv')).toMatchObject({ code: 0, stdout: csv });
    const two = (await surface('alert', 'list', '--csv', '--limit', '2')).stdout;
    expect(two.trimEnd().split('\r\n')).toEqual(csv.trimEnd().split('\r\n').slice(0, 3));
    expect(await surface('alert', 'list', '--csv', '--json')).toMatchObject({ code: 1 });
  }
});

test('a page of less than there is says how much there is', async () => {
  const page = await local('alert', 'list', '--limit', '2', '--sort', 'alertId', '--order', 'desc');
  expect(page.stderr).toContain('There are more: 2 of 3 are shown.');
  expect(page.stdout).toMatch(/30 .*\n.*20 /);
});

test('a refusal names the flag, the code and what to do, on both', async () => {
  for (const surface of [local, remote]) {
    const refused = await surface('alert', 'add', ...alert.with(3, 'many'));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--unit');
    expect(refused.stderr).toContain('"code":"invalid_argument"');
    const missing = await surface('alert', 'remove', '99');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('not_found') });
  }
});

test('a server needs a token, and is not sent one in the clear', async () => {
  const without = await arcadiaHere(['alert', 'list', '--url', api.url], { cwd: folder.path });
  expect(without).toMatchObject({ code: 4, stderr: expect.stringContaining('ARCADIA_TOKEN') });
  const wrong = await arcadiaHere(['alert', 'list', '--url', api.url], {
    cwd: folder.path,
    env: { ARCADIA_TOKEN: 'x.y.z' },
  });
  expect(wrong).toMatchObject({ code: 4, stderr: expect.stringContaining('unauthenticated') });
  const clear = await arcadiaHere(['alert', 'list', '--url', 'http://arcadia.example', '--token-file', 'token'], {
    cwd: folder.path,
  });
  expect(clear).toMatchObject({ code: 1, stderr: expect.stringContaining('only sent over https') });
});

describe('every operation that reads', () => {
  let business: TestDatabase;
  let server: TestApi;
  let simulator: Simulator;
  let here: Surface;
  let there: Surface;
  let session: Session;

  beforeAll(async () => {
    business = await openTestDatabase();
    simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
    const address = { DIGITALOCEAN_API_URL: simulator.url };
    server = await startTestApi(business, { env: address });
    for (const [name, value] of Object.entries({ ...env(), ...address, DATABASE_URL: business.connectionString }))
      vi.stubEnv(name, value);
    session = openSession({ json: true }, program);
    here = localSurface(session, program);
    there = remoteSurface({ url: server.url, token: await server.token('owner'), signal: session.signal, program });
    await there.act(connectAccount, { ...noInput, body: { token: 'any', account: 'acme' } });
    const { db } = business;
    const account = await accounts.getAccount(db, 'acme');
    const provider = await accounts.openAccount(db, account, await openSecretKey(db, server.config));
    await syncAccount(db, account, provider, { clock: databaseClock(db) });
    await provider.close();
    const changes: readonly [Action, Partial<RawInput>][] = [
      [createCustomer, { body: { customer: 'c-1', name: 'Acme', currency: 'USD' } }],
      [createDeployment, { body: { deployment: 'shop', customer: 'c-1' } }],
      [assignResources, { body: { resources: ['1'], owners: [{ deployment: 'shop' }] } }],
      [updateCustomerBilling, { params: { customer: 'c-1' }, body: { address: ['2 Hill Road', 'Bath'] } }],
      [updateLegalEntity, { params: { entity: 'default' }, body: { name: 'Example Ltd', taxIds: ['VAT 1'] } }],
      [setTaxRate, { body: { category: 'standard', title: 'VAT', percent: '20' } }],
      [
        decideSubscription,
        { params: { deployment: 'shop' }, body: { action: 'start', plan: 'studio', from: '2026-05-01T00:00:00Z' } },
      ],
      [
        confirmUsage,
        { body: { account: 'acme', resourceKind: 'droplet', through: '2026-05-01T00:00:00Z', reason: 'seen' } },
      ],
      [draftInvoices, { body: { month: '2026-05' } }],
      [runJob, { body: { job: 'sync_projects', arguments: { account: 'acme' } } }],
      [controlQueue, { params: { queue: 'metering' }, body: { limit: 3, worker: 'w' } }],
    ];
    for (const [operation, input] of changes) await here.act(operation, { ...noInput, ...input });
  });
  afterAll(async () => {
    await session.close();
    vi.unstubAllEnvs();
    await server.close();
    await simulator.close();
    await business.close();
  });

  const params: Readonly<Record<string, string>> = {
    account: 'acme',
    customer: 'c-1',
    deployment: 'shop',
    entity: 'default',
    resource: '1',
    slug: 'shop',
    plan: 'studio',
    kind: 'droplet_hours',
    invoice: '1',
    line: '1',
    id: '0196f1a2-7c55-7d9e-8d3a-0a7e4b1c2d3e',
  };
  const query = { month: '2026-05', from: '2026-05-01', to: '2026-05-02', kind: 'droplet_hours' };

  /** What it needs, filled from the above. Names that are not there stay away: then both have to refuse it alike. */
  function inputOf(operation: Action | List): RawInput {
    const required = fieldsOf(operation).filter(({ isRequired }) => isRequired);
    const valuesOf = (place: 'path' | 'query', values: Readonly<Record<string, string>>) =>
      Object.fromEntries(
        required
          .filter((field) => field.place === place)
          .flatMap(({ path: [name = ''] }) => [[name, values[name] ?? '1']]),
      );
    const body = operation.shape === 'action' && operation.body !== undefined ? {} : undefined;
    return { params: valuesOf('path', params), query: valuesOf('query', query), body };
  }

  async function outcomeOf(answer: Promise<unknown>): Promise<{ text: string; code: string | null }> {
    try {
      // How long a job has waited, and when jobs were counted, goes on between two answers; a command on the database is its user's, without a token.
      const text = JSON.stringify(await answer)
        .replaceAll(/"(lagSeconds|oldestWaitingSeconds)":\d+/g, '"$1":0')
        .replace(/^{"asOf":"[^"]*","minutes":60/, '{"minutes":60')
        .replaceAll(/"subject":"[^"]*","role":"owner","customer":null,"expiresAt":("[^"]*"|null)/g, '"role":"owner"');
      return { text, code: null };
    } catch (error) {
      const { code, message } = toArcadiaError(error);
      return { text: message, code };
    }
  }

  const ask = (surface: Surface, operation: Action | List) =>
    outcomeOf(
      operation.shape === 'list'
        ? surface.page(operation, inputOf(operation))
        : surface.act(operation, inputOf(operation)),
    );

  const readers = program.operations.filter(
    (operation): operation is Action | List =>
      operation.shape === 'list' ||
      (operation.shape === 'action' && (operation.method === 'GET' || operation === verifyAuditLog)),
  );

  test.each(readers.map((operation) => [operation.name, operation] as const))('%s', async (_, operation) => {
    const told = await ask(there, operation);
    expect(await ask(here, operation)).toEqual(told);
  });

  test('most of them have something to say, or the comparison would compare nothing', async () => {
    const said = await Promise.all(
      readers.map(async (operation) => [operation.name, await ask(here, operation)] as const),
    );
    const withContent = said.filter(([, { text, code }]) => code === null && !text.startsWith('{"items":[]'));
    expect(withContent.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'account list',
        'account show',
        'account check',
        'sync runs',
        'resource list',
        'resource show',
        'resource settings',
        'resource unassigned',
        'customer list',
        'customer show',
        'customer billing show',
        'deployment list',
        'deployment show',
        'deployment ownership',
        'rule list',
        'rule suggest',
        'kind list',
        'kind show',
        'usage show',
        'usage status',
        'usage gaps',
        'usage confirmation list',
        'usage limit list',
        'plan list',
        'plan show',
        'plan versions',
        'plan schema',
        'subscription list',
        'subscription show',
        'quote show',
        'quote forecast',
        'invoice list',
        'invoice show',
        'invoice explain',
        'invoice preview',
        'overview show',
        'export coverage',
        'entity list',
        'entity show',
        'entity tax list',
        'job list',
        'queue list',
        'schedule list',
        'audit list',
        'audit verify',
      ]),
    );
  });

  test('what follows from a change on the database has followed when it has ended', async () => {
    const owned = () => here.page(listOwnership, { ...noInput, params: { deployment: 'shop' } });
    expect(await owned()).toMatchObject({ items: [{ resourceId: 1, rule: 'manual' }] });
    await here.act(unassignResources, { ...noInput, body: { resources: ['1'] } });
    expect(await owned()).toMatchObject({ items: [] });
    // A server leaves it to a worker.
    await there.act(assignResources, { ...noInput, body: { resources: ['1'], owners: [{ deployment: 'shop' }] } });
    expect(await owned()).toMatchObject({ items: [] });
    expect(await here.page(listJobs, { ...noInput, query: { job: 'attribute' } })).toMatchObject({
      items: [{ state: 'waiting' }],
    });
  });
});

test('one operation is several commands, and what loses something asks first', async () => {
  expect((await local('queue', 'pause', 'metering')).stdout).toBe('metering is paused on all workers.\n');
  expect(answerOf(await remote('queue', 'resume', 'metering', '--json'))).toMatchObject({ paused: false });
  expect(await remote('job', 'cancel', '--queue', 'metering')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--yes'),
  });
  expect((await remote('job', 'cancel', '--queue', 'metering', '--yes')).stdout).toBe('0 jobs cancelled.\n');
});
