import { type RawBuilder, sql } from 'kysely';
import { accrualUnit } from '../../accrual.ts';
import type { DayRange, Granularity } from '../../period.ts';
import { raisedShare, raisesOf } from '../../raises.store.ts';
import { startOfDay, startOfMonth } from '../../period.ts';
import type { KindOfDay, Scope, Scopes } from '../../store.ts';

// The records that a day should have, in PostgreSQL's SQL: what its levels accrue, and of peaks and percentiles
// what they raise.

/** Which records: of kinds, of one granularity, of the resources that facts have touched. */
interface Expected {
  readonly kinds: readonly KindOfDay[];
  readonly granularity?: Granularity;
  readonly scopes?: Scopes;
}

/**
 * Each kind with each of its periods of days of a month (the day, or its 24 hours), and where they lie in
 * the month, in microseconds. Literals: a temporary table could not be read in parallel.
 */
function slotsOf(days: DayRange, kinds: readonly KindOfDay[]): RawBuilder<unknown> {
  const month = startOfDay(startOfMonth(days.from)).epochMilliseconds;
  const length = days.from.until(days.to, { largestUnit: 'days' }).days * 24;
  const rows = kinds.flatMap((kind) => {
    const hours = kind.granularity === 'day' ? 24 : 1;
    const unit = sql.lit(Number(accrualUnit(kind.accrual, days.from)));
    return Array.from({ length: length / hours }, (_, index) => {
      const from = startOfDay(days.from).add({ hours: index * hours });
      const to = from.add({ hours });
      const instant = (at: Temporal.Instant) => sql`${sql.lit(at.toString())}::timestamptz`;
      const elapsed = (at: Temporal.Instant) => sql`${sql.lit((at.epochMilliseconds - month) * 1000)}::numeric`;
      return sql`(${sql.lit(kind.billingKindId)}::smallint, ${sql.lit(kind.granularity)}::text COLLATE "C",
                  ${instant(from)}, ${instant(to)}, ${unit}::numeric, ${elapsed(from)}, ${elapsed(to)},
                  div(${unit}::numeric, 3600000000), div(${elapsed(from)}, 3600000000), div(${elapsed(to)}, 3600000000))`;
    });
  });
  return sql`(VALUES ${sql.join(rows)})
    AS p (billing_kind_id, granularity, period_start, period_end, unit_us, from_us, to_us, unit_hours, from_hours, to_hours)`;
}

/** R(t) of the design, in billionths, as the SQL function accrued_billionths; see `recordsOf`. */
function runningTotal(weight: RawBuilder<unknown>, elapsed: RawBuilder<unknown>) {
  return sql`div(l.level * 2000000000 * ${weight} * ${elapsed} + l.weight_total * p.unit_us, 2 * l.weight_total * p.unit_us)`;
}

/**
 * The records of days of one month, of a single day where a kind is a peak or a percentile: deployment, resource, period,
 * kind, granularity, quantity. Null where no kind is enabled: there should be none.
 */
export function recordsOf(days: DayRange, where: Expected): RawBuilder<unknown> | null {
  const kinds = where.kinds.filter(
    (kind) => kind.enabled && (where.granularity === undefined || kind.granularity === where.granularity),
  );
  const events = kinds.filter((kind) => kind.accrual === 'events');
  const levels = kinds.filter((kind) => kind.accrual !== 'events');
  const added = levels.filter((kind) => kind.raising === null);
  const [summed, unique] = [
    events.filter(({ raising }) => raising === null),
    events.filter(({ raising }) => raising !== null),
  ];
  const { scopes } = where;
  const parts = [
    ...(added.length === 0 ? [] : [accruedRecords(days, added, scopes)]),
    ...(added.length === levels.length ? [] : [raisedRecords(days.from, levels, scopes)]),
    ...(summed.length === 0 ? [] : [eventRecords(days, summed, scopes?.day)]),
    // Of which keys have come before rests on the month.
    ...(unique.length === 0 ? [] : [eventRecords(days, unique, scopes?.month ?? scopes?.day)]),
  ];
  return parts.length === 0 ? null : sql`(${sql.join(parts, sql` UNION ALL `)})`;
}

