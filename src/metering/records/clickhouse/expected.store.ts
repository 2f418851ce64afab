import { accrualUnit } from '../../accrual.ts';
import { type Granularity, startOfDay, startOfMonth } from '../../period.ts';
import type { KindOfDay, Raising } from '../../store.ts';
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
 * others are cut by the periods and added up. Peaks and percentiles are a part of their own.
 */
export function expectedRecords(
  day: Temporal.PlainDate,
  kinds: readonly KindOfDay[],
  shipments: Pick<Shipments, 'baseId' | 'ids'>,
  resources: readonly number[] | null,
): string | null {
  const enabled = kinds.filter((kind) => kind.enabled);
  const parts = (['day', 'hour'] as const).flatMap((granularity) => {
    const chosen = enabled.filter((kind) => kind.granularity === granularity);
    const events = chosen.filter((kind) => kind.accrual === 'events');
    const added = chosen.filter((kind) => kind.accrual !== 'events' && kind.raising === null);
    return [
      ...(added.length === 0 ? [] : [expectedOf(day, granularity, added, shipments, resources)]),
      ...(events.length === 0 ? [] : [eventsOf(day, granularity, events, shipments, resources)]),
    ];
  });
  for (const kind of enabled) {
    if (kind.raising !== null && kind.accrual !== 'events')
      parts.push(raisedOf(day, kind, kind.raising, shipments, resources));
  }
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

/**
 * What impulses count as on a day: each as itself, by its share. Multiplied with time, an hour's bytes would leave Int128; with
 * weights, the greatest that an hour of events can come to would.
 */
function eventsOf(
  day: Temporal.PlainDate,
  granularity: Granularity,
  kinds: readonly KindOfDay[],
  shipments: Pick<Shipments, 'baseId' | 'ids'>,
  resources: readonly number[] | null,
): string {
  const from = microseconds(startOfDay(day));
  const to = from + 24n * hour;
  const step = granularity === 'day' ? 24n * hour : hour;
  const ids = kinds.map((kind) => kind.billingKindId).join(', ');
  const share = (weight: string) =>
    `toInt128(intDiv(2 * toInt256(level) * (${weight}) + weight_total, toInt256(2 * weight_total)))`;
  return `
    SELECT deployment_id, billing_kind_id, resource_id, toDateTime(intDiv(slot_from, 1000000), 'UTC') AS period_start,
           CAST('${granularity}', 'Enum8(\\'day\\' = 1, \\'hour\\' = 2)') AS granularity,
           sum(${share('weight_before + weight')} - ${share('weight_before')}) AS billionths
    FROM (SELECT *, ${from} + intDiv(valid_from - ${from}, ${step}) * ${step} AS slot_from
          FROM ${currentLevels(shipments)} AS l
          WHERE billing_kind_id IN (${ids}) ${amongResources(resources)} AND valid_from >= ${from} AND valid_from < ${to})
    GROUP BY deployment_id, billing_kind_id, resource_id, slot_from`;
}

/**
 * The raises of a kind on a day, as raises.store.ts has them: resource_id, lower, height, raised_at. `levels` are
 * those of the month up to the end of the day.
 */
function raisesOn(day: Temporal.PlainDate, { discardedUs, counted }: Raising, levels: string): string {
  const from = `toInt64(${microseconds(startOfDay(day))})`;
  const instant = (of: Temporal.PlainDate) => `toInt64(${microseconds(startOfDay(of))})`;
  const stretches = counted.map((days) => `(${instant(days.from)}, ${instant(days.to)})`).join(', ');
  const discarded = `toInt64(${discardedUs})`;
  const held = `
    SELECT resource_id, level, greatest(valid_from, stretch.1) AS held_from, least(valid_to, stretch.2) AS held_to
    FROM ${levels} AS l ARRAY JOIN [${stretches}] AS stretch
    WHERE weight_before = 0 AND level > 0 AND valid_from < stretch.2 AND valid_to > stretch.1`;
  const rows = 'ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW';
  const highest = `OVER (PARTITION BY resource_id ORDER BY level DESC ${rows})`;
  const steps = `
    SELECT resource_id, level, lagInFrame(level, 1, toInt128(0)) OVER (PARTITION BY resource_id ORDER BY level ${rows}) AS lower,
           sum(level_before_us) ${highest} AS before_us, sum(level_us) ${highest} AS held_us
    FROM (SELECT resource_id, level, sum(greatest(toInt64(0), least(held_to, ${from}) - held_from)) AS level_before_us,
                 sum(held_to - held_from) AS level_us
          FROM (${held}) GROUP BY resource_id, level)`;
  const reached = `
    SELECT s.resource_id AS resource_id, s.lower AS lower, s.height AS height, h.since AS since, h.us AS us,
           s.before_us - h.us + sum(h.us) OVER (PARTITION BY s.resource_id, s.height ORDER BY h.since ${rows}) AS reached_us
    FROM (SELECT resource_id, lower, level AS height, before_us FROM (${steps})
          WHERE before_us <= ${discarded} AND held_us > ${discarded}) AS s
    JOIN (SELECT resource_id, level, greatest(held_from, ${from}) AS since, held_to - greatest(held_from, ${from}) AS us
          FROM (${held}) WHERE held_to > ${from}) AS h ON h.resource_id = s.resource_id
    WHERE h.level >= s.height`;
  return `
    SELECT resource_id, lower, height, since + ${discarded} - reached_us AS raised_at
    FROM (${reached}) WHERE reached_us <= ${discarded} AND ${discarded} < reached_us + us`;
}

/** What the figures of the month rise by on a day, to whoever owned the resource then; 0 where nothing is raised. */
function raisedOf(
  day: Temporal.PlainDate,
  { billingKindId, granularity }: KindOfDay,
  raising: Raising,
  shipments: Pick<Shipments, 'baseId' | 'ids'>,
  resources: readonly number[] | null,
): string {
  const from = microseconds(startOfDay(day));
  const to = from + 24n * hour;
  const step = granularity === 'day' ? 24n * hour : hour;
  const levels = `
    (SELECT * FROM ${currentLevels(shipments)} AS every
     WHERE billing_kind_id = ${billingKindId} ${amongResources(resources)}
       AND valid_from < ${to} AND valid_to > ${microseconds(startOfDay(startOfMonth(day)))})`;
  const total = (level: string, weight: string) =>
    `intDiv(2 * ${level} * (${weight}) + weight_total, 2 * weight_total)`;
  const share = (level: string) => `${total(level, 'weight_before + weight')} - ${total(level, 'weight_before')}`;
  return `
    SELECT deployment_id, toUInt16(${billingKindId}) AS billing_kind_id, resource_id,
           toDateTime(intDiv(slot_from, 1000000), 'UTC') AS period_start,
           CAST('${granularity}', 'Enum8(\\'day\\' = 1, \\'hour\\' = 2)') AS granularity, sum(raised) AS billionths
    FROM (SELECT deployment_id, resource_id, slot_from, toInt128(0) AS raised
          FROM ${levels} AS l ARRAY JOIN range(toInt64(${from}), toInt64(${to}), toInt64(${step})) AS slot_from
          WHERE valid_from < slot_from + ${step} AND valid_to > slot_from
          UNION ALL
          SELECT deployment_id, resource_id, ${from} + intDiv(raised_at - ${from}, ${step}) * ${step} AS slot_from,
                 toInt128((${share('height')}) - (${share('lower')})) AS raised
          FROM (SELECT l.deployment_id AS deployment_id, l.resource_id AS resource_id, l.weight_before AS weight_before,
                       l.weight AS weight, l.weight_total AS weight_total, r.lower AS lower, r.height AS height, r.raised_at AS raised_at
                FROM (${raisesOn(day, raising, levels)}) AS r JOIN ${levels} AS l ON l.resource_id = r.resource_id
                WHERE l.valid_from <= r.raised_at AND l.valid_to > r.raised_at))
    GROUP BY deployment_id, resource_id, slot_from`;
}
