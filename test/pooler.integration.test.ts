import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject, onTestFinished, expect, test } from 'vitest';
import { openDatabase } from '../src/platform/database/open-database.ts';
import { statement } from '../src/platform/database/statement.ts';
import { openTestDatabase } from './database.ts';
import { ensureProgram } from './debian-program.ts';

const isMissing = !ensureProgram('pgbouncer');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

function answersAt(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

/** pgbouncer in front of the test server; the address of a database behind it. */
async function startPooler(mode: 'transaction' | 'session', database: string): Promise<string> {
  const server = new URL(inject('testDatabase').address);
  const folder = mkdtempSync(join(tmpdir(), 'arcadia-pooler-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  // A server that trusts whoever is on this machine has no password, and the pooler reads no empty one.
  const password = server.password === '' ? '' : ` password=${decodeURIComponent(server.password)}`;
  const target = `host=${server.hostname} port=${server.port} user=${server.username}${password}`;
  const settings = `auth_type=any\nlisten_addr=127.0.0.1\nlisten_port=${port}\nunix_socket_dir=\npool_mode=${mode}\n`;
  writeFileSync(join(folder, 'ini'), `[databases]\n* = ${target}\n[pgbouncer]\n${settings}`);
  const asRoot = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const pooler: ChildProcess = spawn('pgbouncer', ['-q', ...asRoot, join(folder, 'ini')], { stdio: 'ignore' });
  onTestFinished(async () => {
    const ended = once(pooler, 'exit');
    pooler.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  });
  while (!(await answersAt(port))) await sleep(20);
  return `postgres://any@127.0.0.1:${port}/${database}`;
}

test.skipIf(isMissing)('a pooler of transactions is refused before anything is read or written', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const url = await startPooler('transaction', new URL(database.connectionString).pathname.slice(1));
  await expect(openDatabase({ databaseUrl: url, dataDir: '/nowhere' })).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringContaining('session-mode pool'),
  });
});

test.skipIf(isMissing)('a pooler of sessions serves, with the settings of a session', async () => {
  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const url = await startPooler('session', new URL(database.connectionString).pathname.slice(1));
  const opened = await openDatabase({ databaseUrl: url, dataDir: '/nowhere' });
  onTestFinished(() => opened.close());
  const { rows } = await statement<{ zone: string }>('test.readZone')`
    SELECT current_setting('TimeZone') AS zone`.execute(opened.db);
  expect(rows).toEqual([{ zone: 'UTC' }]);
});
