import type { Database, Transaction } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { lockDay } from './store.ts';
import type { ClickHouse } from './usage-store.clickhouse.connection.ts';
import { clickHouseUsageStore } from './usage-store.clickhouse.ts';
import { createTables, dropDay, recordColumns, truncateTables } from './usage-store.clickhouse.schema.store.ts';
import * as store from './usage-store.move.store.ts';
import { postgresUsageStore } from './usage-store.postgres.ts';
import { readLines, whileBeating } from './usage-store.shipment.store.ts';
import type { UsageQuery } from './usage-store.ts';

/** How often days are copied again that were metered meanwhile, before the move gives up. */
const roundsMax = 100;
const daysAtOnce = 1_000;

export interface MoveOptions {
  readonly now: Temporal.Instant;
  readonly signal?: AbortSignal;
  readonly onProgress?: (day: Temporal.PlainDate, done: number, of: number) => void;
}

export interface Moved {
  readonly address: string;
  /** Days that this run copied; earlier runs' stay where they are. */
  readonly days: number;
  readonly records: number;
  /** Usage was there already. */
  readonly already: boolean;
}

/**
 * Moves all usage from PostgreSQL to a ClickHouse: copies each day with all versions of its records,
 * compares counts and sums by deployment, kind and day, and then switches every process over with
 * one row. Metering goes on meanwhile; what it touches is copied again. A move that was stopped
 * anywhere goes on from there. What is in PostgreSQL stays.
 * @throws ArcadiaError conflict, usage_store_mismatch, usage_store_failed, usage_store_unreachable, cancelled
 */
export async function moveUsage(db: Database, clickHouse: ClickHouse, options: MoveOptions): Promise<Moved> {
  const { address } = clickHouse;
  const current = await store.selectCurrentStore(db);
  if (current.address === address) return { address, days: 0, records: 0, already: true };
  assertFromPostgres(current);
  await begin(db, clickHouse);

  let days = 0;
  let records = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    for (;;) {
      const behind = await store.selectDaysToCopy(db, address, daysAtOnce);
      if (behind.length === 0) break;
      const of = days + (await store.countDaysToCopy(db, address));
      for (const day of behind) {
        if (options.signal?.aborted) {
          throw new ArcadiaError('cancelled', `Stopped before ${day}; ${days} of ${of} days were copied.`);
        }
        records += await copyDay(db, clickHouse, day);
        days += 1;
        options.onProgress?.(day, days, of);
      }
    }
    if (await switchOver(db, address, options.now)) return { address, days, records, already: false };
  }
  throw new ArcadiaError('conflict', `Days are metered as fast as they are copied to ${address}; ${days} were.`);
}

function assertFromPostgres(current: store.CurrentStore): void {
  if (current.engine === 'postgresql') return;
  throw new ArcadiaError(
    'conflict',
    `Usage is in the ClickHouse at ${current.address}; only from PostgreSQL can it be moved.`,
  );
}

/** Empty tables, unless an earlier move to the same place has begun to fill them. */
async function begin(db: Database, clickHouse: ClickHouse): Promise<void> {
  await db.transaction().execute(async (trx) => {
    assertFromPostgres(await store.lockCurrentStore(trx));
    await createTables(clickHouse);
    if (await store.hasMoved(trx, clickHouse.address)) return;
    await truncateTables(clickHouse);
    await store.forgetMoves(trx);
  });
}

async function copyDay(db: Database, clickHouse: ClickHouse, day: Temporal.PlainDate): Promise<number> {
  return db.transaction().execute(async (trx) => {
    assertFromPostgres(await store.holdCurrentStore(trx));
    await lockDay(trx, day);
    const revision = await store.selectLastRevision(trx, day);
    await store.prepareVersions(trx, day);
    await dropDay(clickHouse, day);
    await clickHouse.insertLines('usage_records', recordColumns, readLines(trx, store.versionLines()));
    const figures = await store.replaceVisibleRevisions(trx, day);
    await whileBeating(trx, () => compareDay(trx, clickHouse, day));
    await store.upsertMovedDay(trx, clickHouse.address, day, { revision, ...figures });
    return figures.records;
  });
}

/** The same counts, and the same sums by deployment and kind, to the last digit. */
async function compareDay(trx: Transaction, clickHouse: ClickHouse, day: Temporal.PlainDate): Promise<void> {
  const query: UsageQuery = { scope: 'all', range: { from: day, to: day.add({ days: 1 }) } };
  const there = clickHouseUsageStore(clickHouse);
  const [count, countThere] = [await postgresUsageStore.countRecords(trx, query), await there.countRecords(trx, query)];
  const [sums, sumsThere] = [
    await postgresUsageStore.sumByDeployment(trx, query),
    await there.sumByDeployment(trx, query),
  ];
  const key = (row: (typeof sums)[number] | undefined) =>
    row === undefined ? 'nothing' : `${row.quantity} ${row.kind} of deployment ${row.deploymentId}`;
  const differs = Array.from({ length: Math.max(sums.length, sumsThere.length) }, (_, index) => index).find(
    (index) => key(sums[index]) !== key(sumsThere[index]),
  );
  if (count === countThere && differs === undefined) return;
  const first = differs === undefined ? '' : `; here ${key(sums[differs])}, there ${key(sumsThere[differs])}`;
  throw new ArcadiaError(
    'usage_store_mismatch',
    `The copy of ${day} at ${clickHouse.address} has ${countThere} records in place of ${count}, and ${total(sumsThere)} in place of ${total(sums)}${first}.`,
  );
}

function total(sums: readonly { readonly quantity: string }[]): string {
  return sumQuantities(sums.map((row) => row.quantity));
}

/** Switches, unless something was metered since it was copied. */
async function switchOver(db: Database, address: string, now: Temporal.Instant): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    assertFromPostgres(await store.lockCurrentStore(trx));
    if ((await store.countDaysToCopy(trx, address)) > 0) return false;
    await store.resetPurged(trx);
    await store.updateCurrentStore(trx, { engine: 'clickhouse', address }, now);
    return true;
  });
}
