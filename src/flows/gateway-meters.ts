import {
  applyMeter,
  type GatewayMeter,
  holdForPreview,
  holdInterpretation,
  listMeters,
  type MeterSum,
  meterOtherwise,
  pointerOf,
  sumsWithin,
} from '../gateway/index.ts';
import { addKind, changeKind, dayOf, type Kind, type KindChange, listKinds } from '../metering/index.ts';
import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { rolledBackWithin } from '../platform/database/rolled-back.ts';
import { formatQuantity, parseQuantity } from '../platform/quantity.ts';

// A gateway meter says which events count, and the billing kind of its name what one unit of them is: put together here,
// so that neither is there without the other.

/** How what a meter adds up is metered: events as what they say; the greatest, and a gauge, as levels. */
function meteredAs({ aggregation, accrual }: GatewayMeter): Pick<Kind, 'accrual' | 'aggregation'> {
  switch (aggregation) {
    case 'max':
      return { accrual: 'month', aggregation: 'peak' };
    case 'gauge':
      return { accrual, aggregation: 'sum' };
    case 'unique':
      return { accrual: 'events', aggregation: 'unique' };
    default:
      return { accrual: 'events', aggregation: 'sum' };
  }
}

interface AppliedMeter {
  readonly meter: string;
  readonly from: Temporal.PlainDate;
  /** Whether anything is otherwise than before. */
  readonly changed: boolean;
}

/**
 * Has meters count so, each from its day on, all or none. What came before is interpreted again, and days that are
 * metered already are metered again. Errors: gateway_meter_otherwise; those of changeKind.
 */
export async function applyGatewayMeters(
  db: Database,
  meters: readonly GatewayMeter[],
  now: Temporal.Instant,
): Promise<AppliedMeter[]> {
  return db.transaction().execute(async (trx) => {
    await holdInterpretation(trx);
    const applied: AppliedMeter[] = [];
    for (const meter of meters) {
      const from = meter.from ?? dayOf(now);
      const isKindOtherwise = await applyKind(nestedDatabase(trx), meter, from);
      const isMeterOtherwise = await applyMeter(trx, meter, from);
      applied.push({ meter: meter.meter, from, changed: isKindOtherwise || isMeterOtherwise });
    }
    return applied;
  });
}

/** Returns whether anything is otherwise. */
async function applyKind(db: Database, meter: GatewayMeter, from: Temporal.PlainDate): Promise<boolean> {
  const { meter: kind, title, unit, granularity } = meter;
  const wanted = { resourceKind: 'gateway', unit, ...meteredAs(meter) };
  const divisor = formatQuantity(parseQuantity(meter.divisor));
  const weight = { attribute: 'value', divisor };
  const before = (await listKinds(db, from)).find((one) => one.kind === kind);
  if (before === undefined) {
    await addKind(db, { kind, title, ...wanted, percentile: null, statuses: null, filter: {}, weight });
    await changeKind(db, kind, from, { enabled: true, granularity });
    return true;
  }
  for (const [name, value] of Object.entries(wanted)) {
    const there = before[name as keyof typeof wanted];
    if (there !== value)
      throw meterOtherwise(`The meter "${kind}" has the ${name} ${there} for good, and cannot have ${value}.`);
  }
  const change: KindChange = {
    ...(before.title === title ? {} : { title }),
    ...(before.enabled ? {} : { enabled: true }),
    ...(before.granularity === granularity ? {} : { granularity }),
    ...(before.weight?.divisor === divisor ? {} : { weight }),
  };
  if (Object.keys(change).length === 0) return false;
  await changeKind(db, kind, from, change);
  return true;
}

/** So far back a preview counts. */
const previewDays = 7;

/** What meters would have counted in the last days, if they were applied: they are, and are rolled back. */
export function previewGatewayMeters(
  db: Database,
  meters: readonly GatewayMeter[],
  now: Temporal.Instant,
): Promise<readonly (AppliedMeter & Omit<MeterSum, 'meter'>)[]> {
  const work = async (trx: UnitOfWork) => {
    await holdForPreview(trx);
    const since = dayOf(now).subtract({ days: previewDays }).toZonedDateTime('UTC').toInstant();
    const applied = await applyGatewayMeters(nestedDatabase(trx), meters, now);
    const names = applied.map(({ meter }) => meter);
    const sums = await sumsWithin(trx, names, { since, now });
    return applied.map((one) => {
      const sum = sums.find(({ meter }) => meter === one.meter);
      return { ...one, ...(sum ?? { events: 0, subjects: 0, value: '0', dead: 0 }) };
    });
  };
  // As each statement sees things: as of one instant, it would fail wherever anything was interpreted meanwhile.
  return db.transaction().execute((trx) => rolledBackWithin(trx, work));
}

/** The meters as they stand on a day, as a file of meters has them. */
export async function exportGatewayMeters(db: Queryable, day: Temporal.PlainDate): Promise<Record<string, unknown>[]> {
  const kinds = await listKinds(db, day);
  const newest = new Map(
    (await listMeters(db))
      .filter(({ fromDay }) => Temporal.PlainDate.compare(fromDay, day) <= 0)
      .toReversed()
      .map((row) => [row.meter, row]),
  );
  return [...newest.values()]
    .sort((a, b) => (a.meter < b.meter ? -1 : 1))
    .flatMap(({ meter, fromDay, aggregation, type, filter, valuePath, keyPath, subjectPath, subjectPrefix }) => {
      const kind = kinds.find((one) => one.kind === meter);
      if (kind === undefined) return [];
      const { title, unit, granularity, weight, accrual } = kind;
      return [
        {
          meter,
          title,
          unit,
          type,
          filter,
          aggregation,
          ...(valuePath === null ? {} : { value: pointerOf(valuePath) }),
          ...(keyPath === null ? {} : { key: pointerOf(keyPath) }),
          subject: { path: pointerOf(subjectPath), prefix: subjectPrefix },
          divisor: weight?.divisor ?? '1',
          ...(aggregation === 'gauge' ? { accrual } : {}),
          granularity,
          from: fromDay.toString(),
        },
      ];
    });
}
