import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { type DayRange, startOfDay } from './period.ts';
import type { DeploymentDaySum, DeploymentSum, KindSum, UsageQuery, UsageScope } from './records/usage-store.ts';

/** The change up to which days are summed; null: none is. */
export async function selectPosition(db: Queryable): Promise<number | null> {
  const { rows } = await statement<{ changeId: number }>('metering.selectSumsPosition')`
    SELECT change_id AS "changeId" FROM usage_summed`.execute(db);
  return rows[0]?.changeId ?? null;
}

export async function upsertPosition(trx: UnitOfWork, changeId: number): Promise<void> {
  await statement('metering.upsertSumsPosition')`
    INSERT INTO usage_summed (change_id) VALUES (${changeId})
    ON CONFLICT (singleton) DO UPDATE SET change_id = greatest(usage_summed.change_id, excluded.change_id)`.execute(
    trx,
  );
}

/** Lets one at a time write sums, until the end of the transaction. */
export async function lockSums(trx: UnitOfWork): Promise<void> {
  await statement('metering.lockSums')`LOCK TABLE usage_day_sums IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

/** No day is summed any more. */
export async function deleteSums(trx: UnitOfWork): Promise<void> {
  await statement('metering.deleteSums.day_sums')`DELETE FROM usage_day_sums`.execute(trx);
  await statement('metering.deleteSums.kind_days')`DELETE FROM usage_kind_days`.execute(trx);
  await statement('metering.deleteSums.summed')`DELETE FROM usage_summed`.execute(trx);
}

export interface TouchedDay {
  readonly day: Temporal.PlainDate;
  /** Whose records of the day changed; null: anybody's. */
  readonly deployments: readonly number[] | null;
}

/** Of more deployments than these, all of a day is summed again. */
const deploymentsMax = 1_000;

/** Days whose records have changed behind a position and up to another; with none, all that are metered. */
export async function selectTouchedDays(db: Queryable, position: number | null, upTo: number): Promise<TouchedDay[]> {
  const { rows } =
    position === null
      ? await statement<TouchedDay>('metering.selectTouchedDays.all')`
          SELECT DISTINCT day, NULL::bigint[] AS deployments FROM metered_days ORDER BY day`.execute(db)
      : await statement<TouchedDay>('metering.selectTouchedDays')`
          SELECT day, CASE WHEN bool_or(subject IS NULL) OR count(DISTINCT subject) > ${deploymentsMax} THEN NULL
                           ELSE array_agg(DISTINCT subject) END AS deployments
          FROM (${usageChanges(sql`change_id > ${position} AND change_id <= ${upTo}`)}) AS c GROUP BY day ORDER BY day`.execute(
          db,
        );
  return rows;
}

/** Days of a range whose records have changed since they were summed. */
export async function selectStaleDays(
  db: Queryable,
  { from, to }: DayRange,
  position: number,
): Promise<Temporal.PlainDate[]> {
  const within = sql`change_id > ${position} AND valid_from < ${startOfDay(to)} AND valid_to > ${startOfDay(from)}`;
  const { rows } = await statement<{ day: Temporal.PlainDate }>('metering.selectStaleDays')`
    SELECT DISTINCT day FROM (${usageChanges(within)}) AS c WHERE day >= ${from} AND day < ${to} ORDER BY day`.execute(
    db,
  );
  return rows.map(({ day }) => day);
}

/** Changes of usage by day. */
function usageChanges(chosen: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    SELECT subject, d::date AS day FROM changes CROSS JOIN LATERAL generate_series(
      valid_from AT TIME ZONE 'UTC', (valid_to - interval '1 microsecond') AT TIME ZONE 'UTC', interval '1 day') AS d
    WHERE topic = 'usage' AND ${chosen}`;
}

const allKinds = sql`billing_kind_id = ANY (ARRAY(SELECT billing_kind_id FROM billing_kinds))`;

/** Sums a day's records, of some deployments or (null) of all, in place of what is there. */
export async function replaceDaySums(trx: UnitOfWork, { day, deployments }: TouchedDay): Promise<void> {
  const whose = deployments === null ? sql`` : sql`AND deployment_id = ANY (${[...deployments]}::bigint[])`;
  const [from, to] = [startOfDay(day), startOfDay(day.add({ days: 1 }))].map(
    (at) => sql`${sql.lit(at.toString())}::timestamptz`,
  );
  await statement('metering.replaceDaySums.delete')`
    DELETE FROM usage_day_sums WHERE ${allKinds} AND day = ${day} ${whose}`.execute(trx);
  await statement('metering.replaceDaySums.insert')`
    INSERT INTO usage_day_sums (billing_kind_id, day, deployment_id, quantity)
    SELECT billing_kind_id, ${day}, deployment_id, trim_scale(sum(quantity)) FROM usage_records
    WHERE period_start >= ${from} AND period_start < ${to} ${whose} GROUP BY billing_kind_id, deployment_id`.execute(
    trx,
  );
  await statement(
    'metering.replaceDaySums.delete_kinds',
  )`DELETE FROM usage_kind_days WHERE ${allKinds} AND day = ${day}`.execute(trx);
  await statement('metering.replaceDaySums.insert_kinds')`
    INSERT INTO usage_kind_days (billing_kind_id, day, quantity)
    SELECT billing_kind_id, day, trim_scale(sum(quantity)) FROM usage_day_sums WHERE ${allKinds} AND day = ${day} GROUP BY 1, 2`.execute(
    trx,
  );
}

