import type { UnitOfWork } from '../../../platform/database/database.ts';
import { ArcadiaError } from '../../../platform/errors.ts';
import { fromBillionths, sumQuantities } from '../../../platform/quantity.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import { clickHouseUsageStore } from '../clickhouse/clickhouse.ts';
import { versionFigures, versionsOf } from '../clickhouse/read.store.ts';
import { createTables, dropDay, recordColumns, truncateTables } from '../clickhouse/schema.store.ts';
import * as store from './move.store.ts';
import { postgresUsageStore } from '../postgres/postgres.ts';
import { attachPartition, dropPartitions } from '../postgres/write.store.ts';
import { readLines, selectVisibleRevisions, whileBeating } from './shipment.store.ts';
import type { UsageQuery, UsageStore } from '../usage-store.ts';

// One day of a move, in either direction, in one transaction of PostgreSQL: every version of every
// record, in place of whatever an earlier move has left of the day there, and compared.

export interface MoveDirection {
  readonly from: store.CurrentStore;
  readonly to: store.CurrentStore;
  /** Makes room, unless an earlier run of the same move has. Nobody meters or moves meanwhile. */
  begin(trx: UnitOfWork): Promise<void>;
  /** Copies a day that nobody else touches meanwhile. @throws ArcadiaError usage_store_mismatch */
  copyDay(trx: UnitOfWork, day: Temporal.PlainDate): Promise<store.MovedFigures>;
}

const postgres: store.CurrentStore = { engine: 'postgresql', address: '' };

/** What is where usage is, in words. */
export function nameOf({ engine, address }: store.CurrentStore): string {
  return engine === 'postgresql' ? 'PostgreSQL' : `the ClickHouse at ${address}`;
}

export function toClickHouse(clickHouse: ClickHouse): MoveDirection {
  const to: store.CurrentStore = { engine: 'clickhouse', address: clickHouse.address };
  return {
    from: postgres,
    to,
    async begin(trx) {
      await createTables(clickHouse);
      if (await store.hasMoved(trx, to.address)) return;
      await truncateTables(clickHouse);
      await store.forgetMoves(trx);
    },
    async copyDay(trx, day) {
      const versions = await store.prepareVersions(trx, day);
      await dropDay(clickHouse, day);
      await clickHouse.insertLines('usage_records', recordColumns, readLines(trx, store.versionLines(versions)));
      const figures = await store.replaceVisibleRevisions(trx, versions, day);
      const there = clickHouseUsageStore(clickHouse);
      await whileBeating(trx, () => compareDay(trx, day, { here: postgresUsageStore, there, name: nameOf(to) }));
      return figures;
    },
  };
}

export function toPostgres(clickHouse: ClickHouse): MoveDirection {
  const from: store.CurrentStore = { engine: 'clickhouse', address: clickHouse.address };
  return {
    from,
    to: postgres,
    async begin() {},
    async copyDay(trx, day) {
      const range = { from: day, to: day.add({ days: 1 }) };
      const versions = await store.createVersions(trx);
      const visible = await selectVisibleRevisions(trx, range, null);
      const wanted = await whileBeating(trx, () => versionFigures(clickHouse, range, visible));
      if (wanted.records > 0) {
        for await (const lines of versionsOf(clickHouse, range, visible))
          await store.insertVersions(trx, versions, lines);
      }
      const figures = await store.selectVersionFigures(trx, versions);
      const sum = fromBillionths(BigInt(wanted.sum));
      if (figures.records !== wanted.records || figures.quantity !== sum) {
        throw new ArcadiaError(
          'usage_store_mismatch',
          `Of ${day}, ${figures.records} versions with a sum of ${figures.quantity} came from ${nameOf(from)}, which has ${wanted.records} with ${sum}.`,
        );
      }
      await store.deleteChanges(trx, day);
      await dropPartitions(trx, day);
      for (const granularity of await store.granularitiesThatStand(trx, versions)) {
        await attachPartition(trx, day, granularity, true);
      }
      await store.insertStanding(trx, versions);
      await store.insertReplaced(trx, versions);
      const here = clickHouseUsageStore(clickHouse);
      await whileBeating(trx, () => compareDay(trx, day, { here, there: postgresUsageStore, name: nameOf(postgres) }));
      return figures;
    },
  };
}

/** The same counts, and the same sums by deployment and kind, to the last digit. */
async function compareDay(
  trx: UnitOfWork,
  day: Temporal.PlainDate,
  { here, there, name }: { readonly here: UsageStore; readonly there: UsageStore; readonly name: string },
): Promise<void> {
  const query: UsageQuery = { scope: 'all', range: { from: day, to: day.add({ days: 1 }) } };
  const [count, countThere] = [await here.countRecords(trx, query), await there.countRecords(trx, query)];
  const [sums, sumsThere] = [await here.sumByDeployment(trx, query), await there.sumByDeployment(trx, query)];
  const key = (row: (typeof sums)[number] | undefined) =>
    row === undefined ? 'nothing' : `${row.quantity} ${row.kind} of deployment ${row.deploymentId}`;
  const differs = Array.from({ length: Math.max(sums.length, sumsThere.length) }, (_, index) => index).find(
    (index) => key(sums[index]) !== key(sumsThere[index]),
  );
  if (count === countThere && differs === undefined) return;
  const first = differs === undefined ? '' : `; here ${key(sums[differs])}, there ${key(sumsThere[differs])}`;
  throw new ArcadiaError(
    'usage_store_mismatch',
    `The copy of ${day} in ${name} has ${countThere} records in place of ${count}, and ${total(sumsThere)} in place of ${total(sums)}${first}.`,
  );
}

function total(sums: readonly { readonly quantity: string }[]): string {
  return sumQuantities(sums.map((row) => row.quantity));
}
