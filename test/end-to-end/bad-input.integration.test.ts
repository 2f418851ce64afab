import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { arcadiaHere } from '../cli/here.ts';
import { answerOf, arcadia, type Ended, failureOf, makeFolder } from './arcadia.ts';

// Each mistake and each failure ends in its own clear error and exit code, and the next run carries on.

let database: TestDatabase;
let simulator: Simulator;
const folder = makeFolder();

/** Below those that a system gives away: whoever looked for a free port might meet another test's server there. */
const nobodysPort = 2;

function runBy(by: typeof arcadia, args: readonly string[], env: Readonly<Record<string, string>>) {
  return by([...args, '--json'], {
    env: { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path, ...env },
    cwd: folder.path,
  });
}
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => runBy(arcadiaHere, args, env);
/** As a process of its own: one of each kind of end, and what only a process shows. */
const runProcess = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => runBy(arcadia, args, env);

/** One error in both forms, nothing on stdout, no stack. */
function expectFailure(ended: Ended, code: string, exitCode: number, message: string | RegExp): void {
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  const failure = failureOf(ended);
  expect(failure).toMatchObject({ code, exitCode });
  expect(failure.message).toMatch(message);
  // The message of a refused argument says all there is to do.
  if (code !== 'invalid_argument') expect(failure.todo).not.toBe('');
  expect(ended.stderr).toContain(`error: ${failure.message.split('\n')[0]}`);
  expect(ended.stderr).toContain(failure.todo);
  expect(ended.stderr).toContain(`code:  ${code}`);
  expect(ended.code).toBe(exitCode);
}

/** The newest runs of syncs, one of each kind. */
async function runsOf(): Promise<unknown[]> {
  const { items } = answerOf(await run(['sync', 'runs'])) as { items: { kind: string }[] };
  return items.filter((item, index) => items.findIndex(({ kind }) => kind === item.kind) === index);
}

async function control(path: string, body: object): Promise<void> {
  const answer = await fetch(`${simulator.url}/_simulator${path}`, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.ok).toBe(true);
}

beforeAll(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'pilot', seed: 1, token: 'good' });
});
afterAll(async () => {
  await simulator.close();
  await database.close();
  folder.remove();
});

describe('a command line that cannot be meant', () => {
  test.each<[string, string[], RegExp]>([
    ['an unknown command', ['synk'], /There is no command "arcadia synk"\. Did you mean arcadia sync\?/],
    ['an unknown verb', ['account', 'conect'], /Did you mean arcadia account connect\?/],
    ['a verb without its noun', ['suggest'], /Did you mean arcadia rule suggest\?/],
    ['an unknown command whose help is asked for', ['nothing', '--help'], /There is no command "arcadia nothing"\./],
    ['an unknown verb whose help is asked for', ['help', 'plan', 'nothing'], /no command "arcadia plan nothing"/],
    ['an unknown option', ['sync', '--kin', 'droplet'], /Unknown option '--kin' \(Did you mean --kind\?\)/],
    ['a missing argument', ['usage'], /deployment/],
    ['one argument too many', ['usage', 'a', 'b'], /[Tt]oo many arguments/],
    ['a number that is none', ['resource', 'list', '--limit', 'all'], /--limit "all" is not a number/],
    ['a moment that is none', ['resource', 'list', '--at', 'noon'], /--at "noon" is not a moment/],
    ['a file that is not there', ['rule', 'apply', 'gone.yaml'], /gone\.yaml cannot be read/],
  ])('%s', async (_, args, message) => {
    expectFailure(await run(args), 'invalid_argument', 1, message);
  });

  test('what a command takes is in its help', async () => {
    expect(failureOf(await run(['plan', 'apply']))).toMatchObject({
      todo: 'arcadia plan apply --help shows what it takes.',
    });
  });

  test('a setting that is none names itself', async () => {
    expectFailure(await runProcess(['db', 'status'], { ARCADIA_PORT: 'many' }), 'invalid_config', 1, /ARCADIA_PORT/);
  });

  test('help that was asked for is an answer, a command that lacks its second word is none', async () => {
    const outcome = async (by: typeof arcadia, ...args: string[]) => {
      const { code, stdout } = await by(args);
      return [code, stdout.split('\n')[0]];
    };
    expect(await outcome(arcadia, 'help', 'rule')).toEqual([0, 'Usage: arcadia rule [options] [command]']);
    expect(await outcome(arcadiaHere, 'help', 'rule', 'suggest')).toEqual([0, 'Usage: arcadia rule suggest [options]']);
    expect(await outcome(arcadiaHere, 'rule', 'help', 'suggest')).toEqual([0, 'Usage: arcadia rule suggest [options]']);
    expect(await outcome(arcadia, 'rule')).toEqual([1, '']);
  });

  test('a token is not taken from the command line', async () => {
    expectFailure(
      await runProcess(['account', 'connect', '--token', 'dop_v1_secret']),
      'invalid_argument',
      1,
      /Unknown option '--token'/,
    );
  });
});

