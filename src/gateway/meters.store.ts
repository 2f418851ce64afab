import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

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
}

export interface MeterRow extends MeterVersion {
  readonly meter: string;
  readonly aggregation: MeterAggregation;
}

/** All versions, by meter, the newest first. */
export async function selectMeters(db: Queryable): Promise<MeterRow[]> {
  const { rows } = await statement<MeterRow>('gateway.selectMeters')`
    SELECT m.slug AS meter, m.aggregation, v.from_day AS "fromDay", v.type, v.filter, v.value_path AS "valuePath",
           v.key_path AS "keyPath", v.subject_path AS "subjectPath", v.subject_prefix AS "subjectPrefix"
    FROM gateway_meters m JOIN gateway_meter_versions v USING (meter_id) ORDER BY m.slug, v.from_day DESC`.execute(db);
  return rows;
}

/** The meter's number and how it adds up; made where there is none. */
export async function upsertMeter(
  trx: UnitOfWork,
  meter: string,
  aggregation: MeterAggregation,
): Promise<{ readonly meterId: number; readonly aggregation: MeterAggregation }> {
  await statement('gateway.upsertMeter.insert')`
    INSERT INTO gateway_meters (slug, aggregation) VALUES (${meter}, ${aggregation}) ON CONFLICT (slug) DO NOTHING`.execute(trx);
  const { rows } = await statement<{ meterId: number; aggregation: MeterAggregation }>('gateway.upsertMeter.select')`
    SELECT meter_id AS "meterId", aggregation FROM gateway_meters WHERE slug = ${meter} FOR UPDATE`.execute(trx);
  const row = rows[0];
  if (row === undefined) throw new Error('gateway_meters returned no meter');
  return row;
}

export async function upsertVersion(trx: UnitOfWork, meterId: number, version: MeterVersion): Promise<void> {
  await statement('gateway.upsertVersion')`
    INSERT INTO gateway_meter_versions (meter_id, from_day, type, filter, value_path, key_path, subject_path, subject_prefix)
    VALUES (${meterId}, ${version.fromDay}, ${version.type}, ${JSON.stringify(version.filter)}::jsonb, ${version.valuePath}::text[],
            ${version.keyPath}::text[], ${version.subjectPath}::text[], ${version.subjectPrefix})
    ON CONFLICT (meter_id, from_day) DO UPDATE SET
      type = excluded.type, filter = excluded.filter, value_path = excluded.value_path, key_path = excluded.key_path,
      subject_path = excluded.subject_path, subject_prefix = excluded.subject_prefix`.execute(trx);
}
