import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import { type Database, fromDialect, type UnitOfWork } from './database.ts';

/**
 * A transaction handed to functions that open transactions of their own: what they open is a
 * savepoint of it, and is kept only if it commits. Savepoints wait for each other; what is read
 * outside of one does not.
 *
 * A function that asks for an isolation level of its own cannot run in it: RangeError.
 */
export function nestedDatabase(trx: UnitOfWork): Database {
  const driver = new SavepointDriver(trx);
  return fromDialect({
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  });
}

class SavepointDriver implements Driver {
  readonly #trx: UnitOfWork;
  /** Ends when the last savepoint that anybody asked for has ended. */
  #last: Promise<void> = Promise.resolve();
  readonly #ends = new WeakMap<DatabaseConnection, () => void>();

  constructor(trx: UnitOfWork) {
    this.#trx = trx;
  }

  async init(): Promise<void> {}
  async destroy(): Promise<void> {}
  async releaseConnection(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return {
      executeQuery: <Row>(query: CompiledQuery) => this.#trx.executeQuery<Row>(query),
      streamQuery() {
        throw new RangeError('a nested database streams nothing');
      },
    };
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    if (settings.isolationLevel !== undefined)
      throw new RangeError(`a transaction under way cannot become ${settings.isolationLevel}`);
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    this.#ends.set(connection, resolve);
    await this.#say('SAVEPOINT nested').catch((error: unknown) => {
      resolve();
      throw error;
    });
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#say('RELEASE SAVEPOINT nested').finally(this.#ends.get(connection));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#say('ROLLBACK TO SAVEPOINT nested')
      .then(() => this.#say('RELEASE SAVEPOINT nested'))
      .finally(this.#ends.get(connection));
  }

  async #say(statement: string): Promise<void> {
    await this.#trx.executeQuery(CompiledQuery.raw(statement));
  }
}
