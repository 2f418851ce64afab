import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { connect } from '../src/platform/database/database.ts';
import { openTestDatabase } from './database.ts';

test('two test databases are migrated, and neither sees what the other holds', async () => {
  const one = await openTestDatabase();
  const other = await openTestDatabase();
  await sql`INSERT INTO simulated_clock (instant) VALUES ('2026-05-01')`.execute(one.db);
  const count = sql<{ n: number }>`SELECT count(*) AS n FROM simulated_clock`;
  expect((await count.execute(one.db)).rows).toEqual([{ n: 1 }]);
  expect((await count.execute(other.db)).rows).toEqual([{ n: 0 }]);
  await one.close();
  await other.close();
});

test('a connection that the code under test left open fails the test', async () => {
  const { connectionString, close } = await openTestDatabase({
    // Less than the pool keeps a connection that nobody uses.
    leakMs: 1_000,
  });
  const leak = connect({ connectionString, applicationName: 'forgotten' });
  await sql`SELECT 1`.execute(leak);
  await expect(close()).rejects.toThrow(/connections leaked .* forgotten: SELECT 1/);
  await leak.destroy();
});
