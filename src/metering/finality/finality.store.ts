import { type RawBuilder, sql } from 'kysely';
import { resourceChanges } from '../../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../../platform/database/database.ts';
import type { DayRange } from '../period.ts';
import { startOfDay } from '../period.ts';
import { touchedMonths, wantedAndMetered } from '../store.ts';
import { preparedStatement, statement } from '../../platform/database/statement.ts';

// What is confirmed, what is assumed, and what is still to come. Everything here is derived from
// sync runs, operators' words and metered days; no record carries a flag that could be wrong.

/** Whose usage is asked about; null: everybody's. */
export type Whose = readonly number[] | null;

/** The ids of one deployment, or of all of a customer's; empty where there is none. */
export async function selectWhose(db: Queryable, of: { deployment: string } | { customer: string }): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('metering.selectWhose')`
    SELECT deployment_id AS id FROM deployments_list
    WHERE ${'deployment' in of ? sql`slug = ${of.deployment}` : sql`customer_external_id = ${of.customer}`}
    ORDER BY 1`.execute(db);
  return rows.map((row) => row.id);
}

/** What some deployments owned within a range, as `(resource_id, valid_from, valid_to)`. */
function ownedWithin(whose: readonly number[], range: DayRange): RawBuilder<unknown> {
  return sql`
    (SELECT a.resource_id, a.valid_from, a.valid_to
     FROM deployments_owners o JOIN deployments_attributions a USING (owner_set_id)
     WHERE o.deployment_id = ANY (${[...whose]}::bigint[])
       AND a.valid_from < ${startOfDay(range.to)} AND a.valid_to > ${startOfDay(range.from)})`;
}

/** The accounts in which some deployments owned anything within a range. */
function accountsOf(whose: readonly number[], range: DayRange): RawBuilder<unknown> {
  return sql`SELECT r.account_id FROM ${ownedWithin(whose, range)} AS own JOIN inventory_resources r USING (resource_id)`;
}

// Days ----------------------------------------------------------------------------------------

/** How a billing kind that is enabled somewhere in a range, or has records there, stands in it. */
export interface KindDays {
  readonly kind: string;
  readonly resourceKind: string;
  /** Days that are not metered as they are configured, and the first of them. */
  readonly missing: number;
  readonly firstMissing: Temporal.PlainDate | null;
}

export async function selectKindDays(db: Queryable, range: DayRange): Promise<KindDays[]> {
  const { rows } = await preparedStatement<KindDays>('metering.selectKindDays')`
    WITH ${wantedAndMetered(range)}
    SELECT k.slug AS kind, d.resource_kind AS "resourceKind", s.missing, s.first AS "firstMissing"
    FROM (SELECT billing_kind_id, count(*) FILTER (WHERE is_missing) AS missing, min(day) FILTER (WHERE is_missing) AS first
          FROM (SELECT billing_kind_id, day,
                       w.granularity IS DISTINCT FROM m.granularity OR w.definition IS DISTINCT FROM m.definition AS is_missing
                FROM wanted w FULL JOIN metered m USING (day, billing_kind_id)) AS w
          GROUP BY billing_kind_id) AS s
    JOIN billing_kinds k USING (billing_kind_id)
    CROSS JOIN LATERAL (SELECT resource_kind FROM billing_kind_definitions
                        WHERE billing_kind_id = s.billing_kind_id AND from_day < ${range.to}
                        ORDER BY from_day DESC LIMIT 1) AS d
    ORDER BY k.slug`.execute(db);
  return rows;
}

export interface PendingDays {
  readonly days: number;
  readonly first: Temporal.PlainDate | null;
}

