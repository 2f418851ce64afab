import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { inject } from 'vitest';
import { connect, type Database } from '../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../src/platform/database/databases.ts';

export interface TestDatabase {
  readonly db: Database;
  /** As the owner of the database, who is no superuser. */
  readonly connectionString: string;
  /** As the superuser, for what only one may do. */
  readonly superuserConnectionString: string;
  /** Closes the pool and drops the database. Fails where the code under test left connections open. */
  close(): Promise<void>;
}

/** What databases of several files begin with: made once in a run, by whoever needs it first, and copied. */
export interface Beginning {
  /** Of small letters. */
  readonly name: string;
  /** Into a fresh, migrated, empty database. */
  fill(db: Database): Promise<void>;
}

let opened = 0;

/**
 * A fresh, migrated database on the run's one server: for a test file, or for one test. It is empty but for what it
 * begins with. A connection that takes longer than `leakMs` to end counts as left open.
 */
export async function openTestDatabase({
  leakMs = 60_000,
  beginning,
}: {
  readonly leakMs?: number;
  readonly beginning?: Beginning;
} = {}): Promise<TestDatabase> {
  const { admin, address, owner, template: empty } = inject('testDatabase');
  const template = beginning === undefined ? empty : await ensureBeginning(beginning, leakMs);
  // The pid lets a later run see whose it was; workers of one run differ in theirs.
  const name = `test_${process.pid}_${process.env.VITEST_WORKER_ID ?? 0}_${opened++}_${Math.random().toString(36).slice(2, 8)}`;
  await ensureDatabase(admin, name, { owner, template });
  const connectionString = withDatabase(address, name);
  const db = connect({ connectionString, applicationName: 'test' });
  return {
    db,
    connectionString,
    superuserConnectionString: withDatabase(admin, name),
    async close() {
      const destroyed = db.destroy().then(() => true);
      const inTime = await Promise.race([destroyed, sleep(leakMs, false, { ref: false })]);
      const leaks = await connectionsTo(admin, name, leakMs);
      await dropDatabase(admin, name);
      if (!inTime || leaks.length > 0) {
        throw new Error(`connections leaked to ${name}: ${leaks.join('; ') || 'one of the pool was never given back'}`);
      }
    },
  };
}

/** The template of a beginning. It is made under another name and then renamed: it is whole or is not there. */
async function ensureBeginning({ name, fill }: Beginning, leakMs: number): Promise<string> {
  const { admin, address, owner, template: empty, run } = inject('testDatabase');
  const template = `test_${run}_${name}`;
  const db = connect({ connectionString: admin, max: 1 });
  try {
    return await db.connection().execute(async (one) => {
      await sql`SELECT pg_advisory_lock(hashtextextended(${template}, 0))`.execute(one);
      const { rows } = await sql`SELECT FROM pg_database WHERE datname = ${template}`.execute(one);
      if (rows.length > 0) return template;
      const half = `${template}_half`;
      await dropDatabase(admin, half);
      await ensureDatabase(admin, half, { owner, template: empty });
      const filled = connect({ connectionString: withDatabase(address, half), applicationName: 'test' });
      try {
        await fill(filled);
      } finally {
        await filled.destroy();
      }
      const leaks = await connectionsTo(admin, half, leakMs);
      if (leaks.length > 0) throw new Error(`connections leaked to ${half}: ${leaks.join('; ')}`);
      await sql`ALTER DATABASE ${sql.id(half)} RENAME TO ${sql.id(template)}`.execute(one);
      return template;
    });
  } finally {
    await db.destroy();
  }
}

function withDatabase(address: string, name: string): string {
  const url = new URL(address);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Who stays connected. The server process of a closed connection needs a moment to end, and that of
 * a killed client ends with its statement.
 */
async function connectionsTo(admin: string, name: string, leakMs: number): Promise<string[]> {
  const db = connect({ connectionString: admin, max: 1 });
  const deadline = performance.now() + leakMs;
  try {
    for (;;) {
      const { rows } = await sql<{ who: string }>`
        SELECT format('%s: %s', application_name, left(query, 100)) AS who
        FROM pg_stat_activity WHERE datname = ${name} AND backend_type = 'client backend'`.execute(db);
      if (rows.length === 0 || performance.now() > deadline) return rows.map((row) => row.who);
      await sleep(20);
    }
  } finally {
    await db.destroy();
  }
}