describe('ranges', () => {
  test.each<[string, string[], string, RegExp]>([
    ['reversed', ['usage', 'acme', '--from', '2026-05-11', '--to', '2026-05-01'], 'range_reversed', /2026-05-11/],
    ['oversized', ['usage', 'acme', '--from', '2024-01-01', '--to', '2026-05-01'], 'range_too_large', /851 days/],
    ['not a month', ['quote', 'acme', '--month', '2026-13'], 'invalid_argument', /not a month/],
    ['half', ['meter', '--from', '2026-05-01'], 'invalid_argument', /end of the range is missing/],
  ])('%s', async (_, args, code, message) => {
    expectFailure(await run(args), code, 1, message);
  });
});

test('an unknown deployment', async () => {
  expectFailure(await run(['usage', 'nobody', '--month', '2026-05']), 'not_found', 1, /nobody/);
  expectFailure(await run(['quote', 'nobody', '--month', '2026-05']), 'not_found', 1, /nobody/);
  expectFailure(await run(['deployment', 'show', 'nobody']), 'not_found', 1, /nobody/);
});

describe('a provider', () => {
  test('a bad token is refused before anything is written', async () => {
    const connected = await runProcess(['account', 'connect'], {
      DIGITALOCEAN_API_URL: simulator.url,
      DIGITALOCEAN_TOKEN: 'bad',
    });
    expectFailure(connected, 'provider_unauthorized', 4, /401/);
    expect(answerOf(await run(['account', 'list']))).toMatchObject({ items: [] });
  });

  test('nobody at the address', async () => {
    const connected = await run(['account', 'connect'], {
      DIGITALOCEAN_API_URL: `http://127.0.0.1:${nobodysPort}`,
      DIGITALOCEAN_TOKEN: 'good',
    });
    expectFailure(connected, 'provider_unreachable', 1, new RegExp(`:${nobodysPort}\\b`));
  });

  test('a token that is revoked later ends a sync, and ends no resource', async () => {
    const asked = { DIGITALOCEAN_API_URL: simulator.url, DIGITALOCEAN_TOKEN: 'good' };
    answerOf(await run(['account', 'connect', 'acme'], asked));
    answerOf(await run(['sync']));
    await control('/faults', { fault: 'bad_token' });
    const synced = await runProcess(['sync']);
    expectFailure(synced, 'provider_unauthorized', 4, /401/);
    await fetch(`${simulator.url}/_simulator/faults`, { method: 'DELETE' });
    answerOf(await run(['sync']));
    const next = (await runsOf()) as { ended: number; outcome: string }[];
    expect(next.every(({ ended, outcome }) => ended === 0 && outcome === 'complete')).toBe(true);
  });

  test('a scope that is missing is told, the other kinds are read', async () => {
    await control('/faults', { fault: 'missing_scope', scopes: ['droplet:read'] });
    const synced = await runProcess(['sync']);
    await fetch(`${simulator.url}/_simulator/faults`, { method: 'DELETE' });
    expectFailure(synced, 'sync_incomplete', 1, /droplet:read/);
    const results = (await runsOf()) as { kind: string; outcome: string }[];
    expect(results.find(({ kind }) => kind === 'droplet')?.outcome).toBe('failed');
    expect(results.find(({ kind }) => kind === 'dns_zone')?.outcome).toBe('complete');
  });

  test('a day that is not over yet', async () => {
    const metered = await run(['meter', '--from', '2026-05-01', '--to', '2026-05-02']);
    expectFailure(metered, 'period_incomplete', 1, /2026-05-01/);
    simulator.advanceTo(Temporal.Instant.from('2026-05-02T00:00:00Z'));
    answerOf(await run(['sync']));
    answerOf(await run(['meter', '--from', '2026-05-01', '--to', '2026-05-02']));
    expect(answerOf(await run(['meter', 'runs']))).toMatchObject({ items: [{ day: '2026-05-01' }] });
  });
});

test('a database that is not there', async () => {
  const url = `postgres://somebody:secret@127.0.0.1:${nobodysPort}/nothing`;
  const ended = await runProcess(['usage', 'acme'], { DATABASE_URL: url });
  expectFailure(ended, 'database_unreachable', 1, /127\.0\.0\.1/);
  expect(ended.stderr).not.toContain('secret');
});

test('a port that is taken, before any work is done', async () => {
  const other = await listening();
  const { port } = other.address() as AddressInfo;
  const ended = await runProcess(['start', '--port', String(port)]);
  other.close();
  expect([ended.code, failureOf(ended).code]).toEqual([1, 'port_in_use']);
  // What stays up says everything by its log where nobody reads along.
  const [said] = ended.stderr.split('\n');
  expect(JSON.parse(said ?? '')).toMatchObject({
    level: 'fatal',
    code: 'port_in_use',
    exit_code: 1,
    msg: expect.stringContaining(String(port)),
  });
});

async function listening(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