/** Metered days of a range that facts have touched since, whoever they are about. */
export async function selectPendingDays(db: Queryable, range: DayRange): Promise<PendingDays> {
  const from = startOfDay(range.from);
  const to = startOfDay(range.to);
  const { rows } = await preparedStatement<PendingDays>('metering.selectPendingDays')`
    WITH metered AS (SELECT * FROM metered_days WHERE day >= ${range.from} AND day < ${range.to}),
    touched AS (
      SELECT d::date AS day, max(f.change_id) AS change_id FROM ${resourceChanges} AS f
      CROSS JOIN LATERAL generate_series(
        date_trunc('day', greatest(f.valid_from, ${from}::timestamptz), 'UTC') AT TIME ZONE 'UTC',
        (least(f.valid_to, ${to}::timestamptz) - interval '1 microsecond') AT TIME ZONE 'UTC', interval '1 day') AS d
      WHERE f.change_id > (SELECT min(change_id) FROM metered)
        AND f.valid_from < ${to} AND f.valid_to > ${from}
      GROUP BY 1
    )
    SELECT count(DISTINCT day) AS days, min(day) AS first
    FROM (SELECT day FROM touched t JOIN metered m USING (day) WHERE m.change_id < t.change_id
          UNION ALL SELECT t.day FROM ${touchedMonths(range, null)} AS t) AS pending`.execute(db);
  return rows[0] ?? { days: 0, first: null };
}

// Accounts ------------------------------------------------------------------------------------

/** Up to when an account's resources of a kind are confirmed. */
export interface Observed {
  readonly accountId: number;
  readonly account: string;
  readonly resourceKind: string;
  /** Nothing of the account is metered before. */
  readonly meteredFrom: Temporal.Instant;
  /** The start of the latest complete listing; null: there was none. */
  readonly syncedAt: Temporal.Instant | null;
  /** The same, or a later attestation. */
  readonly confirmedThrough: Temporal.Instant | null;
  /** After how long without a complete listing there is a gap, and for how long usage is estimated. */
  readonly gapAfterHours: number;
  readonly carryForwardHours: number;
}

/** Accounts and the kinds that are metered of them, which `whose` owned anything in; those metered within the range. */
export async function selectObserved(
  db: Queryable,
  range: DayRange,
  resourceKinds: readonly string[],
  whose: Whose,
): Promise<Observed[]> {
  const accounts = whose === null ? sql`` : sql`AND o.account_id IN (${accountsOf(whose, range)})`;
  const { rows } = await preparedStatement<Observed>('metering.selectObserved')`
    SELECT o.account_id AS "accountId", o.account, o.resource_kind AS "resourceKind", o.metered_from AS "meteredFrom",
           o.synced_at AS "syncedAt", o.confirmed_through AS "confirmedThrough",
           (extract(epoch FROM g.gap_after) / 3600)::int AS "gapAfterHours",
           (extract(epoch FROM g.carry_forward) / 3600)::int AS "carryForwardHours"
    FROM metering_observed o
    CROSS JOIN LATERAL observation_limits_at(o.resource_kind, coalesce(o.confirmed_through, o.metered_from)) AS g
    WHERE o.resource_kind = ANY (${[...resourceKinds]}::text[]) AND o.metered_from < ${startOfDay(range.to)} ${accounts}
    ORDER BY o.account, o.resource_kind`.execute(db);
  return rows;
}

/** Resources whose end nobody saw, for longer than usage may be carried forward. */
export interface BeyondLimit {
  readonly account: string;
  readonly resourceKind: string;
  readonly resources: number;
  /** From the first moment beyond the limit to the listing that left the last of them out. */
  readonly since: Temporal.Instant;
  readonly until: Temporal.Instant;
}

export async function selectBeyondLimit(
  db: Queryable,
  range: DayRange,
  resourceKinds: readonly string[],
  whose: Whose,
): Promise<BeyondLimit[]> {
  const own =
    whose === null
      ? sql``
      : sql`AND e.resource_id IN (SELECT own.resource_id FROM ${ownedWithin(whose, range)} AS own)
            AND EXISTS (SELECT FROM ${ownedWithin(whose, range)} AS own WHERE own.resource_id = e.resource_id
                        AND own.valid_from < e.carried_to AND own.valid_to > e.beyond_from)`;
  const { rows } = await preparedStatement<BeyondLimit>('metering.selectBeyondLimit')`
    SELECT a.slug AS account, e.resource_kind AS "resourceKind", count(*) AS resources,
           min(e.beyond_from) AS since, max(e.carried_to) AS until
    FROM metering_uncertain_ends e JOIN inventory_accounts a USING (account_id)
    WHERE e.resource_kind = ANY (${[...resourceKinds]}::text[])
      AND e.carried_to > ${startOfDay(range.from)} AND e.beyond_from < least(e.carried_to, ${startOfDay(range.to)}) ${own}
    GROUP BY 1, 2 ORDER BY 1, 2`.execute(db);
  return rows;
}

