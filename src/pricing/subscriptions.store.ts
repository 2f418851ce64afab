import { sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import type { Stated } from './subscription-history.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';

/** One at a time may change a deployment's subscriptions; held until the end of the transaction. */
export async function lockSubscriptions(trx: UnitOfWork, deploymentId: number): Promise<void> {
  await statement(
    'pricing.lockSubscriptions',
  )`SELECT pg_advisory_xact_lock(hashtextextended('subscriptions', ${deploymentId}::bigint))`.execute(trx);
}

/** Nobody else may change any subscription until the end of the transaction. */
export async function lockAllSubscriptions(trx: UnitOfWork): Promise<void> {
  await statement('pricing.lockAllSubscriptions')`LOCK TABLE subscriptions IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

export interface SubscribedRow {
  readonly deployment: string;
  readonly plan: string | null;
  readonly to: Temporal.Instant | null;
}

/** Those deployments that were ever on a plan, with the last one that they are believed to be on. */
export async function selectSubscribed(db: Queryable, slugs: readonly string[]): Promise<SubscribedRow[]> {
  const { rows } = await statement<SubscribedRow>('pricing.selectSubscribed')`
    SELECT d.slug AS deployment, l.plan, l.valid_to AS "to"
    FROM deployments_list d
    LEFT JOIN LATERAL (
      SELECT p.slug AS plan, s.valid_to FROM subscriptions s JOIN plans p USING (plan_id)
      WHERE s.deployment_id = d.deployment_id AND s.superseded_at = 'infinity'
      ORDER BY s.valid_from DESC LIMIT 1) l ON true
    WHERE d.slug = ANY (${[...slugs]}::text[])
      AND EXISTS (SELECT FROM subscriptions s WHERE s.deployment_id = d.deployment_id)
    ORDER BY d.slug COLLATE "C"`.execute(db);
  return rows;
}

/** Puts those deployments that were never on a plan on one, and appends that to the log of changes; their slugs. */
export async function insertFirstSubscriptions(
  trx: UnitOfWork,
  wanted: readonly { readonly deployment: string; readonly plan: string; readonly from: Temporal.PlainDate }[],
  by: string,
  now: Temporal.Instant,
): Promise<string[]> {
  const { rows } = await statement<{ slug: string; id: number }>('pricing.insertFirstSubscriptions')`
    WITH wanted AS (
      SELECT d.deployment_id, d.slug, p.plan_id, w."from"::timestamptz AS valid_from
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS w (deployment text, plan text, "from" date)
      JOIN deployments_list d ON d.slug = w.deployment
      JOIN plans p ON p.slug = w.plan
      WHERE d.customer_id IS NOT NULL AND d.ends_at IS NULL
        AND NOT EXISTS (SELECT FROM subscriptions s WHERE s.deployment_id = d.deployment_id)
    ), started AS (
      INSERT INTO subscriptions (deployment_id, plan_id, paused, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
      SELECT deployment_id, plan_id, false, valid_from, 'infinity', ${now}::timestamptz, 'infinity', ${by}::text
      FROM wanted ORDER BY deployment_id
      RETURNING deployment_id
    )
    SELECT w.slug, deployment_id AS id FROM started JOIN wanted w USING (deployment_id) ORDER BY w.slug COLLATE "C"`.execute(
    trx,
  );
  const started = sql`
    SELECT deployment_id AS subject, valid_from, valid_to FROM subscriptions
    WHERE deployment_id = ANY (${rows.map((row) => row.id)}::bigint[]) AND superseded_at = 'infinity'`;
  await appendChanges(trx, 'pricing', 'subscription', now, started);
  return rows.map((row) => row.slug);
}

/** What a deployment is believed to be on over time, in order. */
export async function selectHistory(db: Queryable, deploymentId: number): Promise<Stated[]> {
  interface Row {
    plan_id: number;
    paused: boolean;
    valid_from: Temporal.Instant;
    valid_to: Temporal.Instant | null;
  }
  const { rows } = await statement<Row>('pricing.selectHistory')`
    SELECT plan_id, paused, valid_from, valid_to FROM subscriptions
    WHERE deployment_id = ${deploymentId} AND superseded_at = 'infinity' ORDER BY valid_from`.execute(db);
  return rows.map((row) => ({
    from: row.valid_from,
    to: row.valid_to,
    state: { planId: row.plan_id, paused: row.paused },
  }));
}

const subscriptionHistory: HistoryTable = {
  table: 'subscriptions',
  id: 'subscription_id',
  key: ['deployment_id'],
  values: ['plan_id', 'paused', 'recorded_by'],
};

/** Rewrites what is believed over intervals that differ from it, and appends that to the log of changes. */
export async function rewriteSubscriptions(
  trx: UnitOfWork,
  deploymentId: number,
  changes: readonly Stated[],
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.rewriteSubscriptions', table: 'staged_subscriptions' },
    sql`
      SELECT ${deploymentId}::bigint AS deployment_id, s.plan_id, coalesce(s.paused, false) AS paused,
             ${by}::text AS recorded_by, s.valid_from, coalesce(s.valid_to, 'infinity') AS valid_to,
             s.plan_id IS NOT NULL AS asserted
      FROM unnest(${changes.map(({ state }) => state?.planId ?? null)}::bigint[],
                  ${changes.map(({ state }) => state?.paused ?? null)}::boolean[],
                  ${changes.map(({ from }) => from.toString())}::timestamptz[],
                  ${changes.map(({ to }) => to?.toString() ?? null)}::timestamptz[])
        AS s (plan_id, paused, valid_from, valid_to)`,
  );
  const change = { topic: 'pricing', cause: 'subscription' } as const;
  await rewriteHistory(trx, subscriptionHistory, staged, now, change);
}

export interface SubscriptionRow {
  readonly deployment: string;
  readonly plan: string;
  readonly paused: boolean;
  readonly valid_from: Temporal.Instant;
  readonly valid_to: Temporal.Instant | null;
}

export interface SubscriptionFilter {
  /** A plan's slug. */
  readonly plan?: string | undefined;
  readonly paused?: boolean | undefined;
  /** Of one customer's deployments. */
  readonly customerId?: number | undefined;
  readonly q?: string | null | undefined;
}

const standing = (at: Temporal.Instant, { plan, paused, customerId, q = null }: SubscriptionFilter) => sql`
  FROM subscriptions s JOIN plans p USING (plan_id) JOIN deployments_list d USING (deployment_id)
  WHERE s.superseded_at = 'infinity' AND s.valid_from <= ${at}::timestamptz AND s.valid_to > ${at}::timestamptz
    ${plan === undefined ? sql`` : sql`AND p.slug = ${plan}`}
    ${paused === undefined ? sql`` : sql`AND s.paused = ${paused}`}
    ${customerId === undefined ? sql`` : sql`AND d.customer_id = ${customerId}`}
    AND ${holds(q, sql`d.slug`, sql`p.slug`)}`;

const deploymentKey: SortKey = { of: sql`d.slug COLLATE "C"`, type: 'text' };
const subscriptionSorts = {
  deployment: deploymentKey,
  plan: { of: sql`p.slug COLLATE "C"`, type: 'text' },
  from: { of: sql`s.valid_from`, type: 'timestamptz' },
} as const satisfies Record<string, SortKey>;

export type SubscriptionSort = keyof typeof subscriptionSorts;

/** What each deployment is on at an instant, `limit` at most. */
export async function selectSubscriptionsAt(
  db: Queryable,
  at: Temporal.Instant,
  filter: SubscriptionFilter,
  { sort, limit, ...request }: Omit<PageRequest<SubscriptionSort>, 'q'>,
): Promise<(SubscriptionRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(subscriptionSorts[sort], deploymentKey, request);
  const { rows } = await statement<SubscriptionRow & Sorted>('pricing.selectSubscriptionsAt')`
    SELECT d.slug AS deployment, p.slug AS plan, s.paused, s.valid_from, s.valid_to, ${columns}
    ${standing(at, filter)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countSubscriptionsAt(
  db: Queryable,
  at: Temporal.Instant,
  filter: SubscriptionFilter,
): Promise<number> {
  const { rows } = await statement<{ total: number }>('pricing.countSubscriptionsAt')`
    SELECT count(*) AS total ${standing(at, filter)}`.execute(db);
  return rows[0]?.total ?? 0;
}

/** What one deployment is believed to be on over time, the newest first. */
export async function selectSubscriptionsOf(
  db: Queryable,
  deploymentId: number,
  limit: number,
): Promise<SubscriptionRow[]> {
  const { rows } = await statement<SubscriptionRow>('pricing.selectSubscriptionsOf')`
    SELECT d.slug AS deployment, p.slug AS plan, s.paused, s.valid_from, s.valid_to
    FROM subscriptions s JOIN plans p USING (plan_id) JOIN deployments_list d USING (deployment_id)
    WHERE s.deployment_id = ${deploymentId} AND s.superseded_at = 'infinity'
    ORDER BY s.valid_from DESC LIMIT ${limit}`.execute(db);
  return rows;
}

/** The last subscription that a deployment has within the days [from, to). */
/** The last plan that each of these deployments is on within days, in one statement. Those on none are not among them. */
export async function selectLastSubscriptions(
  db: Queryable,
  deployments: readonly string[],
  { from, to }: { readonly from: Temporal.PlainDate; readonly to: Temporal.PlainDate },
): Promise<{ readonly deploymentId: number; readonly deployment: string; readonly plan: string }[]> {
  const { rows } = await statement<{ deploymentId: number; deployment: string; plan: string }>(
    'pricing.selectLastSubscriptions',
  )`
    SELECT DISTINCT ON (d.deployment_id) d.deployment_id AS "deploymentId", d.slug AS deployment, p.slug AS plan
    FROM deployments_list d JOIN subscriptions s USING (deployment_id) JOIN plans p USING (plan_id)
    WHERE d.slug = ANY (${[...deployments]}::text[]) AND s.superseded_at = 'infinity'
      AND s.valid_from < ${to}::date AND s.valid_to > ${from}::date
    ORDER BY d.deployment_id, s.valid_from DESC`.execute(db);
  return rows;
}

export async function selectLastSubscription(
  db: Queryable,
  deploymentId: number,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<string | undefined> {
  const { rows } = await statement<{ plan: string }>('pricing.selectLastSubscription')`
    SELECT p.slug AS plan
    FROM subscriptions s JOIN plans p USING (plan_id)
    WHERE s.deployment_id = ${deploymentId} AND s.superseded_at = 'infinity'
      AND s.valid_from < ${to}::date AND s.valid_to > ${from}::date
    ORDER BY s.valid_from DESC LIMIT 1`.execute(db);
  return rows[0]?.plan;
}
