import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork, Session } from '../platform/database/database.ts';
import type { Topic } from '../platform/changes.ts';
import { type HistoryTable, rewriteHistory, type Superseding } from '../platform/history.ts';
import { type Attributes, projectSetting } from '../cloud/index.ts';
import type { Missing } from './absence.ts';
import { endOfRun, type RunEnd } from './store.ts';
import { preparedStatement, statement, unplanned } from '../platform/database/statement.ts';
import { type SessionTables, sessionTables } from '../platform/database/temporary-table.ts';

// How a listing becomes history: pages go into temporary tables of one connection as they come,
// each row already compared with what is believed; one transaction applies them at the end.
// Nothing here holds more than a page in Node's memory.

/** What one run observes. */
export interface Observation {
  readonly syncRunId: number;
  readonly accountId: number;
  /** The kinds whose absence it can tell. */
  readonly kinds: readonly string[];
  readonly observedAt: Temporal.Instant;
  readonly connectedAt: Temporal.Instant;
  /** Where what it reads is staged. */
  readonly staging: Staging;
}

export const stateHistory: HistoryTable = {
  table: 'resource_states',
  id: 'resource_state_id',
  key: ['resource_id'],
  values: [
    'account_id',
    'kind',
    'name',
    'status',
    'region',
    'tags',
    'parents',
    'attributes',
    'source',
    'sync_run_id',
    'recorded_by',
  ],
};

export const membershipHistory: HistoryTable = {
  table: 'project_memberships',
  id: 'project_membership_id',
  key: ['resource_id'],
  values: ['project_id', 'source', 'sync_run_id', 'recorded_by'],
};

/** What the histories that syncs write say of the rows that a run superseded. */
export function supersededBy(syncRunId: number): Superseding {
  return { column: 'superseded_by_run', id: syncRunId };
}

// Not ON COMMIT DELETE ROWS: that truncates after every statement, used or not, and costs more than the statements.
const stagingTables = {
  // change: 'born' (never seen before), 'back' (its life had ended), 'changed', or NULL. details: 'due' (there is reason to
  // read them), 'routine' (they were not read that day), 'read', or NULL.
  listing: {
    table: 'sync_listing',
    columns: sql`
      ord bigint NOT NULL, kind text COLLATE "C" NOT NULL, external_id text COLLATE "C" NOT NULL, urn text COLLATE "C",
      name text NOT NULL, status text COLLATE "C" NOT NULL, created_at timestamptz, region text,
      tags text[] COLLATE "C" NOT NULL, parents text[] COLLATE "C" NOT NULL, attributes jsonb NOT NULL,
      digest bytea NOT NULL, resource_id bigint, change text, identity_incomplete boolean NOT NULL, payload_new boolean NOT NULL,
      settings_wanted boolean NOT NULL, details text`,
  },
  // The payloads that are not the ones we have.
  payloads: { table: 'sync_payloads', columns: sql`ord bigint NOT NULL, payload json NOT NULL` },
  members: {
    table: 'sync_membership_listing',
    columns: sql`
      ord bigint NOT NULL, project_external_id text COLLATE "C" NOT NULL, urn text COLLATE "C" NOT NULL,
      kind text COLLATE "C" NOT NULL, external_id text COLLATE "C" NOT NULL, digest bytea, payload json`,
  },
  // verdict: 'gone' (its life has ended), 'found' (a look-up found it), 'kept' (its absence says nothing),
  // 'open' (not known yet), 'asked' (to be looked up).
  missing: {
    table: 'sync_missing',
    columns: sql`
      resource_id bigint NOT NULL, kind text COLLATE "C" NOT NULL, external_id text COLLATE "C" NOT NULL, verdict text NOT NULL`,
  },
  newStates: {
    table: 'sync_staged_states',
    columns: sql`
      resource_id bigint NOT NULL, account_id int, kind text COLLATE "C", name text, status text COLLATE "C", region text,
      tags text[] COLLATE "C", parents text[] COLLATE "C", attributes jsonb, source text COLLATE "C", sync_run_id bigint,
      recorded_by text, valid_from timestamptz NOT NULL, valid_to timestamptz NOT NULL, asserted boolean NOT NULL`,
  },
  // Of resources whose settings may be other than what is believed: what the listing tells, what is known, and
  // what both amount to.
  settings: {
    table: 'sync_settings',
    columns: sql`
      ord bigint NOT NULL, kind text COLLATE "C" NOT NULL, told jsonb NOT NULL, untold text[] COLLATE "C" NOT NULL,
      known jsonb, known_hidden text[] COLLATE "C", settings jsonb NOT NULL, hidden text[] COLLATE "C" NOT NULL`,
  },
  newSettings: {
    table: 'sync_staged_settings',
    columns: sql`
      resource_id bigint NOT NULL, settings jsonb, hidden text[] COLLATE "C", source text COLLATE "C", sync_run_id bigint,
      recorded_by text, valid_from timestamptz NOT NULL, valid_to timestamptz NOT NULL, asserted boolean NOT NULL`,
  },
  newMemberships: {
    table: 'sync_staged_memberships',
    columns: sql`
      resource_id bigint NOT NULL, project_id bigint, source text COLLATE "C", sync_run_id bigint, recorded_by text,
      valid_from timestamptz NOT NULL, valid_to timestamptz NOT NULL, asserted boolean NOT NULL`,
  },
} as const;

/** What a listing is staged in, and in the new ones what is to be written of it. */
export type Staging = SessionTables<typeof stagingTables>;

/** Makes the temporary tables of a connection that syncs, if it has none yet; they last as long as the connection. */
export function prepareStaging(conn: Session): Promise<Staging> {
  return sessionTables(conn, 'inventory.prepareStaging', stagingTables);
}

/** Beyond this the files of the staging tables are made anew. */
const staleBytes = 1_000_000;

/**
 * Empties what a listing was staged in. TRUNCATE makes a dozen files anew, which takes longer than
 * all else in the sync of a small kind; so it only follows where much was deleted.
 */
export async function clearStaging(conn: Session, staging: Staging): Promise<void> {
  const names = Object.values(stagingTables).map(({ table }) => table);
  const { rows } = await preparedStatement<{ bytes: string }>('inventory.clearStaging.select_sum')`
    WITH listing AS (DELETE FROM ${staging.listing}), payloads AS (DELETE FROM ${staging.payloads}),
         members AS (DELETE FROM ${staging.members}), missing AS (DELETE FROM ${staging.missing}),
         settings AS (DELETE FROM ${staging.settings})
    SELECT sum(pg_table_size(('pg_temp.' || name)::regclass)) AS bytes FROM unnest(${names}::text[]) AS name`.execute(
    conn,
  );
  if (Number(rows[0]!.bytes) > staleBytes)
    await statement('inventory.clearStaging.truncate')`TRUNCATE ${sql.join(Object.values(staging))}`.execute(conn);
}

/** The planner knows nothing of a temporary table that it is not told; worth it for a large one. */
export async function analyzeStaging(conn: Session, staging: Staging): Promise<void> {
  await statement(
    'inventory.analyzeStaging',
  )`ANALYZE ${staging.listing}, ${staging.payloads}, ${staging.settings}, ${staging.members}`.execute(conn);
}

/** Of whom more is wanted, by `ord`: most are what they were, and reading them again would be most of the work. */
interface Wanted {
  readonly payloads: number[];
  /** Those with another payload, another life, or settings that could not be seen. */
  readonly settings: number[];
}

/**
 * Stages some resources: a JSON array of ListedResource in snake_case, with `ord`, and with the
 * SHA-256 of the payload in place of it.
 */