/** What is asked of sums: as of now, of everybody or of some deployments. */
export interface KeptQuery extends Pick<UsageQuery, 'kind' | 'floors' | 'range'> {
  readonly scope: Exclude<UsageScope, { readonly customerId: number }>;
  /** Days that are left out. */
  readonly without: readonly Temporal.PlainDate[];
}

function chosen({ range, kind, floors, without }: KeptQuery): RawBuilder<unknown> {
  const ofKind = kind === undefined ? sql`` : sql`AND slug = ${kind}`;
  const above =
    floors === undefined || floors.size === 0
      ? sql``
      : sql`AND NOT EXISTS (
          SELECT FROM unnest(${[...floors.keys()]}::text[], ${[...floors.values()].map(String)}::date[]) AS f (slug, floor)
          JOIN billing_kinds k USING (slug) WHERE k.billing_kind_id = s.billing_kind_id AND s.day < f.floor)`;
  return sql`
    s.billing_kind_id = ANY (ARRAY(SELECT billing_kind_id FROM billing_kinds WHERE true ${ofKind}))
    AND s.day >= ${range.from} AND s.day < ${range.to} AND NOT s.day = ANY (${without.map(String)}::date[]) ${above}`;
}

function within({ scope }: KeptQuery): RawBuilder<unknown> {
  if (scope === 'all') return sql``;
  const ids = 'deploymentId' in scope ? [scope.deploymentId] : [...scope.deploymentIds];
  return sql`AND s.deployment_id = ANY (${ids}::bigint[])`;
}

/** Where sums by kind are: of everybody a row a day. */
const kindSums = ({ scope }: KeptQuery) => (scope === 'all' ? sql`usage_kind_days` : sql`usage_day_sums`);

/** Summed by columns of the table, and named after: there are many rows to a sum. */
function summed(query: KeptQuery, table: RawBuilder<unknown>, by: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    (SELECT ${by}, trim_scale(sum(s.quantity)) AS quantity FROM ${table} s WHERE ${chosen(query)} ${within(query)} GROUP BY ${by}) u
    JOIN billing_kinds k USING (billing_kind_id)`;
}

export async function sumByKind(db: Queryable, query: KeptQuery): Promise<KindSum[]> {
  const { rows } = await statement<KindSum>('metering.keptSumByKind')`
    SELECT k.slug AS kind, u.quantity FROM ${summed(query, kindSums(query), sql`s.billing_kind_id`)} ORDER BY k.slug`.execute(
    db,
  );
  return rows;
}

export interface KindDay extends KindSum {
  readonly day: Temporal.PlainDate;
}

export async function sumByKindAndDay(db: Queryable, query: KeptQuery): Promise<KindDay[]> {
  const { rows } = await statement<KindDay>('metering.keptSumByKindAndDay')`
    SELECT k.slug AS kind, u.day, u.quantity FROM ${summed(query, kindSums(query), sql`s.billing_kind_id, s.day`)}
    ORDER BY k.slug, u.day`.execute(db);
  return rows;
}

export async function sumByDeployment(db: Queryable, query: KeptQuery): Promise<DeploymentSum[]> {
  const by = sql`s.deployment_id, s.billing_kind_id`;
  const { rows } = await statement<DeploymentSum>('metering.keptSumByDeployment')`
    SELECT u.deployment_id AS "deploymentId", k.slug AS kind, u.quantity FROM ${summed(query, sql`usage_day_sums`, by)}`.execute(
    db,
  );
  return rows;
}

export async function sumByDeploymentAndDay(db: Queryable, query: KeptQuery): Promise<DeploymentDaySum[]> {
  const { rows } = await statement<DeploymentDaySum>('metering.keptSumByDeploymentAndDay')`
    SELECT s.deployment_id AS "deploymentId", k.slug AS kind, s.day, s.quantity
    FROM usage_day_sums s JOIN billing_kinds k USING (billing_kind_id) WHERE ${chosen(query)} ${within(query)}`.execute(
    db,
  );
  return rows;
}
