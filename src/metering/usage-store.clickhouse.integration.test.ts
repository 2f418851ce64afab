import { expect, test } from 'vitest';
import { startClickHouse } from '../../test/clickhouse/server.ts';
import { openTestDatabase } from '../../test/database.ts';
import { moveUsage } from './usage-move.ts';
import { describeUsageStore } from './usage-store.conformance.ts';
import { useClickHouse } from './usage-store.open.ts';

describeUsageStore('ClickHouse', async () => {
  const server = await startClickHouse();
  const database = await openTestDatabase();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(database.db, clickHouse, { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  return {
    db: database.db,
    async close() {
      await close();
      await database.close();
      await server.close();
    },
  };
});

test('a statement may name a hundred thousand revisions', async () => {
  const server = await startClickHouse();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  const revisions = Array.from({ length: 100_000 }, (_, index) => 1_000_000 + 2 * index);
  const rows = await clickHouse.rows(
    `SELECT count() AS n FROM numbers(1000000, 200000) WHERE number IN (${revisions.join(', ')})`,
  );
  expect(rows).toEqual([{ n: revisions.length }]);
  await close();
  await server.close();
});
