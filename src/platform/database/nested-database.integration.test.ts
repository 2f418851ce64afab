import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import type { Database } from './database.ts';
import { nestedDatabase } from './nested-database.ts';

let opened: TestDatabase;
beforeAll(async () => {
  opened = await openTestDatabase();
  await sql`CREATE TABLE things (name text PRIMARY KEY)`.execute(opened.db);
});
afterAll(() => opened.close());
beforeEach(() => sql`TRUNCATE things`.execute(opened.db));

const put = (db: Database, name: string) =>
  db.transaction().execute((trx) => sql`INSERT INTO things VALUES (${name})`.execute(trx));
const names = async (db: Database) =>
  (await sql<{ name: string }>`SELECT name FROM things ORDER BY name`.execute(db)).rows.map((row) => row.name);

test('what a function commits in it is there if and when the whole commits', async () => {
  await opened.db.transaction().execute(async (trx) => {
    const db = nestedDatabase(trx);
    await put(db, 'a');
    expect(await names(db)).toEqual(['a']);
    expect(await names(opened.db)).toEqual([]);
  });
  expect(await names(opened.db)).toEqual(['a']);

  const whole = opened.db.transaction().execute(async (trx) => {
    await put(nestedDatabase(trx), 'b');
    throw new Error('after all not');
  });
  await expect(whole).rejects.toThrow('after all not');
  expect(await names(opened.db)).toEqual(['a']);
});

test('a function that fails takes only its own back', async () => {
  await opened.db.transaction().execute(async (trx) => {
    const db = nestedDatabase(trx);
    await put(db, 'a');
    await expect(put(db, 'a')).rejects.toThrow(/duplicate key/);
    await put(db, 'b');
  });
  expect(await names(opened.db)).toEqual(['a', 'b']);
});

test('two at a time wait for each other, so that one that fails does not undo the other', async () => {
  await opened.db.transaction().execute(async (trx) => {
    const db = nestedDatabase(trx);
    const results = await Promise.allSettled([put(db, 'a'), put(db, 'a'), put(db, 'b')]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
  expect(await names(opened.db)).toEqual(['a', 'b']);
});

test('an isolation level cannot be had in the middle of a transaction', async () => {
  await opened.db.transaction().execute(async (trx) => {
    const serial = nestedDatabase(trx)
      .transaction()
      .setIsolationLevel('serializable')
      .execute(async () => {});
    await expect(serial).rejects.toThrow(RangeError);
  });
});
