import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { repeatedIds } from './interpret.store.ts';

export type MeterAggregation = 'sum' | 'count' | 'max' | 'unique' | 'gauge';

/** What a gateway meter counts, from a day on. */
export interface MeterVersion {
  readonly fromDay: Temporal.PlainDate;
  /** A pattern with *. */
  readonly type: string;
  /** What the data must contain. */
  readonly filter: Readonly<Record<string, string | number | boolean>>;
  /** Where in the data; null: of a count. */
  readonly valuePath: string[] | null;
  /** null but of distinct keys. */
  readonly keyPath: string[] | null;
  /** null: the event's own subject. */
  readonly subjectPath: string[] | null;
  readonly subjectPrefix: string;
  /** A greater value could not be metered exactly. */
  readonly valueMax: string;
}

export interface MeterRow extends MeterVersion {
  readonly meter: string;
  readonly aggregation: MeterAggregation;
}

/** All versions, by meter, the newest first. */
export async function selectMeters(db: Queryable): Promise<MeterRow[]> {
  const { rows } = await statement<MeterRow>('gateway.selectMeters')`
    SELECT m.slug AS meter, m.aggregation, v.from_day AS "fromDay", v.type, v.filter, v.value_path AS "valuePath",
           v.key_path AS "keyPath", v.subject_path AS "subjectPath", v.subject_prefix AS "subjectPrefix",
           trim_scale(v.value_max)::text AS "valueMax"
    FROM gateway_meters m JOIN gateway_meter_versions v USING (meter_id) ORDER BY m.slug, v.from_day DESC`.execute(db);
  return rows;
}

/** The meter's number and how it adds up; made where there is none. */
export async function upsertMeter(
  trx: UnitOfWork,
  meter: string,
  aggregation: MeterAggregation,
): Promise<{ readonly meterId: number; readonly aggregation: MeterAggregation }> {
  // A number is drawn only where there is none: even what conflicts would draw one.
  await statement('gateway.upsertMeter.insert')`
    INSERT INTO gateway_meters (slug, aggregation)
    SELECT ${meter}::text, ${aggregation}::text WHERE NOT EXISTS (SELECT FROM gateway_meters WHERE slug = ${meter})
    ON CONFLICT (slug) DO NOTHING`.execute(trx);
  const { rows } = await statement<{ meterId: number; aggregation: MeterAggregation }>('gateway.upsertMeter.select')`
    SELECT meter_id AS "meterId", aggregation FROM gateway_meters WHERE slug = ${meter} FOR UPDATE`.execute(trx);
  const row = rows[0];
  if (row === undefined) throw new Error('gateway_meters returned no meter');
  return row;
}

/** Leaves nothing to be interpreted again, of one source or of all: for what is rolled back. */
export async function clearRepeats(trx: UnitOfWork, accountId: number | null): Promise<void> {
  await statement('gateway.clearRepeats')`
    DELETE FROM gateway_repeats WHERE ${accountId}::int IS NULL OR account_id = ${accountId}`.execute(trx);
}

/** Leaves out of what is to be interpreted again all before an instant. */
export async function narrowRepeats(trx: UnitOfWork, since: Temporal.Instant): Promise<void> {
  await statement('gateway.narrowRepeats.delete')`DELETE FROM gateway_repeats WHERE until <= ${since}`.execute(trx);
  await statement('gateway.narrowRepeats')`
    UPDATE gateway_repeats SET since = ${since} WHERE since < ${since}`.execute(trx);
}

/** How many events are to be interpreted again, of one source or of all, counted up to `most`. */
export async function countRepeated(trx: UnitOfWork, accountId: number | null, most: number): Promise<number> {
  const which = sql`(${accountId}::int IS NULL OR r.account_id = ${accountId})`;
  const { rows } = await statement<{ events: number }>('gateway.countRepeated')`
    SELECT least(count(*), ${most})::int AS events FROM (${repeatedIds(which, most)}) AS repeated`.execute(trx);
  return rows[0]?.events ?? 0;
}

/** What a meter counts from an instant on. */
export interface MeterSum {
  readonly meter: string;
  readonly events: number;
  readonly subjects: number;
  /** Of the values: their sum, of a max and a gauge the greatest, of unique the distinct keys. Not in units yet. */
  readonly value: string;
  readonly dead: number;
}

export async function selectMeterSums(
  trx: UnitOfWork,
  meters: readonly string[],
  since: Temporal.Instant,
): Promise<MeterSum[]> {
  const { rows } = await statement<MeterSum>('gateway.selectMeterSums')`
    SELECT m.slug AS meter, u.events, u.subjects, d.dead,
           trim_scale(coalesce(CASE m.aggregation WHEN 'unique' THEN u.keys WHEN 'max' THEN u.greatest WHEN 'gauge' THEN u.greatest
                               ELSE u.sum END, 0))::text AS value
    FROM gateway_meters m
    CROSS JOIN LATERAL (
      SELECT count(*) AS events, count(DISTINCT resource_id) AS subjects, count(DISTINCT unique_key)::numeric AS keys,
             max(value) AS greatest, sum(value) AS sum
      FROM gateway_usage u WHERE u.meter_id = m.meter_id AND u.at >= ${since}) AS u
    CROSS JOIN LATERAL (
      SELECT count(*) AS dead FROM gateway_outcomes o JOIN gateway_events e USING (account_id, gateway_event_id)
      WHERE o.meter_id = m.meter_id AND o.outcome = 'dead' AND e.event_time >= ${since}) AS d
    WHERE m.slug = ANY (${[...meters]}::text[]) ORDER BY 1`.execute(trx);
  return rows;
}

export async function upsertVersion(trx: UnitOfWork, meterId: number, version: MeterVersion): Promise<void> {
  await statement('gateway.upsertVersion')`
    INSERT INTO gateway_meter_versions (meter_id, from_day, type, filter, value_path, key_path, subject_path, subject_prefix, value_max)
    VALUES (${meterId}, ${version.fromDay}, ${version.type}, ${JSON.stringify(version.filter)}::jsonb, ${version.valuePath}::text[],
            ${version.keyPath}::text[], ${version.subjectPath}::text[], ${version.subjectPrefix}, ${version.valueMax}::numeric)
    ON CONFLICT (meter_id, from_day) DO UPDATE SET
      type = excluded.type, filter = excluded.filter, value_path = excluded.value_path, key_path = excluded.key_path,
      subject_path = excluded.subject_path, subject_prefix = excluded.subject_prefix, value_max = excluded.value_max`.execute(
    trx,
  );
}
