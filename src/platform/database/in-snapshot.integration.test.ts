import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { boundDatabase } from './bound-database.ts';
import { openPool } from './database.ts';
import { inSnapshot } from './in-snapshot.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`CREATE TABLE counted (n int NOT NULL)`.execute(database.db);
  await sql`INSERT INTO counted VALUES (0)`.execute(database.db);
});
afterAll(() => database.close());

test('who took a snapshot before waiting for a lock does the work again, and no count is lost', async () => {
  const pool = openPool({ connectionString: database.connectionString, max: 8 });
  // As a job's database, each transaction of which reads its lease first.
  const bound = boundDatabase(pool, {
    binds: () => false,
    async begin(postgres, connection, settings) {
      await postgres.beginTransaction(connection, settings);
      await connection.executeQuery({ sql: 'SELECT', parameters: [] } as never);
    },
  });
  let attempts = 0;
  const allBegan = Promise.withResolvers<void>();
  try {
    await Promise.all(
      Array.from({ length: 4 }, () =>
        inSnapshot(bound, async (trx) => {
          attempts += 1;
          if (attempts === 4) allBegan.resolve();
          await allBegan.promise;
          await sql`LOCK TABLE counted IN EXCLUSIVE MODE`.execute(trx);
          await sql`UPDATE counted SET n = n + 1`.execute(trx);
        }),
      ),
    );
  } finally {
    await pool.end();
  }
  expect((await sql`SELECT n FROM counted`.execute(database.db)).rows).toEqual([{ n: 4 }]);
  expect(attempts).toBeGreaterThanOrEqual(7);
});

test('other errors, and one that stays, are thrown', async () => {
  let attempts = 0;
  const failing = inSnapshot(database.db, async (trx) => {
    attempts += 1;
    await sql`SELECT 1 / 0`.execute(trx);
  });
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  expect(attempts).toBe(1);
  const overtaken = inSnapshot(database.db, async () => {
    attempts += 1;
    throw Object.assign(new Error('could not serialize access'), { code: '40001' });
  });
  await expect(overtaken).rejects.toThrow('serialize');
  expect(attempts).toBe(6);
});