export function stageResources(conn: Session, observation: Observation, json: string): Promise<Wanted> {
  return stageListing(conn, observation, listedResources(json));
}

function listedResources(json: string): RawBuilder<unknown> {
  return sql`(
    SELECT ord, kind, external_id, urn, name, status, created_at, region, tags, parents, attributes, untold,
           decode(sha256, 'hex') AS digest
    FROM json_to_recordset(${json}::json) AS p(
      ord bigint, kind text COLLATE "C", external_id text COLLATE "C", urn text COLLATE "C", name text,
      status text COLLATE "C", created_at timestamptz, region text, tags text[] COLLATE "C", parents text[] COLLATE "C",
      attributes jsonb, untold text[] COLLATE "C", sha256 text))`;
}

/** Stages the payloads that were wanted: a JSON array of `{"ord", "payload"}`. */
export async function stagePayloads(conn: Session, staging: Staging, json: string): Promise<void> {
  await statement('inventory.stagePayloads')`
    INSERT INTO ${staging.payloads} SELECT * FROM json_to_recordset(${json}::json) AS p(ord bigint, payload json)`.execute(
    conn,
  );
}

/** Stages what only projects show, of kinds that nobody can list: alive, named by its id. */
export async function stageUnlistable(conn: Session, observation: Observation): Promise<void> {
  await stageListing(
    conn,
    observation,
    sql`(${onlyShown(observation.staging.members)} WHERE kind = ANY(${observation.kinds}::text[]))`,
  );
  await statement('inventory.stageUnlistable')`
    INSERT INTO ${observation.staging.payloads}
    SELECT m.ord, m.payload FROM ${observation.staging.members} m JOIN ${observation.staging.listing} l USING (ord) WHERE l.payload_new`.execute(
    conn,
  );
}

/** What only projects show, as listedResources. */
function onlyShown(members: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT ord, kind, external_id, urn, external_id AS name, 'active' COLLATE "C" AS status, NULL::timestamptz AS created_at,
           NULL::text AS region, '{}'::text[] COLLATE "C" AS tags, '{}'::text[] COLLATE "C" AS parents,
           '{}'::jsonb AS attributes, '{}'::text[] COLLATE "C" AS untold, digest
    FROM ${members}`;
}

/** What was told of a field, or what was known of it before (k) where this listing does not tell. */
const merged = {
  name: sql`CASE WHEN 'name' = ANY(l.untold) THEN coalesce(k.name, l.name) ELSE l.name END`,
  status: sql`CASE WHEN 'status' = ANY(l.untold) THEN coalesce(k.status, l.status) ELSE l.status END`,
  region: sql`CASE WHEN 'region' = ANY(l.untold) THEN coalesce(k.region, l.region) ELSE l.region END`,
  tags: sql`CASE WHEN 'tags' = ANY(l.untold) THEN coalesce(k.tags, l.tags) ELSE l.tags END`,
  // Of one kind of parents, or of all.
  parents: sql`CASE WHEN l.untold = '{}' OR k.parents = '{}' THEN l.parents ELSE ARRAY(
    SELECT unnest(l.parents) AS parent UNION
    SELECT parent FROM unnest(k.parents) AS parent
    WHERE 'parents' = ANY(l.untold) OR 'parents:' || split_part(parent, ':', 1) = ANY(l.untold) ORDER BY parent) END`,
  attributes: sql`CASE WHEN l.untold = '{}' OR k.attributes IS NULL THEN l.attributes ELSE l.attributes || (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(k.attributes) WHERE key = ANY(l.untold)) END`,
};

/** What is listed, row by row, compared with what is believed of it. */
function compared({ accountId }: OfAccount, source: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    SELECT ord, kind, external_id, urn, name, status, created_at, region, tags, parents, attributes, digest, resource_id,
           CASE
             WHEN living IS NULL AND known IS NOT NULL THEN 'back'
             WHEN living IS NULL THEN 'born'
             WHEN (old_name, old_status, old_region, old_tags, old_parents, old_attributes)
               IS DISTINCT FROM (name, status, region, tags, parents, attributes) THEN 'changed'
           END AS change,
           identity_incomplete, payload_new, payload_new OR settings_hidden OR living IS NULL AS settings_wanted
    FROM (
      SELECT l.ord, l.kind, l.external_id, l.urn, ${merged.name} AS name, ${merged.status} AS status, l.created_at,
             ${merged.region} AS region, ${merged.tags} AS tags, ${merged.parents} AS parents, ${merged.attributes} AS attributes,
             l.digest, r.resource_id, s.resource_id AS living, k.resource_id AS known,
             r.resource_id IS NOT NULL AND ((r.urn IS NULL AND l.urn IS NOT NULL)
               OR (r.provider_created_at IS NULL AND l.created_at IS NOT NULL)) AS identity_incomplete,
             d.digest IS DISTINCT FROM l.digest AS payload_new, h.resource_id IS NOT NULL AS settings_hidden,
             s.name AS old_name, s.status AS old_status, s.region AS old_region, s.tags AS old_tags, s.parents AS old_parents,
             s.attributes AS old_attributes
      FROM ${source} l
      LEFT JOIN resources r ON r.account_id = ${accountId} AND r.kind = l.kind AND r.external_id = l.external_id
      LEFT JOIN resource_payloads d ON d.resource_id = r.resource_id
      LEFT JOIN resource_states s ON s.account_id = ${accountId} AND s.kind = l.kind
        AND s.resource_id = r.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
      LEFT JOIN resource_settings h ON h.resource_id = r.resource_id AND h.superseded_at = 'infinity'
        AND h.valid_to = 'infinity' AND h.hidden <> '{}'
      -- Of one whose life had ended, what was known last.
      LEFT JOIN LATERAL (
        SELECT s.resource_id, s.name, s.status, s.region, s.tags, s.parents, s.attributes WHERE s.resource_id IS NOT NULL
        UNION ALL (
          SELECT e.resource_id, e.name, e.status, e.region, e.tags, e.parents, e.attributes FROM resource_states e
          WHERE s.resource_id IS NULL AND e.resource_id = r.resource_id AND e.superseded_at = 'infinity'
          ORDER BY e.valid_from DESC LIMIT 1)) k ON true) l)`;
}

/** Compares with what is believed as it stages: what has not changed needs nothing more. */
async function stageListing(conn: Session, observation: Observation, source: RawBuilder<unknown>): Promise<Wanted> {
  const { rows } = await statement<Wanted>('inventory.stageListing')`
    WITH staged AS (
      INSERT INTO ${observation.staging.listing}
      SELECT ord, kind, external_id, urn, name, status, created_at, region, tags, parents, attributes, digest, resource_id,
             change, identity_incomplete, payload_new, settings_wanted
      FROM ${compared(observation, source)} c
      RETURNING ord, payload_new, settings_wanted
    )
    SELECT coalesce(json_agg(ord) FILTER (WHERE payload_new), '[]') AS payloads,
           coalesce(json_agg(ord) FILTER (WHERE settings_wanted), '[]') AS settings
    FROM staged WHERE payload_new OR settings_wanted`.execute(conn);
  return rows[0]!;
}

/** Whose rows a part of a statement is about. */
interface OfAccount {
  readonly accountId: number | RawBuilder<unknown>;
}

/** Settings that a listing does not tell, and since when they have to have been read; null: the kind has none. */
interface DetailsSince {
  readonly having: Attributes;
  readonly dayStart: Temporal.Instant;
}

