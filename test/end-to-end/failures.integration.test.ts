import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { Arcadia, answerOf, arcadia, failureOf, makeFolder } from './arcadia.ts';

let simulator: Simulator;
const resources = 1_000;

beforeAll(async () => {
  simulator = await startSimulator({ fleet: 'hoster', seed: 1, resources });
  // What is tested here is not patience.
  await fetch(`${simulator.url}/_simulator/limits`, {
    method: 'POST',
    body: JSON.stringify({ perHour: null, perMinute: null }),
  });
});
afterAll(() => simulator.close());

function connect(env: Readonly<Record<string, string>>) {
  return arcadia(['account', 'connect', 'hoster', '--json'], {
    env: { ...env, DIGITALOCEAN_API_URL: simulator.url, DIGITALOCEAN_TOKEN: 'any' },
  });
}

describe('a database that goes away in the middle', () => {
  test('ends the command with its own error; the next run carries on', async () => {
    const folder = makeFolder();
    onTestFinished(folder.remove);
    const env = { ARCADIA_DATA_DIR: folder.path };
    answerOf(await connect(env));

    const before = await requestsSoFar();
    const syncing = new Arcadia(['sync', '--json'], { env });
    await waitForRequests(before + 10);
    process.kill(postmasterPid(folder.path), 'SIGKILL');
    const ended = await syncing.ended;
    expect(failureOf(ended)).toMatchObject({ code: 'database_unreachable', exitCode: 1 });
    expect(ended.code).toBe(1);
    expect(ended.stderr).not.toMatch(/^\s+at /m);

    const results = await syncedNow(env);
    expect(results.every(({ outcome }) => outcome === 'complete')).toBe(true);
    expect(results.reduce((sum, { seen }) => sum + seen, 0)).toBeGreaterThanOrEqual(resources);
  });
});

describe('a full disk', () => {
  const size = 320 * 1024 * 1024;

  test('ends the command with its own error; with space again, the next run carries on', async (context) => {
    const mounted = makeFolder();
    onTestFinished(mounted.remove);
    const options = ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', mounted.path];
    if (process.getuid?.() !== 0 || spawnSync('mount', options).status !== 0) {
      console.warn('Not root, or not allowed to mount: a full disk is NOT tested here.');
      return context.skip('no file system could be mounted');
    }
    // The last to be added runs first.
    onTestFinished(() => void execFileSync('umount', ['--lazy', mounted.path]));
    const env = { ARCADIA_DATA_DIR: mounted.path };
    answerOf(await connect(env));
    const filler = join(mounted.path, 'filler');
    const { bavail, bsize } = statfsSync(mounted.path);
    // What is left takes the server's start, not the history of thousands of resources.
    execFileSync('fallocate', ['-l', String(bavail * bsize - 2 * 1024 * 1024), filler]);

    const ended = await arcadia(['sync', '--json'], { env });
    expect(failureOf(ended)).toMatchObject({ code: 'database_full', exitCode: 1 });
    expect(ended.code).toBe(1);
    expect(ended.stderr).not.toMatch(/^\s+at /m);

    rmSync(filler);
    const results = await syncedNow(env);
    expect(results.every(({ outcome }) => outcome === 'complete')).toBe(true);
  });
});

describe('with thousands of resources in a database', () => {
  let database: TestDatabase;
  let folder: ReturnType<typeof makeFolder>;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    database = await openTestDatabase();
    folder = makeFolder();
    env = { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path };
    answerOf(await connect(env));
    answerOf(await arcadia(['sync', '--json'], { env }));
  });
  afterAll(async () => {
    await database.close();
    folder.remove();
  });

  test('a reader that leaves early is no error', async () => {
    const bin = fileURLToPath(new URL('../../bin/arcadia', import.meta.url));
    for (const format of ['', '--json']) {
      const script = `set -o pipefail; '${bin}' resource list --all ${format} | head -n 1`;
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], { env: { ...process.env, ...env } });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toBe('');
    }
  });

  test('a long list is whole, page after page', async () => {
    const { items } = answerOf(await arcadia(['resource', 'list', '--all', '--json'], { env })) as {
      items: { resourceId: number }[];
    };
    expect(items.length).toBeGreaterThanOrEqual(resources);
    expect(new Set(items.map(({ resourceId }) => resourceId)).size).toBe(items.length);
  });

  test('Ctrl-C stops after the step under way, with an exit code of its own; the next run carries on', async () => {
    simulator.advanceTo(simulator.now().add({ hours: 1 }));
    const before = await requestsSoFar();
    const syncing = new Arcadia(['sync', '--json'], { env });
    await waitForRequests(before + 10);
    syncing.child.kill('SIGINT');
    const ended = await syncing.ended;
    expect(failureOf(ended)).toMatchObject({ code: 'cancelled', exitCode: 2 });
    expect(ended.code).toBe(2);
    const results = await syncedNow(env);
    expect(results.every(({ outcome }) => outcome === 'complete')).toBe(true);
  });
});

/** Syncs, and gives the runs of it. */
async function syncedNow(env: Readonly<Record<string, string>>): Promise<{ outcome: string; seen: number }[]> {
  const { after } = answerOf(await arcadia(['sync', '--json'], { env })) as { after: number };
  const runs = answerOf(await arcadia(['sync', 'runs', '--after', String(after), '--json'], { env }));
  return (runs as { items: { outcome: string; seen: number }[] }).items;
}

async function requestsSoFar(): Promise<number> {
  const answer = await fetch(`${simulator.url}/_simulator/requests`);
  return ((await answer.json()) as { total: number }).total;
}

/** Until the simulator has been asked so often in all that a sync is in the middle of its work. */
async function waitForRequests(total: number): Promise<void> {
  while ((await requestsSoFar()) < total) await sleep(5);
}

function postmasterPid(dataDir: string): number {
  return Number(readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
}
