import { type RawBuilder, sql } from 'kysely';
import type { Attributes } from '../cloud/index.ts';
import type { UnitOfWork, Session } from '../platform/database/database.ts';
import type { Believed, CompletedAction, ResourceState } from './timeline.ts';
import { type Observation, splitAtConnection, stagedStates } from './sync.store.ts';
import { statement } from '../platform/database/statement.ts';

// The provider's action log as it was read, and what the timelines of droplets are made from.

/** How far the action log was read; the first reading begins where metering does. */
interface ActionPosition {
  /** The newest action that a whole reading has shown began then. */
  readonly readThrough: Temporal.Instant;
  /** Whether a reading was whole since `dayStart`. */
  readonly readToday: boolean;
}

export async function selectActionPosition(
  conn: Session,
  accountId: number,
  dayStart: Temporal.Instant,
): Promise<ActionPosition> {
  const { rows } = await statement<ActionPosition>('inventory.selectActionPosition')`
    SELECT coalesce(r.read_through, least(a.connected_at, a.metered_from)) AS "readThrough",
           coalesce(r.started_at >= ${dayStart}, false) AS "readToday"
    FROM accounts a
    LEFT JOIN LATERAL (
      SELECT read_through, started_at FROM sync_runs
      WHERE account_id = a.account_id AND kind = 'action' AND outcome = 'complete' ORDER BY started_at DESC LIMIT 1) r ON true
    WHERE a.account_id = ${accountId}`.execute(conn);
  return rows[0]!;
}

/** Actions that were in progress when they were last read, without those just `listed`; others in each run. */
export async function selectOpenActions(
  conn: Session,
  { accountId, syncRunId }: Observation,
  listed: readonly string[],
  limit: number,
): Promise<string[]> {
  const { rows } = await statement<{ id: string }>('inventory.selectOpenActions')`
    SELECT external_id AS id FROM provider_actions
    WHERE account_id = ${accountId} AND status = 'in-progress' AND external_id <> ALL(${listed}::text[])
    ORDER BY hashtextextended(external_id, ${syncRunId}) LIMIT ${limit}`.execute(conn);
  return rows.map(({ id }) => id);
}

/** The provider knows these actions no longer. */
export async function forgetActions(conn: Session, accountId: number, externalIds: readonly string[]): Promise<void> {
  await statement('inventory.forgetActions')`
    UPDATE provider_actions SET status = 'gone'
    WHERE account_id = ${accountId} AND external_id = ANY(${externalIds}::text[])`.execute(conn);
}

/** Keeps a page of actions: a JSON array of ProviderAction in snake_case, with `ord`. */
export async function upsertActions(
  conn: Session,
  observation: Observation,
  json: string,
): Promise<{ new: number; changed: number }> {
  const { rows } = await statement<{ new: number; changed: number }>('inventory.upsertActions')`
    WITH listed AS (
      SELECT DISTINCT ON (external_id) * FROM json_to_recordset(${json}::json) AS p(
        ord bigint, external_id text COLLATE "C", type text COLLATE "C", status text COLLATE "C",
        resource_kind text COLLATE "C", resource_external_id text COLLATE "C", region text COLLATE "C",
        started_at timestamptz, completed_at timestamptz, payload jsonb)
      ORDER BY external_id, ord DESC
    ), known AS MATERIALIZED (
      SELECT a.external_id FROM provider_actions a JOIN listed l USING (external_id)
      WHERE a.account_id = ${observation.accountId}
    ), written AS (
      INSERT INTO provider_actions (account_id, external_id, type, status, resource_kind, resource_external_id, region,
                                    started_at, completed_at, payload, seen_at)
      SELECT ${observation.accountId}::int, external_id, type, status, resource_kind, resource_external_id, region,
             started_at, completed_at, payload, ${observation.observedAt}::timestamptz
      FROM listed
      ON CONFLICT (account_id, external_id) DO UPDATE
        SET type = excluded.type, status = excluded.status, started_at = excluded.started_at,
            completed_at = excluded.completed_at, payload = excluded.payload, seen_at = excluded.seen_at, applied_at = NULL, applied_by_run = NULL
        WHERE (provider_actions.type, provider_actions.status, provider_actions.started_at, provider_actions.completed_at)
          IS DISTINCT FROM (excluded.type, excluded.status, excluded.started_at, excluded.completed_at)
      RETURNING external_id
    )
    SELECT count(*) FILTER (WHERE k.external_id IS NULL) AS new, count(k.external_id) AS changed
    FROM written w LEFT JOIN known k USING (external_id)`.execute(conn);
  return rows[0]!;
}

