import { sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** How many resources of an account became known at or after an instant. */
export async function selectNewResources(
  db: Queryable,
  accountId: number,
  kind: string,
  since: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ resources: number }>('inventory.selectNewResources')`
    SELECT count(*) AS resources FROM resource_states
    WHERE account_id = ${accountId} AND kind = ${kind} AND superseded_at = 'infinity' AND valid_to = 'infinity'
      AND recorded_at >= ${since}`.execute(db);
  return rows[0]?.resources ?? 0;
}

/**
 * Makes a resource of each name that the account has none of, seen and alive from when the account is metered from, whenever
 * its first event comes: in whatever order they do, its owners are the same. Its state is all that is known of it. Those
 * of `deployment:<slug>` carry that as a tag.
 * @returns how many are new
 */
export async function insertSubjects(
  trx: UnitOfWork,
  { accountId, kind }: { readonly accountId: number; readonly kind: string },
  names: readonly string[],
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ id: number }>('inventory.insertSubjects.insert_resources')`
    INSERT INTO resources (account_id, kind, external_id, first_seen_at)
    SELECT account_id, ${kind}, subject, metered_from
    FROM accounts CROSS JOIN unnest(${[...names]}::text[]) AS subject WHERE account_id = ${accountId}
    ORDER BY subject ON CONFLICT (account_id, kind, external_id) DO NOTHING
    RETURNING resource_id AS id`.execute(trx);
  const ids = rows.map(({ id }) => id);
  await statement('inventory.insertSubjects.insert_resource_states')`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, tags, parents, attributes, source,
                                 valid_from, valid_to, recorded_at, superseded_at)
    SELECT resource_id, account_id, kind, external_id, 'active',
           CASE WHEN external_id LIKE 'deployment:%' THEN ARRAY[external_id] ELSE '{}' END, '{}', '{}', 'assumed',
           metered_from, 'infinity', ${now}, 'infinity'
    FROM resources JOIN accounts USING (account_id) WHERE resource_id = ANY (${ids}::bigint[])`.execute(trx);
  await appendChanges(
    trx,
    'resource',
    'state',
    now,
    sql`SELECT resource_id AS subject, metered_from AS valid_from, 'infinity'::timestamptz AS valid_to
        FROM resources JOIN accounts USING (account_id) WHERE resource_id = ANY (${ids}::bigint[])`,
  );
  return ids.length;
}

/**
 * A complete listing of a kind as of an instant, unless there is one of then or later.
 * @returns whether it is new
 */
export async function insertCompleteRun(
  trx: UnitOfWork,
  { accountId, kind }: { readonly accountId: number; readonly kind: string },
  through: Temporal.Instant,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('inventory.insertCompleteRun')`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome, seen, unread, written_order)
    SELECT ${accountId}::int, ${kind}::text, ${through}::timestamptz, greatest(${through}::timestamptz, ${now}::timestamptz), 'complete',
           (SELECT count(*) FROM resources WHERE account_id = ${accountId} AND kind = ${kind}), '[]', nextval('sync_runs_written')
    WHERE NOT EXISTS (SELECT FROM sync_runs WHERE account_id = ${accountId} AND kind = ${kind}
                      AND outcome = 'complete' AND started_at >= ${through})`.execute(trx);
  return numAffectedRows === 1n;
}