/**
 * Ends the run of one kind if a whole listing of it, a JSON array as for stageResources, says what is believed already
 * and leaves nothing to do: every resource is as listed, all that are alive are listed, nothing of them is hidden, no
 * absence waits to be settled, no details are due, and nobody else writes the account's history. Whether it did.
 */
export async function finishUnchanged(
  conn: Session,
  observation: Observation & { readonly kind: string },
  json: string,
  details: DetailsSince | null,
  end: RunEnd,
  now: RawBuilder<unknown>,
): Promise<boolean> {
  const { accountId, kind, syncRunId } = observation;
  const account = { accountId: unplanned(accountId, 'int') };
  const ofKind = unplanned(kind, 'text');
  const noneDue =
    details === null
      ? sql``
      : sql`AND NOT EXISTS (
          SELECT FROM listed l
          JOIN resource_settings k ON k.resource_id = l.resource_id AND k.superseded_at = 'infinity' AND k.valid_to = 'infinity'
          LEFT JOIN resource_payloads d ON d.resource_id = l.resource_id
          WHERE k.settings @> ${unplanned(JSON.stringify(details.having), 'jsonb')}
            AND (d.details_at IS NULL OR d.details_at < ${unplanned(details.dayStart, 'timestamptz')}))`;
  const { numAffectedRows } = await preparedStatement('inventory.finishUnchanged')`
    WITH listed AS MATERIALIZED (
      SELECT resource_id, change IS NULL AND NOT (identity_incomplete OR payload_new OR settings_wanted) AS same
      FROM ${compared(account, listedResources(json))} c
    )
    ${endOfRun(syncRunId, end, now)}
      AND (SELECT coalesce(bool_and(same), true) AND count(*) = count(DISTINCT resource_id)
             AND count(*) = (SELECT count(*) FROM resource_states s WHERE s.account_id = ${account.accountId} AND s.kind = ${ofKind}
                             AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity') FROM listed)
      AND ${noneWaits(account, sql`r.kind = ${ofKind}`)} ${noneDue}
      AND (SELECT pg_try_advisory_xact_lock(${historyLock(accountId)}))`.execute(conn);
  return numAffectedRows === 1n;
}

/** Whether no absence of these resources r waits to be settled: of the few that wait it is asked whose they are. */
function noneWaits({ accountId }: OfAccount, covered: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`NOT EXISTS (
    SELECT FROM end_candidates c
    WHERE (SELECT r.account_id = ${accountId} AND ${covered} FROM resources r WHERE r.resource_id = c.resource_id))`;
}

/**
 * Stages what projects hold: a JSON array of ListedMembership in snake_case, with `ord`; payload and
 * its SHA-256 only where stageUnlistable will want them.
 */
export async function stageMemberships(conn: Session, staging: Staging, json: string): Promise<void> {
  await statement('inventory.stageMemberships')`
    INSERT INTO ${staging.members}
    SELECT ord, project_external_id, urn, kind, external_id, digest, payload FROM ${listedMembers(json)} m`.execute(
    conn,
  );
}

function listedMembers(json: string): RawBuilder<unknown> {
  return sql`(
    SELECT ord, project_external_id, urn, kind, external_id, decode(sha256, 'hex') AS digest, payload
    FROM json_to_recordset(${json}::json) AS p(
      ord bigint, project_external_id text COLLATE "C", urn text COLLATE "C", kind text COLLATE "C",
      external_id text COLLATE "C", sha256 text, payload json))`;
}

/** What projects show, whole, as JSON arrays. */
interface WholeProjects {
  /** As for stageResources. */
  readonly projects: string;
  /** As for stageMemberships. */
  readonly members: string;
  /** The kinds that have listings of their own. */
  readonly listable: readonly string[];
}

/** As finishUnchanged, of projects and what they hold: nothing is in another project either, nor shown no more. */
export async function finishUnchangedProjects(
  conn: Session,
  observation: Observation,
  { projects, members, listable }: WholeProjects,
  graceHours: number,
  end: RunEnd,
  now: RawBuilder<unknown>,
): Promise<boolean> {
  const { accountId, syncRunId } = observation;
  const account = { accountId: unplanned(accountId, 'int') };
  const others = sql`${unplanned([...listable], 'text[]')}::text[]`;
  const covered = (kind: RawBuilder<unknown>) => sql`(${kind} = 'project' OR ${kind} <> ALL(${others}))`;
  const listed = sql`(
    SELECT * FROM ${listedResources(projects)} p
    UNION ALL ${onlyShown(sql`members`)} WHERE ${covered(sql`kind`)})`;
  const { numAffectedRows } = await preparedStatement('inventory.finishUnchangedProjects')`
    WITH members AS MATERIALIZED (SELECT * FROM ${listedMembers(members)} m), compared AS MATERIALIZED (
      SELECT resource_id, change IS NULL AND NOT (identity_incomplete OR payload_new OR settings_wanted) AS same
      FROM ${compared(account, listed)} c
    ),
    ${placed(observation, listedPlaces(account, sql`members`, true), sql`true`, graceHours)}
    ${endOfRun(syncRunId, end, now)}
      AND (SELECT coalesce(bool_and(same), true) AND count(*) = count(DISTINCT resource_id)
             AND count(*) = (SELECT count(*) FROM resource_states s WHERE s.account_id = ${account.accountId}
                             AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity' AND ${covered(sql`s.kind`)}) FROM compared)
      AND ${noneWaits(account, covered(sql`r.kind`))}
      AND NOT EXISTS (SELECT FROM members m LEFT JOIN resources r ON r.account_id = ${account.accountId} AND r.kind = m.kind
                        AND r.external_id = m.external_id
                      WHERE r.resource_id IS NULL)
      AND NOT EXISTS (SELECT FROM placed)
      AND NOT EXISTS (SELECT FROM ${unshown(account, sql`members`)} u)
      AND (SELECT pg_try_advisory_xact_lock(${historyLock(accountId)}))`.execute(conn);
  return numAffectedRows === 1n;
}

/** The projects that were staged, by the provider's ids. */
export async function selectStagedProjects(conn: Session, staging: Staging): Promise<string[]> {
  const { rows } = await statement<{ id: string }>('inventory.selectStagedProjects')`
    SELECT DISTINCT external_id AS id FROM ${staging.listing} WHERE kind = 'project' ORDER BY id`.execute(conn);
  return rows.map((row) => row.id);
}

/** The kinds that only projects can show: staged, or alive from before, and not among `listable`. */
export async function selectUnlistableKinds(
  conn: Session,
  staging: Staging,
  accountId: number,
  listable: readonly string[],
): Promise<string[]> {
  const { rows } = await statement<{ kind: string }>('inventory.selectUnlistableKinds')`
    SELECT DISTINCT kind FROM ${staging.members} WHERE kind <> ALL(${listable}::text[])
    UNION
    SELECT DISTINCT kind FROM resource_states
    WHERE account_id = ${accountId} AND superseded_at = 'infinity' AND valid_to = 'infinity' AND kind <> ALL(${listable}::text[])
    ORDER BY kind`.execute(conn);
  return rows.map((row) => row.kind);
}

/** Items move between pages while these are read: of one that came twice, the later word counts. */
export async function dropRepeated(conn: Session, staging: Staging): Promise<void> {
  await statement('inventory.dropRepeated')`
    DELETE FROM ${staging.listing} a USING ${staging.listing} b
    WHERE a.kind = b.kind AND a.external_id = b.external_id AND a.ord < b.ord`.execute(conn);
}