/** A listing that showed all of a kind that is believed alive then, but for those in the parts that it could not read. */
export interface Sighting {
  readonly at: Temporal.Instant;
  readonly unread: readonly Attributes[];
}

/** The last sighting of each of these kinds that has one. */
export async function selectLastSightings(
  conn: Session,
  accountId: number,
  kinds: readonly string[],
): Promise<Map<string, Sighting>> {
  const { rows } = await statement<Sighting & { kind: string }>('inventory.selectLastSightings')`
    SELECT k.kind, r.at, r.unread
    FROM unnest(${kinds}::text[]) AS k(kind) CROSS JOIN LATERAL (
      SELECT started_at AS at, unread FROM sync_runs
      WHERE account_id = ${accountId} AND kind = k.kind AND unread IS NOT NULL AND outcome <> 'reverted'
      ORDER BY started_at DESC LIMIT 1) r`.execute(conn);
  return new Map(rows.map(({ kind, ...sighting }) => [kind, sighting]));
}

/** The words for what the completed actions are about of which history does not know yet; null: they have none. */
export async function selectUnappliedWords(conn: Session, accountId: number): Promise<(string | null)[]> {
  const { rows } = await statement<{ word: string | null }>('inventory.selectUnappliedWords')`
    SELECT DISTINCT resource_kind AS word FROM provider_actions
    WHERE account_id = ${accountId} AND applied_at IS NULL AND status = 'completed'`.execute(conn);
  return rows.map(({ word }) => word);
}

/** The ids of those of a kind that a sighting could not see. */
function unseen(accountId: number, kind: string, { unread }: Sighting): RawBuilder<unknown> {
  return sql`(
    SELECT r.external_id FROM resource_states s JOIN resources r USING (resource_id)
    WHERE s.account_id = ${accountId} AND s.kind = ${kind} AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
      AND s.attributes @> ANY (SELECT value FROM jsonb_array_elements(${JSON.stringify(unread)}::jsonb)))`;
}

/** A kind of resources, and the word by which actions call it. */
export interface Subject {
  readonly kind: string;
  readonly word: string;
}

export interface DueResource {
  readonly resourceId: number;
  readonly externalId: string;
  readonly firstSeen: Temporal.Instant;
  readonly first: Temporal.Instant;
  readonly last: Temporal.Instant;
}

/**
 * Resources with telling actions, completed before the sighting, that history does not know of yet: by the first of
 * these, beyond `after`.
 */
export async function selectDueResources(
  trx: UnitOfWork,
  accountId: number,
  { kind, word }: Subject,
  sighting: Sighting,
  types: readonly string[],
  after: DueResource | undefined,
  limit: number,
): Promise<DueResource[]> {
  const beyond =
    after === undefined
      ? sql``
      : sql`HAVING (min(a.completed_at), r.resource_id) > (${after.first}::timestamptz, ${after.resourceId}::bigint)`;
  const { rows } = await statement<DueResource>('inventory.selectDueResources')`
    SELECT r.resource_id AS "resourceId", r.external_id AS "externalId", r.first_seen_at AS "firstSeen",
           min(a.completed_at) AS first, max(a.completed_at) AS last
    FROM provider_actions a
    JOIN resources r ON r.account_id = a.account_id AND r.kind = ${kind} AND r.external_id = a.resource_external_id
    WHERE a.account_id = ${accountId} AND a.applied_at IS NULL AND a.status = 'completed'
      AND a.completed_at < ${sighting.at} AND a.resource_kind = ${word} AND a.type = ANY(${types}::text[])
      AND a.resource_external_id <> ALL ${unseen(accountId, kind, sighting)}
    GROUP BY r.resource_id ${beyond} ORDER BY min(a.completed_at), r.resource_id LIMIT ${limit}`.execute(trx);
  return rows;
}

