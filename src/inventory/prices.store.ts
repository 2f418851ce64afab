import { type RawBuilder, sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';
import { type HistoryTable, rewriteHistory, type Superseding } from '../platform/history.ts';
import type { ResourceGroup } from './resource-charges.ts';
import { endOfRun, type RunEnd } from './store.ts';
import { supersededBy } from './sync.store.ts';

// The price book: what holds on a day, its history, what a listing of sizes changes, what an operator says.

export const providerPrices: HistoryTable = {
  table: 'provider_prices',
  id: 'provider_price_id',
  key: ['provider', 'subject', 'source', 'account_id'],
  values: [
    'currency',
    'amount',
    'unit',
    'hourly',
    'attributes',
    'certainty',
    'evidence',
    'evidence_day',
    'last_seen_at',
    'sync_run_id',
  ],
};

const ownPrices: HistoryTable = {
  table: 'own_prices',
  id: 'own_price_id',
  key: ['provider', 'subject', 'account_id'],
  values: ['currency', 'amount', 'unit', 'evidence', 'recorded_by'],
};

type PriceSource = 'operator' | 'api' | 'published';
type PriceCertainty = 'official' | 'reported' | 'inferred';

/** What is said about a price, by whom, and on what that rests. */
export interface PriceColumns {
  /** What has the price: `droplet_size:s-1vcpu-1gb`, `volume`. */
  readonly subject: string;
  /** operator: an own price; api: the provider's API; published: in words, shipped with the program. */
  readonly source: PriceSource;
  readonly currency: string;
  /** Of one unit; an exact decimal. */
  readonly amount: string;
  /** `month`, `hour`, `GiB-month`, `node-month`, `GiB`. */
  readonly unit: string;
  /** What an hour costs, where the provider says so itself; an exact decimal. */
  readonly hourly: string | null;
  /** How sure it is; null: an operator says so. */
  readonly certainty: PriceCertainty | null;
  readonly evidence: string;
  /** When that was read or entered. */
  readonly evidenceDay: Temporal.PlainDate;
  /** The slug of the account that the API told, or whose own price it is; null: it is of all. */
  readonly account: string | null;
  /** The newest listing that showed it at this price; null of other sources, and of prices that changed since. */
  readonly lastSeenAt: Temporal.Instant | null;
  readonly validFrom: Temporal.Instant;
}

export interface PriceRow extends PriceColumns {
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly old: boolean;
}

export interface PriceIntervalRow extends PriceColumns {
  readonly validTo: Temporal.Instant | null;
  readonly listed: boolean;
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string | null;
}

interface PriceFilters {
  readonly provider: string;
  readonly at: Temporal.Instant;
  readonly subject?: string | undefined;
  /** The part of the subject before the colon. */
  readonly kind?: string | undefined;
  /** What this account is charged. */
  readonly accountId?: number | undefined;
  /** false: without what an operator says. */
  readonly own?: boolean | undefined;
}

/** What is listed was seen by its account's newest complete listing of sizes. */
const lastSeen = sql`
  CASE WHEN h.source = 'api' AND h.valid_to = 'infinity' THEN coalesce(h.last_seen_at, r.started_at) ELSE h.last_seen_at END`;

const lastSeenOf = sql`
  LEFT JOIN accounts a ON a.account_id = h.account_id
  LEFT JOIN inventory_complete_syncs r ON r.account_id = h.account_id AND r.kind = 'size'`;

const isListed = (own: boolean) => sql`(${own} OR source <> 'operator')`;

/** The price of each subject at an instant, by subject. What counts where several hold: see the view. */
export async function selectPricesAt(db: Queryable, filters: PriceFilters): Promise<PriceRow[]> {
  const { provider, at, subject, kind, accountId = 0, own = true } = filters;
  const ofSubject = subject === undefined ? sql`` : sql`AND subject = ${subject}`;
  const ofKind = kind === undefined ? sql`` : sql`AND split_part(subject, ':', 1) = ${kind}`;
  const holds = sql`provider = ${provider} AND valid_from <= ${at}::timestamptz AND valid_to > ${at}::timestamptz`;
  const { rows } = await preparedStatement<PriceRow>('inventory.selectPricesAt')`
    WITH held AS (
      SELECT p.*, bool_or(source = 'api' AND last_seen_at IS NULL) OVER (PARTITION BY subject) AS listed,
             first_value(attributes) OVER (PARTITION BY subject ORDER BY attributes = '{}', rank, last_seen_at IS NOT NULL,
                                           valid_from DESC, account_id) AS facts
      FROM inventory_prices p WHERE ${holds} ${ofSubject} ${ofKind} AND (rank > 0 OR account_id = ${accountId})
        AND ${isListed(own)}
    ), sizes AS (SELECT EXISTS (SELECT FROM inventory_prices WHERE ${holds} AND source = 'api') AS are_listed)
    SELECT DISTINCT ON (h.subject) h.subject, h.source, h.currency, h.amount, h.unit, h.hourly, h.certainty, h.evidence,
           h.evidence_day AS "evidenceDay", a.slug AS account, ${lastSeen} AS "lastSeenAt", h.valid_from AS "validFrom",
           h.facts AS attributes, split_part(h.subject, ':', 1) = 'droplet_size' AND sizes.are_listed AND NOT h.listed AS old
    FROM held h CROSS JOIN sizes ${lastSeenOf}
    ORDER BY h.subject, h.rank, ${accountId} > 0 AND h.account_id <> ${accountId}, h.last_seen_at IS NOT NULL,
             h.valid_from DESC, h.account_id`.execute(db);
  return rows;
}

/** All that is believed of a subject, by source, the newest first. */
export async function selectPriceHistory(
  db: Queryable,
  { provider, subject, own = true }: Pick<PriceFilters, 'provider' | 'own'> & { readonly subject: string },
): Promise<PriceIntervalRow[]> {
  const { rows } = await statement<PriceIntervalRow>('inventory.selectPriceHistory')`
    SELECT h.subject, h.source, h.currency, h.amount, h.unit, h.hourly, h.certainty, h.evidence,
           h.evidence_day AS "evidenceDay", a.slug AS account, ${lastSeen} AS "lastSeenAt", h.valid_from AS "validFrom",
           h.valid_to AS "validTo", h.last_seen_at IS NULL AS listed, h.recorded_at AS "recordedAt", h.recorded_by AS "recordedBy"
    FROM inventory_prices h ${lastSeenOf}
    WHERE h.provider = ${provider} AND h.subject = ${subject} AND ${isListed(own)}
    ORDER BY h.rank, a.slug, h.valid_from DESC`.execute(db);
  return rows;
}

/** Whoever changes the price book takes turns until the end of the transaction. */
export async function lockPrices(trx: UnitOfWork, provider: string): Promise<void> {
  await statement('inventory.lockPrices')`SELECT pg_advisory_xact_lock(${pricesLock(provider)})`.execute(trx);
}

function pricesLock(provider: string): RawBuilder<unknown> {
  return sql`hashtextextended('prices', hashtext(${provider}))`;
}

/** A size as a listing shows it, as jsonb_to_recordset reads it. */
export interface ListedPrice {
  readonly subject: string;
  readonly amount: string;
  readonly hourly: string;
  readonly attributes: Readonly<Record<string, number | boolean>>;
}

export interface SizeListing {
  readonly provider: string;
  readonly accountId: number;
  /** The beginning of the UTC day on which it was read. */
  readonly from: Temporal.Instant;
  readonly evidence: string;
  readonly syncRunId: number;
}

/** How many of an account's sizes were listed until now, and how many of them `listed` does not show. */
export async function countMissingSizes(
  trx: UnitOfWork,
  { provider, accountId }: SizeListing,
  listed: readonly string[],
): Promise<{ known: number; missing: number }> {
  const { rows } = await statement<{ known: number; missing: number }>('inventory.countMissingSizes')`
    SELECT count(*) AS known, count(*) FILTER (WHERE subject <> ALL (${[...listed]}::text[])) AS missing
    FROM provider_prices
    WHERE provider = ${provider} AND account_id = ${accountId} AND superseded_at = 'infinity' AND valid_to = 'infinity'
      AND last_seen_at IS NULL`.execute(trx);
  return rows[0]!;
}

/** What is believed of an account's sizes, and what a listing says of them, beside each other where that is news. */
function listedNews({ provider, accountId }: SizeListing, listed: readonly ListedPrice[]) {
  const believed = sql`(
    SELECT * FROM provider_prices
    WHERE provider = ${provider} AND account_id = ${accountId} AND superseded_at = 'infinity' AND valid_to = 'infinity')`;
  const shown = sql`
    jsonb_to_recordset(${JSON.stringify(listed)}::jsonb) AS l (subject text, amount numeric, hourly numeric, attributes jsonb)`;
  const isNews = sql`(b.subject IS NULL OR b.last_seen_at IS NOT NULL
    OR (b.currency, b.amount, b.unit, b.hourly, b.attributes) IS DISTINCT FROM ('USD', l.amount, 'month', l.hourly, l.attributes))`;
  return { believed, shown, isNews };
}

/** Ends the run of a whole listing of sizes if it says what is believed already; whether it did. */
export async function finishUnchangedSizes(
  conn: Queryable,
  listing: SizeListing,
  listed: readonly ListedPrice[],
  end: RunEnd,
  now: RawBuilder<unknown>,
): Promise<boolean> {
  const { believed, shown, isNews } = listedNews(listing, listed);
  const { numAffectedRows } = await preparedStatement('inventory.finishUnchangedSizes')`
    WITH believed AS MATERIALIZED (SELECT * FROM ${believed} b), listed AS MATERIALIZED (SELECT * FROM ${shown})
    ${endOfRun(listing.syncRunId, end, now)}
      AND NOT EXISTS (SELECT FROM listed l LEFT JOIN believed b ON b.subject = l.subject WHERE ${isNews})
      AND NOT EXISTS (SELECT FROM believed b WHERE b.last_seen_at IS NULL AND b.subject NOT IN (SELECT subject FROM listed))
      AND (SELECT pg_try_advisory_xact_lock(${pricesLock(listing.provider)}))`.execute(conn);
  return numAffectedRows === 1n;
}

interface ListedChanges {
  readonly new: number;
  readonly changed: number;
  readonly ended: number;
}

/**
 * Brings an account's prices of sizes in line with a listing, from its day on: those that are new or differ, and,
 * where `isWhole`, those that it shows no longer, which keep their price. Nothing else is written.
 */
export async function applySizeListing(
  trx: UnitOfWork,
  listing: SizeListing,
  listed: readonly ListedPrice[],
  isWhole: boolean,
  now: Temporal.Instant,
): Promise<ListedChanges> {
  const { provider, accountId, from, evidence, syncRunId } = listing;
  const { believed, shown, isNews } = listedNews(listing, listed);
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'inventory.applySizeListing', table: 'staged_prices' },
    sql`
      WITH believed AS (SELECT * FROM ${believed} b), listed AS (SELECT * FROM ${shown}), changes AS (
        SELECT l.subject, 'USD' AS currency, l.amount, 'month' AS unit, l.hourly, l.attributes, ${evidence}::text AS evidence,
               (${from}::timestamptz AT TIME ZONE 'UTC')::date AS evidence_day, NULL::timestamptz AS last_seen_at,
               CASE WHEN b.subject IS NULL THEN 'new' ELSE 'changed' END AS change
        FROM listed l LEFT JOIN believed b ON b.subject = l.subject
        WHERE ${isNews}
        UNION ALL
        SELECT b.subject, b.currency, b.amount, b.unit, b.hourly, b.attributes, b.evidence, b.evidence_day,
               coalesce((SELECT started_at FROM inventory_complete_syncs WHERE account_id = ${accountId} AND kind = 'size'), b.recorded_at),
               'ended'
        FROM believed b
        WHERE ${isWhole} AND b.last_seen_at IS NULL AND NOT EXISTS (SELECT FROM listed l WHERE l.subject = b.subject)
      )
      SELECT ${provider}::text AS provider, 'api' AS source, ${accountId}::int AS account_id, 'official' AS certainty, c.*, ${syncRunId}::bigint AS sync_run_id,
             ${from}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, true AS asserted
      FROM changes c`,
  );
  const { rows } = await statement<ListedChanges>('inventory.applySizeListing.count')`
    SELECT count(*) FILTER (WHERE change = 'new') AS new, count(*) FILTER (WHERE change = 'changed') AS changed,
           count(*) FILTER (WHERE change = 'ended') AS ended FROM ${staged}`.execute(trx);
  const counts = rows[0]!;
  if (counts.new + counts.changed + counts.ended > 0)
    await rewriteStaged(trx, providerPrices, staged, now, supersededBy(syncRunId));
  return counts;
}

