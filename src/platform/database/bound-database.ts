import {
  CompiledQuery,
  type ControlConnectionProvider,
  type DatabaseConnection,
  type Driver,
  PostgresAdapter,
  PostgresDriver,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import pg, { type Pool } from 'pg';
import { type Database, fromDialect } from './database.ts';

// A database handle whose every transaction begins with something: a lease is locked, a role is
// taken on. Domain functions are given it in place of the plain one and cannot leave that out.

export type PostgresConnection = Parameters<PostgresDriver['rollbackTransaction']>[0];

interface Binding {
  /** Waits for its turn to have one of the pool's connections, which ends with the call of what it returns. */
  admit?(): Promise<() => void>;
  /** Begins a transaction, and does in it what comes first. When it throws, the transaction is rolled back. */
  begin(postgres: PostgresDriver, connection: PostgresConnection, settings: TransactionSettings): Promise<void>;
  /** Throws where the transaction must not be committed any more. */
  beforeCommit?(): void;
  /** Whether a statement outside of a transaction gets one of its own. */
  binds(statement: string): boolean;
  /** A session that is held while nothing is asked of it says something as often as this. */
  readonly keepAliveMs?: number;
  /**
   * When it aborts, the statement that is under way is cancelled in the database and none begins any
   * more; what was begun is rolled back. A commit under way is left to end.
   */
  readonly signal?: AbortSignal;
}

/** A database on connections of the pool, each transaction and bound statement of which begins as the binding says. Never destroy it: the pool is shared. */
export function boundDatabase(pool: Pool, binding: Binding): Database {
  return fromDialect({
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new BoundDriver(pool, binding),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  });
}

/** What a statement is cancelled over. That it breaks, or cannot be had soon, must harm nobody else. */
class CancellingClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: 5_000 });
    this.on('error', () => {});
  }
}

class BoundDriver implements Driver {
  readonly #postgres: PostgresDriver;
  readonly #binding: Binding;

  constructor(pool: Pool, binding: Binding) {
    this.#postgres = new PostgresDriver({ pool, controlClient: CancellingClient });
    this.#binding = binding;
  }

  init(options?: Parameters<PostgresDriver['init']>[0]): Promise<void> {
    return this.#postgres.init(options);
  }

  async acquireConnection(options?: Parameters<PostgresDriver['acquireConnection']>[0]): Promise<BoundConnection> {
    const leave = (await this.#binding.admit?.()) ?? (() => {});
    try {
      const connection = (await this.#postgres.acquireConnection(options)) as PostgresConnection;
      return new BoundConnection(connection, this.#binding, leave, (execute) =>
        this.#executeAlone(connection, execute),
      );
    } catch (error) {
      leave();
      throw error;
    }
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const bound = connection as BoundConnection;
    this.#binding.signal?.throwIfAborted();
    await bound.enterTransaction();
    try {
      await this.#binding.begin(this.#postgres, bound.inner, settings);
    } catch (error) {
      await this.rollbackTransaction(bound).catch(() => {});
      throw error;
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    // When this throws, the caller rolls back.
    this.#binding.beforeCommit?.();
    const bound = connection as BoundConnection;
    await this.#postgres.commitTransaction(bound.inner);
    bound.leaveTransaction();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    const bound = connection as BoundConnection;
    bound.leaveTransaction();
    await this.#postgres.rollbackTransaction(bound.inner);
  }

  savepoint(connection: DatabaseConnection, name: string, compile: QueryCompiler['compileQuery']): Promise<void> {
    return this.#postgres.savepoint((connection as BoundConnection).inner, name, compile);
  }

  rollbackToSavepoint(
    connection: DatabaseConnection,
    name: string,
    compile: QueryCompiler['compileQuery'],
  ): Promise<void> {
    return this.#postgres.rollbackToSavepoint((connection as BoundConnection).inner, name, compile);
  }

  releaseSavepoint(
    connection: DatabaseConnection,
    name: string,
    compile: QueryCompiler['compileQuery'],
  ): Promise<void> {
    return this.#postgres.releaseSavepoint((connection as BoundConnection).inner, name, compile);
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const bound = connection as BoundConnection;
    try {
      await bound.end();
      await this.#postgres.releaseConnection(bound.inner);
    } finally {
      bound.leave();
    }
  }

  /** The pool is somebody else's. */
  async destroy(): Promise<void> {}

  /** A statement outside of a transaction, in one of its own. */
  async #executeAlone<Result>(connection: PostgresConnection, execute: () => Promise<Result>): Promise<Result> {
    this.#binding.signal?.throwIfAborted();
    try {
      await this.#binding.begin(this.#postgres, connection, {});
      const result = await execute();
      this.#binding.beforeCommit?.();
      await this.#postgres.commitTransaction(connection);
      return result;
    } catch (error) {
      // Of a connection that broke, the first error tells more; it is not used again.
      await this.#postgres.rollbackTransaction(connection).catch(() => {});
      throw error;
    }
  }
}

type ExecuteAlone = <Result>(execute: () => Promise<Result>) => Promise<Result>;

class BoundConnection implements DatabaseConnection {
  readonly inner: PostgresConnection;
  /** Ends the turn that it was had in. */
  readonly leave: () => void;
  readonly #binding: Binding;
  readonly #executeAlone: ExecuteAlone;
  readonly #keepAlive: NodeJS.Timeout | undefined;
  #saying: Promise<unknown> | null = null;
  #inTransaction = false;
  #statements = 0;

  constructor(inner: PostgresConnection, binding: Binding, leave: () => void, executeAlone: ExecuteAlone) {
    this.inner = inner;
    this.leave = leave;
    this.#binding = binding;
    this.#executeAlone = executeAlone;
    if (binding.keepAliveMs !== undefined)
      this.#keepAlive = setInterval(() => this.#sayAlive(), binding.keepAliveMs).unref();
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    this.#statements += 1;
    try {
      await this.#saying;
      if (this.#inTransaction || !this.#binding.binds(query.sql)) return await this.#execute<Row>(query);
      return await this.#executeAlone(() => this.#execute<Row>(query));
    } finally {
      this.#statements -= 1;
    }
  }

  async #execute<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { signal } = this.#binding;
    if (signal === undefined) return this.inner.executeQuery<Row>(query);
    signal.throwIfAborted();
    let cancelling: Promise<void> | undefined;
    const cancel = () => {
      cancelling = this.#cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await this.inner.executeQuery<Row>(query);
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', cancel);
      // Until it has been delivered, it could hit what the connection does next.
      await cancelling;
    }
  }

  /** Over a connection of its own. Where it cannot be had, the statement ends by its time limit. */
  async #cancel(): Promise<void> {
    try {
      await this.inner.collectSessionInfo();
      await this.inner.cancelQuery(() => Promise.reject(new Error('the pool makes no connections')));
    } catch {}
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
    if (!this.#inTransaction && this.#binding.binds(query.sql))
      throw new Error('What is streamed from a bound database is streamed inside a transaction.');
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
