import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { inSession, type UnitOfWork } from './database.ts';
import { createTemporaryTable, createTemporaryTableAs, sessionTables, type TemporaryTable } from './temporary-table.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

const numbers = (trx: UnitOfWork, last: number, drop?: readonly string[]) =>
  createTemporaryTableAs(
    trx,
    { statement: 'test.numbers', table: 'numbers', ...(drop && { drop }) },
    sql`SELECT n FROM generate_series(1, ${last}::int) AS n`,
  );

/** A reader: without a handle of this very table it cannot be called. */
async function sum(trx: UnitOfWork, table: TemporaryTable<'numbers'>): Promise<number> {
  const { rows } = await sql<{ sum: number }>`SELECT sum(s.n) AS sum FROM ${table} s`.execute(trx);
  return rows[0]!.sum;
}

test('a handle stands for its table, until the transaction ends', async () => {
  await inSession(db, async (session) => {
    await session.transaction().execute(async (trx) => {
      const table = await numbers(trx, 3);
      expect(await sum(trx, table)).toBe(6);
      expect(sql`FROM ${table} s`.compile(trx)).toMatchObject({ sql: 'FROM "numbers" s', parameters: [] });
    });
    const { rows } = await sql`SELECT to_regclass('pg_temp.numbers') AS left`.execute(session);
    expect(rows).toEqual([{ left: null }]);
  });
});

test('what an earlier call left is dropped, together or not at all', async () => {
  await db.transaction().execute(async (trx) => {
    await numbers(trx, 3);
    await createTemporaryTable(trx, { statement: 'test.letters', table: 'letters' }, sql`letter text NOT NULL`);
    const again = await numbers(trx, 4, ['numbers', 'letters']);
    expect(await sum(trx, again)).toBe(10);
    const letters = { statement: 'test.letters', table: 'letters', drop: [] } as const;
    const empty = await createTemporaryTable(trx, letters, sql`letter text NOT NULL`);
    expect((await sql`SELECT FROM ${empty}`.execute(trx)).rows).toEqual([]);
  });
  const twice = db.transaction().execute(async (trx) => {
    await numbers(trx, 3);
    await numbers(trx, 4, []);
  });
  await expect(twice).rejects.toThrow('relation "numbers" already exists');
});

test('it is indexed and analyzed where that is asked for', async () => {
  await db.transaction().execute(async (trx) => {
    const making = {
      statement: 'test.pairs',
      table: 'pairs',
      index: { on: 'a', unique: true },
      analyze: true,
    } as const;
    await createTemporaryTableAs(trx, making, sql`SELECT a, -a AS b FROM generate_series(1, 5) AS a`);
    // An index alone sets reltuples, but no statistics of columns.
    const { rows } = await sql`
      SELECT (SELECT count(*) FROM pg_stats WHERE tablename = 'pairs') AS analyzed,
             (SELECT indexdef LIKE 'CREATE UNIQUE INDEX % (a)' FROM pg_indexes WHERE tablename = 'pairs') AS indexed`.execute(
      trx,
    );
    expect(rows).toEqual([{ analyzed: 2, indexed: true }]);
  });
});

test('tables of a session outlive its transactions, and are made once', async () => {
  const tables = {
    numbers: { table: 'numbers', columns: sql`n int NOT NULL` },
    Letters: { table: 'Letters', columns: sql`letter text` },
  } as const;
  await inSession(db, async (session) => {
    const { numbers: first } = await sessionTables(session, 'test.session', tables);
    await session.transaction().execute((trx) => sql`INSERT INTO ${first} VALUES (2), (3)`.execute(trx));
    const again = await sessionTables(session, 'test.session', tables);
    expect(await session.transaction().execute((trx) => sum(trx, again.numbers))).toBe(5);
    // One that is missing is made beside those that are there.
    await sql`DROP TABLE ${again.Letters}`.execute(session);
    const { Letters } = await sessionTables(session, 'test.session', tables);
    expect((await sql`SELECT FROM ${Letters}`.execute(session)).rows).toEqual([]);
    expect(await session.transaction().execute((trx) => sum(trx, again.numbers))).toBe(5);
    await sql`DROP TABLE ${again.numbers}, ${Letters}`.execute(session);
  });
});

// Never called: tsc refuses an @ts-expect-error that expects in vain.
export async function doesNotCompile(trx: UnitOfWork): Promise<void> {
  // @ts-expect-error -- a reader without the handle
  await sum(trx);
  // @ts-expect-error -- a name is not a handle
  await sum(trx, 'numbers');
  // @ts-expect-error -- nor is an identifier that somebody writes
  await sum(trx, sql.id('numbers'));
  const letters = await createTemporaryTable(trx, { statement: 'test.letters', table: 'letters' }, sql`letter text`);
  // @ts-expect-error -- nor is the handle of another table
  await sum(trx, letters);
  // @ts-expect-error -- outside of a transaction there is none to be had
  await createTemporaryTable(db, { statement: 'test.letters', table: 'letters' }, sql`letter text`);
}
