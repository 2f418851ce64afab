import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../../platform/database/database.ts';
import type { Granularity } from '../../period.ts';
import { startOfDay } from '../../period.ts';
import type {
  DeploymentDaySum,
  DeploymentSum,
  KindDaySum,
  KindSum,
  RecordFilter,
  RecordPage,
  UsageQuery,
  UsageRecord,
  UsageScope,
} from '../usage-store.ts';
import { sumsMax, wholeSums } from '../usage-store.ts';
import { preparedStatement, statement } from '../../../platform/database/statement.ts';

// How PostgreSQL answers for usage.

function within(scope: UsageScope): RawBuilder<unknown> {
  if (scope === 'all') return sql``;
  if ('deploymentId' in scope) return sql`AND deployment_id = ${scope.deploymentId}`;
  if ('deploymentIds' in scope) return sql`AND deployment_id = ANY (${scope.deploymentIds}::bigint[])`;
  // As an array, which the primary keys are searched by; as IN (SELECT ...) it would be a filter only.
  return sql`AND deployment_id = ANY (ARRAY(
    SELECT deployment_id FROM deployments_list WHERE customer_id = ${scope.customerId}))`;
}

function above(floors: UsageQuery['floors']): RawBuilder<unknown> {
  if (floors === undefined || floors.size === 0) return sql``;
  return sql`AND NOT EXISTS (
    SELECT FROM unnest(${[...floors.keys()]}::text[], ${[...floors.values()].map((day) => startOfDay(day).toString())}::timestamptz[])
      AS f (slug, floor) JOIN billing_kinds k USING (slug)
    WHERE k.billing_kind_id = own.billing_kind_id AND own.period_start < f.floor)`;
}

/** In the text of the statement: of a plan that is kept, the partitions are those of these days. */
function bound(day: Temporal.PlainDate): RawBuilder<unknown> {
  return sql`${sql.lit(startOfDay(day).toString())}::timestamptz`;
}

/**
 * To plan the sums of a month takes as long as to read a deployment's records of it. Of a whole month of one deployment
 * the plan is kept: who asks for these asks for the same few months again and again, so that a connection keeps few.
 */
function statementOf({ scope, range, kind, asOfRevision, floors }: UsageQuery): typeof statement {
  const isMonth = range.from.day === 1 && range.from.add({ months: 1 }).equals(range.to);
  const isPlain = kind === undefined && asOfRevision === undefined && (floors === undefined || floors.size === 0);
  return isMonth && isPlain && scope !== 'all' && 'deploymentId' in scope ? preparedStatement : statement;
}

/**
 * The records of a query. As of a revision: those that are no younger, and of each record that was
 * replaced since what the first replacement found there, unless that was younger too.
 */
function recordsIn({ scope, range, kind, asOfRevision, floors }: UsageQuery): RawBuilder<unknown> {
  const ofKind =
    kind === undefined
      ? sql``
      : sql`AND billing_kind_id = (SELECT billing_kind_id FROM billing_kinds WHERE slug = ${kind})`;
  const chosen = sql`
    period_start >= ${bound(range.from)} AND period_start < ${bound(range.to)} ${within(scope)} ${ofKind}
    ${above(floors)}`;
  if (asOfRevision === undefined) return sql`(SELECT * FROM usage_records own WHERE ${chosen})`;
  return sql`
    (SELECT deployment_id, resource_id, period_start, revision, billing_kind_id, granularity, quantity
     FROM usage_records own WHERE ${chosen} AND revision <= ${asOfRevision}
     UNION ALL
     SELECT deployment_id, resource_id, period_start, old_revision, billing_kind_id, granularity, old_quantity
     FROM (SELECT DISTINCT ON (deployment_id, billing_kind_id, resource_id, period_start, granularity) *
           FROM usage_changes own WHERE ${chosen} AND revision > ${asOfRevision}
           ORDER BY deployment_id, billing_kind_id, resource_id, period_start, granularity, usage_change_id) AS replaced
     WHERE old_revision <= ${asOfRevision})`;
}

