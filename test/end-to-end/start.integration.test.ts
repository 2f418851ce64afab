import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase } from '../database.ts';
import { Arcadia, answerOf, arcadia, failureOf, makeFolder } from './arcadia.ts';

function makeEnvironment(): { ARCADIA_DATA_DIR: string } {
  const folder = makeFolder();
  onTestFinished(folder.remove);
  return { ARCADIA_DATA_DIR: folder.path };
}

/** Starts it on any free port; gives the address once it is up. */
async function startUp(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const started = new Arcadia(['start', '--port', '0', ...args], { env });
  onTestFinished(() => void started.child.kill('SIGKILL'));
  const [, url = ''] = await started.says(/arcadia is up at (http:\S+)/);
  return { started, url };
}

function postmasterFile(dataDir: string): string {
  return join(dataDir, 'postgres', 'cluster', 'postmaster.pid');
}

describe('with a token', () => {
  test('connects the account, shows it, stays up, stops when told, and loses nothing', async () => {
    const simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
    onTestFinished(() => simulator.close());
    const env = makeEnvironment();

    const first = await startUp({ ...env, DIGITALOCEAN_TOKEN: 'dop_v1_secret', DIGITALOCEAN_API_URL: simulator.url });
    expect((await fetch(`${first.url}/livez`)).status).toBe(200);
    const ready = await fetch(`${first.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      {
        status: 'ok',
        checks: { process: 'ok', database: 'ok', migrations: 'ok', roles: 'ok', queues: expect.stringMatching(/^ok/) },
      },
    ]);
    expect((await fetch(`${first.url}/nothing`)).status).toBe(404);
    // No link with a token, which whatever keeps this output would keep: whoever started it is let in by one they ask for.
    await first.started.says(/To sign in at http:\S+: arcadia token issue --role owner/);
    expect(first.started.stderr).not.toContain('#token=');
    const { token } = answerOf(await arcadia(['token', 'issue', '--role', 'owner', '--json'], { env })) as {
      token: string;
    };
    const accounts = (headers: Record<string, string>) => fetch(`${first.url}/api/v1/accounts`, { headers });
    expect((await accounts({})).status).toBe(401);
    expect((await accounts({ authorization: `Bearer ${token}` })).status).toBe(200);
    // Nothing is owned yet, and that is what it shows.
    const lines = first.started.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    // No text between the lines of the log, and nothing beside it.
    expect(first.started.stdout).toBe('');
    expect(lines.find(({ msg }) => msg === 'overview')).toMatchObject({
      level: 'info',
      unassigned: 7,
      deployments: 0,
      needs: [expect.stringMatching(/^7 resources unassigned.*: arcadia rule suggest$/)],
    });
    expect(new Set(lines.map(({ run_id: id }) => id)).size).toBe(1);

    // A second one by mistake says whom it met, and opens nothing.
    const nowhere = join(env.ARCADIA_DATA_DIR, 'of-the-second');
    const second = await arcadia(['start', '--port', new URL(first.url).port, '--json'], {
      env: { ARCADIA_DATA_DIR: nowhere },
    });
    expect([second.code, failureOf(second).code, existsSync(nowhere)]).toEqual([1, 'port_in_use', false]);
    expect(failureOf(second).message).toMatch(
      new RegExp(`^arcadia is up already at ${first.url}, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ\\.$`),
    );

    first.started.child.kill('SIGTERM');
    const ended = await first.started.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout + ended.stderr).not.toContain('dop_v1_secret');
    expect(existsSync(postmasterFile(env.ARCADIA_DATA_DIR))).toBe(false);

    // The token is in the database now; two more days have passed.
    simulator.advanceTo(Temporal.Instant.from('2026-05-03T00:00:00Z'));
    const again = await startUp(env);
    expect(again.started.stderr).toContain('"metered_through":"2026-05-03"');
    again.started.child.kill('SIGINT');
    expect((await again.started.ended).code).toBe(0);
    expect(answerOf(await arcadia(['usage', 'unattributed', '--month', '2026-05', '--json'], { env }))).toMatchObject({
      usage: { droplet_hours: '96' },
    });
  });
});

describe('without a token', () => {
  test('a demonstration that is interrupted, or killed, goes on where it stopped', async () => {
    const env = makeEnvironment();
    const begin = async () => {
      const started = new Arcadia(['start', '--port', '0', '--json'], { env });
      onTestFinished(() => void started.child.kill('SIGKILL'));
      const [, clock = ''] = await started.says(/"msg":"(\S+) of \S+: \d+ syncs"/);
      return { started, clock };
    };
    const interrupted = await begin();
    interrupted.started.child.kill('SIGTERM');
    const ended = await interrupted.started.ended;
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(failureOf(ended).code).toBe('cancelled');

    const killed = await begin();
    killed.started.child.kill('SIGKILL');
    await killed.started.ended;
    const third = await begin();
    expect([interrupted.clock, killed.clock, third.clock].toSorted()).toEqual([
      interrupted.clock,
      killed.clock,
      third.clock,
    ]);
    expect(new Set([interrupted.clock, killed.clock, third.clock]).size).toBe(3);
    third.started.child.kill('SIGTERM');
    await third.started.ended;
  });

  test("somebody's own database is not filled unless they say so", async () => {
    const database = await openTestDatabase();
    const env = { ...makeEnvironment(), DATABASE_URL: database.connectionString };
    const { started, url } = await startUp(env);
    expect(started.stdout).toBe('');
    expect(started.stderr).toContain('arcadia account connect');
    expect(started.stderr).toContain('--demo');
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(200);
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
    expect(answerOf(await arcadia(['account', 'list', '--json'], { env }))).toMatchObject({ items: [] });
    await database.close();
  });

  test('when its database dies it is alive but not ready, starts it again, and goes on', async () => {
    const simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
    onTestFinished(() => simulator.close());
    const env = makeEnvironment();
    const { started, url } = await startUp({ ...env, DIGITALOCEAN_TOKEN: 'any', DIGITALOCEAN_API_URL: simulator.url });
    process.kill(Number(readFileSync(postmasterFile(env.ARCADIA_DATA_DIR), 'utf8').split('\n')[0]), 'SIGKILL');
    for (;;) {
      const ready = await fetch(`${url}/readyz`);
      if (ready.status === 503) {
        expect(await ready.json()).toMatchObject({ status: 'unavailable' });
        break;
      }
      await sleep(50);
    }
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    await started.says(/the embedded database had stopped; it is up again/);
    while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50);
    simulator.advanceTo(Temporal.Instant.from('2026-05-02T00:00:00Z'));
    answerOf(await arcadia(['sync', '--json'], { env }));
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
    expect(existsSync(postmasterFile(env.ARCADIA_DATA_DIR))).toBe(false);
  });
});