export interface KindSummary {
  readonly kind: string;
  /** Rows that are there once more for a resource that came twice. */
  readonly repeated: number;
  readonly seen: number;
  readonly born: number;
  /** Other values than before, or a life that goes on. */
  readonly changed: number;
  readonly back: number;
  /** Whose time of creation was not told before. */
  readonly dated: number;
  /** Rows that have anything to write: a change, a payload, an identity to complete. */
  readonly news: number;
  /** Believed alive before this listing, in the parts of the kind that were read. */
  readonly alive: number;
  /** Of these, not listed. */
  readonly missing: number;
  /** Believed alive in the parts that were not read, and not listed. */
  readonly unread: number;
  /** Left out by an earlier suspicious listing and not settled. */
  readonly candidates: number;
}

/** A part of a kind that a listing could not read, by attributes that all of it has. */
interface Unread {
  readonly kind: string;
  readonly attributes: Attributes;
}

/** Whether a state s lies in a part that was not read. */
function isUnread(unread: readonly Unread[]): RawBuilder<unknown> {
  return unread.length === 0
    ? sql`false`
    : sql`EXISTS (
        SELECT FROM jsonb_to_recordset(${JSON.stringify(unread)}::jsonb) AS u(kind text, attributes jsonb)
        WHERE u.kind = s.kind AND s.attributes @> u.attributes)`;
}

/** Whose time of creation was not told before, in a life that goes on. */
export const dated = sql`identity_incomplete AND created_at IS NOT NULL AND coalesce(change, 'changed') = 'changed'`;

/** What a staged listing amounts to, per kind that it covers. */
export async function summarize(
  conn: Session,
  observation: Observation,
  unread: readonly Unread[],
): Promise<KindSummary[]> {
  const { rows } = await preparedStatement<KindSummary>('inventory.summarize')`
    WITH listed AS (
      SELECT kind, count(*) AS seen, count(*) - count(DISTINCT external_id) AS repeated,
             count(*) FILTER (WHERE change = 'born') AS born,
             count(*) FILTER (WHERE change IN ('changed', 'back')) AS changed, count(*) FILTER (WHERE change = 'back') AS back,
             count(*) FILTER (WHERE ${dated}) AS dated,
             count(*) FILTER (WHERE change IS NOT NULL OR identity_incomplete OR payload_new) AS news
      FROM ${observation.staging.listing} GROUP BY kind
    ), believed AS (
      SELECT kind, count(*) FILTER (WHERE NOT unread) AS alive, count(*) FILTER (WHERE NOT unread AND unlisted) AS missing,
             count(*) FILTER (WHERE unread AND unlisted) AS unread
      FROM (
        SELECT s.kind, l.resource_id IS NULL AS unlisted, ${isUnread(unread)} AS unread
        FROM resource_states s LEFT JOIN ${observation.staging.listing} l ON l.resource_id = s.resource_id
        WHERE s.account_id = ${observation.accountId} AND s.kind = ANY(${observation.kinds}::text[])
          AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity') s
      GROUP BY kind
    ), waiting AS (
      SELECT r.kind, count(*) AS candidates FROM end_candidates c JOIN resources r USING (resource_id)
      WHERE r.account_id = ${observation.accountId} AND r.kind = ANY(${observation.kinds}::text[])
      GROUP BY r.kind
    )
    SELECT kind, coalesce(seen, 0) AS seen, coalesce(repeated, 0) AS repeated, coalesce(born, 0) AS born, coalesce(changed, 0) AS changed,
           coalesce(back, 0) AS back, coalesce(dated, 0) AS dated, coalesce(news, 0) AS news, coalesce(alive, 0) AS alive,
           coalesce(missing, 0) AS missing, coalesce(unread, 0) AS unread, coalesce(candidates, 0) AS candidates
    FROM unnest(${observation.kinds}::text[]) AS kind
    LEFT JOIN listed USING (kind) LEFT JOIN believed USING (kind) LEFT JOIN waiting USING (kind)
    ORDER BY kind`.execute(conn);
  return rows;
}

/** Of each kind, the fields that some resource had and is listed without, by the names that `untold` has. */
export async function selectEmptied(
  conn: Session,
  observation: Observation,
): Promise<{ kind: string; fields: string[] }[]> {
  const { rows } = await statement<{ kind: string; fields: string[] }>('inventory.selectEmptied')`
    SELECT l.kind, array_agg(DISTINCT f.field) AS fields
    FROM ${observation.staging.listing} l
    JOIN resource_states s ON s.resource_id = l.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
    CROSS JOIN LATERAL (
      SELECT 'tags' AS field WHERE s.tags <> '{}' AND l.tags = '{}'
      UNION ALL
      SELECT 'parents:' || split_part(parent, ':', 1) FROM unnest(s.parents) AS parent
      EXCEPT
      SELECT 'parents:' || split_part(parent, ':', 1) FROM unnest(l.parents) AS parent) f
    WHERE l.change = 'changed' AND l.kind = ANY(${observation.kinds}::text[])
    GROUP BY l.kind ORDER BY l.kind`.execute(conn);
  return rows;
}

/** Gives listed resources of a kind back what they had in fields that are listed empty; of how many. */
export async function restoreFields(
  conn: Session,
  { accountId, staging }: Observation,
  kind: string,
  fields: readonly string[],
): Promise<number> {
  const { rows } = await statement<{ kept: number }>('inventory.restoreFields')`
    WITH restored AS (
      SELECT l.ord, s.name, s.status, s.region, s.attributes AS old_attributes, s.tags AS old_tags, s.parents AS old_parents,
             CASE WHEN 'tags' = ANY(${fields}::text[]) AND l.tags = '{}' THEN s.tags ELSE l.tags END AS tags,
             ARRAY(
               SELECT unnest(l.parents) AS parent UNION
               SELECT parent FROM unnest(s.parents) AS parent
               WHERE 'parents:' || split_part(parent, ':', 1) = ANY(${fields}::text[])
                 AND NOT EXISTS (SELECT FROM unnest(l.parents) AS p WHERE split_part(p, ':', 1) = split_part(parent, ':', 1))
               ORDER BY parent) AS parents
      FROM ${staging.listing} l
      JOIN resource_states s ON s.account_id = ${accountId} AND s.kind = l.kind AND s.resource_id = l.resource_id
        AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
      WHERE l.kind = ${kind} AND l.change = 'changed'
    ), written AS (
      UPDATE ${staging.listing} l
      SET tags = r.tags, parents = r.parents, attributes = a.attributes,
          change = CASE WHEN (r.name, r.status, r.region, r.old_tags, r.old_parents, r.old_attributes)
            IS DISTINCT FROM (l.name, l.status, l.region, r.tags, r.parents, a.attributes) THEN 'changed' END
      FROM restored r
      -- What an attribute says goes with the parents that it is about.
      CROSS JOIN LATERAL (SELECT x.attributes || (
        SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(r.old_attributes)
        WHERE key = ANY(${fields}::text[]) AND r.parents <> x.parents) AS attributes
        FROM ${staging.listing} x WHERE x.ord = r.ord) a
      WHERE l.ord = r.ord AND l.kind = ${kind} AND (l.tags <> r.tags OR l.parents <> r.parents)
      RETURNING l.ord
    )
    SELECT count(*) AS kept FROM written`.execute(conn);
  return rows[0]!.kept;
}

/**
 * Notes what is believed alive and was not listed, where it could have been: `open` in suspicious
 * kinds, `asked` in those whose absences must be looked up, `gone` elsewhere.
 */
