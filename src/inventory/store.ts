import { type RawBuilder, sql } from 'kysely';
import type { Attributes, RequestBudget } from '../cloud/index.ts';
import { appendChanges } from '../platform/changes.ts';
import { instantOf } from '../platform/clock.ts';
import type { UnitOfWork, Queryable, Session } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';

// Accounts, sync runs, and what is read of resources. How a listing becomes history is in
// sync.store.ts; how actions refine it, in actions.store.ts.

/** A provider account, without its secret. Instants are UTC. */
export interface Account {
  readonly accountId: number;
  readonly slug: string;
  readonly name: string;
  readonly provider: string;
  readonly apiUrl: string;
  readonly providerAccountId: string;
  readonly simulated: boolean;
  readonly connectedAt: Temporal.Instant;
  /** Nothing before it is metered. */
  readonly meteredFrom: Temporal.Instant;
  /** Since when nothing of it is read any more; null: it is connected. */
  readonly disconnectedAt: Temporal.Instant | null;
}

const accountColumns = sql`
  account_id AS "accountId", slug, name, provider, api_url AS "apiUrl", provider_account_id AS "providerAccountId",
  simulated, connected_at AS "connectedAt", metered_from AS "meteredFrom",
  disconnected_at AS "disconnectedAt"`;

/** Accounts are connected one at a time: what may be connected depends on what is there. */
export async function lockAccounts(trx: UnitOfWork): Promise<void> {
  await statement('inventory.lockAccounts')`LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

export async function selectAccounts(db: Queryable): Promise<Account[]> {
  const { rows } = await statement<Account>(
    'inventory.selectAccounts',
  )`SELECT ${accountColumns} FROM accounts ORDER BY slug`.execute(db);
  return rows;
}

/** Whether an account ever had a resource of this kind. */
export async function hasResourcesOf(db: Queryable, kind: string): Promise<boolean> {
  const { rows } = await statement('inventory.hasResourcesOf')`
    SELECT FROM accounts a WHERE EXISTS (SELECT FROM resources r WHERE r.account_id = a.account_id AND r.kind = ${kind})
    LIMIT 1`.execute(db);
  return rows.length > 0;
}

interface AccountRow {
  readonly slug: string;
  readonly name: string;
  readonly provider: string;
  readonly apiUrl: string;
  readonly providerAccountId: string;
  readonly simulated: boolean;
  readonly credentials: Uint8Array;
  readonly connectedAt: Temporal.Instant;
  readonly meteredFrom: Temporal.Instant;
}

export async function insertAccount(trx: UnitOfWork, row: AccountRow): Promise<Account> {
  const { rows } = await statement<Account>('inventory.insertAccount')`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES (${row.slug}, ${row.name}, ${row.provider}, ${row.apiUrl}, ${row.providerAccountId}, ${row.simulated},
            ${row.credentials}, ${row.connectedAt}, ${row.meteredFrom})
    RETURNING ${accountColumns}`.execute(trx);
  return rows[0]!;
}

export async function updateAccount(
  trx: UnitOfWork,
  accountId: number,
  row: Pick<AccountRow, 'slug' | 'name' | 'apiUrl' | 'credentials' | 'meteredFrom'>,
): Promise<Account> {
  const { rows } = await statement<Account>('inventory.updateAccount')`
    UPDATE accounts SET slug = ${row.slug}, name = ${row.name}, api_url = ${row.apiUrl},
           credentials = ${row.credentials}, disconnected_at = NULL, metered_from = ${row.meteredFrom}
    WHERE account_id = ${accountId}
    RETURNING ${accountColumns}`.execute(trx);
  return rows[0]!;
}

/** An account's metered_from moved: what its resources were between the old and the new one is metered otherwise now. */
export async function appendMeteredFromChanges(
  trx: UnitOfWork,
  accountId: number,
  before: Temporal.Instant,
  after: Temporal.Instant,
  now: Temporal.Instant,
): Promise<void> {
  const moved = sql`
    SELECT s.resource_id AS subject, greatest(s.valid_from, moved.since) AS valid_from, least(s.valid_to, moved.until) AS valid_to
    FROM inventory_states s,
         (SELECT least(${before}::timestamptz, ${after}::timestamptz) AS since,
                 greatest(${before}::timestamptz, ${after}::timestamptz) AS until) AS moved
    WHERE s.account_id = ${accountId} AND s.valid_from < moved.until AND s.valid_to > moved.since`;
  await appendChanges(trx, 'resource', 'metered_from', now, moved);
}

/** Removes what is sealed of an account, and says since when nothing of it is read. */
export async function updateDisconnected(
  trx: UnitOfWork,
  accountId: number,
  disconnectedAt: Temporal.Instant,
): Promise<void> {
  await statement('inventory.updateDisconnected')`
    UPDATE accounts SET credentials = NULL, disconnected_at = ${disconnectedAt} WHERE account_id = ${accountId}`.execute(
    trx,
  );
}

/** How many resources of an account live, as they were last read. */
export async function countLiving(db: Queryable, accountId: number): Promise<number> {
  const { rows } = await statement<{ resources: number }>('inventory.countLiving')`
    SELECT count(*) AS resources FROM inventory_states WHERE account_id = ${accountId} AND valid_to = 'infinity'`.execute(
    db,
  );
  return rows[0]?.resources ?? 0;
}

/** Null: it is disconnected. */
export async function selectCredentials(db: Queryable, accountId: number): Promise<Uint8Array | null> {
  const { rows } = await statement<{ credentials: Uint8Array | null }>('inventory.selectCredentials')`
    SELECT credentials FROM accounts WHERE account_id = ${accountId}`.execute(db);
  return rows[0]!.credentials;
}

/** What is sealed of every connected account, by slug. */
export async function selectAllCredentials(db: Queryable): Promise<{ slug: string; credentials: Uint8Array }[]> {
  const { rows } = await statement<{ slug: string; credentials: Uint8Array }>('inventory.selectAllCredentials')`
    SELECT slug, credentials FROM accounts WHERE credentials IS NOT NULL ORDER BY slug`.execute(db);
  return rows;
}

export async function updateCredentials(trx: UnitOfWork, slug: string, credentials: Uint8Array): Promise<void> {
  await statement('inventory.updateCredentials')`
    UPDATE accounts SET credentials = ${credentials} WHERE slug = ${slug}`.execute(trx);
}

/** What modules that this one does not know hold sealed, as they publish it, and what each is. */
export async function selectSealedByOthers(db: Queryable): Promise<{ what: string; sealed: Uint8Array }[]> {
  const { rows } = await statement<{ what: string; sealed: Uint8Array }>('inventory.selectSealedByOthers')`
    SELECT what, sealed FROM provisioning_sealed ORDER BY what`.execute(db);
  return rows;
}

export async function updateApiUrl(trx: UnitOfWork, accountId: number, apiUrl: string): Promise<void> {
  await statement('inventory.updateApiUrl')`
    UPDATE accounts SET api_url = ${apiUrl} WHERE account_id = ${accountId}`.execute(trx);
}

/** How many resources of each kind are in projects: what a token without that kind's scope hides. */
export async function countHidden(
  db: Queryable,
  accountId: number,
  kinds: readonly string[],
): Promise<{ kind: string; hidden: number }[]> {
  const { rows } = await statement<{ kind: string; hidden: number }>('inventory.countHidden')`
    SELECT r.kind, count(*) AS hidden
    FROM resources r
    JOIN project_memberships m ON m.resource_id = r.resource_id AND m.superseded_at = 'infinity' AND m.valid_to = 'infinity'
    WHERE r.account_id = ${accountId} AND r.kind = ANY(${kinds}::text[])
    GROUP BY r.kind`.execute(db);
  return rows;
}

const unlistedNamed = 5;

interface UnlistedRow {
  readonly kind: string;
  readonly hidden: number;
  readonly urns: string[];
  readonly since: Temporal.Instant;
}

/**
 * What projects hold and no listing shows: all of the kinds that are not `listed`, and of those that are
 * what no listing ever showed. Kinds whose scope is missing are told there. Now, or at any time `within`.
 */
export async function selectUnlisted(
  db: Queryable,
  accountId: number,
  listed: readonly string[],
  scopes: readonly string[],
  within: { readonly from: Temporal.Instant; readonly to: Temporal.Instant } | null = null,
): Promise<UnlistedRow[]> {
  const shown =
    within === null ? sql`u.valid_to = 'infinity'` : sql`u.valid_from < ${within.to} AND u.valid_to > ${within.from}`;
  const { rows } = await statement<UnlistedRow>('inventory.selectUnlisted')`
    SELECT kind, count(*) AS hidden, (array_agg(urn ORDER BY urn))[1:${sql.lit(unlistedNamed)}] AS urns, min(since) AS since
    FROM (
      SELECT u.kind, u.urn, min(u.valid_from) AS since
      FROM (
        SELECT account_id, kind, urn, valid_from, valid_to FROM inventory_unlisted
        UNION ALL
        SELECT r.account_id, r.kind, r.urn, m.valid_from, m.valid_to
        FROM resources r JOIN project_memberships m ON m.resource_id = r.resource_id AND m.superseded_at = 'infinity'
        WHERE r.kind <> ALL(${listed}::text[]) AND NOT r.unlisted) u
      WHERE u.account_id = ${accountId} AND u.urn IS NOT NULL AND u.kind <> ALL(${scopes}::text[]) AND ${shown}
      GROUP BY u.kind, u.urn) u
    GROUP BY kind ORDER BY kind`.execute(db);
  return rows;
}

/**
 * One sync of a kind at a time, in the whole database: a lock of the session, which a process
 * that dies lets go. The lock of the kind that was synced before it is let go of; null: there was none.
 */
export async function tryLockSync(
  conn: Session,
  accountId: number,
  kind: string,
  before: string | null,
): Promise<boolean> {
  const { rows } = await preparedStatement<{ locked: boolean; unlocked: boolean | null }>('inventory.tryLockSync')`
    SELECT pg_try_advisory_lock(${syncLock(accountId, kind)}) AS locked,
           CASE WHEN ${before}::text IS NOT NULL THEN pg_advisory_unlock(${syncLock(accountId, before)}) END AS unlocked`.execute(
    conn,
  );
  return rows[0]!.locked;
}

export async function unlockSync(conn: Session, accountId: number, kind: string): Promise<void> {
  await preparedStatement('inventory.unlockSync')`SELECT pg_advisory_unlock(${syncLock(accountId, kind)})`.execute(
    conn,
  );
}

function syncLock(accountId: number, kind: string | null): RawBuilder<unknown> {
  return sql`hashtextextended(${`inventory sync ${accountId} ${kind}`}, 0)`;
}

interface StartedRun {
  readonly syncRunId: number;
  /** The instant that all of the run's observations carry. */
  readonly startedAt: Temporal.Instant;
}

/**
 * Begins a run at `now`; not before the kind's last run began, where the clock went back: an
 * observation never precedes an earlier one. A run that is still open was a process's that died:
 * it is closed. The caller holds the kind's lock.
 */
export async function insertRun(
  conn: Session,
  accountId: number,
  kind: string,
  now: RawBuilder<unknown>,
): Promise<StartedRun> {
  const { rows } = await preparedStatement<StartedRun>('inventory.insertRun')`
    WITH interrupted AS (
      UPDATE sync_runs
      SET outcome = 'failed', reason = 'interrupted', finished_at = greatest(started_at, ${now})
      WHERE account_id = ${accountId} AND kind = ${kind} AND outcome = 'running'
    )
    INSERT INTO sync_runs (account_id, kind, started_at, outcome)
    SELECT ${accountId}::int, ${kind}::text, greatest(${now}, (
      SELECT started_at FROM sync_runs WHERE account_id = ${accountId} AND kind = ${kind} AND outcome <> 'reverted'
      ORDER BY started_at DESC LIMIT 1)), 'running'
    RETURNING sync_run_id AS "syncRunId", started_at AS "startedAt"`.execute(conn);
  return rows[0]!;
}

export interface RunEnd {
  readonly outcome: 'complete' | 'partial' | 'failed';
  readonly reason: string | null;
  readonly seen: number;
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
  /** The parts of the kind that were not read, by their attributes; null: of nothing it was seen whether it is there. */
  readonly unread: readonly Attributes[] | null;
  readonly requests: number;
  /** What the token might still send then; null: the provider has not said. */
  readonly budget: RequestBudget | null;
  /** Of a complete run of `action`: how far the log has been read, now or before. */
  readonly readThrough?: Temporal.Instant | null;
}

export async function finishRun(conn: Queryable, syncRunId: number, end: RunEnd, now: Temporal.Instant): Promise<void> {
  await preparedStatement('inventory.finishRun')`${endOfRun(syncRunId, end, instantOf(now))}`.execute(conn);
}

/** Records how a run ended. */
export function endOfRun(syncRunId: number, end: RunEnd, now: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    UPDATE sync_runs SET outcome = ${end.outcome}, reason = ${end.reason}, seen = ${end.seen}, new = ${end.new},
           changed = ${end.changed}, ended = ${end.ended}, requests = ${end.requests},
           requests_left = ${end.budget?.remaining ?? null}, requests_limit = ${end.budget?.limit ?? null},
           requests_reset_at = ${end.budget?.resetAt ?? null},
           unread = ${end.unread === null ? null : JSON.stringify(end.unread)}::jsonb, read_through = ${end.readThrough ?? null},
           finished_at = greatest(started_at, ${now}), written_order = nextval('sync_runs_written')
    WHERE sync_run_id = ${syncRunId}`;
}

