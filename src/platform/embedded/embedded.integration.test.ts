import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type EmbeddedDatabase, openEmbeddedDatabase } from './embedded.ts';

// Real servers and real kills. One cluster serves all tests here; each leaves no server behind.

let dataDir: string;
const settings = { fsync: 'off' };
const open = (signal?: AbortSignal) =>
  openEmbeddedDatabase({ dataDir, database: 'work', settings, ...(signal ? { signal } : {}) });

/** By its own file; null: none is there. */
function postmasterPid(): number | null {
  try {
    return Number(readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return null;
  }
}

async function query(database: EmbeddedDatabase, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: database.connectionString('work') });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const children: ChildProcess[] = [];

/** Another process that opens the database, says so, and leaves when its stdin ends. */
async function otherProcess(): Promise<ChildProcess & { opened: Promise<void>; left: Promise<unknown> }> {
  const script = `
    const { openEmbeddedDatabase } = await import(${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)});
    const database = await openEmbeddedDatabase(${JSON.stringify({ dataDir, database: 'work', settings })});
    console.log('opened');
    process.stdin.resume().once('end', async () => { await database.release(); process.exit(0); });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const left = once(child, 'exit');
  const opened = (async () => {
    for await (const line of createInterface(child.stdout)) if (line === 'opened') return;
    throw new Error('the other process ended before it had opened the database');
  })();
  return Object.assign(child, { opened, left });
}

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'arcadia-embedded-'));
  chmodSync(dataDir, 0o755);
});
afterEach(async () => {
  for (const child of children.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  // Whatever a failed test left: the last one out stops it.
  await (await open()).release();
  expect(postmasterPid()).toBeNull();
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 }));

test('programs connect as an owner who is no superuser, makes no roles, and can take on those of requests', async () => {
  const database = await open();
  expect(
    await query(
      database,
      `SELECT current_user AS "user", rolsuper AS super, rolcreaterole AS roles, rolcreatedb AS databases,
              rolbypassrls AS bypasses, rolreplication AS replicates,
              (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()) AS owner
       FROM pg_roles WHERE rolname = current_user`,
    ),
  ).toEqual([
    {
      user: 'arcadia_owner',
      super: false,
      roles: false,
      databases: false,
      bypasses: false,
      replicates: false,
      owner: 'arcadia_owner',
    },
  ]);
  await query(database, 'SET ROLE arcadia_customer');
  for (const statement of [
    'SET session_replication_role = replica',
    'SELECT pg_read_file($$/etc/passwd$$)',
    "COPY (SELECT 1) TO PROGRAM 'cat'",
  ])
    await expect(query(database, statement)).rejects.toMatchObject({ code: '42501' });
  const files = ['password', 'owner-password'].map((name) => readFileSync(join(dataDir, 'postgres', name), 'utf8'));
  expect(files[0]).not.toBe(files[1]);
  expect(database.connectionString('work')).not.toContain(files[0]);
  await database.release();
});

test('the first starts it, a second joins it, the last one out stops it', async () => {
  const first = await open();
  const pid = postmasterPid();
  const second = await open();
  expect(postmasterPid()).toBe(pid);
  expect(second.connectionString('work')).toBe(first.connectionString('work'));
  await first.release();
  await first.release();
  expect(await query(second, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await second.release();
  expect(postmasterPid()).toBeNull();
  await expect(query(second, 'SELECT 1')).rejects.toThrow(/ECONNREFUSED/);
});

test('processes that start at once share one server, and it ends with the last of them', async () => {
  const others = await Promise.all([otherProcess(), otherProcess(), otherProcess()]);
  await Promise.all(others.map((other) => other.opened));
  const mine = await open();
  expect(
    await query(mine, `SELECT count(DISTINCT pg_postmaster_start_time())::int AS servers FROM pg_stat_activity`),
  ).toEqual([{ servers: 1 }]);
  await mine.release();
  expect(postmasterPid()).not.toBeNull();
  for (const other of others) other.stdin?.end();
  await Promise.all(others.map((other) => other.left));
  expect(postmasterPid()).toBeNull();
});

test('it needs the password, which no log shows', async () => {
  const database = await open();
  const url = new URL(database.connectionString('work'));
  const password = url.password;
  expect(password.length).toBeGreaterThan(20);
  url.password = 'guess';
  const guess = new pg.Client({ connectionString: url.href });
  await expect(guess.connect()).rejects.toThrow(/password authentication failed/);
  expect(readFileSync(join(dataDir, 'postgres', 'postgres.log'), 'utf8')).not.toContain(password);
  await database.release();
});

test('a killed process is no longer counted: the server it left is adopted, then stopped', async () => {
  const other = await otherProcess();
  await other.opened;
  const pid = postmasterPid();
  other.kill('SIGKILL');
  await other.left;
  expect(postmasterPid()).toBe(pid);
  const mine = await open();
  expect(postmasterPid()).toBe(pid);
  await mine.release();
  expect(postmasterPid()).toBeNull();
});

test('a killed server comes back at the same address, with all that was committed', async () => {
  const before = await open();
  await query(before, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)');
  process.kill(postmasterPid() as number, 'SIGKILL');
  const after = await open();
  expect(after.connectionString('work')).toBe(before.connectionString('work'));
  expect(await query(after, 'SELECT id FROM kept')).toEqual([{ id: 42 }]);
  await query(before, 'DROP TABLE kept');
  await before.release();
  await after.release();
});

test('server and process killed together: the next start recovers', async () => {
  const other = await otherProcess();
  await other.opened;
  process.kill(postmasterPid() as number, 'SIGKILL');
  other.kill('SIGKILL');
  await other.left;
  const mine = await open();
  expect(await query(mine, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await mine.release();
});

test("a pid file whose pid is now another process's does not stand in the way", async () => {
  const cluster = join(dataDir, 'postgres', 'cluster');
  writeFileSync(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n  1 1\nready   \n`);
  const mine = await open();
  expect(postmasterPid()).not.toBe(process.pid);
  await mine.release();
});

