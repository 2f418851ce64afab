import { afterAll } from 'vitest';
import { type ClickHouseServer, startClickHouse } from '../../test/clickhouse/server.ts';
import { moveUsage } from './usage-move.ts';
import { describeUsageStore } from './usage-store.conformance.ts';
import { useClickHouse } from './usage-store.open.ts';

let server: ClickHouseServer | undefined;
afterAll(() => server?.close());

describeUsageStore('ClickHouse', async (db) => {
  server = await startClickHouse();
  const { clickHouse, close } = await useClickHouse(await server.createDatabase());
  await moveUsage(db, clickHouse, { now: Temporal.Instant.from('2026-01-01T00:00:00Z') });
  return { close };
});