/** How many a run that goes on has read, for whoever watches it. */
export async function noteSeen(
  conn: Queryable,
  { accountId, slug }: Pick<Account, 'accountId' | 'slug'>,
  kind: string,
  seen: number,
): Promise<void> {
  await statement('inventory.noteSeen')`
    WITH noted AS (
      UPDATE sync_runs SET seen = ${seen} WHERE account_id = ${accountId} AND kind = ${kind} AND outcome = 'running'
      RETURNING sync_run_id
    )
    SELECT publish_event('sync.progress', ${`${slug}/${kind}`}) FROM noted`.execute(conn);
}

/** A run begins to write history before it ends: should its process die, that was before what others write then. */
export async function noteWriting(trx: UnitOfWork, syncRunId: number): Promise<void> {
  await statement('inventory.noteWriting')`
    UPDATE sync_runs SET written_order = nextval('sync_runs_written')
    WHERE sync_run_id = ${syncRunId} AND written_order IS NULL`.execute(trx);
}

/** A run of a sync, as it is recorded. */
export interface SyncRunRow extends Omit<RunEnd, 'outcome' | 'unread' | 'budget' | 'readThrough'> {
  readonly syncRunId: number;
  /** An account's slug. */
  readonly account: string;
  readonly kind: string;
  readonly startedAt: Temporal.Instant;
  readonly finishedAt: Temporal.Instant | null;
  readonly outcome: RunEnd['outcome'] | 'running' | 'reverted';
  readonly revertedAt: Temporal.Instant | null;
  readonly revertedBy: string | null;
  readonly revertReason: string | null;
}

