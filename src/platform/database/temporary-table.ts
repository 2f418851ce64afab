import { type RawBuilder, sql } from 'kysely';
import type { Session, UnitOfWork } from './database.ts';
import { statement } from './statement.ts';

// The one place that makes temporary tables. Whoever makes one gets a handle, which stands for the table in
// statements: `FROM ${scope} s`. A function that reads or writes one takes its handle as a parameter, so that it
// cannot be called before the table is there.

declare const made: unique symbol;

/** A temporary table that has been made. Only this file makes handles. */
export type TemporaryTable<Name extends string = string> = RawBuilder<unknown> & { readonly [made]: Name };

interface Making<Name extends string> {
  /** `module.function`; the statements are named after it, e.g. `module.function.create_<table>`. */
  readonly statement: string;
  readonly table: Name;
  /**
   * What an earlier call in the same transaction may have left, dropped first in one statement: where none is named,
   * this table. A function that makes several names all of them at the first, and none at the others.
   */
  readonly drop?: readonly string[];
  readonly index?: { readonly on: string; readonly unique?: boolean };
  /** The planner knows nothing of a temporary table before. Of wide rows the columns that something is looked up or joined by. */
  readonly analyze?: boolean | readonly string[];
}

/** Makes one with the rows of a query; dropped when the transaction ends. */
export function createTemporaryTableAs<Name extends string>(
  trx: UnitOfWork,
  making: Making<Name>,
  query: RawBuilder<unknown>,
): Promise<TemporaryTable<Name>> {
  return create(trx, making, sql`ON COMMIT DROP AS ${query}`);
}

/** Makes an empty one with these columns; dropped when the transaction ends. */
export function createTemporaryTable<Name extends string>(
  trx: UnitOfWork,
  making: Making<Name>,
  columns: RawBuilder<unknown>,
): Promise<TemporaryTable<Name>> {
  return create(trx, making, sql`(${columns}) ON COMMIT DROP`);
}

interface SessionTable {
  readonly table: string;
  readonly columns: RawBuilder<unknown>;
}

/** The handles of tables of a session, by what they are for. */
export type SessionTables<Tables extends Readonly<Record<string, SessionTable>>> = {
  readonly [Use in keyof Tables]: TemporaryTable<Tables[Use]['table']>;
};

/**
 * Makes empty tables that last as long as the connection, whose transactions use them one after the other; where an
 * earlier call made them, they are as they were left.
 * @param name `module.function`; the statements are named after it, e.g. `module.function.create_<table>`
 */
export async function sessionTables<const Tables extends Readonly<Record<string, SessionTable>>>(
  session: Session,
  name: string,
  tables: Tables,
): Promise<SessionTables<Tables>> {
  const wanted = Object.values(tables);
  const { rows } = await statement<{ ready: boolean }>(`${name}.select_to_regclass`)`
    SELECT bool_and(to_regclass('pg_temp.' || quote_ident(name)) IS NOT NULL) AS ready
    FROM unnest(${wanted.map(({ table }) => table)}::text[]) AS name`.execute(session);
  for (const { table, columns } of rows[0]?.ready === true ? [] : wanted) {
    await statement(`${name}.create_${table}`)`
      CREATE TEMPORARY TABLE IF NOT EXISTS ${sql.id(table)} (${columns})`.execute(session);
  }
  const handles = Object.entries(tables).map(([use, { table }]) => [use, sql.id(table)]);
  return Object.fromEntries(handles) as SessionTables<Tables>;
}

async function create<Name extends string>(
  trx: UnitOfWork,
  { statement: name, table, drop = [table], index, analyze = false }: Making<Name>,
  definition: RawBuilder<unknown>,
): Promise<TemporaryTable<Name>> {
  const handle = sql.id(table) as TemporaryTable<Name>;
  if (drop.length > 0) {
    const left = sql.join(drop.map((dropped) => sql.id('pg_temp', dropped)));
    await statement(`${name}.drop_${table}`)`DROP TABLE IF EXISTS ${left}`.execute(trx);
  }
  await statement(`${name}.create_${table}`)`CREATE TEMPORARY TABLE ${handle} ${definition}`.execute(trx);
  if (index !== undefined) {
    const unique = index.unique ? sql`UNIQUE` : sql``;
    await statement(`${name}.index_${table}`)`CREATE ${unique} INDEX ON ${handle} (${sql.id(index.on)})`.execute(trx);
  }
  if (analyze !== false) {
    const columns = analyze === true ? sql`` : sql` (${sql.join(analyze.map((column) => sql.id(column)))})`;
    await statement(`${name}.analyze_${table}`)`ANALYZE ${handle}${columns}`.execute(trx);
  }
  return handle;
}
