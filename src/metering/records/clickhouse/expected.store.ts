import { accrualUnit } from '../../accrual.ts';
import { type Granularity, startOfDay, startOfMonth } from '../../period.ts';
import type { KindOfDay } from '../../store.ts';
import type { Shipments } from '../move/shipment.store.ts';

// The records that a day should have, in ClickHouse's SQL. Only numbers of our own and words of
// our own vocabulary are ever written into it.

const hour = 3_600_000_000n;

function microseconds(instant: Temporal.Instant): bigint {
  return instant.epochNanoseconds / 1000n;
}

/** The levels of shipments: of each resource, those in the last one that names it. */
function currentLevels({ baseId, ids }: Pick<Shipments, 'baseId' | 'ids'>): string {
  const later = ids.filter((id) => id !== baseId);
  const base = `SELECT * FROM metered_levels WHERE base = ${baseId} AND shipment = ${baseId}`;
  if (later.length === 0) return `(${base})`;
  const named = `FROM metered_levels WHERE base = ${baseId} AND shipment IN (${later.join(', ')})`;
  return `
    (${base} AND resource_id NOT IN (SELECT resource_id ${named})
     UNION ALL
     SELECT * ${named} AND billing_kind_id <> 0
       AND (resource_id, shipment) IN (SELECT resource_id, max(shipment) ${named} GROUP BY resource_id))`;
}

/** R(t) of the design, in Int128: level x weight x elapsed / (total x unit), rounded half away from zero. */
function runningTotal(weight: string, total: string, elapsed: string): string {
  return `intDiv(2 * level * (${weight}) * (${elapsed}) + ${total} * unit, 2 * ${total} * unit)`;
}

/** What a share accrues between two places in the month: a difference in both directions, as in accrual.ts. */
function accrued(from: string, to: string): string {
  const share = (elapsed: string) =>
    `${runningTotal('weight_before + weight', 'weight_total', elapsed)} - ${runningTotal('weight_before', 'weight_total', elapsed)}`;
  return `(${share(to)}) - (${share(from)})`;
}

/** Which resources; all of them where it is null. */
export function amongResources(resources: readonly number[] | null): string {
  return resources === null ? '' : `AND resource_id IN (${resources.join(', ')})`;
}

/**
 * deployment_id, billing_kind_id, resource_id, period_start, granularity, billionths of a day.
 * A level that stands all day with one owner is one record of each period, without grouping; all
 * others are cut by the periods and added up.
 */
export function expectedRecords(
  day: Temporal.PlainDate,
  kinds: readonly KindOfDay[],
  shipments: Pick<Shipments, 'baseId' | 'ids'>,
  resources: readonly number[] | null,
): string | null {
  const parts = (['day', 'hour'] as const).flatMap((granularity) => {
    const chosen = kinds.filter((kind) => kind.enabled && kind.granularity === granularity);
    return chosen.length === 0 ? [] : [expectedOf(day, granularity, chosen, shipments, resources)];
  });
  return parts.length === 0 ? null : `(${parts.join(' UNION ALL ')})`;
}

function expectedOf(
  day: Temporal.PlainDate,
  granularity: Granularity,
  kinds: readonly KindOfDay[],
  shipments: Pick<Shipments, 'baseId' | 'ids'>,
  resources: readonly number[] | null,
): string {
  const from = microseconds(startOfDay(day));
  const step = granularity === 'day' ? 24n * hour : hour;
  const to = from + 24n * hour;
  const month = microseconds(startOfDay(startOfMonth(day)));
  const ids = kinds.map((kind) => kind.billingKindId).join(', ');
  const units = kinds.map((kind) => `toInt64(${accrualUnit(kind.accrual, day)})`).join(', ');
  // Of one kind the unit is a constant; of several it is looked up by its id.
  const unit = `transform(billing_kind_id, [${ids}], [${units}], toInt64(1)) AS unit`;
  const stands = `valid_from <= ${from} AND valid_to >= ${to} AND weight = weight_total`;
  const levels = `
    FROM ${currentLevels(shipments)} AS l
    ARRAY JOIN range(toInt64(${from}), toInt64(${to}), toInt64(${step})) AS slot_from
    WHERE billing_kind_id IN (${ids}) ${amongResources(resources)}`;
  const columns = `deployment_id, billing_kind_id, resource_id, toDateTime(intDiv(slot_from, 1000000), 'UTC') AS period_start,
      CAST('${granularity}', 'Enum8(\\'day\\' = 1, \\'hour\\' = 2)') AS granularity`;
  const standing = `
    SELECT ${columns},
           ${runningTotal('1', '1', `slot_from + ${step} - ${month}`)} - ${runningTotal('1', '1', `slot_from - ${month}`)} AS billionths
    FROM (SELECT *, slot_from, ${unit} ${levels} AND ${stands})`;
  const cut = `
    SELECT ${columns}, sum(${accrued(`greatest(valid_from, slot_from) - ${month}`, `least(valid_to, slot_from + ${step}) - ${month}`)}) AS billionths
    FROM (SELECT *, slot_from, ${unit} ${levels} AND valid_from < ${to} AND valid_to > ${from} AND NOT (${stands}))
    WHERE valid_from < slot_from + ${step} AND valid_to > slot_from
    GROUP BY deployment_id, billing_kind_id, resource_id, slot_from`;
  return `${standing} UNION ALL ${cut}`;
}