/**
 * What levels accrue on days.
 *
 * A level that stands all the time with one owner is one record of each period, and nothing else can
 * add to it: no grouping, and what it accrues is computed once per distinct level, which Memoize
 * remembers. All other levels are cut by the periods and added up. One statement reads one snapshot,
 * so that a derivation of levels that commits meanwhile cannot show a resource in both parts or in
 * neither.
 *
 * The accrual stands here written out: as a function it is not inlined, and then costs more than
 * all the rest. test: the conformance suite, against accrual.ts.
 */
function accruedRecords(days: DayRange, kinds: readonly KindOfDay[], scopes?: Scopes): RawBuilder<unknown> {
  const from = startOfDay(days.from);
  const to = startOfDay(days.to);
  const slots = slotsOf(days, kinds);
  const overlaps = sql`l.valid_from < ${to}::timestamptz AND l.valid_to > ${from}::timestamptz`;
  // Of the scope's resources, levels are looked up once for both parts.
  const scope = scopes
    ? sql`WITH scoped_levels AS MATERIALIZED (
            SELECT l.* FROM ${scopes.day} JOIN metered_levels l USING (resource_id) WHERE ${overlaps})`
    : sql``;
  const levels = scopes ? sql`scoped_levels` : sql`metered_levels`;
  // >= says what = would, and lets the planner expect more than a two-hundredth of the rows.
  const stands = sql`l.valid_from <= ${from}::timestamptz AND l.valid_to >= ${to}::timestamptz AND l.weight >= l.weight_total`;
  // In hours it is the same ratio, of numbers half as long.
  const whole = (elapsed: RawBuilder<unknown>) =>
    sql`div(l.level * 2000000000 * ${elapsed} + p.unit_hours, 2 * p.unit_hours)`;
  // The difference of a share; the whole is the same with a weight of one, and numbers half as long.
  const share = (elapsed: RawBuilder<unknown>) => sql`
    CASE WHEN l.weight = l.weight_total THEN div(l.level * 2000000000 * ${elapsed} + p.unit_us, 2 * p.unit_us)
         ELSE ${runningTotal(sql`(l.weight_before + l.weight)`, elapsed)} - ${runningTotal(sql`l.weight_before`, elapsed)} END`;
  const elapsedAt = (instant: RawBuilder<unknown>) =>
    sql`(p.from_us + extract(epoch FROM ${instant} - p.period_start) * 1000000)`;
  return sql`
    (${scope}
     SELECT l.deployment_id, l.resource_id, q.period_start, l.billing_kind_id, q.granularity, q.quantity
     FROM ${levels} l
     CROSS JOIN LATERAL (
       -- OFFSET keeps it a subquery of its own: it depends on the kind and the level alone.
       SELECT p.period_start, p.granularity,
              0.000000001 * (${whole(sql`p.to_hours`)} - ${whole(sql`p.from_hours`)}) AS quantity
       FROM ${slots} WHERE p.billing_kind_id = l.billing_kind_id OFFSET 0) AS q
     WHERE ${stands}
     UNION ALL
     SELECT l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity,
            0.000000001 * sum((${share(elapsedAt(sql`least(l.valid_to, p.period_end)`))})
                              - (${share(elapsedAt(sql`greatest(l.valid_from, p.period_start)`))}))
     FROM ${levels} l JOIN ${slots}
       ON p.billing_kind_id = l.billing_kind_id AND p.period_start < l.valid_to AND p.period_end > l.valid_from
     WHERE ${overlaps} AND NOT (${stands})
     GROUP BY l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity)`;
}

/**
 * What impulses count as on days: each as itself, by its share. No time is multiplied with it, which would leave any whole
 * number behind that a store computes in.
 */