const urnsNamed = 5;

/** Resources of a metered kind that projects showed and no listing did. */
export interface Unlisted {
  readonly account: string;
  readonly resourceKind: string;
  readonly resources: number;
  /** The first of them, as the provider names them. */
  readonly urns: string[];
  readonly since: Temporal.Instant;
  /** When no project showed them any more; null: one does. */
  readonly until: Temporal.Instant | null;
}

/** Whose they are nobody knows before they are listed: they matter to whom their account matters. */
export async function selectUnlisted(
  db: Queryable,
  range: DayRange,
  resourceKinds: readonly string[],
  whose: Whose,
): Promise<Unlisted[]> {
  const { rows } = await preparedStatement<Unlisted>('metering.selectUnlisted')`
    SELECT u.account, u.resource_kind AS "resourceKind", count(DISTINCT u.resource_id) AS resources,
           (array_agg(DISTINCT u.urn))[1:${sql.lit(urnsNamed)}] AS urns, min(u.since) AS since,
           nullif(max(u.until), 'infinity') AS until
    FROM metering_unlisted u
    WHERE u.resource_kind = ANY (${[...resourceKinds]}::text[])
      AND u.since < ${startOfDay(range.to)} AND u.until > ${startOfDay(range.from)}
      ${whose === null ? sql`` : sql`AND u.account_id IN (${accountsOf(whose, range)})`}
    GROUP BY u.account, u.resource_kind ORDER BY u.account, u.resource_kind`.execute(db);
  return rows;
}

/**
 * External ids of the customers who owned anything within a range in one of some accounts, or what went unseen there for
 * longer than usage may be carried forward.
 */
export async function selectHeldCustomers(
  db: Queryable,
  range: DayRange,
  { accounts, beyond }: { readonly accounts: readonly string[]; readonly beyond: readonly string[] },
): Promise<string[]> {
  const { rows } = await statement<{ customer: string }>('metering.selectHeldCustomers')`
    WITH held AS (
      SELECT r.resource_id, ${startOfDay(range.from)}::timestamptz AS since, ${startOfDay(range.to)}::timestamptz AS until
      FROM inventory_resources r JOIN inventory_accounts a USING (account_id) WHERE a.slug = ANY (${[...accounts]}::text[])
      UNION ALL
      SELECT e.resource_id, e.beyond_from, e.carried_to
      FROM metering_uncertain_ends e JOIN inventory_accounts a USING (account_id)
      WHERE a.slug = ANY (${[...beyond]}::text[]) AND e.carried_to > ${startOfDay(range.from)}
        AND e.beyond_from < least(e.carried_to, ${startOfDay(range.to)})
    )
    SELECT DISTINCT d.customer_external_id AS customer
    FROM held h
    JOIN deployments_attributions a ON a.resource_id = h.resource_id AND a.valid_from < h.until AND a.valid_to > h.since
    JOIN deployments_owners o USING (owner_set_id)
    JOIN deployments_list d USING (deployment_id)
    WHERE d.customer_id IS NOT NULL`.execute(db);
  return rows.map((row) => row.customer);
}

// Operators' words ------------------------------------------------------------------------------

export interface Confirmation {
  readonly confirmationId: number;
  readonly account: string;
  readonly resourceKind: string;
  readonly through: Temporal.Instant;
  readonly reason: string;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
  /** null: it stands. */
  readonly withdrawnAt: Temporal.Instant | null;
  readonly withdrawnBy: string | null;
}

/** The id of an account and whether it has, or lists, resources of the kind; null: no such account. */
export async function selectConfirmable(
  db: Queryable,
  account: string,
  resourceKind: string,
): Promise<{ accountId: number; metersKind: boolean } | null> {
  const { rows } = await statement<{ accountId: number; metersKind: boolean }>('metering.selectConfirmable')`
    SELECT account_id AS "accountId",
           EXISTS (SELECT FROM metering_observed o WHERE o.account_id = a.account_id
                     AND o.resource_kind = ${resourceKind}) AS "metersKind"
    FROM inventory_accounts a WHERE slug = ${account}`.execute(db);
  return rows[0] ?? null;
}

