import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorker, type Worker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { Arcadia, answerOf, arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';
import { arcadiaHere } from './here.ts';

// A command waits for the jobs of its operation: run in its own process on the database, watched on a server.

let database: TestDatabase;
let simulator: Simulator;
let api: TestApi;
let worker: Worker | null = null;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
  api = await startTestApi(database, { env: { DIGITALOCEAN_API_URL: simulator.url } });
  writeFileSync(join(folder.path, 'token'), await api.token('owner'), { mode: 0o600 });
  writeFileSync(join(folder.path, 'finance'), await api.token('finance'), { mode: 0o600 });
  const connected = await arcadiaHere(['account', 'connect', 'acme', '--json'], {
    env: { ...env(), DIGITALOCEAN_TOKEN: 'any' },
    cwd: folder.path,
  });
  expect(connected.code).toBe(0);
});
afterAll(async () => {
  await worker?.stop({ deadlineSeconds: 0 });
  await api.close();
  await simulator.close();
  await database.close();
  folder.remove();
});

function env() {
  return {
    DATABASE_URL: database.connectionString,
    ARCADIA_DATA_DIR: folder.path,
    ARCADIA_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => 7 + at)).toString('base64'),
    DIGITALOCEAN_API_URL: simulator.url,
  };
}
const local = (...args: readonly string[]) => arcadiaHere(args, { env: env(), cwd: folder.path });
const onServer = (token = 'token') => ['--url', api.url, '--token-file', token];
const remote = (...args: readonly string[]) => arcadiaHere([...args, ...onServer()], { cwd: folder.path });

async function jobs(job: string): Promise<{ state: string }[]> {
  return ((await (await api.fetch(`/jobs?job=${job}`)).json()) as { items: { state: string }[] }).items;
}
async function syncRuns(): Promise<number> {
  return ((await (await api.fetch('/sync-runs')).json()) as { items: unknown[] }).items.length;
}

describe('without a worker', () => {
  test('on the database the jobs run in the process, with what they enqueue in turn', async () => {
    const synced = await arcadia(['sync', 'acme', '--json'], { env: env(), cwd: folder.path });
    expect(synced).toMatchObject({ code: 0 });
    expect(synced.stderr).toContain("Reads an account's droplets, volumes and other resources");
    expect(await syncRuns()).toBeGreaterThan(5);
    expect(await jobs('sync_projects')).toEqual([]);
  });

  test('one that fails ends with 1, after what the operation answered', async () => {
    const moved = await local('usage', 'move', '--json');
    expect(moved).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no ClickHouse') });
    expect(JSON.parse(moved.stdout)).toEqual({ to: 'clickhouse' });
  });

  test('with --no-wait the jobs are left to a worker, on both', async () => {
    for (const surface of [remote, local]) {
      const left = await surface('sync', 'acme', '--no-wait', '--json');
      expect(left).toMatchObject({ code: 0, stderr: '' });
      expect(answerOf(left)).toMatchObject({ accounts: ['acme'] });
    }
    expect(await jobs('sync_projects')).toMatchObject([{ state: 'waiting' }]);
  });

  test('Ctrl-C ends the waiting with 2, and leaves the job as it is', async () => {
    const waiting = new Arcadia(['sync', 'acme', ...onServer()], { cwd: folder.path });
    await waiting.says(/Waiting for jobs/);
    waiting.child.kill('SIGINT');
    expect((await waiting.ended).code).toBe(2);
    expect(await jobs('sync_projects')).toMatchObject([{ state: 'waiting' }]);
  });
});

describe('with a worker', () => {
  beforeAll(async () => {
    worker = await startWorker({
      db: database.db,
      connectionString: database.connectionString,
      config: loadConfig({ env: env() }, program.settings),
      log: createLog({ level: 'silent', format: 'json' }),
      program: { ...program, schedule: [] },
    });
  });

  test('a command on the server waits until what follows has ended, and prints the body of the API', async () => {
    const before = await syncRuns();
    const synced = await remote('sync', 'acme', '--json');
    expect(synced).toMatchObject({ code: 0, stderr: expect.stringContaining('Waiting for jobs of the server') });
    expect(answerOf(synced)).toEqual({
      accounts: ['acme'],
      kinds: null,
      jobs: ['sync_projects', 'sync_snapshots', 'sync_backups', 'sync_spaces', 'sync_sizes'],
      notRead: [{ account: 'acme', kind: 'spaces_bucket', needs: 'Spaces key' }],
      after: expect.any(Number),
    });
    expect(await syncRuns()).toBeGreaterThan(before + 5);
    for (const job of ['sync_resources', 'attribute'])
      expect((await jobs(job)).map(({ state }) => state)).toEqual(expect.not.arrayContaining(['waiting', 'running']));
    expect(await jobs('attribute')).not.toEqual([]);
  });

  test('what could not be read there ends a sync with 1, and says what', async () => {
    const body = JSON.stringify({ fault: 'missing_scope', scopes: ['domain:read'] });
    const headers = { 'content-type': 'application/json' };
    const faults = `${simulator.url}/_simulator/faults`;
    expect((await fetch(faults, { method: 'POST', body, headers })).ok).toBe(true);
    const synced = await remote('sync', 'acme', '--json');
    await fetch(faults, { method: 'DELETE' });
    expect(synced).toMatchObject({ code: 1, stderr: expect.stringContaining('sync_incomplete') });
    expect(synced.stderr).toContain('domain:read');
    expect(JSON.parse(synced.stdout)).toMatchObject({ accounts: ['acme'] });
  });

  test('a job that fails there ends the command with 1, and says why and what to look at', async () => {
    const moved = await arcadia(['usage', 'move', ...onServer()], { cwd: folder.path });
    expect(moved.code).toBe(1);
    expect(moved.stderr).toContain('move_usage is cancelled (invalid_argument: There is no ClickHouse');
    expect(moved.stderr).toContain('code:  job_failed');
    expect(moved.stderr).toContain('next:  arcadia job show ');
  });

  test('finance, who may draft, may wait for the draft', async () => {
    const drafted = await arcadiaHere(['invoice', 'draft', '--month', '2020-05', ...onServer('finance')], {
      cwd: folder.path,
    });
    expect(drafted).toMatchObject({ code: 0, stderr: expect.stringContaining('1 ended') });
    expect(await jobs('draft_month')).toMatchObject([{ state: 'completed' }]);
  });
});
