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
