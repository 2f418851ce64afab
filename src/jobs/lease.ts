import {
  CompiledQuery,
  type ControlConnectionProvider,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type { Pool } from 'pg';
import type { Database, Schema } from '../platform/database.ts';
import { fenceSql } from './store.ts';

// The lease of one attempt and the database that is bound to it.
//
// A lease is the job's row while it is active with this attempt's number. It is taken by the
// claim, kept alive by heartbeats, and lost when the sweep gives the job to another. A worker that
// was paused past its lease does not know that; so nothing depends on its knowing. Each
// transaction begins by locking that row (FOR KEY SHARE: heartbeats pass, a take-over waits), and
// a transaction that cannot is rolled back before it has written.

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(reason = 'the lease of this attempt is lost: another one may have taken over') {
    super(reason);
  }
}

export interface Lease {
  readonly queue: string;
  readonly id: string;
  /** pg-boss's number of the attempt: rises with every claim. */
  readonly retryCount: number;
  readonly signal: AbortSignal;
  /** Milliseconds that the attempt has left: no statement may take longer. */
  remainingMs(): number;
}

/** A database whose every transaction and single write holds the lease. Never destroy it: the pool is shared. */
export function fencedDatabase(pool: Pool, lease: Lease): Database {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new FencedDriver(pool, lease),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
}

type PostgresConnection = Parameters<PostgresDriver['rollbackTransaction']>[0];

class FencedDriver implements Driver {
  readonly #postgres: PostgresDriver;
  readonly #lease: Lease;

  constructor(pool: Pool, lease: Lease) {
    this.#postgres = new PostgresDriver({ pool });
    this.#lease = lease;
  }

  init(options?: Parameters<PostgresDriver['init']>[0]): Promise<void> {
    return this.#postgres.init(options);
  }

  async acquireConnection(options?: Parameters<PostgresDriver['acquireConnection']>[0]): Promise<FencedConnection> {
    const connection = (await this.#postgres.acquireConnection(options)) as PostgresConnection;
    return new FencedConnection(connection, (query) => this.#write(connection, query));
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const fenced = connection as FencedConnection;
    await fenced.enterTransaction();
    await this.#postgres.beginTransaction(fenced.inner, settings);
    if (settings.accessMode === 'read only') return;
    try {
      await this.#fence(fenced.inner);
    } catch (error) {
      await this.rollbackTransaction(fenced);
      throw error;
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    // Cancelled, or out of time, while the transaction ran: the caller rolls back.
    this.#lease.signal.throwIfAborted();
    const fenced = connection as FencedConnection;
    await this.#postgres.commitTransaction(fenced.inner);
    fenced.leaveTransaction();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const fenced = connection as FencedConnection;
    await this.#postgres.rollbackTransaction(fenced.inner);
    fenced.leaveTransaction();
  }

  savepoint(connection: DatabaseConnection, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    return this.#postgres.savepoint((connection as FencedConnection).inner, name, compile);
  }

  rollbackToSavepoint(
    connection: DatabaseConnection,
    name: string,
    compile: QueryCompiler['compileQuery'],
  ): Promise<void> {
    return this.#postgres.rollbackToSavepoint((connection as FencedConnection).inner, name, compile);
  }

  releaseSavepoint(
    connection: DatabaseConnection,
    name: string,
    compile: QueryCompiler['compileQuery'],
  ): Promise<void> {
    return this.#postgres.releaseSavepoint((connection as FencedConnection).inner, name, compile);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const fenced = connection as FencedConnection;
    await fenced.end();
    await this.#postgres.releaseConnection(fenced.inner);
  }

  /** The pool is the worker's. */
  async destroy(): Promise<void> {}

  async #fence(connection: PostgresConnection): Promise<void> {
    this.#lease.signal.throwIfAborted();
    const { queue, id, retryCount } = this.#lease;
    const timeoutMs = Math.max(1, Math.ceil(this.#lease.remainingMs()));
    const { rows } = await connection.executeQuery(
      CompiledQuery.raw(fenceSql, [queue, id, retryCount, String(timeoutMs)]),
    );
    if (rows.length === 0) throw new LeaseLost();
  }

  /** A write outside of a transaction gets one of its own. */
  async #write<Row>(connection: PostgresConnection, query: CompiledQuery): Promise<QueryResult<Row>> {
    await this.#postgres.beginTransaction(connection, {});
    try {
      await this.#fence(connection);
      const result = await connection.executeQuery<Row>(query);
      this.#lease.signal.throwIfAborted();
      await this.#postgres.commitTransaction(connection);
      return result;
    } catch (error) {
      await this.#postgres.rollbackTransaction(connection);
      throw error;
    }
  }
}

/** Well below idle_session_timeout of whoever holds sessions. */
const keepAliveMs = 4_000;

class FencedConnection implements DatabaseConnection {
  readonly inner: PostgresConnection;
  readonly #write: (query: CompiledQuery) => Promise<QueryResult<unknown>>;
  /**
   * A handler may hold a session, with its advisory locks and temporary tables, while it waits for
   * a provider; the server ends sessions that say nothing, so that a paused process does not hold
   * its locks for ever. This keeps a live one's.
   */
  readonly #keepAlive = setInterval(() => this.#sayAlive(), keepAliveMs).unref();
  #saying: Promise<unknown> | null = null;
  #inTransaction = false;
  #statements = 0;

  constructor(inner: PostgresConnection, write: (query: CompiledQuery) => Promise<QueryResult<unknown>>) {
    this.inner = inner;
    this.#write = write;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    this.#statements += 1;
    try {
      await this.#saying;
      if (this.#inTransaction || !writes(query.sql)) return await this.inner.executeQuery<Row>(query);
      return (await this.#write(query)) as QueryResult<Row>;
    } finally {
      this.#statements -= 1;
    }
  }

  async enterTransaction(): Promise<void> {
    this.#inTransaction = true;
    await this.#saying;
  }

  leaveTransaction(): void {
    this.#inTransaction = false;
  }

  async end(): Promise<void> {
    clearInterval(this.#keepAlive);
    await this.#saying;
  }

  /** A session inside a transaction gets no help: it has nothing to wait for. */
  #sayAlive(): void {
    if (this.#inTransaction || this.#statements > 0 || this.#saying !== null) return;
    this.#saying = this.inner
      .executeQuery(CompiledQuery.raw('SELECT'))
      .catch(() => {})
      .finally(() => {
        this.#saying = null;
      });
  }

  streamQuery<Row>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<Row>> {
    return this.inner.streamQuery<Row>(query, chunkSize);
  }

  collectSessionInfo(): Promise<void> {
    return this.inner.collectSessionInfo();
  }

  cancelQuery(controlConnectionProvider: ControlConnectionProvider): Promise<void> {
    return this.inner.cancelQuery(controlConnectionProvider);
  }

  killSession(controlConnectionProvider: ControlConnectionProvider): Promise<void> {
    return this.inner.killSession(controlConnectionProvider);
  }
}

/** Anything that is not plainly a read counts as a write; WITH may hold either. */
function writes(statement: string): boolean {
  return !/^\s*(?:--[^\n]*\n\s*)*(?:select|values|show|table|set|explain)\b/i.test(statement);
}
