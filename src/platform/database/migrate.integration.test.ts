import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { connect, type Database } from './database.ts';
import { dropDatabase, ensureDatabase } from './databases.ts';
import { migrate, migrationStatus, readMigrations } from './migrate.ts';

const host = await openTestDatabase();
afterAll(host.close);

let folder: string;
let db: Database;
let connectionString: string;
let name: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'arcadia-migrations-'));
  const url = new URL(host.connectionString);
  name = `${url.pathname.slice(1)}_empty`;
  url.pathname = `/${name}`;
  connectionString = url.href;
  await ensureDatabase(host.superuserConnectionString, name, { owner: url.username });
  db = connect({ connectionString });
});
afterEach(async () => {
  await db.destroy();
  await dropDatabase(host.superuserConnectionString, name);
  rmSync(folder, { recursive: true });
});

const file = (migration: string, text: string) => writeFileSync(join(folder, `${migration}.sql`), text);
const states = async () => (await migrationStatus(db, folder)).map((one) => `${one.name} ${one.state}`);

test('files apply in order, once', async () => {
  file('0002_rows', 'INSERT INTO things VALUES (1); INSERT INTO things VALUES (2);');
  file('0001_things', 'CREATE TABLE things (id int);');
  expect(await states()).toEqual(['0001_things pending', '0002_rows pending']);
  expect(await migrate(db, folder)).toEqual(['0001_things', '0002_rows']);
  expect(await states()).toEqual(['0001_things applied', '0002_rows applied']);
  expect(await migrate(db, folder)).toEqual([]);
  file('0003_more', 'INSERT INTO things VALUES (3);');
  expect(await migrate(db, folder)).toEqual(['0003_more']);
  expect((await sql`SELECT id FROM things`.execute(db)).rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test('processes that migrate at once apply each file once', async () => {
  file('0001_things', 'CREATE TABLE things (id int); INSERT INTO things VALUES (1);');
  const pools = [0, 1, 2, 3].map(() => connect({ connectionString, max: 2 }));
  const results = await Promise.all(pools.map((pool) => migrate(pool, folder)));
  expect(results.flat()).toEqual(['0001_things']);
  expect((await sql`SELECT id FROM things`.execute(db)).rows).toEqual([{ id: 1 }]);
  await Promise.all(pools.map((pool) => pool.destroy()));
});

test('a file that was edited after it was applied is refused by name; line ends do not count', async () => {
  file('0001_things', 'CREATE TABLE things (id int);\n');
  await migrate(db, folder);
  file('0001_things', 'CREATE TABLE things (id int);\r\n');
  expect(await migrate(db, folder)).toEqual([]);
  file('0001_things', 'CREATE TABLE things (id bigint);\n');
  file('0002_more', 'CREATE TABLE more (id int);');
  await expect(migrate(db, folder)).rejects.toMatchObject({
    code: 'schema_changed',
    message: expect.stringContaining('0001_things'),
  });
  expect(await states()).toEqual(['0001_things changed', '0002_more pending']);
});

test('a database that a newer version has migrated is refused', async () => {
  file('0001_things', 'CREATE TABLE things (id int);');
  file('0002_future', 'CREATE TABLE future (id int);');
  await migrate(db, folder);
  rmSync(join(folder, '0002_future.sql'));
  await expect(migrate(db, folder)).rejects.toMatchObject({
    code: 'schema_newer',
    message: expect.stringContaining('0002_future'),
  });
  expect(await states()).toEqual(['0001_things applied', '0002_future unknown']);
});

test('when one fails, nothing of the run stays, and the next run can go on', async () => {
  file('0001_things', 'CREATE TABLE things (id int);');
  file('0002_broken', 'CREATE TABLE broken (id int); SELECT 1 / 0;');
  await expect(migrate(db, folder)).rejects.toThrow(/0002_broken: division by zero/);
  expect(await states()).toEqual(['0001_things pending', '0002_broken pending']);
  file('0002_broken', 'CREATE TABLE broken (id int);');
  expect(await migrate(db, folder)).toEqual(['0001_things', '0002_broken']);
});

test("the program's own migrations apply to an empty database and are numbered without gaps", async () => {
  const files = await readMigrations();
  expect(files.map((one) => Number(one.name.slice(0, 4)))).toEqual(files.map((_, i) => i + 1));
  expect(await migrate(db)).toEqual(files.map((one) => one.name));
});
