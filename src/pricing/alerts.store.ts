import { sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { preparedStatement, statement } from '../platform/database/statement.ts';

export interface AlertRow {
  readonly alertId: number;
  /** Null: each deployment. */
  readonly deployment: string | null;
  readonly deploymentId: number | null;
  /** A billing kind; null: the amount of the month. */
  readonly kind: string | null;
  readonly threshold: string;
  readonly unit: 'absolute' | 'percent';
  readonly currency: string | null;
  readonly basis: 'to_date' | 'forecast';
  readonly createdAt: Temporal.Instant;
  readonly createdBy: string;
}

export interface NewAlertRow extends Omit<AlertRow, 'alertId' | 'deployment' | 'createdAt' | 'createdBy'> {}

/** Null: there is no such billing kind. */
export async function insertAlert(
  db: Queryable,
  alert: NewAlertRow,
  by: string,
  now: Temporal.Instant,
): Promise<number | null> {
  const { rows } = await statement<{ alert_id: number }>('pricing.insertAlert')`
    INSERT INTO alerts (deployment_id, billing_kind_id, threshold, unit, currency, basis, created_at, created_by)
    SELECT ${alert.deploymentId}::bigint, k.billing_kind_id, ${alert.threshold}, ${alert.unit}, ${alert.currency},
           ${alert.basis}, ${now}, ${by}
    FROM (SELECT 1) AS one
    LEFT JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k ON k.slug = ${alert.kind}
    WHERE ${alert.kind}::text IS NULL OR k.billing_kind_id IS NOT NULL
    RETURNING alert_id`.execute(db);
  return rows[0]?.alert_id ?? null;
}

const alertColumns = sql`
  a.alert_id AS "alertId", d.slug AS deployment, a.deployment_id AS "deploymentId", k.slug AS kind,
  trim_scale(a.threshold) AS threshold, a.unit, a.currency, a.basis,
  a.created_at AS "createdAt", a.created_by AS "createdBy"`;

export interface AlertFilter {
  readonly alertId?: number | undefined;
  /** Only those that are about it alone. */
  readonly deployment?: string | undefined;
  readonly q?: string | null | undefined;
}

const standing = ({ alertId, deployment, q = null }: AlertFilter) => sql`
  FROM alerts a
  LEFT JOIN deployments_list d USING (deployment_id)
  LEFT JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k USING (billing_kind_id)
  WHERE a.removed_at = 'infinity' AND ${holds(q, sql`d.slug`, sql`k.slug`, sql`a.created_by`)}
    ${alertId === undefined ? sql`` : sql`AND a.alert_id = ${alertId}`}
    ${deployment === undefined ? sql`` : sql`AND d.slug = ${deployment}`}`;

const alertKey: SortKey = { of: sql`a.alert_id`, type: 'bigint' };
const alertSorts = {
  alertId: alertKey,
  deployment: { of: sql`coalesce(d.slug, '') COLLATE "C"`, type: 'text' },
  createdAt: { of: sql`a.created_at`, type: 'timestamptz' },
} as const satisfies Record<string, SortKey>;

export type AlertSort = keyof typeof alertSorts;

/** Standing alerts, `limit` at most. */
export async function selectAlerts(
  db: Queryable,
  filter: AlertFilter,
  { sort, limit, ...request }: Omit<PageRequest<AlertSort>, 'q'>,
): Promise<(AlertRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(alertSorts[sort], alertKey, request);
  const { rows } = await statement<AlertRow & Sorted>('pricing.selectAlerts')`
    SELECT ${alertColumns}, ${columns} ${standing(filter)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countAlerts(db: Queryable, filter: AlertFilter): Promise<number> {
  const { rows } = await statement<{ total: number }>('pricing.countAlerts')`
    SELECT count(*) AS total ${standing(filter)}`.execute(db);
  return rows[0]?.total ?? 0;
}

/** Whether there was one to remove. */
export async function updateRemoved(db: Queryable, id: number, now: Temporal.Instant): Promise<boolean> {
  const { rows } = await statement('pricing.updateRemoved')`
    UPDATE alerts SET removed_at = greatest(created_at, ${now}::timestamptz)
    WHERE alert_id = ${id} AND removed_at = 'infinity' RETURNING 1`.execute(db);
  return rows.length > 0;
}

export interface NewFiring {
  readonly alertId: number;
  readonly deploymentId: number;
  readonly month: Temporal.PlainYearMonth;
  readonly value: string;
  readonly threshold: string;
  readonly unit: string;
}

export interface NewlyFired extends Omit<NewFiring, 'month'> {
  readonly month: Temporal.PlainDate;
  readonly deployment: string;
  readonly customerId: number | null;
}

/** Writes those that have not fired for their deployment and month before; tells of each. Returns which they were. */
export async function insertFirings(
  trx: UnitOfWork,
  firings: readonly NewFiring[],
  now: Temporal.Instant,
): Promise<NewlyFired[]> {
  const { rows } = await statement<NewlyFired & { published: unknown }>('pricing.insertFirings')`
    WITH fired AS (
      INSERT INTO alert_firings (alert_id, deployment_id, month, value, threshold, unit, fired_at)
      SELECT alert_id, deployment_id, month, value, threshold, unit, ${now}
      FROM unnest(${firings.map((one) => one.alertId)}::bigint[], ${firings.map((one) => one.deploymentId)}::bigint[],
                  ${firings.map((one) => `${one.month}-01`)}::date[], ${firings.map((one) => one.value)}::numeric[],
                  ${firings.map((one) => one.threshold)}::numeric[], ${firings.map((one) => one.unit)}::text[])
        AS f (alert_id, deployment_id, month, value, threshold, unit)
      ON CONFLICT DO NOTHING
      RETURNING alert_id, deployment_id, month, value, threshold, unit
    )
    SELECT f.alert_id AS "alertId", f.deployment_id AS "deploymentId", f.month, trim_scale(f.value) AS value,
           trim_scale(f.threshold) AS threshold, f.unit, d.slug AS deployment, d.customer_id AS "customerId",
           publish_event('alert.fired', d.slug) AS published
    FROM fired f JOIN deployments_list d USING (deployment_id)`.execute(trx);
  return rows.map(({ published: _, ...row }) => row);
}

export interface FiringRow {
  readonly alertId: number;
  readonly deployment: string;
  readonly month: Temporal.PlainDate;
  readonly kind: string | null;
  readonly basis: 'to_date' | 'forecast';
  readonly value: string;
  readonly threshold: string;
  readonly unit: string;
  readonly firedAt: Temporal.Instant;
}

export interface FiringFilter {
  readonly deployment?: string | undefined;
  readonly month?: Temporal.PlainYearMonth | undefined;
  readonly q?: string | null | undefined;
}

const fired = ({ deployment, month, q = null }: FiringFilter) => sql`
  FROM alert_firings f
  JOIN alerts a USING (alert_id)
  JOIN deployments_list d ON d.deployment_id = f.deployment_id
  LEFT JOIN (SELECT DISTINCT billing_kind_id, slug FROM metering_kinds) k USING (billing_kind_id)
  WHERE ${holds(q, sql`d.slug`, sql`k.slug`)}
    ${deployment === undefined ? sql`` : sql`AND d.slug = ${deployment}`}
    ${month === undefined ? sql`` : sql`AND f.month = ${`${month}-01`}::date`}`;

const firingKey: SortKey = { of: sql`concat_ws(' ', f.alert_id, f.deployment_id, f.month) COLLATE "C"`, type: 'text' };
const firingSorts = {
  firedAt: { of: sql`f.fired_at`, type: 'timestamptz' },
  deployment: { of: sql`d.slug COLLATE "C"`, type: 'text' },
  month: { of: sql`f.month`, type: 'date' },
} as const satisfies Record<string, SortKey>;

export type FiringSort = keyof typeof firingSorts;

/** What fired, `limit` at most. */
export async function selectFirings(
  db: Queryable,
  filter: FiringFilter,
  { sort, limit, ...request }: Omit<PageRequest<FiringSort>, 'q'>,
): Promise<(FiringRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(firingSorts[sort], firingKey, request);
  const { rows } = await statement<FiringRow & Sorted>('pricing.selectFirings')`
    SELECT f.alert_id AS "alertId", d.slug AS deployment, f.month, k.slug AS kind, a.basis,
           trim_scale(f.value) AS value, trim_scale(f.threshold) AS threshold, f.unit, f.fired_at AS "firedAt", ${columns}
    ${fired(filter)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countFiringsOf(db: Queryable, filter: FiringFilter): Promise<number> {
  const { rows } = await statement<{ total: number }>('pricing.countFiringsOf')`
    SELECT count(*) AS total ${fired(filter)}`.execute(db);
  return rows[0]?.total ?? 0;
}

/** Deployments that are on any plan at some time within [from, to), by id, behind one of them. */
export async function selectSubscribed(
  db: Queryable,
  from: Temporal.Instant,
  to: Temporal.Instant,
  after: number,
  limit: number,
): Promise<number[]> {
  const { rows } = await statement<{ deployment_id: number }>('pricing.selectAlertsSubscribed')`
    SELECT DISTINCT deployment_id FROM subscriptions
    WHERE superseded_at = 'infinity' AND valid_from < ${to} AND valid_to > ${from} AND deployment_id > ${after}
    ORDER BY deployment_id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.deployment_id);
}

/** How often alerts fired on a month. */
export async function countFirings(db: Queryable, month: Temporal.PlainDate): Promise<number> {
  const { rows } = await preparedStatement<{ fired: number }>('pricing.countFirings')`
    SELECT count(*) AS fired FROM alert_firings WHERE month = ${month}`.execute(db);
  return rows[0]?.fired ?? 0;
}