export async function insertConfirmation(
  db: Queryable,
  confirmation: { accountId: number; resourceKind: string; through: Temporal.Instant; reason: string },
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ id: number }>('metering.insertConfirmation')`
    INSERT INTO usage_attestations (account_id, resource_kind, through, reason, recorded_at, recorded_by, superseded_at)
    VALUES (${confirmation.accountId}, ${confirmation.resourceKind}, ${confirmation.through}, ${confirmation.reason},
            ${now}, ${by}, 'infinity')
    RETURNING usage_confirmation_id AS id`.execute(db);
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('usage_attestations returned no id');
  return id;
}

/** Takes a standing confirmation back; false where there is none of this id. */
export async function supersedeConfirmation(
  db: Queryable,
  confirmationId: number,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('metering.supersedeConfirmation')`
    UPDATE usage_attestations SET superseded_at = greatest(recorded_at, ${now}::timestamptz), superseded_by = ${by}
    WHERE usage_confirmation_id = ${confirmationId} AND superseded_at = 'infinity'`.execute(db);
  return numAffectedRows === 1n;
}

/** Newest first, those taken back among them; beyond `before`. */
export async function selectConfirmations(
  db: Queryable,
  limit: number,
  before: number | null = null,
): Promise<Confirmation[]> {
  const { rows } = await statement<Confirmation>('metering.selectConfirmations')`
    SELECT c.usage_confirmation_id AS "confirmationId", a.slug AS account, c.resource_kind AS "resourceKind", c.through,
           c.reason, c.recorded_at AS "recordedAt", c.recorded_by AS "recordedBy",
           c.superseded_at AS "withdrawnAt", c.superseded_by AS "withdrawnBy"
    FROM usage_attestations c JOIN inventory_accounts a USING (account_id)
    WHERE ${before}::bigint IS NULL OR c.usage_confirmation_id < ${before}
    ORDER BY 1 DESC LIMIT ${limit}`.execute(db);
  return rows;
}

// Limits ------------------------------------------------------------------------------------------

export interface ObservationLimit {
  /** A resource kind; '*': every kind without a row of its own. */
  readonly resourceKind: string;
  readonly fromDay: Temporal.PlainDate;
  readonly gapAfterHours: number;
  readonly carryForwardHours: number;
}

export async function selectLimits(db: Queryable): Promise<ObservationLimit[]> {
  const { rows } = await statement<ObservationLimit>('metering.selectLimits')`
    SELECT resource_kind AS "resourceKind", from_day AS "fromDay", gap_after_hours AS "gapAfterHours",
           carry_forward_hours AS "carryForwardHours"
    FROM observation_limits ORDER BY resource_kind, from_day LIMIT 1000`.execute(db);
  return rows;
}

export async function upsertLimit(trx: UnitOfWork, limit: ObservationLimit): Promise<void> {
  await statement('metering.upsertLimit')`
    INSERT INTO observation_limits (resource_kind, from_day, gap_after_hours, carry_forward_hours)
    VALUES (${limit.resourceKind}, ${limit.fromDay}, ${limit.gapAfterHours}, ${limit.carryForwardHours})
    ON CONFLICT (resource_kind, from_day) DO UPDATE SET
      gap_after_hours = excluded.gap_after_hours, carry_forward_hours = excluded.carry_forward_hours`.execute(trx);
}

/** The limits of a kind on a day: its own, or those of '*'. */
export async function selectLimitOn(
  db: Queryable,
  resourceKind: string,
  day: Temporal.PlainDate,
): Promise<{ gapAfterHours: number; carryForwardHours: number } | null> {
  const { rows } = await statement<{ gapAfterHours: number; carryForwardHours: number }>('metering.selectLimitOn')`
    SELECT (extract(epoch FROM gap_after) / 3600)::int AS "gapAfterHours",
           (extract(epoch FROM carry_forward) / 3600)::int AS "carryForwardHours"
    FROM observation_limits_at(${resourceKind}, ${startOfDay(day)})`.execute(db);
  return rows[0] ?? null;
}