export interface SyncRunFilters {
  /** Only this one. */
  readonly syncRunId?: number | undefined;
  readonly account?: string | undefined;
  readonly kind?: string | undefined;
  readonly outcome?: SyncRunRow['outcome'] | undefined;
  /** Only runs that began after this one. */
  readonly after?: number | undefined;
}

/** The id of the newest run; 0: there is none. */
export async function selectNewestSyncRun(db: Queryable): Promise<number> {
  const { rows } = await statement<{ newest: number }>('inventory.selectNewestSyncRun')`
    SELECT coalesce(max(sync_run_id), 0) AS newest FROM sync_runs`.execute(db);
  return (rows[0] as { newest: number }).newest;
}

export interface FreshnessRow {
  readonly account: string;
  readonly kind: string;
  /** When the last complete listing began; null: there was none. */
  readonly syncedAt: Temporal.Instant | null;
  /** How the newest run that ended did. */
  readonly state: 'complete' | 'partial' | 'failed' | 'reverted';
  readonly reason: string | null;
}

/** Of each kind that was ever read of a connected account, what failed last first, then what was read longest ago. */
export async function selectFreshness(db: Queryable): Promise<FreshnessRow[]> {
  const { rows } = await preparedStatement<FreshnessRow>('inventory.selectFreshness')`
    SELECT a.slug AS account, p.kind, c.started_at AS "syncedAt", n.outcome AS state, n.reason
    FROM inventory_run_kinds p JOIN accounts a USING (account_id)
    CROSS JOIN LATERAL (
      SELECT outcome, reason FROM sync_runs r
      WHERE r.account_id = p.account_id AND r.kind = p.kind AND r.outcome <> 'running'
      ORDER BY r.started_at DESC, r.sync_run_id DESC LIMIT 1) n
    LEFT JOIN LATERAL (
      SELECT max(started_at) AS started_at FROM sync_runs r
      WHERE r.account_id = p.account_id AND r.kind = p.kind AND r.outcome = 'complete') c ON true
    WHERE a.disconnected_at IS NULL
    ORDER BY n.outcome = 'complete', c.started_at NULLS FIRST, a.slug, p.kind`.execute(db);
  return rows;
}

