import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertRequestRoles, requestDatabase } from '../../src/http/access/request-database.ts';
import { connect, type Database, openPool } from '../../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../../src/platform/database/databases.ts';
import { type EmbeddedDatabase, openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';
import { hasAccess, restoreAccess } from '../../src/platform/database/access.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { insertTwoCustomers } from './two-customers.ts';

// Database roles belong to a whole server, so these tests have one of their own, in which there are none yet.

let dataDir: string;
let server: EmbeddedDatabase;
let admin: Database;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'arcadia-roles-'));
  chmodSync(dataDir, 0o755);
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  server = await openEmbeddedDatabase({ dataDir, database: 'postgres', settings });
  admin = connect({ connectionString: server.superuserConnectionString('postgres'), max: 2 });
  // It has made them for its own databases.
  for (const role of roles) await sql`DROP ROLE ${sql.id(role)}`.execute(admin);
});
afterAll(async () => {
  await admin.destroy();
  await server.release();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
});

/** A database that belongs to a user without any rights but those given, as managed servers hand them out. */
async function databaseOf(user: string, rights: string): Promise<string> {
  await sql.raw(`CREATE ROLE ${user} LOGIN PASSWORD 'secret' NOSUPERUSER NOBYPASSRLS ${rights}`).execute(admin);
  await sql.raw(`CREATE DATABASE ${user} OWNER ${user}`).execute(admin);
  return addressOf(user);
}

function addressOf(user: string): string {
  const address = new URL(server.connectionString(user));
  address.username = user;
  address.password = 'secret';
  return address.href;
}

async function using<T>(connectionString: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = connect({ connectionString, max: 3 });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

const roles = ['arcadia_worker', 'arcadia_api', 'arcadia_customer'];

/** How many deployments alpha sees, asking over this connection: one of three. */
async function seenByAlpha(connectionString: string, alpha: number): Promise<number> {
  const pool = openPool({ connectionString, max: 1 });
  try {
    const db = requestDatabase(pool, {
      principal: { subject: 'x', role: 'customer', customerId: alpha },
      requestId: 'r',
      address: '::1',
    });
    return (await sql`SELECT FROM deployments`.execute(db)).rows.length;
  } finally {
    await pool.end();
  }
}

// In this order: there are no roles; one owner makes them; they go again, and many make them at once; they are there.

test('who may not make roles that are missing is told what to do', async () => {
  await using(await databaseOf('plain', ''), async (db) => {
    await expect(migrate(db)).rejects.toMatchObject({
      code: 'database_forbidden',
      message: expect.stringMatching(
        /role arcadia_worker is missing, and plain may not create roles\. As a superuser.*CREATE ROLE/,
      ),
    });
  });
});

test('an owner who may make roles makes them, takes them on, and is not held by row-level security', async () => {
  const connectionString = await databaseOf('maker', 'CREATEROLE');
  await using(connectionString, async (db) => {
    expect(await migrate(db)).toContain('0001_platform');
    const { alpha } = await insertTwoCustomers(db);
    expect(await seenByAlpha(connectionString, alpha)).toBe(1);
    expect((await sql`SELECT FROM usage_records`.execute(db)).rows.length).toBeGreaterThan(0);
  });
  await dropDatabase(server.superuserConnectionString('postgres'), 'maker');
  for (const role of roles) await sql`DROP ROLE ${sql.id(role)}`.execute(admin);
});

test('databases that are migrated at once make the roles once', async () => {
  const names = ['one', 'two', 'three', 'four'];
  for (const name of names) await ensureDatabase(server.superuserConnectionString('postgres'), name);
  const applied = await Promise.all(
    names.map((name) => using(server.superuserConnectionString(name), (db) => migrate(db))),
  );
  for (const migrations of applied) expect(migrations).toContain('0001_platform');
  const { rows } = await sql`
    SELECT FROM pg_roles
    WHERE rolname = ANY (${roles}) AND NOT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls`.execute(admin);
  expect(rows).toHaveLength(3);
});

test('an owner without any special right works with roles that are there, and serves when they are granted', async () => {
  const connectionString = addressOf('plain');
  await using(connectionString, async (db) => {
    expect(await migrate(db)).toContain('0001_platform');
    const { alpha } = await insertTwoCustomers(db);
    await expect(seenByAlpha(connectionString, alpha)).rejects.toMatchObject({ code: '42501' });
    await expect(assertRequestRoles(db)).rejects.toThrow('GRANT arcadia_api, arcadia_customer TO "plain";');
    for (const role of roles) await sql`GRANT ${sql.id(role)} TO plain`.execute(admin);
    await assertRequestRoles(db);
    expect(await seenByAlpha(connectionString, alpha)).toBe(1);
  });
});

test('a dump that is restored where there are no roles gets them back, with every policy and right', async () => {
  const url = await databaseOf('restored', 'CREATEROLE');
  const rightsOf = (db: Database) =>
    sql<{ relation: string; rights: string }>`
      SELECT c.oid::regclass::text AS relation, c.relrowsecurity::text || coalesce(c.relacl::text, '') ||
             coalesce((SELECT string_agg(p.polname || pg_get_expr(p.polqual, p.polrelid), ' ' ORDER BY p.polname)
                       FROM pg_policy p WHERE p.polrelid = c.oid), '') AS rights
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1`.execute(
      db,
    );
  await using(url, async (db) => {
    await migrate(db);
    expect(await hasAccess(db)).toBe(true);
    const before = await rightsOf(db);
    // What restoring without the roles leaves.
    const { rows } = await sql<{ drop: string }>`
      SELECT format('DROP POLICY %I ON %s', polname, polrelid::regclass) AS drop FROM pg_policy`.execute(db);
    for (const { drop } of rows) await sql.raw(drop).execute(db);
    await using(server.superuserConnectionString('restored'), async (all) => {
      for (const role of roles) await sql.raw(`DROP OWNED BY ${role}`).execute(all);
    });
    expect(await hasAccess(db)).toBe(false);
    expect(await restoreAccess(db)).toBe(true);
    expect(await hasAccess(db)).toBe(true);
    expect(await restoreAccess(db)).toBe(false);
    const sorted = (rights: string) => rights.split(/[{},]/).toSorted().join();
    const after = await rightsOf(db);
    expect(after.rows.map((row) => [row.relation, sorted(row.rights)])).toEqual(
      before.rows.map((row) => [row.relation, sorted(row.rights)]),
    );
    const { alpha } = await insertTwoCustomers(db);
    expect(await seenByAlpha(server.superuserConnectionString('restored'), alpha)).toBe(1);
  });
});