async function rewriteStaged(
  trx: UnitOfWork,
  history: HistoryTable,
  staged: TemporaryTable<'staged_prices'>,
  now: Temporal.Instant,
  superseding?: Superseding,
): Promise<void> {
  await rewriteHistory(trx, history, staged, now, undefined, superseding);
  const span = sql`SELECT NULL::bigint AS subject, min(valid_from) AS valid_from, max(valid_to) AS valid_to FROM ${staged}`;
  await appendChanges(trx, 'price', 'price', now, span);
}

/** Whose own price of what. */
export interface OwnPriceKey {
  readonly provider: string;
  readonly subject: string;
  /** 0: of all accounts. */
  readonly accountId: number;
}

export interface OwnPrice extends OwnPriceKey {
  readonly currency: string;
  readonly amount: string;
  readonly unit: string;
  readonly evidence: string;
}

/** An operator's own price from an instant on; null: none. What had been set for later gives way. */
export async function rewriteOwnPrice(
  trx: UnitOfWork,
  { provider, subject, accountId }: OwnPriceKey,
  price: OwnPrice | null,
  from: Temporal.Instant,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'inventory.rewriteOwnPrice', table: 'staged_prices' },
    sql`
      SELECT ${provider}::text AS provider, ${subject}::text AS subject, ${accountId}::int AS account_id, ${price?.currency ?? null}::text AS currency,
             ${price?.amount ?? null}::numeric AS amount, ${price?.unit ?? null}::text AS unit,
             ${price?.evidence ?? null}::text AS evidence, ${by}::text AS recorded_by,
             ${from}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, ${price !== null}::boolean AS asserted`,
  );
  await rewriteStaged(trx, ownPrices, staged, now);
}