export async function stageMissing(
  conn: Session,
  observation: Observation,
  unread: readonly Unread[],
  { suspicious, asked }: { readonly suspicious: readonly string[]; readonly asked: readonly string[] },
): Promise<void> {
  await statement('inventory.stageMissing')`
    INSERT INTO ${observation.staging.missing}
    SELECT s.resource_id, s.kind, r.external_id,
           CASE WHEN s.kind = ANY(${suspicious}::text[]) THEN 'open' WHEN s.kind = ANY(${asked}::text[]) THEN 'asked' ELSE 'gone' END
    FROM resource_states s JOIN resources r USING (resource_id)
    WHERE s.account_id = ${observation.accountId} AND s.kind = ANY(${observation.kinds}::text[])
      AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity' AND NOT ${isUnread(unread)}
      AND NOT EXISTS (SELECT FROM ${observation.staging.listing} l WHERE l.resource_id = s.resource_id)`.execute(conn);
}

/** Some of those with this verdict; other ones in another run, so that each has its turn. */
export async function selectMissing(
  conn: Session,
  observation: Observation,
  verdict: 'open' | 'asked',
  limit: number,
): Promise<Missing[]> {
  const { rows } = await statement<Missing>('inventory.selectMissing')`
    SELECT resource_id AS "resourceId", kind, external_id AS "externalId" FROM ${observation.staging.missing} WHERE verdict = ${verdict}
    ORDER BY hashint8extended(resource_id, ${observation.syncRunId}) LIMIT ${limit}`.execute(conn);
  return rows;
}

/** What look-ups said of these. */
export async function settle(
  conn: Session,
  staging: Staging,
  verdict: 'gone' | 'found',
  resourceIds: readonly number[],
): Promise<void> {
  await statement('inventory.settle')`
    UPDATE ${staging.missing} SET verdict = ${verdict} WHERE resource_id = ANY(${resourceIds}::bigint[])`.execute(conn);
}

/** A kind's listing is refuted: what else it left out says nothing. */
export async function settleRefuted(conn: Session, staging: Staging, kind: string): Promise<void> {
  await statement(
    'inventory.settleRefuted',
  )`UPDATE ${staging.missing} SET verdict = 'kept' WHERE kind = ${kind} AND verdict = 'open'`.execute(conn);
}

/** What no look-up settled: kept where the listing is unclear, elsewhere open until other listings confirm it. */
export async function settleRest(conn: Session, staging: Staging, unclear: readonly string[]): Promise<void> {
  await statement('inventory.settleRest')`
    UPDATE ${staging.missing} SET verdict = CASE WHEN kind = ANY(${unclear}::text[]) THEN 'kept' ELSE 'open' END
    WHERE verdict IN ('open', 'asked')`.execute(conn);
}

/** What whoever writes an account's history holds. */
function historyLock(accountId: number): RawBuilder<unknown> {
  return sql`hashtextextended(${`inventory history ${accountId}`}, 0)`;
}

/** Whoever writes an account's history does so alone, until the transaction ends. */
export async function lockHistory(trx: UnitOfWork, accountId: number): Promise<void> {
  await preparedStatement('inventory.lockHistory')`SELECT pg_advisory_xact_lock(${historyLock(accountId)})`.execute(
    trx,
  );
}

/** The same over several transactions of one session: what they write is then one thing after what others wrote. */
export async function holdHistory(conn: Session, accountId: number): Promise<void> {
  await statement('inventory.holdHistory')`SELECT pg_advisory_lock(${historyLock(accountId)})`.execute(conn);
}

export async function releaseHistory(conn: Session, accountId: number): Promise<void> {
  await statement('inventory.releaseHistory')`SELECT pg_advisory_unlock(${historyLock(accountId)})`.execute(conn);
}

/** Gives what was listed and has none an identity, and completes those that only a URN had made. */
export async function writeIdentities(trx: UnitOfWork, observation: Observation): Promise<void> {
  await seeAgain(trx, observation, observation.staging.listing, { createdAt: sql`l.created_at`, unlisted: false });
  await statement('inventory.writeIdentities.insert_resources')`
    INSERT INTO resources (account_id, kind, external_id, urn, provider_created_at, first_seen_at)
    SELECT ${observation.accountId}, kind, external_id, urn, created_at, ${observation.observedAt}::timestamptz
    FROM ${observation.staging.listing} WHERE resource_id IS NULL
    ON CONFLICT (account_id, kind, external_id) DO NOTHING`.execute(trx);
  await statement('inventory.writeIdentities.update_sync_listing')`
    UPDATE ${observation.staging.listing} l SET resource_id = r.resource_id FROM resources r
    WHERE l.resource_id IS NULL AND r.account_id = ${observation.accountId}
      AND r.kind = l.kind AND r.external_id = l.external_id`.execute(trx);
  await statement('inventory.writeIdentities.update_resources')`
    UPDATE resources r SET urn = coalesce(r.urn, l.urn), provider_created_at = coalesce(r.provider_created_at, l.created_at),
                           unlisted = false
    FROM ${observation.staging.listing} l WHERE l.resource_id = r.resource_id AND l.identity_incomplete`.execute(trx);
  // Those that tell no creation, and those of which only reverted listings had told.
  await statement('inventory.writeIdentities.mark_listed')`
    UPDATE resources r SET unlisted = false
    FROM ${observation.staging.listing} l WHERE r.account_id = ${observation.accountId} AND r.unlisted AND l.resource_id = r.resource_id`.execute(
    trx,
  );
}

/** What only reverted runs had seen is seen for the first time. */
async function seeAgain(
  trx: UnitOfWork,
  { accountId, observedAt }: Observation,
  listing: RawBuilder<unknown>,
  { createdAt, unlisted }: { readonly createdAt: RawBuilder<unknown>; readonly unlisted: boolean },
): Promise<void> {
  await statement('inventory.seeAgain')`
    UPDATE resources r SET unseen = false, unlisted = ${unlisted}, first_seen_at = ${observedAt}, urn = l.urn,
                           provider_created_at = ${createdAt}
    FROM ${listing} l
    WHERE r.account_id = ${accountId} AND r.unseen AND r.kind = l.kind AND r.external_id = l.external_id`.execute(trx);
}