/** When the actions were completed, before a time, that do not say which resource of a kind they are about and that history does not know of yet. */
export async function selectDueAnonymous(
  trx: UnitOfWork,
  accountId: number,
  word: string,
  types: readonly string[],
  before: Temporal.Instant,
): Promise<{ first: Temporal.Instant; last: Temporal.Instant } | null> {
  const { rows } = await statement<{ first: Temporal.Instant | null; last: Temporal.Instant | null }>(
    'inventory.selectDueAnonymous',
  )`
    SELECT min(completed_at) AS first, max(completed_at) AS last FROM provider_actions
    WHERE account_id = ${accountId} AND applied_at IS NULL AND status = 'completed' AND completed_at < ${before}
      AND resource_kind = ${word} AND resource_external_id IS NULL AND type = ANY(${types}::text[])`.execute(trx);
  const { first, last } = rows[0]!;
  return first === null || last === null ? null : { first, last };
}

/** All of a kind, with these attributes, that were anywhere in [from, to]. */
export async function selectLiving(
  trx: UnitOfWork,
  accountId: number,
  kind: string,
  having: Attributes,
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('inventory.selectLiving')`
    SELECT DISTINCT resource_id AS id FROM resource_states
    WHERE account_id = ${accountId} AND kind = ${kind} AND superseded_at = 'infinity'
      AND valid_from <= ${to} AND valid_to >= ${from} AND attributes @> ${JSON.stringify(having)}::jsonb`.execute(trx);
  return rows.map(({ id }) => id);
}