test('a cluster that was only half made is made again', async () => {
  const own = mkdtempSync(join(tmpdir(), 'arcadia-half-'));
  chmodSync(own, 0o755);
  mkdirSync(join(own, 'postgres', 'cluster.new'), { recursive: true });
  writeFileSync(join(own, 'postgres', 'cluster.new', 'PG_VERSION'), '18');
  const database = await openEmbeddedDatabase({ dataDir: own, database: 'work', settings });
  expect(existsSync(join(own, 'postgres', 'cluster.new'))).toBe(false);
  await database.release();
  rmSync(own, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
});

test('cancelled while it waits or starts, it leaves nothing running', async () => {
  await expect(open(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  const controller = new AbortController();
  const opening = open(controller.signal);
  setTimeout(() => controller.abort(), 50);
  await opening.then(
    (database) => database.release(),
    (error) => expect(error).toMatchObject({ code: 'cancelled' }),
  );
  expect(postmasterPid()).toBeNull();
});

test('a server that cannot start says why and where its log is', async () => {
  const failing = openEmbeddedDatabase({ dataDir, database: 'work', settings: { shared_buffers: 'plenty' } });
  await expect(failing).rejects.toMatchObject({
    code: 'database_embedded',
    message: expect.stringMatching(/invalid value for parameter "shared_buffers".*postgres\.log/),
  });
});

test.runIf(process.getuid?.() === 0)('as root, a folder that the server may not enter is named', async () => {
  const closed = mkdtempSync(join(tmpdir(), 'arcadia-closed-'));
  chmodSync(closed, 0o700);
  const opening = openEmbeddedDatabase({ dataDir: join(closed, 'below', 'data'), database: 'work' });
  await expect(opening).rejects.toMatchObject({
    code: 'database_embedded',
    message: expect.stringContaining(`may not enter ${closed}.`),
  });
  expect(existsSync(join(closed, 'below'))).toBe(false);
  rmSync(closed, { recursive: true });
});