export async function writePayloads(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.writePayloads')`
    INSERT INTO resource_payloads (resource_id, digest, payload, seen_at)
    SELECT l.resource_id, l.digest, p.payload::jsonb, ${observation.observedAt}::timestamptz
    FROM ${observation.staging.listing} l JOIN ${observation.staging.payloads} p USING (ord)
    ON CONFLICT (resource_id) DO UPDATE
      SET digest = excluded.digest, payload = excluded.payload, seen_at = excluded.seen_at`.execute(trx);
}

/** An interval in two where the account was connected: what was before is assumed. */
export function splitAtConnection(
  from: RawBuilder<unknown>,
  to: RawBuilder<unknown>,
  connectedAt: Temporal.Instant,
  source: 'listing' | 'action' | RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`
    CROSS JOIN LATERAL (
      SELECT v.* FROM (VALUES
        (${from}, least(${to}, ${connectedAt}::timestamptz), 'assumed'),
        (greatest(${from}, ${connectedAt}::timestamptz), ${to}, ${source})
      ) AS v(valid_from, valid_to, source) WHERE v.valid_from < v.valid_to
    ) AS part`;
}

/** Into what a run will write of states. */
export const stagedStates = ({ newStates }: Staging): RawBuilder<unknown> => sql`
  INSERT INTO ${newStates} (resource_id, account_id, kind, name, status, region, tags, parents, attributes, source,
                                  sync_run_id, valid_from, valid_to, asserted)`;
const stagedMemberships = ({ newMemberships }: Staging): RawBuilder<unknown> => sql`
  INSERT INTO ${newMemberships} (resource_id, project_id, source, sync_run_id, valid_from, valid_to, asserted)`;

/** A birth is when the provider says, and not after we saw it. */
export function birth(observation: Observation): RawBuilder<unknown> {
  return sql`least(coalesce(l.created_at, ${observation.observedAt}::timestamptz), ${observation.observedAt}::timestamptz)`;
}

/** Stages first states, from birth on. */
export async function stageBirths(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageBirths')`
    ${stagedStates(observation.staging)}
    SELECT l.resource_id, ${observation.accountId}, l.kind, l.name, l.status, l.region, l.tags, l.parents, l.attributes,
           part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, true
    FROM ${observation.staging.listing} l
    ${splitAtConnection(birth(observation), sql`'infinity'::timestamptz`, observation.connectedAt, 'listing')}
    WHERE l.change = 'born'`.execute(trx);
}

/** Stages other values than before, from when they were seen. */
export async function stageChanges(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageChanges')`
    ${stagedStates(observation.staging)}
    SELECT l.resource_id, ${observation.accountId}, l.kind, l.name, l.status, l.region, l.tags, l.parents, l.attributes,
           'listing', ${observation.syncRunId}, greatest(s.valid_from, ${observation.observedAt}::timestamptz), 'infinity', true
    FROM ${observation.staging.listing} l
    JOIN resource_states s ON s.resource_id = l.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
    WHERE l.change = 'changed'`.execute(trx);
}

/**
 * Stages resources that are seen again after their life had ended. One that the provider says it
 * created after that end is a new life under an old id, from its creation; one whose creation it
 * does not tell, from when it was seen. One that it created before the end never ended: the gap is
 * corrected, with the old values until now.
 */
export async function stageComebacks(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageComebacks')`
    ${stagedStates(observation.staging)}
    WITH back AS (
      SELECT l.*, e.valid_to AS ended_at, coalesce(l.created_at <= e.valid_to, false) AS unbroken,
             e.name AS old_name, e.status AS old_status, e.region AS old_region, e.tags AS old_tags,
             e.parents AS old_parents, e.attributes AS old_attributes,
             (e.name, e.status, e.region, e.tags, e.parents, e.attributes)
               IS NOT DISTINCT FROM (l.name, l.status, l.region, l.tags, l.parents, l.attributes) AS same
      FROM ${observation.staging.listing} l
      JOIN LATERAL (
        SELECT * FROM resource_states e WHERE e.resource_id = l.resource_id AND e.superseded_at = 'infinity'
        ORDER BY e.valid_from DESC LIMIT 1) e ON true
      WHERE l.change = 'back'
    )
    SELECT resource_id, ${observation.accountId}::int, kind, old_name, old_status, old_region, old_tags, old_parents, old_attributes,
           'listing', ${observation.syncRunId}::bigint, ended_at, ${observation.observedAt}::timestamptz, true
    FROM back WHERE unbroken AND NOT same AND ended_at < ${observation.observedAt}
    UNION ALL
    SELECT resource_id, ${observation.accountId}::int, kind, name, status, region, tags, parents, attributes,
           'listing', ${observation.syncRunId}::bigint,
           CASE WHEN unbroken AND same THEN ended_at
                WHEN unbroken THEN greatest(ended_at, ${observation.observedAt}::timestamptz)
                ELSE greatest(ended_at, ${birth(observation)}) END,
           'infinity', true
    FROM back l`.execute(trx);
}

/**
 * Stages the beginning of lives whose time of creation was not told when they were first seen: as they
 * were then.
 */
export async function stageEarlierBirths(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageEarlierBirths')`
    ${stagedStates(observation.staging)}
    SELECT s.resource_id, s.account_id, s.kind, s.name, s.status, s.region, s.tags, s.parents, s.attributes,
           part.source, ${observation.syncRunId}, part.valid_from, part.valid_to, true
    FROM (SELECT * FROM ${observation.staging.listing} WHERE ${dated}) l
    JOIN LATERAL (
      SELECT * FROM resource_states s WHERE s.resource_id = l.resource_id AND s.superseded_at = 'infinity'
      ORDER BY s.valid_from LIMIT 1) s ON true
    ${splitAtConnection(birth(observation), sql`s.valid_from`, observation.connectedAt, 'listing')}`.execute(trx);
}

/** Stages the ends of those that are gone, at the first listing that left them out. */
export async function stageEnds(trx: UnitOfWork, observation: Observation): Promise<number> {
  const { numAffectedRows } = await statement('inventory.stageEnds')`
    ${stagedStates(observation.staging)}
    SELECT s.resource_id, s.account_id, s.kind, s.name, s.status, s.region, s.tags, s.parents, s.attributes, 'listing',
           ${observation.syncRunId}, greatest(s.valid_from, coalesce(c.missing_since, ${observation.observedAt}::timestamptz)),
           'infinity', false
    FROM ${observation.staging.missing} m
    JOIN resource_states s ON s.resource_id = m.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
    LEFT JOIN end_candidates c ON c.resource_id = m.resource_id
    WHERE m.verdict = 'gone'`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

/** Stages the ends of memberships: what is gone is in no project. */
export async function stageMembershipEnds(trx: UnitOfWork, staging: Staging): Promise<void> {
  await statement('inventory.stageMembershipEnds')`
    ${stagedMemberships(staging)}
    SELECT s.resource_id, NULL, NULL, NULL, s.valid_from, s.valid_to, false
    FROM ${staging.newStates} s
    WHERE NOT s.asserted AND EXISTS (
      SELECT FROM project_memberships m
      WHERE m.resource_id = s.resource_id AND m.superseded_at = 'infinity'
        AND m.valid_to > s.valid_from AND m.valid_from < s.valid_to)`.execute(trx);
}

/** What was staged of a life before what is believed of it, with when that begins. */
export const earlierLives = ({ newStates }: Staging): RawBuilder<unknown> => sql`(
  SELECT s.resource_id, s.valid_from, s.valid_to, life.since
  FROM ${newStates} s
  CROSS JOIN LATERAL (
    SELECT min(b.valid_from) AS since FROM resource_states b
    WHERE b.resource_id = s.resource_id AND b.superseded_at = 'infinity' AND b.valid_to > s.valid_from) life
  WHERE s.asserted AND s.valid_to <= life.since)`;

/** Stages the beginnings of memberships of lives that prove to have begun earlier: in their first project. */
export async function stageMembershipBeginnings(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.stageMembershipBeginnings')`
    ${stagedMemberships(observation.staging)}
    SELECT e.resource_id, m.project_id, part.source, ${observation.syncRunId}::bigint, part.valid_from, part.valid_to, true
    FROM ${earlierLives(observation.staging)} e
    JOIN project_memberships m ON m.resource_id = e.resource_id AND m.superseded_at = 'infinity'
      AND m.valid_from <= e.since AND m.valid_to > e.since
    ${splitAtConnection(sql`e.valid_from`, sql`least(e.valid_to, m.valid_from)`, observation.connectedAt, 'action')}`.execute(
    trx,
  );
}

/** What a repaired part of a membership m rests on: on what the rest of it does. */
const listingOrResource = sql`CASE m.source WHEN 'resource' THEN 'resource' ELSE 'listing' END`;

/**
 * Stages what memberships have to make up for a life that proved longer: back to birth, in the
 * first project, where a project showed the resource before its own listing did, or before its birth
 * was told; and over the gap
 * of an end that was none, in the last project.
 */
export async function stageMembershipRepairs(
  trx: UnitOfWork,
  observation: Observation,
  graceHours: number,
): Promise<void> {
  await statement('inventory.stageMembershipRepairs')`
    ${stagedMemberships(observation.staging)}
    SELECT l.resource_id, m.project_id, part.source, ${observation.syncRunId}::bigint, part.valid_from, part.valid_to, true
    FROM ${observation.staging.listing} l
    JOIN resources r ON r.resource_id = l.resource_id
    JOIN LATERAL (
      SELECT * FROM project_memberships m WHERE m.resource_id = l.resource_id AND m.superseded_at = 'infinity'
      ORDER BY m.valid_from LIMIT 1) m ON m.valid_from <= r.first_seen_at + make_interval(hours => ${graceHours}::int)
    ${splitAtConnection(birth(observation), sql`m.valid_from`, observation.connectedAt, listingOrResource)}
    WHERE l.change = 'born' OR (l.identity_incomplete AND l.change IS DISTINCT FROM 'back')
    UNION ALL
    SELECT l.resource_id, m.project_id, ${listingOrResource}, ${observation.syncRunId}::bigint, m.valid_to, 'infinity', true
    FROM ${observation.staging.listing} l
    JOIN LATERAL (
      SELECT * FROM resource_states e WHERE e.resource_id = l.resource_id AND e.superseded_at = 'infinity'
      ORDER BY e.valid_from DESC LIMIT 1) e ON l.created_at <= e.valid_to
    JOIN LATERAL (
      SELECT * FROM project_memberships m WHERE m.resource_id = l.resource_id AND m.superseded_at = 'infinity'
      ORDER BY m.valid_from DESC LIMIT 1) m ON m.valid_to = e.valid_to
    WHERE l.change = 'back'`.execute(trx);
}

/**
 * Appended for a staged state s: where something else was there all the time, and it was called, tagged and attached as it
 * is now, only levels are other than before, and no owner.
 */
export const stateChange = {
  topic: sql<Topic>`
    CASE WHEN s.asserted AND (
      SELECT range_agg(tstzrange(t.valid_from, t.valid_to)) @> tstzrange(s.valid_from, s.valid_to)
         AND bool_and((t.name, t.tags, t.parents) IS NOT DISTINCT FROM (s.name, s.tags, s.parents))
      FROM resource_states t
      WHERE t.resource_id = s.resource_id AND t.superseded_at = 'infinity'
        AND t.valid_from < s.valid_to AND t.valid_to > s.valid_from)
    THEN 'level' ELSE 'resource' END`,
  cause: 'state',
} as const;

/** Writes what was staged of states, and makes room for more. */
export async function rewriteStates(
  trx: UnitOfWork,
  { syncRunId, staging }: Observation,
  recordedAt: Temporal.Instant,
): Promise<void> {
  await rewriteHistory(trx, stateHistory, staging.newStates, recordedAt, stateChange, supersededBy(syncRunId));
  await statement('inventory.rewriteStates')`DELETE FROM ${staging.newStates}`.execute(trx);
}

/** Writes what was staged of memberships, and makes room for more. */
export async function rewriteMemberships(
  trx: UnitOfWork,
  { syncRunId, staging }: Observation,
  recordedAt: Temporal.Instant,
): Promise<void> {
  const change = { topic: 'resource', cause: 'membership' } as const;
  await rewriteHistory(trx, membershipHistory, staging.newMemberships, recordedAt, change, supersededBy(syncRunId));
  await statement('inventory.rewriteMemberships')`DELETE FROM ${staging.newMemberships}`.execute(trx);
}

/** Gives an identity to what only a project has shown so far. */
export async function writeMemberIdentities(trx: UnitOfWork, observation: Observation): Promise<void> {
  await seeAgain(trx, observation, observation.staging.members, { createdAt: sql`NULL`, unlisted: true });
  await statement('inventory.writeMemberIdentities')`
    INSERT INTO resources (account_id, kind, external_id, urn, provider_created_at, first_seen_at, unlisted)
    SELECT DISTINCT ON (m.kind, m.external_id)
           ${observation.accountId}::int, m.kind, m.external_id, m.urn, NULL::timestamptz, ${observation.observedAt}::timestamptz, true
    FROM ${observation.staging.members} m
    WHERE NOT EXISTS (SELECT FROM resources r WHERE r.account_id = ${observation.accountId}
      AND r.kind = m.kind AND r.external_id = m.external_id)
    ORDER BY m.kind, m.external_id, m.ord DESC
    ON CONFLICT (account_id, kind, external_id) DO NOTHING`.execute(trx);
}

/** Stages the ends of memberships of what no listing shows and no project shows any more; where all projects were read. */
export async function stageUnshown(trx: UnitOfWork, observation: Observation): Promise<number> {
  const { observedAt, staging } = observation;
  const { numAffectedRows } = await statement('inventory.stageUnshown')`
    ${stagedMemberships(staging)}
    SELECT resource_id, NULL, NULL, NULL, greatest(valid_from, ${observedAt}::timestamptz), 'infinity', false
    FROM ${unshown(observation, staging.members)} u`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

/** The memberships of what no listing shows and none of these members is. */
function unshown({ accountId }: OfAccount, members: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(
    SELECT r.resource_id, m.valid_from
    FROM resources r
    JOIN project_memberships m ON m.resource_id = r.resource_id AND m.superseded_at = 'infinity' AND m.valid_to = 'infinity'
    WHERE r.account_id = ${accountId} AND r.unlisted AND NOT EXISTS (
      SELECT FROM ${members} l WHERE l.kind = r.kind AND l.external_id = r.external_id))`;
}

