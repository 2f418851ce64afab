import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Session } from '../platform/database/database.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import { statement } from '../platform/database/statement.ts';
import type { DetailedKind } from '../cloud/index.ts';
import type { BelievedSettings } from './settings-timeline.ts';
import {
  birth,
  dated,
  earlierLives,
  type Observation,
  splitAtConnection,
  type Staging,
  supersededBy,
} from './sync.store.ts';

// How settings become history. A listing stages those of the resources of which it has anything new to say;
// what the scopes of the token hide is put back; what is then other than before is written in the listing's
// own transaction.

export const settingsHistory: HistoryTable = {
  table: 'resource_settings',
  id: 'resource_setting_id',
  key: ['resource_id'],
  values: ['settings', 'hidden', 'source', 'sync_run_id', 'recorded_by'],
};

/** Whether the value of a key says nothing: a field that a token may not see can look so. */
function isEmpty(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce(${value}, 'null') IN ('null', '[]', '""')`;
}

/** Whether a row of what was staged says anything else than what is believed. */
const differs = sql`(settings, hidden) IS DISTINCT FROM (known, known_hidden)`;

/**
 * Stages settings: a JSON array of `{"ord", "kind", "external_id", "settings", "untold"}`, of resources that are staged. Keys that are
 * not told keep what was known. Of how many they are other than before, or not all told.
 */
export async function stageSettings(conn: Session, observation: Observation, json: string): Promise<number> {
  const { rows } = await statement<{ differing: number }>('inventory.stageSettings')`
    WITH listed AS (
      SELECT p.ord, p.kind, p.settings AS told, p.untold, k.settings AS known, k.hidden AS known_hidden
      FROM json_to_recordset(${json}::json) AS p(
        ord bigint, kind text COLLATE "C", external_id text COLLATE "C", settings jsonb, untold text[] COLLATE "C")
      LEFT JOIN resources r ON r.account_id = ${observation.accountId} AND r.kind = p.kind AND r.external_id = p.external_id
      LEFT JOIN LATERAL (
        SELECT k.settings, k.hidden FROM resource_settings k
        WHERE k.resource_id = r.resource_id AND k.superseded_at = 'infinity'
        ORDER BY k.valid_from DESC LIMIT 1) k ON true
    ), staged AS (
      INSERT INTO ${observation.staging.settings} (ord, kind, told, untold, known, known_hidden, settings, hidden)
      SELECT ord, kind, told, untold, known, known_hidden, CASE WHEN untold = '{}' OR known IS NULL THEN told ELSE (
               SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(known)
               WHERE key = ANY(untold) OR EXISTS (
                 SELECT FROM unnest(untold) AS place WHERE place LIKE '%/' AND starts_with(key, place))) || told END,
             '{}'
      FROM listed
      RETURNING settings, hidden, known, known_hidden, untold
    )
    SELECT count(*) AS differing FROM staged WHERE untold <> '{}' OR ${differs}`.execute(conn);
  return rows[0]!.differing;
}

/** A kind with the keys of its settings that need a scope of their own. */
interface ScopedKeys {
  readonly kind: string;
  readonly fields: readonly string[];
}

/**
 * Of these keys, those that seem to be empty wherever the listing tells of them anew, and are not believed to be, or of
 * which nothing is known in any resource of the kind: nothing shows that the token may see them.
 */
export async function selectEmptiedSettings(
  conn: Session,
  { accountId, staging }: Observation,
  scoped: readonly ScopedKeys[],
): Promise<{ kind: string; fields: string[] }[]> {
  const { rows } = await statement<{ kind: string; fields: string[] }>('inventory.selectEmptiedSettings')`
    SELECT c.kind, array_agg(f.field ORDER BY f.field) AS fields
    FROM jsonb_to_recordset(${JSON.stringify(scoped)}::jsonb) AS c(kind text, fields text[]), unnest(c.fields) AS f(field)
    WHERE EXISTS (
        SELECT FROM ${staging.settings} s
        WHERE s.kind = c.kind AND (s.told ? f.field OR f.field = ANY(s.untold)) AND ${isEmpty(sql`s.told -> f.field`)}
          AND (f.field = ANY(s.known_hidden) OR NOT ${isEmpty(sql`s.known -> f.field`)} OR (s.known IS NULL AND NOT EXISTS (
            SELECT FROM resources r JOIN resource_settings k USING (resource_id)
            WHERE r.account_id = ${accountId} AND r.kind = c.kind AND k.superseded_at = 'infinity' AND k.valid_to = 'infinity'
              AND k.settings ? f.field AND f.field <> ALL(k.hidden)))))
      AND NOT EXISTS (SELECT FROM ${staging.settings} s WHERE s.kind = c.kind AND NOT ${isEmpty(sql`s.told -> f.field`)})
    GROUP BY c.kind ORDER BY c.kind`.execute(conn);
  return rows;
}

/**
 * Gives settings of a kind back what was known of keys that the token may not see, and names these keys; also where
 * the listing had nothing new to tell. Of how many something was known.
 */
export async function restoreSettings(
  conn: Session,
  observation: Observation,
  kind: string,
  fields: readonly string[],
): Promise<number> {
  await statement('inventory.restoreSettings.insert_sync_settings')`
    INSERT INTO ${observation.staging.settings} (ord, kind, told, untold, known, known_hidden, settings, hidden)
    SELECT l.ord, l.kind, k.settings, '{}', k.settings, k.hidden, k.settings, '{}'
    FROM ${observation.staging.listing} l
    JOIN resource_settings k ON k.resource_id = l.resource_id AND k.superseded_at = 'infinity' AND k.valid_to = 'infinity'
    WHERE l.kind = ${kind} AND l.kind = ANY(${observation.kinds}::text[]) AND NOT l.settings_wanted
      AND EXISTS (SELECT FROM unnest(${fields}::text[]) AS f(field)
                  WHERE k.settings ? f.field AND ${isEmpty(sql`k.settings -> f.field`)})`.execute(conn);
  const { rows } = await statement<{ kept: number }>('inventory.restoreSettings.update_sync_settings')`
    WITH restored AS (
      UPDATE ${observation.staging.settings} s
      SET settings = (s.settings - h.keys) || (
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.known) WHERE key = ANY(h.keys)),
          hidden = h.keys
      FROM ${observation.staging.settings} x
      CROSS JOIN LATERAL (
        SELECT ARRAY(SELECT f.field COLLATE "C" FROM unnest(${fields}::text[]) AS f(field)
                     WHERE (x.told ? f.field OR f.field = ANY(x.untold)) AND ${isEmpty(sql`x.told -> f.field`)}
                     ORDER BY 1) AS keys) h
      WHERE x.kind = ${kind} AND s.ord = x.ord AND s.kind = x.kind AND h.keys <> '{}'
      RETURNING s.known ?| h.keys AS kept
    )
    SELECT count(*) FILTER (WHERE kept) AS kept FROM restored`.execute(conn);
  return rows[0]!.kept;
}

/** Whether a key of what was staged lies in places (keys, or with a `/` at the end all beneath them). */
const inPlaces = (places: readonly string[]) => sql`(key = ANY(${places}::text[]) OR EXISTS (
  SELECT FROM unnest(${places}::text[]) AS place WHERE place LIKE '%/' AND starts_with(key, place)))`;

/**
 * Notes the listed resources of which settings are to be read that the listing does not tell: where there is
 * reason to, or where they were not read since `dayStart`. How many these are.
 */
export async function markDueDetails(
  conn: Session,
  staging: Staging,
  kind: string,
  { having, readOn }: DetailedKind,
  dayStart: Temporal.Instant,
): Promise<number> {
  const reason =
    readOn === 'another answer'
      ? sql`x.payload_new`
      : sql`(s.ord IS NOT NULL AND (s.settings, s.hidden) IS DISTINCT FROM (s.known, s.known_hidden))`;
  const { numAffectedRows } = await statement('inventory.markDueDetails')`
    UPDATE ${staging.listing} l SET details = CASE WHEN ${reason} THEN 'due' ELSE 'routine' END
    FROM ${staging.listing} x
    LEFT JOIN ${staging.settings} s ON s.ord = x.ord
    LEFT JOIN resource_payloads d ON d.resource_id = x.resource_id
    LEFT JOIN resource_settings k ON k.resource_id = x.resource_id AND k.superseded_at = 'infinity' AND k.valid_to = 'infinity'
    WHERE l.ord = x.ord AND l.kind = ${kind} AND x.kind = ${kind}
      AND coalesce(s.settings, k.settings) @> ${JSON.stringify(having)}::jsonb
      AND (d.details_at IS NULL OR d.details_at < ${dayStart} OR ${reason})`.execute(conn);
  return Number(numAffectedRows ?? 0n);
}

/** Some of those that are due, and some of the others: first those that wait longest. */
export async function selectDueDetails(
  conn: Session,
  staging: Staging,
  kind: string,
  { oneByOneMax, routineMax }: DetailedKind,
): Promise<string[]> {
  const { rows } = await statement<{ id: string }>('inventory.selectDueDetails')`
    (SELECT external_id AS id FROM ${staging.listing} WHERE kind = ${kind} AND details = 'due' ORDER BY ord LIMIT ${oneByOneMax})
    UNION ALL
    (SELECT l.external_id FROM ${staging.listing} l LEFT JOIN resource_payloads d USING (resource_id)
     WHERE l.kind = ${kind} AND l.details = 'routine' ORDER BY d.details_at NULLS FIRST, l.ord LIMIT ${routineMax})`.execute(
    conn,
  );
  return rows.map(({ id }) => id);
}

/**
 * Stages settings that were read beside the listing: a JSON array of `{"external_id", "settings", "untold"}`. They say
 * all that there is in these places, but for what is not told. Of those that are not due nothing is staged.
 */
export async function stageDetails(
  conn: Session,
  staging: Staging,
  kind: string,
  places: readonly string[],
  json: string,
): Promise<number> {
  await statement('inventory.stageDetails.insert_sync_settings')`
    INSERT INTO ${staging.settings} (ord, kind, told, untold, known, known_hidden, settings, hidden)
    SELECT l.ord, l.kind, k.settings, '{}', k.settings, k.hidden, k.settings, '{}'
    FROM json_to_recordset(${json}::json) AS p(external_id text COLLATE "C")
    JOIN ${staging.listing} l ON l.kind = ${kind} AND l.external_id = p.external_id AND l.details IN ('due', 'routine')
    JOIN resource_settings k ON k.resource_id = l.resource_id AND k.superseded_at = 'infinity' AND k.valid_to = 'infinity'
    WHERE NOT EXISTS (SELECT FROM ${staging.settings} s WHERE s.ord = l.ord)`.execute(conn);
  const { rows } = await statement<{ differing: number }>('inventory.stageDetails.update_sync_settings')`
    WITH told AS (
      UPDATE ${staging.listing} l SET details = 'read'
      FROM json_to_recordset(${json}::json) AS p(external_id text COLLATE "C", settings jsonb, untold text[] COLLATE "C")
      WHERE l.kind = ${kind} AND l.external_id = p.external_id AND l.details IN ('due', 'routine')
      RETURNING l.ord, p.settings, p.untold
    ), written AS (
      UPDATE ${staging.settings} s
      SET told = s.told || t.settings, settings = t.settings || (
            SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.settings)
            WHERE NOT ${inPlaces(places)} OR key = ANY(t.untold) OR EXISTS (
              SELECT FROM unnest(t.untold) AS place WHERE place LIKE '%/' AND starts_with(key, place)))
      FROM told t WHERE t.ord = s.ord
      RETURNING s.settings, s.hidden, s.known, s.known_hidden
    )
    SELECT count(*) AS differing FROM written WHERE ${differs}`.execute(conn);
  return rows[0]!.differing;
}

/** Notes when details were read; of those that should have been and were not, that they still are to be. */
export async function writeDetailsRead(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.writeDetailsRead')`
    UPDATE resource_payloads d SET details_at = r.details_at
    FROM (SELECT resource_id, CASE details WHEN 'read' THEN ${observation.observedAt}::timestamptz END AS details_at
          FROM ${observation.staging.listing} WHERE details IN ('due', 'read')) r
    WHERE d.resource_id = r.resource_id AND d.details_at IS DISTINCT FROM r.details_at`.execute(trx);
}

const stagedSettings = ({ newSettings }: Staging): RawBuilder<unknown> => sql`
  INSERT INTO ${newSettings} (resource_id, settings, hidden, source, sync_run_id, valid_from, valid_to, asserted)`;

/**
 * Stages what settings are from now on, where they are other than before: of a new life from its birth, of a
 * life that goes on from when it was seen, as states are (see stageComebacks). Before the states are rewritten.
 */
export async function stageSettingPhases(trx: UnitOfWork, observation: Observation): Promise<void> {
  const { syncRunId, observedAt } = observation;
  await statement('inventory.stageSettingPhases')`
    ${stagedSettings(observation.staging)}
    WITH listed AS MATERIALIZED (
      SELECT l.resource_id, l.change, l.created_at, s.settings, s.hidden, k.settings AS old_settings, k.hidden AS old_hidden,
             k.valid_from AS known_from, k.valid_to AS known_to, coalesce(l.created_at <= k.valid_to, false) AS unbroken,
             (k.settings, k.hidden) IS NOT DISTINCT FROM (s.settings, s.hidden) AS same
      FROM ${observation.staging.settings} s
      JOIN ${observation.staging.listing} l USING (ord)
      LEFT JOIN LATERAL (
        SELECT * FROM resource_settings k WHERE k.resource_id = l.resource_id AND k.superseded_at = 'infinity'
        ORDER BY k.valid_from DESC LIMIT 1) k ON true
    )
    SELECT resource_id, settings, hidden, part.source, ${syncRunId}::bigint, part.valid_from, part.valid_to, true
    FROM listed l
    ${splitAtConnection(
      sql`CASE WHEN l.change = 'born' THEN ${birth(observation)} ELSE ${observedAt}::timestamptz END`,
      sql`'infinity'::timestamptz`,
      observation.connectedAt,
      'listing',
    )}
    WHERE known_from IS NULL
    UNION ALL
    SELECT resource_id, settings, hidden, 'listing', ${syncRunId}::bigint,
           greatest(known_from, ${observedAt}::timestamptz), 'infinity', true
    FROM listed WHERE known_to = 'infinity' AND NOT same
    UNION ALL
    SELECT resource_id, old_settings, old_hidden, 'listing', ${syncRunId}::bigint, known_to, ${observedAt}::timestamptz, true
    FROM listed WHERE known_to < ${observedAt} AND unbroken AND NOT same
    UNION ALL
    SELECT resource_id, settings, hidden, 'listing', ${syncRunId}::bigint,
           CASE WHEN unbroken AND same THEN known_to
                WHEN unbroken THEN greatest(known_to, ${observedAt}::timestamptz)
                ELSE greatest(known_to, ${birth(observation)}) END,
           'infinity', true
    FROM listed l WHERE known_to < 'infinity'`.execute(trx);
}

/** Stages the beginning of settings of lives that begin earlier than was known: as they were first. */
export async function stageEarlierSettings(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageEarlierSettings')`
    ${stagedSettings(observation.staging)}
    SELECT k.resource_id, k.settings, k.hidden, part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, true
    FROM (SELECT * FROM ${observation.staging.listing} WHERE ${dated}) l
    JOIN LATERAL (
      SELECT min(valid_from) AS since FROM resource_states s
      WHERE s.resource_id = l.resource_id AND s.superseded_at = 'infinity') life ON true
    JOIN resource_settings k ON k.resource_id = l.resource_id AND k.superseded_at = 'infinity' AND k.valid_from = life.since
    ${splitAtConnection(birth(observation), sql`k.valid_from`, observation.connectedAt, 'listing')}`.execute(trx);
}

/** Stages the beginnings of settings of lives that prove to have begun earlier: as they were first. */
export async function stageSettingBeginnings(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageSettingBeginnings')`
    ${stagedSettings(observation.staging)}
    SELECT e.resource_id, k.settings, k.hidden, part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, true
    FROM ${earlierLives(observation.staging)} e
    JOIN resource_settings k ON k.resource_id = e.resource_id AND k.superseded_at = 'infinity'
      AND k.valid_from <= e.since AND k.valid_to > e.since
    ${splitAtConnection(sql`e.valid_from`, sql`least(e.valid_to, k.valid_from)`, observation.connectedAt, 'action')}`.execute(
    trx,
  );
}

/** Stages the ends of settings with the ends of states that are staged: what is gone has none. */
export async function stageSettingEnds(trx: UnitOfWork, staging: Staging): Promise<void> {
  await statement('inventory.stageSettingEnds')`
    ${stagedSettings(staging)}
    SELECT s.resource_id, NULL, NULL, NULL, NULL, s.valid_from, s.valid_to, false
    FROM ${staging.newStates} s
    WHERE NOT s.asserted AND EXISTS (
      SELECT FROM resource_settings k
      WHERE k.resource_id = s.resource_id AND k.superseded_at = 'infinity'
        AND k.valid_to > s.valid_from AND k.valid_from < s.valid_to)`.execute(trx);
}

interface BelievedSettingsRow extends BelievedSettings {
  readonly resourceId: number;
  /** When a listing showed it so; null where something else says so. */
  readonly seenAt: Temporal.Instant | null;
}

/** What is believed of the settings of some resources anywhere in [from, to]. */
export async function selectBelievedSettings(
  trx: UnitOfWork,
  resourceIds: readonly number[],
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<BelievedSettingsRow[]> {
  const { rows } = await statement<BelievedSettingsRow>('inventory.selectBelievedSettings')`
    SELECT k.resource_id AS "resourceId", k.valid_from AS "from", k.valid_to AS "to", u.started_at AS "seenAt",
           k.settings, k.hidden
    FROM resource_settings k
    LEFT JOIN sync_runs u ON u.sync_run_id = k.sync_run_id AND k.source = 'listing' AND u.started_at BETWEEN ${from} AND ${to}
    WHERE k.resource_id = ANY(${resourceIds}::bigint[]) AND k.superseded_at = 'infinity'
      AND k.valid_from <= ${to} AND k.valid_to >= ${from}
    ORDER BY k.resource_id, k.valid_from`.execute(trx);
  return rows;
}

/** Stages corrections by actions: a JSON array in snake_case. */
export async function stageSettingCorrections(trx: UnitOfWork, observation: Observation, json: string): Promise<void> {
  await statement('inventory.stageSettingCorrections')`
    ${stagedSettings(observation.staging)}
    SELECT l.resource_id, l.settings, l.hidden, part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, true
    FROM json_to_recordset(${json}::json) AS l(
      resource_id bigint, settings jsonb, hidden text[] COLLATE "C", valid_from timestamptz, valid_to timestamptz)
    ${splitAtConnection(sql`l.valid_from`, sql`l.valid_to`, observation.connectedAt, 'action')}`.execute(trx);
}

/** Writes what was staged of settings, and makes room for more. */
export async function rewriteSettings(
  trx: UnitOfWork,
  { syncRunId, staging }: Observation,
  recordedAt: Temporal.Instant,
): Promise<void> {
  const change = { topic: 'settings', cause: 'settings' } as const;
  await rewriteHistory(trx, settingsHistory, staging.newSettings, recordedAt, change, supersededBy(syncRunId));
  await statement('inventory.rewriteSettings')`DELETE FROM ${staging.newSettings}`.execute(trx);
}
