import { sql } from 'kysely';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import type { Granularity } from './period.ts';
import type { Accrual, Aggregation } from './accrual.ts';
import { statement } from '../platform/database/statement.ts';

/** What a billing kind means, from a day on. */
export interface KindDefinitionRow {
  readonly fromDay: Temporal.PlainDate;
  readonly resourceKind: string;
  readonly accrual: Accrual;
  readonly aggregation: Aggregation;
  /** null unless the aggregation is a percentile. */
  readonly percentile: string | null;
  readonly unit: string;
  /** null: whatever its status. */
  readonly statuses: string[] | null;
  readonly filter: Record<string, string | number | boolean>;
  readonly weightAttribute: string | null;
  readonly weightDivisor: string;
}

/** How a billing kind is metered, from a day on. */
export interface KindConfigRow {
  readonly fromDay: Temporal.PlainDate;
  readonly enabled: boolean;
  readonly granularity: Granularity;
  readonly retentionDays: number;
}

export interface KindRow {
  readonly kind: string;
  readonly title: string;
  readonly definition: KindDefinitionRow;
  readonly config: KindConfigRow;
}

const definitionColumns = sql`
  from_day AS "fromDay", resource_kind AS "resourceKind", accrual, aggregation,
  trim_scale(percentile)::text AS percentile, unit, statuses, filter, weight_attribute AS "weightAttribute", trim_scale(weight_divisor)::text AS "weightDivisor"`;
const configColumns = sql`from_day AS "fromDay", enabled, granularity, retention_days AS "retentionDays"`;

/** The id of a kind, for update; null: there is none. */
export async function lockKind(trx: UnitOfWork, slug: string): Promise<number | null> {
  const { rows } = await statement<{ id: number }>('metering.lockKind')`
    SELECT billing_kind_id AS id FROM billing_kinds WHERE slug = ${slug} FOR UPDATE`.execute(trx);
  return rows[0]?.id ?? null;
}

export async function selectKindId(db: Queryable, slug: string): Promise<number | null> {
  const { rows } = await statement<{ id: number }>('metering.selectKindId')`
    SELECT billing_kind_id AS id FROM billing_kinds WHERE slug = ${slug}`.execute(db);
  return rows[0]?.id ?? null;
}

export async function selectTitles(db: Queryable): Promise<Map<number, { kind: string; title: string }>> {
  const { rows } = await statement<{ id: number; kind: string; title: string }>('metering.selectTitles')`
    SELECT billing_kind_id AS id, slug AS kind, title FROM billing_kinds ORDER BY slug`.execute(db);
  return new Map(rows.map(({ id, kind, title }) => [id, { kind, title }]));
}

/** What each kind means on a day, by its id. A kind that begins later is left out. */
export async function selectDefinitionsOn(
  db: Queryable,
  day: Temporal.PlainDate,
): Promise<Map<number, KindDefinitionRow>> {
  const { rows } = await statement<KindDefinitionRow & { id: number }>('metering.selectDefinitionsOn')`
    SELECT DISTINCT ON (billing_kind_id) billing_kind_id AS id, ${definitionColumns}
    FROM billing_kind_definitions WHERE from_day <= ${day}
    ORDER BY billing_kind_id, from_day DESC`.execute(db);
  return new Map(rows.map(({ id, ...row }) => [id, row]));
}

/** How each kind is metered on a day, by its id. */
export async function selectConfigsOn(db: Queryable, day: Temporal.PlainDate): Promise<Map<number, KindConfigRow>> {
  const { rows } = await statement<KindConfigRow & { id: number }>('metering.selectConfigsOn')`
    SELECT DISTINCT ON (billing_kind_id) billing_kind_id AS id, ${configColumns}
    FROM metering_config WHERE from_day <= ${day}
    ORDER BY billing_kind_id, from_day DESC`.execute(db);
  return new Map(rows.map(({ id, ...row }) => [id, row]));
}

/** All that a kind meant, newest first. */
export async function selectDefinitions(db: Queryable, kindId: number): Promise<KindDefinitionRow[]> {
  const { rows } = await statement<KindDefinitionRow>('metering.selectDefinitions')`
    SELECT ${definitionColumns} FROM billing_kind_definitions WHERE billing_kind_id = ${kindId}
    ORDER BY from_day DESC`.execute(db);
  return rows;
}

/** How a kind was metered, newest first. */
export async function selectConfigs(db: Queryable, kindId: number): Promise<KindConfigRow[]> {
  const { rows } = await statement<KindConfigRow>('metering.selectConfigs')`
    SELECT ${configColumns} FROM metering_config WHERE billing_kind_id = ${kindId} ORDER BY from_day DESC`.execute(db);
  return rows;
}

/** null: a kind of this name is there already. */
export async function insertKind(trx: UnitOfWork, slug: string, title: string): Promise<number | null> {
  const { rows } = await statement<{ id: number }>('metering.insertKind')`
    INSERT INTO billing_kinds (slug, title) VALUES (${slug}, ${title})
    ON CONFLICT (slug) DO NOTHING RETURNING billing_kind_id AS id`.execute(trx);
  return rows[0]?.id ?? null;
}

export async function updateTitle(trx: UnitOfWork, kindId: number, title: string): Promise<void> {
  await statement(
    'metering.updateTitle',
  )`UPDATE billing_kinds SET title = ${title} WHERE billing_kind_id = ${kindId}`.execute(trx);
}

export async function upsertDefinition(trx: UnitOfWork, kindId: number, row: KindDefinitionRow): Promise<void> {
  await statement('metering.upsertDefinition')`
    INSERT INTO billing_kind_definitions (billing_kind_id, from_day, resource_kind, accrual, aggregation, percentile, unit,
                                          statuses, filter, weight_attribute, weight_divisor)
    VALUES (${kindId}, ${row.fromDay}, ${row.resourceKind}, ${row.accrual}, ${row.aggregation}, ${row.percentile}::numeric,
            ${row.unit}, ${row.statuses}::text[], ${JSON.stringify(row.filter)}::jsonb, ${row.weightAttribute}, ${row.weightDivisor}::numeric)
    ON CONFLICT (billing_kind_id, from_day) DO UPDATE SET
      statuses = excluded.statuses, filter = excluded.filter,
      weight_attribute = excluded.weight_attribute, weight_divisor = excluded.weight_divisor`.execute(trx);
}

export async function upsertConfig(trx: UnitOfWork, kindId: number, row: KindConfigRow): Promise<void> {
  await statement('metering.upsertConfig')`
    INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
    VALUES (${kindId}, ${row.fromDay}, ${row.enabled}, ${row.granularity}, ${row.retentionDays})
    ON CONFLICT (billing_kind_id, from_day) DO UPDATE SET
      enabled = excluded.enabled, granularity = excluded.granularity, retention_days = excluded.retention_days`.execute(
    trx,
  );
}

/** What was set for later days gives way; what is not named there stays. */
export async function updateLaterConfigs(
  trx: UnitOfWork,
  kindId: number,
  after: Temporal.PlainDate,
  change: { enabled?: boolean | undefined; granularity?: Granularity | undefined; retentionDays?: number | undefined },
): Promise<void> {
  await statement('metering.updateLaterConfigs')`
    UPDATE metering_config SET
      enabled = coalesce(${change.enabled ?? null}::boolean, enabled),
      granularity = coalesce(${change.granularity ?? null}::text, granularity),
      retention_days = coalesce(${change.retentionDays ?? null}::int, retention_days)
    WHERE billing_kind_id = ${kindId} AND from_day > ${after}`.execute(trx);
}