/** What was staged of memberships. */
interface Placements {
  readonly staged: number;
  /** Of these, from one project to another. */
  readonly moved: number;
}

/** What is alive and says itself which project it is in. */
function saidProjects({ accountId }: OfAccount): RawBuilder<unknown> {
  return sql`
    SELECT r.resource_id, r.first_seen_at, p.resource_id AS project_id, 'resource' AS source
    FROM resource_settings k
    JOIN resources r USING (resource_id)
    -- Settings have ids in lower case.
    JOIN resources p ON p.account_id = r.account_id AND p.kind = 'project'
      AND lower(p.external_id) = k.settings ->> '${sql.raw(projectSetting)}'
    WHERE k.superseded_at = 'infinity' AND k.valid_to = 'infinity' AND k.settings ? '${sql.raw(projectSetting)}'
      AND '${sql.raw(projectSetting)}' <> ALL(k.hidden) AND r.account_id = ${accountId}
      AND EXISTS (SELECT FROM resource_states s
                  WHERE s.resource_id = p.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity')`;
}

/**
 * Stages what is in another project than before; of one that two projects showed, the later word
 * counts. Of what no project showed, what it says itself counts, where all projects were read (`whole`).
 */
export async function stageMoves(
  trx: UnitOfWork,
  observation: Observation,
  whole: boolean,
  graceHours: number,
): Promise<Placements> {
  const listed = listedPlaces(observation, observation.staging.members, whole);
  const { rows } = await statement<Placements>('inventory.stageMoves')`
    ${placements(observation, listed, sql`true`, graceHours)}`.execute(trx);
  return rows[0]!;
}

