import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/platform/database/database.ts';
import { sql } from 'kysely';

const programs = '/usr/lib/postgresql/15/bin';

/** The oldest PostgreSQL that arcadia works with, where it is installed. That it is not is said aloud. */
export function hasPostgres15(): boolean {
  if (existsSync(join(programs, 'initdb'))) return true;
  console.warn(`${programs} is not here: backups are NOT tested on PostgreSQL 15 here.`);
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** A server of its own with a user `shop` who is no superuser and makes no roles, and databases that are its. */
export async function startPostgres15(
  databases: readonly string[],
): Promise<{ url(database: string): string; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadia-postgresql-15-'));
  chmodSync(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const run = (program: string, ...args: readonly string[]) => {
    const command = [join(programs, program), ...args];
    const [first = '', ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    // runuser is among the administrator's programs, which not every PATH names.
    const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
    execFileSync(first, rest, { stdio: 'ignore', cwd: '/', env });
  };
  const data = join(folder, 'data');
  run('initdb', '-D', data, '-U', 'arcadia', '--auth=trust', '--encoding=UTF8', '--locale=C');
  const port = await freePort();
  const settings = `-p ${port} -k '' -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off`;
  run('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', '-o', settings, 'start');
  const admin = connect({ connectionString: `postgres://arcadia@127.0.0.1:${port}/postgres`, max: 1 });
  for (const role of ['arcadia_worker', 'arcadia_api', 'arcadia_customer'])
    await sql`CREATE ROLE ${sql.id(role)} NOLOGIN`.execute(admin);
  await sql`CREATE ROLE shop LOGIN`.execute(admin);
  await sql`GRANT arcadia_worker, arcadia_api, arcadia_customer TO shop`.execute(admin);
  for (const name of databases) await sql`CREATE DATABASE ${sql.id(name)} OWNER shop`.execute(admin);
  await admin.destroy();
  return {
    url: (database) => `postgres://shop@127.0.0.1:${port}/${database}`,
    stop() {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