/** Runs of syncs, newest first, before the run `before`. */
export async function selectSyncRuns(
  db: Queryable,
  filters: SyncRunFilters,
  before: number | null,
  limit: number,
): Promise<SyncRunRow[]> {
  const { rows } = await statement<SyncRunRow>('inventory.selectSyncRuns')`
    SELECT r.sync_run_id AS "syncRunId", a.slug AS account, r.kind, r.started_at AS "startedAt", r.finished_at AS "finishedAt",
           r.outcome, r.reason, r.seen, r.new, r.changed, r.ended, r.requests, r.reverted_at AS "revertedAt",
           r.reverted_by AS "revertedBy", r.revert_reason AS "revertReason"
    FROM sync_runs r JOIN accounts a USING (account_id)
    WHERE (${before}::bigint IS NULL OR r.sync_run_id < ${before})
      AND r.sync_run_id > ${filters.after ?? 0}
      AND (${filters.syncRunId ?? null}::bigint IS NULL OR r.sync_run_id = ${filters.syncRunId ?? null})
      AND (${filters.account ?? null}::text IS NULL OR a.slug = ${filters.account ?? null})
      AND (${filters.kind ?? null}::text IS NULL OR r.kind = ${filters.kind ?? null})
      AND (${filters.outcome ?? null}::text IS NULL OR r.outcome = ${filters.outcome ?? null})
    ORDER BY r.sync_run_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface ResourceFilters {
  /** The instant that is asked about: resources alive then, as they were then. */
  readonly at: Temporal.Instant;
  readonly kind?: string | undefined;
  /** An account's slug. */
  readonly account?: string | undefined;
}

/** A resource as it was at one instant. */
export interface ResourceAt {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly urn: string | null;
  readonly name: string;
  readonly status: string;
  readonly region: string | null;
  readonly tags: string[];
  readonly parents: string[];
  readonly attributes: Record<string, unknown>;
  /** The project's id at the provider. */
  readonly project: string | null;
  /** Since when all of this was so. */
  readonly validFrom: Temporal.Instant;
}

/** By resource id, beyond `after`. */
export async function selectResourcesAt(
  db: Queryable,
  filters: ResourceFilters,
  after: number,
  limit: number,
): Promise<ResourceAt[]> {
  const ofKind = filters.kind === undefined ? sql`` : sql`AND s.kind = ${filters.kind}`;
  const ofAccount = filters.account === undefined ? sql`` : sql`AND a.slug = ${filters.account}`;
  const { rows } = await statement<ResourceAt>('inventory.selectResourcesAt')`
    SELECT r.resource_id AS "resourceId", a.slug AS account, r.kind, r.external_id AS "externalId", r.urn, s.name, s.status,
           s.region, s.tags, s.parents, s.attributes, p.external_id AS project, s.valid_from AS "validFrom"
    FROM resource_states s
    JOIN resources r ON r.resource_id = s.resource_id
    JOIN accounts a ON a.account_id = s.account_id
    LEFT JOIN project_memberships m ON m.resource_id = s.resource_id AND m.superseded_at = 'infinity'
      AND m.valid_from <= ${filters.at} AND m.valid_to > ${filters.at}
    LEFT JOIN resources p ON p.resource_id = m.project_id
    WHERE s.superseded_at = 'infinity' AND s.valid_from <= ${filters.at} AND s.valid_to > ${filters.at}
      AND s.resource_id > ${after} ${ofKind} ${ofAccount}
    ORDER BY s.resource_id LIMIT ${limit}`.execute(db);
  return rows;
}

export interface ResourceIdentity {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  readonly urn: string | null;
  readonly createdAt: Temporal.Instant | null;
  readonly firstSeenAt: Temporal.Instant;
}

/** The resources that a reference may mean: our id, a URN, or `kind:external_id`. */
export async function selectResourcesByRef(db: Queryable, ref: string): Promise<ResourceIdentity[]> {
  const id = /^\d{1,15}$/.test(ref) ? Number(ref) : null;
  const colon = ref.indexOf(':');
  const { rows } = await preparedStatement<ResourceIdentity>('inventory.selectResourcesByRef')`
    SELECT r.resource_id AS "resourceId", a.slug AS account, r.kind, r.external_id AS "externalId", r.urn,
           r.provider_created_at AS "createdAt", r.first_seen_at AS "firstSeenAt"
    FROM resources r JOIN accounts a USING (account_id)
    WHERE r.resource_id = ${id}::bigint OR r.urn = ${ref}
       OR (r.external_id = ${ref.slice(colon + 1)} AND r.kind = ${ref.slice(0, Math.max(colon, 0))})
    ORDER BY r.resource_id LIMIT 20`.execute(db);
  return rows;
}

/** A resource that belongs to another by nature: a volume to its droplet, a snapshot to its source. */
export interface Relation {
  /** `of`: the one that was asked about belongs to this one; `has`: this one belongs to it. */
  readonly direction: 'of' | 'has';
  readonly resourceId: number;
  readonly kind: string;
  /** Its last name; the provider's id, where it has none. */
  readonly name: string;
  readonly ended: boolean;
}

export async function selectRelations(db: Queryable, resourceId: number, limit: number): Promise<Relation[]> {
  const { rows } = await preparedStatement<Relation>('inventory.selectRelations')`
    WITH self AS (
      SELECT r.resource_id, r.account_id, r.kind || ':' || r.external_id AS name, l.parents
      FROM resources r LEFT JOIN LATERAL (
        SELECT s.parents FROM resource_states s WHERE s.resource_id = r.resource_id AND s.superseded_at = 'infinity'
        ORDER BY s.valid_from DESC LIMIT 1) l ON true
      WHERE r.resource_id = ${resourceId}
    ), related AS (
      SELECT 'of' AS direction, p.resource_id
      FROM self, unnest(self.parents) AS parent
      JOIN resources p ON p.external_id = split_part(parent, ':', 2) AND p.kind = split_part(parent, ':', 1)
      WHERE p.account_id = self.account_id AND NOT p.unseen
      UNION
      SELECT 'has', s.resource_id
      FROM self JOIN resource_states s ON s.parents @> ARRAY[self.name] AND s.parents <> '{}'
      WHERE s.account_id = self.account_id AND s.superseded_at = 'infinity'
    )
    SELECT d.direction, r.resource_id AS "resourceId", r.kind, coalesce(nullif(l.name, ''), r.external_id) AS name,
           coalesce(l.valid_to < 'infinity', false) AS ended
    FROM related d JOIN resources r USING (resource_id)
    LEFT JOIN LATERAL (
      SELECT s.name, s.valid_to FROM resource_states s WHERE s.resource_id = r.resource_id AND s.superseded_at = 'infinity'
      ORDER BY s.valid_from DESC LIMIT 1) l ON true
    ORDER BY d.direction DESC, ended, r.kind, name, r.resource_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** One entry of the provider's action log about a resource. */
export interface ResourceAction {
  /** The provider's id. */
  readonly action: string;
  /** The provider's word: `power_off`, `resize`. */
  readonly type: string;
  readonly status: string;
  readonly region: string | null;
  readonly startedAt: Temporal.Instant | null;
  readonly completedAt: Temporal.Instant | null;
  /** When a sync read it. */
  readonly seenAt: Temporal.Instant;
  /** When history was brought in line with it; null: not yet, or it changes nothing. */
  readonly appliedAt: Temporal.Instant | null;
  readonly appliedByRun: number | null;
  /** What the list is sorted by: completed, else started, else seen. */
  readonly at: Temporal.Instant;
}

/** What the action log says of a resource, the newest first; beyond `after`. */
export async function selectResourceActions(
  db: Queryable,
  resourceId: number,
  after: Pick<ResourceAction, 'at' | 'action'> | null,
  limit: number,
): Promise<ResourceAction[]> {
  const { rows } = await preparedStatement<ResourceAction>('inventory.selectResourceActions')`
    SELECT * FROM (
      SELECT x.external_id AS action, x.type, x.status, x.region, x.started_at AS "startedAt", x.completed_at AS "completedAt",
             x.seen_at AS "seenAt", x.applied_at AS "appliedAt", x.applied_by_run AS "appliedByRun",
             coalesce(x.completed_at, x.started_at, x.seen_at) AS at
      FROM resources r JOIN provider_actions x ON x.account_id = r.account_id AND x.resource_kind = r.kind
                                              AND x.resource_external_id = r.external_id
      WHERE r.resource_id = ${resourceId}) AS found
    WHERE ${after === null ? sql`true` : sql`(at, action) < (${after.at}, ${after.action} COLLATE "C")`}
    ORDER BY at DESC, action DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** How we know an interval: what said so, and when. */
interface Provenance {
  readonly validFrom: Temporal.Instant;
  /** null: still so. */
  readonly validTo: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly source: 'listing' | 'action' | 'operator' | 'assumed';
  readonly syncRunId: number | null;
  readonly recordedBy: string | null;
}

const provenance = sql`
  h.valid_from AS "validFrom", h.valid_to AS "validTo", h.recorded_at AS "recordedAt", h.source,
  h.sync_run_id AS "syncRunId", h.recorded_by AS "recordedBy"`;

export interface StateInterval extends Provenance {
  readonly name: string;
  readonly status: string;
  readonly region: string | null;
  readonly tags: string[];
  readonly parents: string[];
  readonly attributes: Record<string, unknown>;
}

export async function selectStates(db: Queryable, resourceId: number): Promise<StateInterval[]> {
  const { rows } = await preparedStatement<StateInterval>('inventory.selectStates')`
    SELECT h.name, h.status, h.region, h.tags, h.parents, h.attributes, ${provenance}
    FROM resource_states h WHERE h.resource_id = ${resourceId} AND h.superseded_at = 'infinity'
    ORDER BY h.valid_from`.execute(db);
  return rows;
}

export interface SupersededState {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly name: string;
  readonly status: string;
  readonly attributes: Record<string, unknown>;
  readonly source: 'listing' | 'action' | 'operator' | 'assumed';
  readonly recordedAt: Temporal.Instant;
  readonly supersededAt: Temporal.Instant;
  readonly supersededByRun: number | null;
}

export async function selectSupersededStates(
  db: Queryable,
  resourceId: number,
  limit: number,
): Promise<SupersededState[]> {
  const { rows } = await preparedStatement<SupersededState>('inventory.selectSupersededStates')`
    SELECT valid_from AS "from", nullif(valid_to, 'infinity') AS "to", name, status, attributes, source,
           recorded_at AS "recordedAt", superseded_at AS "supersededAt", superseded_by_run AS "supersededByRun"
    FROM resource_states WHERE resource_id = ${resourceId} AND superseded_at <> 'infinity'
    ORDER BY superseded_at DESC, valid_from DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface Sighting {
  readonly first: Temporal.Instant;
  /** The last complete listing of its kind while it lived; null: none was. */
  readonly last: Temporal.Instant | null;
}

/** A listing of a kind that was not complete. */
export interface MissedListing {
  readonly syncRunId: number;
  readonly startedAt: Temporal.Instant;
  readonly outcome: string;
  readonly reason: string | null;
}

/** When a resource was first and last seen; undefined: there is no such one. */
export async function selectSighting(db: Queryable, resourceId: number): Promise<Sighting | undefined> {
  const { rows } = await preparedStatement<Sighting>('inventory.selectSighting')`
    SELECT r.first_seen_at AS first,
           (SELECT max(y.started_at) FROM sync_runs y
            WHERE y.account_id = r.account_id AND y.kind = r.kind AND y.outcome = 'complete' AND y.started_at < e.ends) AS last
    FROM resources r
    CROSS JOIN LATERAL (SELECT coalesce(max(s.valid_to), 'infinity') AS ends FROM resource_states s
                        WHERE s.resource_id = r.resource_id AND s.superseded_at = 'infinity') e
    WHERE r.resource_id = ${resourceId}`.execute(db);
  return rows[0];
}

/** Listings of a resource's kind that were not complete since it was first seen, the newest first. */
export async function selectMissedListings(db: Queryable, resourceId: number, limit: number): Promise<MissedListing[]> {
  const { rows } = await preparedStatement<MissedListing>('inventory.selectMissedListings')`
    SELECT y.sync_run_id AS "syncRunId", y.started_at AS "startedAt", y.outcome, y.reason
    FROM resources r JOIN sync_runs y ON y.account_id = r.account_id AND y.kind = r.kind
    WHERE r.resource_id = ${resourceId} AND y.started_at >= r.first_seen_at AND y.outcome IN ('partial', 'failed')
    ORDER BY y.started_at DESC, y.sync_run_id DESC LIMIT ${limit}`.execute(db);
  return rows;
}

export interface MembershipInterval extends Omit<Provenance, 'source'> {
  /** listing: the project shows it; resource: none does, and it says itself which one it is in. */
  readonly source: Provenance['source'] | 'resource';
  /** The project's id at the provider. */
  readonly project: string;
  /** Its last name. */
  readonly projectName: string;
}

export async function selectMemberships(db: Queryable, resourceId: number): Promise<MembershipInterval[]> {
  const { rows } = await preparedStatement<MembershipInterval>('inventory.selectMemberships')`
    SELECT p.external_id AS project, coalesce(l.name, p.external_id) AS "projectName", ${provenance}
    FROM project_memberships h JOIN resources p ON p.resource_id = h.project_id
    LEFT JOIN LATERAL (
      SELECT s.name FROM resource_states s WHERE s.resource_id = p.resource_id AND s.superseded_at = 'infinity'
      ORDER BY s.valid_from DESC LIMIT 1) l ON true
    WHERE h.resource_id = ${resourceId} AND h.superseded_at = 'infinity'
    ORDER BY h.valid_from`.execute(db);
  return rows;
}

/** An interval in which a resource was configured in one way. */
export interface SettingsInterval extends Provenance {
  readonly settings: Record<string, unknown>;
  /** Keys that the token may not see: what is here was known before, if anything is. */
  readonly hidden: string[];
}

/** In order; only the one of that moment where `at` is given. */
export async function selectSettings(
  db: Queryable,
  resourceId: number,
  at: Temporal.Instant | null,
): Promise<SettingsInterval[]> {
  const { rows } = await statement<SettingsInterval>('inventory.selectSettings')`
    SELECT h.settings, h.hidden, ${provenance}
    FROM resource_settings h WHERE h.resource_id = ${resourceId} AND h.superseded_at = 'infinity'
      AND (${at}::timestamptz IS NULL OR (h.valid_from <= ${at} AND h.valid_to > ${at}))
    ORDER BY h.valid_from`.execute(db);
  return rows;
}
