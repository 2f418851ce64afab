import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { ClickHouse } from './clickhouse/connection.ts';
import { clickHouseUsageStore } from './clickhouse/clickhouse.ts';
import { postgresUsageStore } from './postgres/postgres.ts';
import { holdCurrentStore, selectCurrentStore } from './move/move.store.ts';
import { LevelsMoved, type UsageStore } from './usage-store.ts';

// Which store a database's usage is in is said by that database, for all processes at once; how to
// reach a ClickHouse, with its password, by each process's configuration.

interface Connection {
  readonly clickHouse: ClickHouse;
  readonly store: UsageStore;
}

/** Of the process, by address. A transaction asks the database which store is its own, so nobody could hand that one in. */
const connections = new Map<string, Connection>();

/**
 * Lets this process reach a ClickHouse: once, where it reads its configuration.
 * @param url http(s)://user:password@host:port/database
 * @param cluster on which the tables are; null: they are on that one server
 * @returns closes the connection
 */
export async function useClickHouse(
  url: string,
  cluster: string | null = null,
): Promise<{ readonly clickHouse: ClickHouse; close(): Promise<void> }> {
  const { connectClickHouse } = await import('./clickhouse/connection.ts');
  const clickHouse = connectClickHouse(url, cluster);
  connections.set(clickHouse.address, { clickHouse, store: clickHouseUsageStore(clickHouse) });
  return {
    clickHouse,
    async close() {
      connections.delete(clickHouse.address);
      await clickHouse.close();
    },
  };
}

/**
 * The store that a database's usage is in.
 * @throws ArcadiaError usage_store_unreachable when it is a ClickHouse that this process was not told how to reach
 */
export async function openUsageStore(db: Queryable): Promise<UsageStore> {
  return storeAt((await selectCurrentStore(db)).address);
}

/** Where the ClickHouse is that a database's usage is in; null: it is in the database. It need not be reached. */
export async function usageStoreAddress(db: Queryable): Promise<string | null> {
  return (await selectCurrentStore(db)).address || null;
}

/**
 * The ClickHouse that a database's usage is in; null: it is in PostgreSQL.
 * @throws ArcadiaError usage_store_unreachable
 */
export async function openClickHouse(db: Queryable): Promise<ClickHouse | null> {
  const { address } = await selectCurrentStore(db);
  return address === '' ? null : connectionTo(address).clickHouse;
}

/**
 * A ClickHouse that this process was told how to reach, by its url.
 * @throws ArcadiaError usage_store_unreachable
 */
export async function clickHouseAt(url: string): Promise<ClickHouse> {
  const { clickHouseAddress } = await import('./clickhouse/connection.ts');
  return connectionTo(clickHouseAddress(url)).clickHouse;
}

function storeAt(address: string): UsageStore {
  return address === '' ? postgresUsageStore : connectionTo(address).store;
}

function connectionTo(address: string): Connection {
  const connection = connections.get(address);
  if (connection !== undefined) return connection;
  throw new ArcadiaError(
    'usage_store_unreachable',
    `Usage records are in the ClickHouse at ${address}, and ARCADIA_USAGE_STORE_URL ${
      connections.size === 0 ? 'is not set' : `names another: ${[...connections.keys()].join(', ')}`
    }.`,
  );
}

/**
 * Keeps usage where it is until the transaction ends: a move waits with its last step.
 * @throws LevelsMoved when it was moved before that
 */
export async function holdUsageStore(trx: UnitOfWork, held: UsageStore): Promise<void> {
  if (storeAt((await holdCurrentStore(trx)).address) !== held) throw new LevelsMoved();
}