/** The droplets whose lives ended in [from, to], as parents are called. */
export async function selectEndedDroplets(
  trx: UnitOfWork,
  accountId: number,
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<{ droplet: string; at: Temporal.Instant }[]> {
  const { rows } = await statement<{ droplet: string; at: Temporal.Instant }>('inventory.selectEndedDroplets')`
    SELECT 'droplet:' || r.external_id AS droplet, max(s.valid_to) AS at
    FROM resource_states s JOIN resources r USING (resource_id)
    WHERE s.account_id = ${accountId} AND s.kind = 'droplet' AND s.superseded_at = 'infinity'
    GROUP BY r.external_id HAVING max(s.valid_to) BETWEEN ${from} AND ${to}`.execute(trx);
  return rows;
}

/**
 * The sightings of a kind around a time, in order. From the last one before `first` (none: from the beginning) to
 * the first one after `last`.
 */
export async function selectSightings(
  trx: UnitOfWork,
  accountId: number,
  kind: string,
  first: Temporal.Instant,
  last: Temporal.Instant,
): Promise<Sighting[]> {
  const sightings = sql`account_id = ${accountId} AND kind = ${kind} AND unread IS NOT NULL AND outcome <> 'reverted'`;
  const { rows } = await statement<Sighting>('inventory.selectSightings')`
    SELECT DISTINCT ON (started_at) started_at AS at, unread FROM sync_runs
    WHERE ${sightings}
      AND started_at >= coalesce((SELECT max(started_at) FROM sync_runs WHERE ${sightings} AND started_at < ${first}), '-infinity')
      AND started_at <= coalesce((SELECT min(started_at) FROM sync_runs WHERE ${sightings} AND started_at > ${last}), 'infinity')
    ORDER BY started_at, jsonb_array_length(unread)`.execute(trx);
  return rows;
}

export interface BelievedRow extends Believed {
  readonly resourceId: number;
  /** When a listing showed it so; null where something else says so. */
  readonly seenAt: Temporal.Instant | null;
}

/** What is believed of some resources anywhere in [from, to]. */
export async function selectBelieved(
  trx: UnitOfWork,
  resourceIds: readonly number[],
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<BelievedRow[]> {
  const { rows } = await statement<Omit<BelievedRow, 'state'> & ResourceState>('inventory.selectBelieved')`
    SELECT s.resource_id AS "resourceId", s.valid_from AS "from", s.valid_to AS "to", u.started_at AS "seenAt",
           s.name, s.status, s.region, s.tags, s.parents, s.attributes
    FROM resource_states s
    LEFT JOIN sync_runs u ON u.sync_run_id = s.sync_run_id AND s.source = 'listing' AND u.started_at BETWEEN ${from} AND ${to}
    WHERE s.resource_id = ANY(${resourceIds}::bigint[]) AND s.superseded_at = 'infinity'
      AND s.valid_from <= ${to} AND s.valid_to >= ${from}
    ORDER BY s.resource_id, s.valid_from`.execute(trx);
  return rows.map(({ resourceId, from: validFrom, to: validTo, seenAt, ...state }) => ({
    resourceId,
    from: validFrom,
    to: validTo,
    seenAt,
    state,
  }));
}

/** The telling actions of some resources that were completed in [from, until], in order; null: of none in particular. */
export async function selectCompletedActions(
  trx: UnitOfWork,
  accountId: number,
  word: string,
  externalIds: readonly string[] | null,
  types: readonly string[],
  from: Temporal.Instant,
  until: Temporal.Instant,
): Promise<KnownAction[]> {
  const about =
    externalIds === null ? sql`resource_external_id IS NULL` : sql`resource_external_id = ANY(${externalIds}::text[])`;
  const { rows } = await statement<KnownAction>('inventory.selectCompletedActions')`
    SELECT resource_external_id AS "externalId", region, type, completed_at AS "completedAt"
    FROM provider_actions
    WHERE account_id = ${accountId} AND resource_kind = ${word} AND ${about}
      AND status = 'completed' AND type = ANY(${types}::text[]) AND completed_at >= ${from} AND completed_at <= ${until}
    ORDER BY completed_at, started_at, length(external_id), external_id`.execute(trx);
  return rows;
}

interface KnownAction extends CompletedAction {
  readonly externalId: string | null;
  readonly region: string | null;
}

/** Stages corrections for rewriteStates: a JSON array in snake_case, attributes null where it was gone. */
export async function stageCorrections(
  trx: UnitOfWork,
  observation: Observation,
  kind: string,
  json: string,
): Promise<void> {
  await statement('inventory.stageCorrections')`
    ${stagedStates(observation.staging)}
    SELECT l.resource_id, ${observation.accountId}, ${kind}, l.name, l.status, l.region, l.tags, l.parents, l.attributes,
           part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, l.attributes IS NOT NULL
    FROM json_to_recordset(${json}::json) AS l(
      resource_id bigint, name text, status text COLLATE "C", region text, tags text[] COLLATE "C", parents text[] COLLATE "C",
      attributes jsonb, valid_from timestamptz, valid_to timestamptz)
    ${splitAtConnection(sql`l.valid_from`, sql`l.valid_to`, observation.connectedAt, 'action')}`.execute(trx);
}

/**
 * Notes that history knows of actions completed before a sighting of what they are about; of these of which the
 * sighting saw everything that they may be about.
 */
export async function markApplied(
  conn: Session,
  { accountId, syncRunId }: Observation,
  { kind, word }: Subject,
  sighting: Sighting,
  now: Temporal.Instant,
): Promise<void> {
  const anonymous = sighting.unread.length === 0 ? sql`resource_external_id IS NULL OR` : sql``;
  await statement('inventory.markApplied')`
    UPDATE provider_actions SET applied_at = ${now}::timestamptz, applied_by_run = ${syncRunId}::bigint
    WHERE account_id = ${accountId} AND applied_at IS NULL AND status = 'completed' AND completed_at < ${sighting.at}
      AND resource_kind = ${word}
      AND (${anonymous} resource_external_id <> ALL ${unseen(accountId, kind, sighting)})`.execute(conn);
}

/** Notes that history needs to know nothing of actions about other things than these, completed before a time. */
export async function markOthers(
  conn: Session,
  { accountId, syncRunId }: Observation,
  words: readonly string[],
  before: Temporal.Instant,
  now: Temporal.Instant,
): Promise<void> {
  await statement('inventory.markOthers')`
    UPDATE provider_actions SET applied_at = ${now}::timestamptz, applied_by_run = ${syncRunId}::bigint
    WHERE account_id = ${accountId} AND applied_at IS NULL AND status = 'completed' AND completed_at < ${before}
      AND (resource_kind IS NULL OR resource_kind <> ALL(${words}::text[]))`.execute(conn);
}