/** The projects of these members, and of what they do not show and says itself where it is. */
function listedPlaces(observation: OfAccount, members: RawBuilder<unknown>, whole: boolean): RawBuilder<unknown> {
  return sql`
    shown AS (
      SELECT DISTINCT ON (m.kind, m.external_id) r.resource_id, r.first_seen_at, p.resource_id AS project_id, 'listing' AS source
      FROM ${members} m
      JOIN resources r ON r.account_id = ${observation.accountId} AND r.kind = m.kind AND r.external_id = m.external_id
      JOIN resources p ON p.account_id = ${observation.accountId} AND p.kind = 'project' AND p.external_id = m.project_external_id
      ORDER BY m.kind, m.external_id, m.ord DESC
    ), listed AS (
      SELECT * FROM shown
      UNION ALL
      SELECT * FROM (${saidProjects(observation)}) s
      WHERE ${whole} AND NOT EXISTS (SELECT FROM shown WHERE shown.resource_id = s.resource_id)
    )`;
}

/** Stages the projects that resources of the kinds say themselves to be in, where no project's listing shows them. */
export async function stageSaidProjects(
  trx: UnitOfWork,
  observation: Observation,
  graceHours: number,
): Promise<Placements> {
  const listed = sql`listed AS (${saidProjects(observation)} AND r.kind = ANY(${observation.kinds}::text[]))`;
  const unlisted = sql`coalesce(c.source, 'resource') = 'resource'`;
  const { rows } = await statement<Placements>('inventory.stageSaidProjects')`
    ${placements(observation, listed, unlisted, graceHours)}`.execute(trx);
  return rows[0]!;
}

/**
 * Stages the projects of what is `listed`, where they, or what says so, are other than before. A first
 * project holds from the beginning of the resource's life if it was found within
 * the grace, else from now; where no listing has told of that life yet, from now until one does
 * (see stageMembershipRepairs). A project that is found to show, within the grace, what said so itself, showed it all the time.
 * What has ended is in no project, whatever a project still shows.
 */
function placements(
  observation: Observation,
  listed: RawBuilder<unknown>,
  replaceable: RawBuilder<unknown>,
  graceHours: number,
): RawBuilder<unknown> {
  return sql`
    WITH ${placed(observation, listed, replaceable, graceHours)}, staged AS (
      ${stagedMemberships(observation.staging)}
      SELECT l.resource_id, l.project_id, part.source, ${observation.syncRunId}::bigint, part.valid_from, part.valid_to, true
      FROM placed l
      ${splitAtConnection(sql`l.since`, sql`'infinity'::timestamptz`, observation.connectedAt, sql`l.source`)}
    )
    SELECT count(*) AS staged, count(*) FILTER (WHERE moved) AS moved FROM placed`;
}

/** What there is to stage of placements, as `placed`. */
function placed(
  observation: Observation,
  listed: RawBuilder<unknown>,
  replaceable: RawBuilder<unknown>,
  graceHours: number,
): RawBuilder<unknown> {
  const observedAt = sql`${observation.observedAt}::timestamptz`;
  return sql`
    ${listed}, differing AS (
      SELECT l.*, c.valid_from AS current_from, coalesce(c.project_id <> l.project_id, false) AS moved
      FROM listed l
      LEFT JOIN project_memberships c ON c.resource_id = l.resource_id AND c.superseded_at = 'infinity' AND c.valid_to = 'infinity'
      WHERE (c.project_id, c.source) IS DISTINCT FROM (l.project_id, l.source) AND ${replaceable}
    ), placed AS (
      SELECT d.resource_id, d.project_id, d.source, d.moved,
             CASE
               WHEN d.current_from IS NOT NULL AND NOT d.moved AND d.source = 'listing' AND life.recent THEN d.current_from
               WHEN d.current_from IS NOT NULL THEN greatest(d.current_from, ${observedAt})
               WHEN life.recent THEN life.since
               ELSE ${observedAt}
             END AS since
      FROM differing d
      -- The beginning of its life: the last state that no other one leads up to.
      LEFT JOIN LATERAL (
        SELECT max(s.valid_from) AS since,
               max(s.valid_from) IS NOT NULL AND ${observedAt} <= greatest(max(s.valid_from), d.first_seen_at) + make_interval(hours => ${graceHours}::int) AS recent
        FROM resource_states s
        WHERE s.resource_id = d.resource_id AND s.superseded_at = 'infinity' AND NOT EXISTS (
          SELECT FROM resource_states b WHERE b.resource_id = s.resource_id AND b.superseded_at = 'infinity' AND b.valid_to = s.valid_from)
      ) life ON true
      WHERE life.since IS NULL OR EXISTS (
        SELECT FROM resource_states s
        WHERE s.resource_id = d.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity')
    )`;
}

/**
 * Counts a listing against those that it left out and nobody could confirm; what enough listings
 * have left out, far enough apart, is gone.
 */
export async function countListing(
  trx: UnitOfWork,
  observation: Observation,
  listings: number,
  minutesApart: number,
): Promise<void> {
  await statement('inventory.countListing.insert_before')`
    ${candidatesBefore(observation)}
    FROM ${observation.staging.missing} m LEFT JOIN end_candidates c USING (resource_id) WHERE m.verdict = 'open'`.execute(
    trx,
  );
  await statement('inventory.countListing.insert_end_candidates')`
    INSERT INTO end_candidates (resource_id, missing_since, last_counted_at, listings)
    SELECT resource_id, ${observation.observedAt}::timestamptz, ${observation.observedAt}::timestamptz, 1
    FROM ${observation.staging.missing} WHERE verdict = 'open'
    ON CONFLICT (resource_id) DO UPDATE
      SET listings = end_candidates.listings + 1, last_counted_at = excluded.last_counted_at
      WHERE excluded.last_counted_at >= end_candidates.last_counted_at + make_interval(mins => ${minutesApart}::int)`.execute(
    trx,
  );
  await statement('inventory.countListing.update_sync_missing')`
    UPDATE ${observation.staging.missing} m SET verdict = 'gone' FROM end_candidates c
    WHERE m.verdict = 'open' AND c.resource_id = m.resource_id AND c.listings >= ${listings}`.execute(trx);
}

/** Forgets the candidates that are settled: listed again, left out by a listing that was refuted, or ended. */
export async function clearCandidates(trx: UnitOfWork, observation: Observation): Promise<void> {
  await statement('inventory.clearCandidates')`
    WITH m AS (
      DELETE FROM end_candidates c
      WHERE EXISTS (SELECT FROM ${observation.staging.listing} l WHERE l.resource_id = c.resource_id)
         OR EXISTS (SELECT FROM ${observation.staging.missing} m WHERE m.resource_id = c.resource_id AND m.verdict <> 'open')
      RETURNING resource_id)
    ${candidatesBefore(observation)} FROM m JOIN end_candidates c USING (resource_id)
    ON CONFLICT DO NOTHING`.execute(trx);
}

/** Notes what the candidates m were before this run: the first note of a run counts. */
function candidatesBefore({ syncRunId }: Observation): RawBuilder<unknown> {
  return sql`
    INSERT INTO end_candidates_before (sync_run_id, resource_id, missing_since, last_counted_at, listings)
    SELECT ${syncRunId}::bigint, m.resource_id, c.missing_since, c.last_counted_at, coalesce(c.listings, 0)`;
}

/** How many were not listed and live on. */
export async function countUnsettled(trx: UnitOfWork, staging: Staging): Promise<number> {
  const { rows } = await statement<{ unsettled: number }>('inventory.countUnsettled')`
    SELECT count(*) AS unsettled FROM ${staging.missing} WHERE verdict NOT IN ('gone', 'found')`.execute(trx);
  return rows[0]!.unsettled;
}