export async function selectSumsByKind(db: Queryable, query: UsageQuery): Promise<KindSum[]> {
  const { rows } = await statementOf(query)<KindSum>('metering.selectSumsByKind')`
    SELECT k.slug AS kind, u.quantity
    FROM (SELECT billing_kind_id, trim_scale(sum(quantity)) AS quantity
          FROM ${recordsIn(query)} AS r GROUP BY billing_kind_id) AS u
    JOIN billing_kinds k USING (billing_kind_id) ORDER BY k.slug`.execute(db);
  return rows;
}

export async function selectSumsByKindAndDay(db: Queryable, query: UsageQuery): Promise<KindDaySum[]> {
  const { rows } = await statementOf(query)<KindDaySum>('metering.selectSumsByKindAndDay')`
    SELECT k.slug AS kind, u.day, u.quantity, u.records
    FROM (SELECT billing_kind_id, (period_start AT TIME ZONE 'UTC')::date AS day,
                 trim_scale(sum(quantity)) AS quantity, count(*) AS records
          FROM ${recordsIn(query)} AS r GROUP BY 1, 2) AS u
    JOIN billing_kinds k USING (billing_kind_id) ORDER BY k.slug, u.day`.execute(db);
  return rows;
}

export async function selectSumsByDeployment(db: Queryable, query: UsageQuery): Promise<DeploymentSum[]> {
  const { rows } = await statement<DeploymentSum>('metering.selectSumsByDeployment')`
    SELECT u.deployment_id AS "deploymentId", k.slug AS kind, u.quantity
    FROM (SELECT deployment_id, billing_kind_id, trim_scale(sum(quantity)) AS quantity
          FROM ${recordsIn(query)} AS r GROUP BY deployment_id, billing_kind_id) AS u
    JOIN billing_kinds k USING (billing_kind_id)
    ORDER BY u.deployment_id, k.slug LIMIT ${sumsMax + 1}`.execute(db);
  return wholeSums(rows);
}

export async function selectSumsByDeploymentAndDay(db: Queryable, query: UsageQuery): Promise<DeploymentDaySum[]> {
  const { rows } = await statement<DeploymentDaySum>('metering.selectSumsByDeploymentAndDay')`
    SELECT u.deployment_id AS "deploymentId", k.slug AS kind, u.day, u.quantity
    FROM (SELECT deployment_id, billing_kind_id, (period_start AT TIME ZONE 'UTC')::date AS day,
                 trim_scale(sum(quantity)) AS quantity
          FROM ${recordsIn(query)} AS r GROUP BY 1, 2, 3) AS u
    JOIN billing_kinds k USING (billing_kind_id)
    ORDER BY u.deployment_id, k.slug, u.day LIMIT ${sumsMax + 1}`.execute(db);
  return wholeSums(rows);
}

export async function selectRecords(
  db: Queryable,
  query: UsageQuery,
  filter: RecordFilter,
  { after, limit }: RecordPage,
): Promise<UsageRecord[]> {
  const { rows } = await preparedStatement<UsageRecord & { granularity: Granularity }>('metering.selectRecords')`
    SELECT r.deployment_id AS "deploymentId", r.resource_id AS "resourceId", k.slug AS kind, r.granularity,
           r.period_start AS "periodStart", trim_scale(r.quantity) AS quantity, r.revision
    FROM ${recordsIn(query)} AS r JOIN billing_kinds k USING (billing_kind_id)
    WHERE true
    ${filter.kind === undefined ? sql`` : sql`AND k.slug = ${filter.kind}`}
    ${filter.resourceId === undefined ? sql`` : sql`AND r.resource_id = ${filter.resourceId}`}
    ${
      after === undefined
        ? sql``
        : sql`AND (r.deployment_id, r.billing_kind_id, r.resource_id, r.period_start)
              > (${after.deploymentId}::bigint, (SELECT billing_kind_id FROM billing_kinds WHERE slug = ${after.kind}),
                 ${after.resourceId}::bigint, ${after.periodStart}::timestamptz)`
    }
    ORDER BY r.deployment_id, r.billing_kind_id, r.resource_id, r.period_start
    LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countRecords(db: Queryable, query: UsageQuery): Promise<number> {
  const { rows } = await statement<{ records: number }>('metering.countRecords')`
    SELECT count(*) AS records FROM ${recordsIn(query)} AS r`.execute(db);
  return rows[0]?.records ?? 0;
}
