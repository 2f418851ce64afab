import { sql } from 'kysely';
import type { Database } from '../../src/platform/database/database.ts';

// A database that is put back to what it was, again and again: a hundredth of a copy's time, which is
// a thousand files. What is put back are rows, sequences and the partitions of usage_records; nothing
// that the program does at work makes or drops anything else.

const usersTables = sql`
  c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema', 'kept')`;

/** Statements that answer with statements, one a row. */
async function written(db: Database, query: ReturnType<typeof sql<{ statement: string }>>): Promise<string[]> {
  return (await query.execute(db)).rows.map((row) => row.statement);
}

/** Keeps what the database holds now; nobody else may be writing. Returns what puts it back, on a superuser's connection. */
export async function keepDatabase(db: Database): Promise<(db: Database) => Promise<void>> {
  const run = (on: Database, statements: readonly string[]) => sql.raw(statements.join(';\n')).execute(on);
  const copies = await written(
    db,
    sql<{ statement: string }>`
      SELECT format('CREATE TABLE kept.%I AS TABLE %s', n.nspname || '.' || c.relname, c.oid::regclass) AS statement
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${usersTables}`,
  );
  await run(db, ['DROP SCHEMA IF EXISTS kept CASCADE', 'CREATE SCHEMA kept', ...copies]);
  const partitions = await written(
    db,
    sql<{ statement: string }>`
      SELECT format('CREATE TABLE IF NOT EXISTS %s PARTITION OF %s %s', c.oid::regclass, i.inhparent::regclass,
                    pg_get_expr(c.relpartbound, c.oid)) AS statement
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'`,
  );
  const rows = await written(
    db,
    sql<{ statement: string }>`
      SELECT format('DELETE FROM %1$s; INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM kept.%3$I',
                    c.oid::regclass, string_agg(quote_ident(a.attname), ', '), n.nspname || '.' || c.relname) AS statement
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      WHERE ${usersTables} GROUP BY c.oid, n.nspname, c.relname`,
  );
  const disabled = await written(
    db,
    sql<{ statement: string }>`
      SELECT DISTINCT format('ALTER TABLE %s DISABLE TRIGGER USER', tgrelid::regclass) AS statement
      FROM pg_trigger WHERE NOT tgisinternal`,
  );
  const asOwner = await written(
    db,
    sql<{ statement: string }>`SELECT format('SET LOCAL ROLE %I', current_user) AS statement`,
  );
  const sequences = await written(
    db,
    sql<{ statement: string }>`
      SELECT format('SELECT setval(%L, %s, %L)', format('%I.%I', schemaname, sequencename),
                    coalesce(last_value, start_value), last_value IS NOT NULL) AS statement
      FROM pg_sequences`,
  );

  return async (on) => {
    const added = await written(
      on,
      sql<{ statement: string }>`
        SELECT format('DROP TABLE %s', c.oid::regclass) AS statement
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE ${usersTables} AND to_regclass(format('kept.%I', n.nspname || '.' || c.relname)) IS NULL`,
    );
    // One message is one transaction. What it makes belongs to whom all else does. Triggers and references are about changes; this is none. Ours fire whatever the
    // setting says.
    const silent = ['SET LOCAL session_replication_role = replica', ...asOwner, ...disabled];
    await run(on, [...silent, ...added, ...partitions, ...rows, ...sequences, 'CALL arm_triggers()']);
  };
}