type BelievedOwnPrice = Omit<OwnPrice, keyof OwnPriceKey> & { readonly validFrom: Temporal.Instant };

/** Of an operator's own price of a subject: what is believed to hold at an instant or later, in order. */
export async function selectOwnPrices(
  trx: Queryable,
  { provider, subject, accountId }: OwnPriceKey,
  from: Temporal.Instant,
): Promise<BelievedOwnPrice[]> {
  const { rows } = await statement<BelievedOwnPrice>('inventory.selectOwnPrices')`
    SELECT currency, amount, unit, evidence, valid_from AS "validFrom" FROM own_prices
    WHERE provider = ${provider} AND subject = ${subject} AND account_id = ${accountId} AND superseded_at = 'infinity' AND valid_to > ${from}::timestamptz
    ORDER BY valid_from`.execute(trx);
  return rows;
}

/**
 * An account's resources of some kinds, as they were last known, in groups that are charged alike: those that
 * live, and those that only projects show, of which nothing else is known.
 */
export async function selectResourceGroups(
  db: Queryable,
  accountId: number,
  kinds: readonly string[],
): Promise<ResourceGroup[]> {
  const { rows } = await statement<ResourceGroup>('inventory.selectResourceGroups')`
    SELECT r.kind, split_part(s.parents[1], ':', 1) AS source, s.attributes ->> 'size_slug' AS "sizeSlug",
           s.attributes ->> 'type' AS type, (s.attributes ->> 'assigned')::boolean AS assigned,
           (s.attributes ->> 'ip_version')::int AS "ipVersion", count(*) AS resources,
           sum((s.attributes ->> 'size_gb')::numeric) AS "sizeGb", sum((s.attributes ->> 'nodes')::numeric) AS nodes
    FROM resources r
    LEFT JOIN resource_states s ON s.resource_id = r.resource_id AND s.superseded_at = 'infinity' AND s.valid_to = 'infinity'
    WHERE r.account_id = ${accountId} AND r.kind = ANY (${[...kinds]}::text[])
      AND (s.resource_id IS NOT NULL OR EXISTS (
        SELECT FROM project_memberships m
        WHERE m.resource_id = r.resource_id AND m.superseded_at = 'infinity' AND m.valid_to = 'infinity'))
    GROUP BY 1, 2, 3, 4, 5, 6, s.attributes ->> 'size_gb' IS NULL, s.attributes ->> 'nodes' IS NULL
    ORDER BY 1, 2, 3, 4, 5, 6`.execute(db);
  return rows;
}
