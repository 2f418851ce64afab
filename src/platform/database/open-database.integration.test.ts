import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import type { Database } from './database.ts';
import { dropDatabase, ensureDatabase } from './databases.ts';
import { openDatabase } from './open-database.ts';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'arcadia-open-'));
  chmodSync(dataDir, 0o755);
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 }));

async function connectAccount(db: Database): Promise<void> {
  await sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('main', 'Main', 'digitalocean', 'https://api.digitalocean.com', '1', false, '\\x00', '2026-05-01', '2026-05-01')`.execute(
    db,
  );
}

test('the sandbox until a real account is connected, then the real one; a name goes before both', async () => {
  const config = { databaseUrl: null, dataDir };
  const first = await openDatabase(config);
  expect(first).toMatchObject({ kind: 'embedded', database: 'arcadia_sandbox' });
  await connectAccount(first.db);
  await first.close();

  const real = await openDatabase(config, { database: 'arcadia' });
  expect((await sql`SELECT FROM accounts`.execute(real.db)).rows).toEqual([]);
  expect((await openAndClose(config)).database).toBe('arcadia_sandbox');
  await connectAccount(real.db);
  await real.close();
  expect((await openAndClose(config)).database).toBe('arcadia');

  const sandbox = await openDatabase(config, { database: 'arcadia_sandbox' });
  expect((await sql`SELECT slug FROM accounts`.execute(sandbox.db)).rows).toEqual([{ slug: 'main' }]);
  await sandbox.close();
  const afresh = await openDatabase(config, { database: 'arcadia_sandbox', fresh: true });
  expect((await sql`SELECT FROM accounts`.execute(afresh.db)).rows).toEqual([]);
  await afresh.close();
});

async function openAndClose(config: { databaseUrl: null; dataDir: string }) {
  const opened = await openDatabase(config);
  await opened.close();
  return opened;
}

test('with an address it is that database, and no server is started here', async () => {
  const elsewhere = await openTestDatabase();
  const opened = await openDatabase({ databaseUrl: elsewhere.connectionString, dataDir: '/nowhere' });
  expect(opened).toMatchObject({ kind: 'url', connectionString: elsewhere.connectionString });
  await opened.close();
  await elsewhere.close();
});

test.each([
  ['nobody listens', 'postgres://u:s3cret@127.0.0.1:1/d'],
  ['the name is unknown', 'postgres://u:s3cret@database.invalid/d'],
])('%s: the error names the server and no secret', async (_, databaseUrl) => {
  const opening = openDatabase({ databaseUrl, dataDir: '/nowhere' });
  await expect(opening).rejects.toMatchObject({
    code: 'database_unreachable',
    message: expect.stringContaining(new URL(databaseUrl).host),
  });
  await expect(opening).rejects.not.toThrow(/s3cret/);
});

test('only who is asked to migrates; a schema of another version is refused and stays as it is', async () => {
  const there = await openTestDatabase();
  const config = { databaseUrl: there.connectionString, dataDir: '/nowhere' };
  const names = async () =>
    (await sql<{ name: string }>`SELECT name FROM migration_checksums ORDER BY name`.execute(there.db)).rows.map(
      ({ name }) => name,
    );
  const all = await names();
  const last = all.at(-1) ?? '';

  await sql`DELETE FROM migration_checksums WHERE name = ${last}`.execute(there.db);
  await expect(openDatabase(config)).rejects.toMatchObject({
    code: 'schema_older',
    message: expect.stringContaining(last),
    todo: expect.stringContaining('`db migrate`'),
  });
  expect(await names()).toEqual(all.slice(0, -1));
  await (await openDatabase(config, { schema: 'any' })).close();

  await sql`INSERT INTO migration_checksums VALUES ('9999_future', 'x')`.execute(there.db);
  await expect(openDatabase(config)).rejects.toMatchObject({
    code: 'schema_newer',
    message: expect.stringContaining('9999_future'),
  });

  // The program's user makes no databases.
  const { admin } = inject('testDatabase');
  const { pathname, username } = new URL(there.connectionString);
  const blank = { database: `${pathname.slice(1)}_blank` };
  await ensureDatabase(admin, blank.database, { owner: decodeURIComponent(username) });
  await expect(openDatabase(config, blank)).rejects.toMatchObject({
    code: 'schema_older',
    message: expect.stringContaining('not been set up'),
  });
  await (await openDatabase(config, { ...blank, schema: 'migrate' })).close();
  await (await openDatabase(config, blank)).close();
  await dropDatabase(admin, blank.database);
  await there.close();
});