function eventRecords(days: DayRange, kinds: readonly KindOfDay[], scope?: Scope): RawBuilder<unknown> {
  const levels = scope ? sql`${scope} JOIN metered_levels USING (resource_id)` : sql`metered_levels`;
  const share = (weight: RawBuilder<unknown>) =>
    sql`div(l.level * 2000000000 * ${weight} + l.weight_total, 2 * l.weight_total)`;
  return sql`
    (SELECT l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity,
            0.000000001 * sum(${share(sql`(l.weight_before + l.weight)`)} - ${share(sql`l.weight_before`)}) AS quantity
     FROM (SELECT deployment_id, resource_id, billing_kind_id, valid_from, valid_to, level, weight_before, weight, weight_total
           FROM ${levels}) AS l
     JOIN ${slotsOf(days, kinds)}
       ON p.billing_kind_id = l.billing_kind_id AND p.period_start <= l.valid_from AND p.period_end > l.valid_from
     WHERE l.valid_from < ${startOfDay(days.to)}::timestamptz AND l.valid_to > ${startOfDay(days.from)}::timestamptz
     GROUP BY l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity)`;
}

/**
 * What the figures of the month rise by on a day, to whoever owned the resource in the moment of each raise; 0
 * where a level lies in a period and raises nothing. Levels of the month up to the day are read, records are not.
 */
function raisedRecords(day: Temporal.PlainDate, kinds: readonly KindOfDay[], scopes?: Scopes): RawBuilder<unknown> {
  const raising = kinds.flatMap(({ raising, ...kind }) => (raising === null ? [] : [{ ...kind, raising, ...raising }]));
  const instant = (of: Temporal.PlainDate) => sql`${sql.lit(startOfDay(of).toString())}::timestamptz`;
  const [month, from, to] = [startOfMonth(day), day, day.add({ days: 1 })].map(instant);
  const id = (kind: { readonly billingKindId: number }) => sql`${sql.lit(kind.billingKindId)}::smallint`;
  const ids = sql.join(raising.map(id));
  const slots = slotsOf({ from: day, to: day.add({ days: 1 }) }, raising);
  const levels = scopes?.month ? sql`${scopes.month} JOIN metered_levels USING (resource_id)` : sql`metered_levels`;
  const months = raising.map(
    (kind) => sql`(${id(kind)}, ${month}, ${sql.lit(kind.discardedUs)}::numeric, ${from}, ${to})`,
  );
  const counted = raising.flatMap((kind) =>
    kind.counted.map((days: DayRange) => sql`(${id(kind)}, ${month}, ${instant(days.from)}, ${instant(days.to)})`),
  );
  const raises = raisesOf({
    months: sql`SELECT * FROM (VALUES ${sql.join(months)}) AS m (billing_kind_id, month_start, discarded_us, window_from, window_to)`,
    counted: sql`SELECT * FROM (VALUES ${sql.join(counted)}) AS c (billing_kind_id, month_start, counted_from, counted_to)`,
    levels: sql`SELECT * FROM month_levels WHERE weight_before = 0`,
  });
  return sql`
    (WITH month_levels AS MATERIALIZED (
       SELECT * FROM ${levels} WHERE billing_kind_id IN (${ids}) AND valid_from < ${to} AND valid_to > ${month}
     ), ${raises}
     SELECT deployment_id, resource_id, period_start, billing_kind_id, granularity, sum(quantity) AS quantity
     FROM (SELECT l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity, 0::numeric AS quantity
           FROM month_levels l
           JOIN ${slots} ON p.billing_kind_id = l.billing_kind_id AND p.period_start < l.valid_to AND p.period_end > l.valid_from
           WHERE l.valid_to > ${from}
           UNION ALL
           SELECT l.deployment_id, l.resource_id, p.period_start, l.billing_kind_id, p.granularity, ${raisedShare}
           FROM raises r
           JOIN month_levels l ON l.billing_kind_id = r.billing_kind_id AND l.resource_id = r.resource_id
            AND l.valid_from <= r.raised_at AND l.valid_to > r.raised_at
           JOIN ${slots} ON p.billing_kind_id = r.billing_kind_id AND p.period_start <= r.raised_at AND p.period_end > r.raised_at) AS q
     GROUP BY deployment_id, resource_id, period_start, billing_kind_id, granularity)`;
}
