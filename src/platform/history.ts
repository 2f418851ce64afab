import { type RawBuilder, sql } from 'kysely';
import { insertOfChanges, type Topic } from './changes.ts';
import type { UnitOfWork } from './database/database.ts';
import { statement } from './database/statement.ts';
import type { TemporaryTable } from './database/temporary-table.ts';

/** A table with the two time axes: valid_from, valid_to, recorded_at, superseded_at. */
export interface HistoryTable {
  readonly table: string;
  /** Its identity column, never written here. */
  readonly id: string;
  /** What the intervals of one history share; rows of one key never overlap. */
  readonly key: readonly string[];
  /** Everything else that a row says. What remains of a cut row keeps these. */
  readonly values: readonly string[];
}

/** What supersedes: a column beside superseded_at that says so, and its value. */
export interface Superseding {
  readonly column: string;
  readonly id: number;
}

export interface Rewritten {
  readonly superseded: number;
  readonly inserted: number;
}

/**
 * Rewrites what is believed, set-based. `staged` is a temporary table with the history's key
 * and value columns, valid_from, valid_to, and `asserted boolean`: over each staged interval the
 * staged values hold from now on; where `asserted` is false, nothing holds there.
 *
 * Rows that overlap a staged interval are superseded at `recordedAt`, and what they said outside
 * of it is inserted again. Staged intervals of one key must not overlap each other and must
 * differ from what is believed: a caller stages changes only, so that nothing changed writes
 * nothing. With `change`, each staged interval is appended to the log of changes; its subject is the
 * first column of the key, and its topic may be an expression over the staged row `s`, which sees what was believed
 * before. With `superseding`, the superseded rows say by what.
 */
export async function rewriteHistory(
  trx: UnitOfWork,
  history: HistoryTable,
  staged: TemporaryTable,
  recordedAt: Temporal.Instant,
  change?: { readonly topic: Topic | RawBuilder<Topic>; readonly cause: string },
  superseding?: Superseding,
): Promise<Rewritten> {
  const table = sql.table(history.table);
  const id = sql.ref(history.id);
  const names = [...history.key, ...history.values];
  const columns = sql.join(names.map((name) => sql.ref(name)));
  const list = (of: string) => sql.join(names.map((name) => sql.ref(`${of}.${name}`)));
  const sameKey = sql.join(
    history.key.map((name) => sql`t.${sql.ref(name)} = s.${sql.ref(name)}`),
    sql` AND `,
  );

  // A clock that went back must not make a belief end before it began.
  const by = superseding === undefined ? sql`` : sql`, ${sql.ref(superseding.column)} = ${superseding.id}`;
  const changed =
    change === undefined
      ? sql``
      : sql`, changed AS (${insertOfChanges(
          sql`topic`,
          change.cause,
          recordedAt,
          sql`SELECT ${change.topic} AS topic, ${sql.ref(history.key[0] as string)} AS subject, valid_from, valid_to FROM ${staged} s`,
        )})`;
  // What is asserted is inserted when all that it overlaps is superseded: the count is there only then.
  const { rows } = await statement<Rewritten>('platform.rewriteHistory')`
    WITH cut AS (
      SELECT t.${id} AS id,
             tstzmultirange(tstzrange(t.valid_from, t.valid_to)) - range_agg(tstzrange(s.valid_from, s.valid_to)) AS rest
      FROM ${table} t JOIN ${staged} s ON ${sameKey}
       AND t.valid_from < s.valid_to AND t.valid_to > s.valid_from
      WHERE t.superseded_at = 'infinity'
      GROUP BY t.${id}, t.valid_from, t.valid_to
    ), superseded AS (
      UPDATE ${table} t SET superseded_at = greatest(t.recorded_at, ${recordedAt}::timestamptz)${by}
      FROM cut c WHERE t.${id} = c.id
      RETURNING ${list('t')}, c.rest
    ), kept AS (
      INSERT INTO ${table} (${columns}, valid_from, valid_to, recorded_at, superseded_at)
      SELECT ${columns}, lower(part), upper(part), ${recordedAt}::timestamptz, 'infinity'
      FROM superseded, unnest(rest) AS part
      RETURNING 1
    ), asserted AS (
      INSERT INTO ${table} (${columns}, valid_from, valid_to, recorded_at, superseded_at)
      SELECT ${list('s')}, s.valid_from, s.valid_to, ${recordedAt}::timestamptz, 'infinity'
      FROM (SELECT count(*) FROM superseded) AS done, ${staged} s WHERE s.asserted
      RETURNING 1
    )${changed}
    SELECT (SELECT count(*) FROM superseded) AS superseded,
           (SELECT count(*) FROM kept) + (SELECT count(*) FROM asserted) AS inserted`.execute(trx);
  return rows[0]!;
}
