import { sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { PlanVersion } from './plan.ts';
import { statement } from '../platform/database/statement.ts';

/** A plan as it is on a day. Decimals are strings, as they were written. */
export interface PlanRow {
  readonly plan: string;
  readonly from_day: Temporal.PlainDate;
  readonly name: string;
  readonly currency: string;
  readonly base_fee: string;
  readonly base_every: string;
  readonly base_due: string;
  readonly minimum: string | null;
  readonly cap: string | null;
  readonly discount_percent: string | null;
  readonly discount_amount: string | null;
  readonly discount_until: Temporal.PlainDate | null;
  /** In their order, in the form of a plan's items. */
  readonly items: unknown[];
  /** Likewise, with markups of 0: who may read them asks for them (`selectMarkups`). */
  readonly pass_through: unknown[];
}

/** What a PlanRow holds, of the version `v` of the plan `p`. */
const planColumns = sql`
  p.slug AS plan, v.from_day, v.name, v.currency, v.base_fee, v.base_every, v.base_due, v.minimum, v.cap,
  v.discount_percent, v.discount_amount, v.discount_until,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'kind', k.slug, 'allowance', i.allowance::text, 'model', i.model, 'properties', i.properties,
            'carryOver', CASE WHEN i.carry_over_months IS NOT NULL THEN
              jsonb_build_object('months', i.carry_over_months, 'limit', i.carry_over_limit::text) END,
            'minimum', i.minimum::text, 'cap', i.cap::text) ORDER BY i.position), '[]')
   FROM plan_items i
   JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k USING (billing_kind_id)
   WHERE i.plan_version_id = v.plan_version_id) AS items,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'product', t.product, 'resourceKind', t.resource_kind, 'markupPercent', '0') ORDER BY t.position), '[]')
   FROM plan_pass_through t
   WHERE t.plan_version_id = v.plan_version_id) AS pass_through`;

/** Of a plan `p`: whether a customer may read it, because a deployment of theirs is or was on it; null: everybody else may. */
const isReadableBy = (customerId: number | null) => sql`
  (${customerId}::bigint IS NULL OR p.plan_id IN (
    SELECT s.plan_id FROM subscriptions s JOIN deployments_list d USING (deployment_id)
    WHERE d.customer_id = ${customerId} AND s.superseded_at = 'infinity'))`;

/** The version of each plan that holds on a day, or of one plan, by slug. A plan that begins later has none. */
export async function selectPlans(
  db: Queryable,
  day: Temporal.PlainDate,
  slug: string | null,
  customerId: number | null,
): Promise<PlanRow[]> {
  const { rows } = await statement<PlanRow>('pricing.selectPlans')`
    SELECT ${planColumns}
    FROM plans p
    CROSS JOIN LATERAL (
      SELECT * FROM plan_versions v
      WHERE v.plan_id = p.plan_id AND v.from_day <= ${day}::date
      ORDER BY v.from_day DESC LIMIT 1) v
    WHERE (${slug}::text IS NULL OR p.slug = ${slug}) AND ${isReadableBy(customerId)}
    ORDER BY p.slug COLLATE "C"`.execute(db);
  return rows;
}

/** All versions of a plan, the oldest first. */
export async function selectPlanVersions(db: Queryable, slug: string, customerId: number | null): Promise<PlanRow[]> {
  const { rows } = await statement<PlanRow>('pricing.selectPlanVersions')`
    SELECT ${planColumns}
    FROM plan_versions v JOIN plans p USING (plan_id) WHERE p.slug = ${slug} AND ${isReadableBy(customerId)} ORDER BY v.from_day`.execute(
    db,
  );
  return rows;
}

export async function selectPlansByVersion(
  db: Queryable,
  ids: readonly number[],
): Promise<(PlanRow & { plan_version_id: number })[]> {
  const { rows } = await statement<PlanRow & { plan_version_id: number }>('pricing.selectPlansByVersion')`
    SELECT v.plan_version_id, ${planColumns}
    FROM plan_versions v JOIN plans p USING (plan_id) WHERE v.plan_version_id = ANY (${[...ids]}::bigint[])`.execute(
    db,
  );
  return rows;
}

/** The plans that a customer's deployments are or were on by the day, by what is believed now. */
export async function selectPlansBegun(db: Queryable, customerId: number, now: Temporal.Instant): Promise<string[]> {
  const { rows } = await statement<{ plan: string }>('pricing.selectPlansBegun')`
    SELECT DISTINCT p.slug AS plan
    FROM subscriptions s JOIN plans p USING (plan_id) JOIN deployments_list d USING (deployment_id)
    WHERE d.customer_id = ${customerId} AND s.superseded_at = 'infinity' AND s.valid_from <= ${now}`.execute(db);
  return rows.map((row) => row.plan);
}

/** The first day of each of a plan's versions, in order; none: there is no such plan. */
export async function selectVersionDays(
  db: Queryable,
  slug: string,
  customerId: number | null,
): Promise<Temporal.PlainDate[]> {
  const { rows } = await statement<{ from_day: Temporal.PlainDate }>('pricing.selectVersionDays')`
    SELECT v.from_day FROM plans p JOIN plan_versions v USING (plan_id)
    WHERE p.slug = ${slug} AND ${isReadableBy(customerId)} ORDER BY v.from_day`.execute(db);
  return rows.map((row) => row.from_day);
}

/** The billing kinds that there are, whenever they are defined. */
export async function selectKinds(db: Queryable): Promise<string[]> {
  const { rows } = await statement<{ slug: string }>('pricing.selectKinds')`
    SELECT DISTINCT slug FROM metering_kinds ORDER BY slug`.execute(db);
  return rows.map((row) => row.slug);
}

/** Makes the plan if it is new, and locks it: until the end of the transaction nobody subscribes to it. */
export async function lockPlan(trx: UnitOfWork, slug: string): Promise<number> {
  await statement(
    'pricing.lockPlan.insert_plans',
  )`INSERT INTO plans (slug) VALUES (${slug}) ON CONFLICT (slug) DO NOTHING`.execute(trx);
  const { rows } = await statement<{ plan_id: number }>('pricing.lockPlan.select_plan_id')`
    SELECT plan_id FROM plans WHERE slug = ${slug} FOR UPDATE`.execute(trx);
  return (rows[0] as { plan_id: number }).plan_id;
}

export interface VersionRow {
  readonly plan_version_id: number;
  readonly from_day: Temporal.PlainDate;
  /** The next version's first day; null: none follows. */
  readonly to_day: Temporal.PlainDate | null;
  /** Whether a deployment was ever on it. */
  readonly used: boolean;
}

/** A plan's versions in order, and whether each was in use before `now`: by what was believed at any time. */
export async function selectVersions(db: Queryable, slug: string, now: Temporal.Instant): Promise<VersionRow[]> {
  const { rows } = await statement<VersionRow>('pricing.selectVersions')`
    SELECT v.plan_version_id, v.from_day, v.to_day, EXISTS (
      SELECT FROM subscriptions s
      WHERE s.plan_id = v.plan_id AND s.valid_from < coalesce(v.to_day, 'infinity')::timestamptz
        AND s.valid_to > v.from_day::timestamptz AND greatest(s.valid_from, v.from_day::timestamptz) < ${now}) AS used
    FROM (SELECT plan_version_id, plan_id, from_day, lead(from_day) OVER (ORDER BY from_day) AS to_day
          FROM plan_versions WHERE plan_id = (SELECT plan_id FROM plans WHERE slug = ${slug})) AS v
    ORDER BY v.from_day`.execute(db);
  return rows;
}

/** Deployments that are on the plan at some time within [from, to), by id, behind one of them. `to` null: without end. */
export async function selectSubscribers(
  db: Queryable,
  slug: string,
  from: Temporal.Instant,
  to: Temporal.Instant | null,
  after: number,
  limit: number,
): Promise<number[]> {
  const { rows } = await statement<{ deployment_id: number }>('pricing.selectSubscribers')`
    SELECT DISTINCT s.deployment_id FROM subscriptions s JOIN plans p USING (plan_id)
    WHERE p.slug = ${slug} AND s.superseded_at = 'infinity' AND s.valid_from < coalesce(${to}::timestamptz, 'infinity')
      AND s.valid_to > ${from} AND s.deployment_id > ${after}
    ORDER BY s.deployment_id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.deployment_id);
}

/** How many deployments are on a plan at some time of [from, to). */
export async function countSubscribersIn(
  db: Queryable,
  slug: string,
  from: Temporal.Instant,
  to: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ count: number }>('pricing.countSubscribersIn')`
    SELECT count(DISTINCT s.deployment_id)::int AS count FROM subscriptions s JOIN plans p USING (plan_id)
    WHERE p.slug = ${slug} AND s.superseded_at = 'infinity' AND s.valid_from < ${to} AND s.valid_to > ${from}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/** The same at an instant. */
export async function countSubscribers(db: Queryable, slug: string, at: Temporal.Instant): Promise<number> {
  return countSubscribersIn(db, slug, at, at.add({ nanoseconds: 1_000 }));
}

/** For everyone on the plan, days from one on, before another version's, may cost something else. */
export async function appendPlanChanges(
  trx: UnitOfWork,
  planId: number,
  from: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<void> {
  const rated = sql`
    SELECT s.deployment_id AS subject, greatest(s.valid_from, ${from}::date) AS valid_from, least(s.valid_to, n.next) AS valid_to
    FROM subscriptions s
    CROSS JOIN (SELECT coalesce(min(from_day)::timestamptz, 'infinity') AS next FROM plan_versions
                WHERE plan_id = ${planId} AND from_day > ${from}) AS n
    WHERE s.plan_id = ${planId} AND s.superseded_at = 'infinity'
      AND greatest(s.valid_from, ${from}::date) < least(s.valid_to, n.next)`;
  await appendChanges(trx, 'pricing', 'plan', now, rated);
}

/** Takes away a version that nobody was ever on, so that it can be written anew. */
export async function deleteVersion(trx: UnitOfWork, planVersionId: number): Promise<void> {
  await statement(
    'pricing.deleteVersion.delete_plan_items',
  )`DELETE FROM plan_items WHERE plan_version_id = ${planVersionId}`.execute(trx);
  await statement(
    'pricing.deleteVersion.delete_passed_prices',
  )`DELETE FROM passed_prices WHERE plan_version_id = ${planVersionId}`.execute(trx);
  await statement(
    'pricing.deleteVersion.delete_plan_markups',
  )`DELETE FROM plan_markups WHERE plan_version_id = ${planVersionId}`.execute(trx);
  await statement(
    'pricing.deleteVersion.delete_plan_pass_through',
  )`DELETE FROM plan_pass_through WHERE plan_version_id = ${planVersionId}`.execute(trx);
  await statement(
    'pricing.deleteVersion.delete_plan_versions',
  )`DELETE FROM plan_versions WHERE plan_version_id = ${planVersionId}`.execute(trx);
}

/** The sizes of droplets that live. */
export async function selectSizesInUse(db: Queryable): Promise<ReadonlySet<string>> {
  const { rows } = await statement<{ size: string }>('pricing.selectSizesInUse')`
    SELECT DISTINCT attributes ->> 'size_slug' AS size FROM inventory_states
    WHERE kind = 'droplet' AND valid_to = 'infinity' AND attributes ? 'size_slug'`.execute(db);
  return new Set(rows.map(({ size }) => size));
}

/**
 * A deployment that is on the plan on the day or later, if the plan has a version in another currency or its customer pays
 * in another: which.
 */
export async function selectSubscriberInOtherCurrency(
  trx: Queryable,
  planId: number,
  plan: Pick<PlanVersion, 'currency' | 'from'>,
): Promise<{ deployment: string; currency: string } | undefined> {
  const { rows } = await statement<{ deployment: string; currency: string }>('pricing.selectSubscriberInOtherCurrency')`
    SELECT d.slug AS deployment, CASE WHEN v.currency <> ${plan.currency} THEN v.currency ELSE d.currency END AS currency
    FROM plan_versions v
    JOIN subscriptions s USING (plan_id)
    JOIN deployments_list d USING (deployment_id)
    WHERE v.plan_id = ${planId} AND (v.currency <> ${plan.currency} OR d.currency <> ${plan.currency})
      AND s.superseded_at = 'infinity' AND s.valid_to > ${plan.from}::date
    ORDER BY d.slug LIMIT 1`.execute(trx);
  return rows[0];
}

/** Null where the plan has a version from that day already. */
export async function insertPlanVersion(
  trx: UnitOfWork,
  planId: number,
  plan: PlanVersion,
  by: string,
  now: Temporal.Instant,
): Promise<number | null> {
  const { rows } = await statement<{ plan_version_id: number }>('pricing.insertPlanVersion')`
    INSERT INTO plan_versions (plan_id, from_day, name, currency, base_fee, base_every, base_due, minimum, cap,
                               discount_percent, discount_amount, discount_until, recorded_at, recorded_by)
    VALUES (${planId}, ${plan.from}, ${plan.name}, ${plan.currency}, ${plan.base}, ${plan.baseEvery}, ${plan.baseDue},
            ${plan.minimum}, ${plan.cap},
            ${plan.discount?.percent ?? null}, ${plan.discount?.amount ?? null}, ${plan.discount?.until ?? null},
            ${now}, ${by})
    ON CONFLICT (plan_id, from_day) DO NOTHING
    RETURNING plan_version_id`.execute(trx);
  return rows[0]?.plan_version_id ?? null;
}

/** Returns how many were written: one whose billing kind there is not, is not. */
export async function insertPlanItems(
  trx: UnitOfWork,
  planVersionId: number,
  items: PlanVersion['items'],
): Promise<number> {
  const { numAffectedRows } = await statement('pricing.insertPlanItems')`
    INSERT INTO plan_items (plan_version_id, billing_kind_id, position, allowance, model, properties,
                            carry_over_months, carry_over_limit, minimum, cap)
    SELECT ${planVersionId}, k.billing_kind_id, i.position, (i.item ->> 'allowance')::numeric, i.item ->> 'model',
           i.item -> 'properties', (i.item #>> '{carryOver,months}')::smallint, (i.item #>> '{carryOver,limit}')::numeric,
           (i.item ->> 'minimum')::numeric, (i.item ->> 'cap')::numeric
    FROM jsonb_array_elements(${JSON.stringify(items)}::jsonb) WITH ORDINALITY AS i (item, position)
    JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k ON k.slug = i.item ->> 'kind'`.execute(trx);
  return Number(numAffectedRows ?? 0n);
}

export async function insertPassThrough(
  trx: UnitOfWork,
  planVersionId: number,
  passThrough: PlanVersion['passThrough'],
): Promise<void> {
  const said = sql`(
    SELECT ${planVersionId}::bigint AS plan_version_id, p.position::smallint AS position, p.item ->> 'product' AS product,
           p.item ->> 'resourceKind' AS resource_kind, (p.item ->> 'markupPercent')::numeric AS markup_percent
    FROM jsonb_array_elements(${JSON.stringify(passThrough)}::jsonb) WITH ORDINALITY AS p (item, position))`;
  await statement('pricing.insertPassThrough.plan_pass_through')`
    INSERT INTO plan_pass_through (plan_version_id, position, product, resource_kind)
    SELECT plan_version_id, position, product, resource_kind FROM ${said} AS p`.execute(trx);
  await statement('pricing.insertPassThrough.plan_markups')`
    INSERT INTO plan_markups (plan_version_id, position, markup_percent)
    SELECT plan_version_id, position, markup_percent FROM ${said} AS p`.execute(trx);
}

/** The markups of plan versions that pass cost on, in their order. */
export async function selectMarkups(
  db: Queryable,
  versions: readonly PlanVersion[],
): Promise<{ readonly plan: string; readonly from: Temporal.PlainDate; readonly markups: readonly string[] }[]> {
  const { rows } = await statement<{ plan: string; from: Temporal.PlainDate; markups: string[] }>(
    'pricing.selectMarkups',
  )`
    SELECT p.slug AS plan, v.from_day AS "from", array_agg(trim_scale(m.markup_percent)::text ORDER BY m.position) AS markups
    FROM plan_markups m JOIN plan_versions v USING (plan_version_id) JOIN plans p USING (plan_id)
    WHERE p.slug = ANY (${versions.map(({ plan }) => plan)}::text[]) GROUP BY 1, 2`.execute(db);
  return rows;
}

export interface DeploymentRow {
  readonly deployment_id: number;
  /** Null: the built-in deployment of what nobody owns. */
  readonly customer_id: number | null;
  readonly ends_at: Temporal.Instant | null;
}

export async function selectDeployment(db: Queryable, slug: string): Promise<DeploymentRow | undefined> {
  const { rows } = await statement<DeploymentRow>('pricing.selectDeployment')`
    SELECT deployment_id, customer_id, ends_at FROM deployments_list WHERE slug = ${slug}`.execute(db);
  return rows[0];
}

export async function selectPlanId(db: Queryable, slug: string): Promise<number | undefined> {
  const { rows } = await statement<{ plan_id: number }>(
    'pricing.selectPlanId',
  )`SELECT plan_id FROM plans WHERE slug = ${slug}`.execute(db);
  return rows[0]?.plan_id;
}
