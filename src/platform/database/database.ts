import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type Dialect, Kysely, PostgresDialect, type Transaction as KyselyTransaction } from 'kysely';
import pg from 'pg';
import type { Pools } from './pools.ts';
import { keptStatementName, nameOfStatement } from './statement.ts';

/**
 * All statements are written in SQL, in the `store.ts` of the module that owns the table, as one
 * named function each with its row type beside it; so the schema is not repeated as a type.
 */
type Schema = any;

/** What statements can be run on, where it does not matter whether a transaction is open. */
export type Queryable = Pick<Kysely<Schema>, 'getExecutor'>;

/** Where transactions begin. Never a transaction itself: a function that takes it cannot be called within one. */
export type Database = Kysely<Schema> & { readonly isTransaction: false };

declare const held: unique symbol;

/** One connection that is held: what is temporary (tables, locks of the session) lives as long as it. */
export type Session = Database & { readonly [held]: true };

/** A transaction: what is done on it is done as a whole, or not at all. */
export type UnitOfWork = KyselyTransaction<Schema>;

/** 'infinity' and '-infinity' (no end, no beginning) arrive as null. */
function parseInstant(text: string): Temporal.Instant | null {
  return text.endsWith('infinity') ? null : Temporal.Instant.from(text);
}

function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53; cast it to text or numeric`);
  return value;
}

const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.INT8, parseBigint],
  [pg.types.builtins.DATE, (text) => Temporal.PlainDate.from(text)],
  [pg.types.builtins.TIMESTAMPTZ, parseInstant],
]);

/** pg would send a day or an instant as JSON, in quotes. */
function parameter(value: unknown): unknown {
  if (value instanceof Temporal.Instant || value instanceof Temporal.PlainDate) return value.toString();
  return Array.isArray(value) ? value.map(parameter) : value;
}

// Asked for each time: where spans go is decided later, and may end.
const tracer = () => trace.getTracer('arcadia database');

class Client extends pg.Client {
  readonly #keptNames = new Map<string, string>();

  override query(...[statement, parameters, ...rest]: readonly unknown[]): never {
    const sent = Array.isArray(parameters) ? parameters.map(parameter) : parameters;
    const kept = typeof statement === 'string' ? keptStatementName(statement, this.#keptNames) : null;
    const asked = kept === null ? [statement, sent] : [{ name: kept, text: statement, values: sent }];
    const answer = (super.query as (...all: unknown[]) => unknown).call(this, ...asked, ...rest);
    const name = typeof statement === 'string' ? nameOfStatement(statement) : null;
    if (name !== null && answer instanceof Promise) traceStatement(name, answer);
    return answer as never;
  }
}

/** A span for a statement under way, where the work that it is part of is traced. */
function traceStatement(name: string, answer: Promise<unknown>): void {
  if (!trace.getActiveSpan()?.isRecording()) return;
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': name };
  const span = tracer().startSpan(name, { kind: SpanKind.CLIENT, attributes });
  answer.then(
    () => span.end(),
    (error: Error) => {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      span.end();
    },
  );
}

interface ConnectOptions {
  readonly connectionString: string;
  /** Connections at most. */
  readonly max?: number;
  /** Shown in pg_stat_activity, e.g. 'arcadia worker'. */
  readonly applicationName?: string;
  /** Session settings, e.g. { lock_timeout: '60s' }. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where it is counted in, under its applicationName. */
  readonly pools?: Pools;
}

/**
 * Opens a pool. Types as they arrive: int8 as a number (an id beyond 2^53 is an error), numeric
 * as a string, date as Temporal.PlainDate, timestamptz as Temporal.Instant (null: no end).
 */
export function connect(options: ConnectOptions): Database {
  return fromDialect(new PostgresDialect({ pool: openPool(options) }));
}

export function fromDialect(dialect: Dialect): Database {
  return new Kysely<Schema>({ dialect }) as Database;
}

/** Holds one connection for as long as the work takes. */
export function inSession<Result>(db: Database, work: (session: Session) => Promise<Result>): Promise<Result> {
  return db.connection().execute((connection) => work(connection as Session));
}

// Compiling a statement to machine code takes up to some seconds where the statement itself takes milliseconds:
// servers that can (Debian's) do it for every wide statement.
const shortStatements = { jit: 'off' };

/** The pool alone, for whoever brings a dialect of its own. */
export function openPool(options: ConnectOptions): pg.Pool {
  const settings = Object.entries({ TimeZone: 'UTC', DateStyle: 'ISO,YMD', ...shortStatements, ...options.settings });
  const calls = settings.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`);
  const pool = new pg.Pool({
    Client,
    connectionString: options.connectionString,
    max: options.max ?? 10,
    application_name: options.applicationName ?? 'arcadia',
    // Not as a parameter of the start, which poolers refuse or leave out.
    // oxlint-disable-next-line no-misused-promises -- the pool waits for the promise, which its types leave out
    onConnect: (client) => client.query(`SELECT ${calls.join(', ')}`, settings.flat()),
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        (format !== 'binary' && parsers.get(oid)) || pg.types.getTypeParser(oid, format),
    },
  });
  options.pools?.add(options.applicationName ?? 'arcadia', pool);
  // An idle connection that breaks (a restarted server) is replaced on next use; the pool
  // reports it here and the process must not die of it.
  pool.on('error', () => {});
  // So may one that is in use between two statements; then the next statement says so.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
