import { dayOf, usageForPeriod } from '../metering/index.ts';
import { readWatermark } from '../platform/changes.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { ForecastSums, type UsageSource, UsageSums, UsageUntil } from '../pricing/index.ts';
import { sumAmounts } from './lines.ts';
import * as store from './month-figures.store.ts';
import { previewMonthWith } from './preview.ts';
import { composeRevenue } from './revenue.ts';

// What a month comes to, kept for whoever looks: by deployment and by day. Each figure is what the composition of
// invoices (`previewMonth`) says of the facts, before tax; all are thrown away and made again where the facts change.

/** By deployment and currency. */
type Sums = Map<string, { readonly deploymentId: number; readonly currency: string; amount: string }>;

interface Composed {
  readonly sums: Sums;
  readonly failures: readonly store.RatingFailure[];
}

/**
 * Rates the month of the last complete day and the one before, and as many before those as is said, where anything has
 * changed that they rest on since they were rated. Any number of processes may call it: they take turns.
 * @returns the months that were rated, the newest first
 * @throws ArcadiaError cancelled; what the database says
 */
export async function rateMonths(
  db: Database,
  {
    now,
    signal,
    earlier = 1,
  }: { readonly now: Temporal.Instant; readonly signal?: AbortSignal; readonly earlier?: number },
): Promise<{ readonly rated: readonly string[] }> {
  const current = dayOf(now).subtract({ days: 1 }).with({ day: 1 });
  const rated: string[] = [];
  for (let back = 0; back <= earlier; back += 1) {
    const month = current.subtract({ months: back });
    if (await bringUpToDate(db, month, now, signal)) rated.push(month.toPlainYearMonth().toString());
  }
  return { rated };
}

async function bringUpToDate(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  // Before anything is read: what changes meanwhile shows at the next look.
  const changeId = await readWatermark(db);
  const documents = await store.selectDocumentsStamp(db, month);
  const { meteredThrough: text } = await usageForPeriod(db, 'unattributed', month, month.add({ months: 1 }));
  const meteredThrough = Temporal.PlainDate.from(text);
  const before = await store.selectRatedMonth(db, month);
  const changes = before === null ? null : await store.selectNewChanges(db, before.changeId, month);
  const isRepriced = before?.documents !== documents || changes === null || changes.isRepriced;
  if (!isRepriced && changes.usageFrom === null && before.meteredThrough.equals(meteredThrough)) {
    await db.transaction().execute((trx) => store.updatePosition(trx, month, changeId));
    return false;
  }
  const kept = isRepriced || before.failures.length > 0 ? [] : await keptDays(db, month, changes.usageFrom);
  const { failures, ...figures } = await composeFigures(db, { month, meteredThrough, now, signal, kept });
  await db.transaction().execute(async (trx) => {
    await store.lockFigures(trx);
    // Somebody may have rated it from later facts meanwhile.
    const there = await store.selectRatedMonth(trx, month);
    if (there !== null && there.changeId > changeId) return;
    await store.replaceFigures(trx, month, { changeId, documents, meteredThrough, ratedAt: now, failures }, figures);
  });
  return true;
}

/** The days of a month whose totals rest on no usage that has changed: by a day's end they are sums from its first one. */
async function keptDays(
  db: Queryable,
  month: Temporal.PlainDate,
  usageFrom: Temporal.PlainDate | null,
): Promise<readonly store.MoneyDay[]> {
  const days = await store.selectMoneyDays(db, month);
  return usageFrom === null ? days : days.filter(({ day }) => isBefore(day, usageFrom));
}

function isBefore(one: Temporal.PlainDate, other: Temporal.PlainDate): boolean {
  return Temporal.PlainDate.compare(one, other) < 0;
}

interface MonthFigures {
  readonly deployments: readonly store.DeploymentMonth[];
  readonly days: readonly store.MoneyDay[];
  readonly revenue: readonly store.RevenueRow[];
  readonly failures: readonly store.RatingFailure[];
}

/** All figures of a month from the facts as they are now. Writes nothing. */
export async function composeFigures(
  db: Database,
  {
    month,
    meteredThrough,
    now,
    signal,
    kept = [],
  }: {
    readonly month: Temporal.PlainDate;
    /** The first day of the month that is not metered. */
    readonly meteredThrough: Temporal.PlainDate;
    readonly now: Temporal.Instant;
    readonly signal?: AbortSignal | undefined;
    /** Days that are what they were; left out, each is composed. */
    readonly kept?: readonly store.MoneyDay[];
  },
): Promise<MonthFigures> {
  const last = month.subtract({ months: 1 });
  const metered = new UsageSums(db);
  const known = Map.groupBy(kept, ({ day }) => day.toString());
  const ends: Temporal.PlainDate[] = [];
  for (let day = month; isBefore(day, meteredThrough); day = day.add({ days: 1 }))
    if (!known.has(day.toString())) ends.push(day.add({ days: 1 }));
  const [toDate, forecast, ...untilEnds] = await composeSums(
    db,
    month,
    now,
    // A day's total is kept, and so has nothing of a later day that was metered before one that failed.
    [metered, new ForecastSums(db, meteredThrough, metered), ...ends.map((end) => new UsageUntil(end, metered))],
    signal,
  );
  // Of a month that is over, all of the one before: the same day may not be there.
  const isOver = !isBefore(meteredThrough, month.add({ months: 1 }));
  const daysGone = month.until(meteredThrough, { largestUnit: 'days' }).days;
  const [lastMonth, lastSameDay] = await composeSums(
    db,
    last,
    now,
    [metered, isOver ? metered : new UsageUntil(last.add({ days: daysGone }), metered)],
    signal,
  );
  const made = ends.flatMap((end, index) =>
    [...totalsOf(untilEnds[index]!.sums)].map(([currency, amount]) => ({
      day: end.subtract({ days: 1 }),
      currency,
      toDate: amount,
    })),
  );
  const days = [...kept.filter(({ day }) => isBefore(day, meteredThrough)), ...made];
  return {
    deployments: rowsOf(toDate!.sums, forecast!.sums, lastSameDay!.sums, lastMonth!.sums),
    days,
    revenue: await composeRevenue(db, month, now, metered, signal),
    failures: toDate!.failures,
  };
}

/** What the month comes to with each of the usages, in their order. */
async function composeSums(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  usages: readonly UsageSource[],
  signal: AbortSignal | undefined,
): Promise<Composed[]> {
  const composed = usages.map(() => ({ sums: new Map() as Sums, failures: [] as store.RatingFailure[] }));
  for await (const batches of previewMonthWith(db, month, now, usages)) {
    signal?.throwIfAborted();
    for (const [index, { sums, failures }] of composed.entries()) {
      const { customers, failures: failed } = batches[index]!;
      failures.push(...failed.map(({ customer, error }) => ({ customer, reason: error.message })));
      for (const { currency, lines } of customers.flatMap(({ invoices }) => invoices)) {
        for (const [id, own] of Map.groupBy(lines, (line) => line.deploymentId ?? 0)) {
          const key = `${id} ${currency}`;
          const there = sums.get(key)?.amount ?? '0';
          sums.set(key, { deploymentId: id, currency, amount: add(there, sumAmounts(own, currency), currency) });
        }
      }
    }
  }
  return composed;
}

function add(a: string, b: string, currency: string): string {
  return formatMoney(new Decimal(a).plus(b), currency);
}

function totalsOf(sums: Sums): ReadonlyMap<string, string> {
  const totals = new Map<string, string>();
  for (const { currency, amount } of sums.values())
    totals.set(currency, add(totals.get(currency) ?? '0', amount, currency));
  return totals;
}

/** A row for whatever any of the four has. */
function rowsOf(toDate: Sums, forecast: Sums, lastSameDay: Sums, lastMonth: Sums): store.DeploymentMonth[] {
  const all: Sums = new Map([...toDate, ...forecast, ...lastSameDay, ...lastMonth]);
  return [...all].map(([key, { deploymentId, currency }]) => {
    const amount = (sums: Sums) => sums.get(key)?.amount ?? formatMoney(new Decimal(0), currency);
    return {
      deploymentId,
      currency,
      toDate: amount(toDate),
      forecast: amount(forecast),
      lastSameDay: amount(lastSameDay),
      lastMonth: amount(lastMonth),
    };
  });
}

/** What is kept of a month. Null: it has not been rated. */
interface KeptFigures {
  readonly ratedAt: Temporal.Instant;
  readonly meteredThrough: Temporal.PlainDate;
  readonly failures: readonly store.RatingFailure[];
  /** By currency. */
  readonly totals: readonly Omit<store.DeploymentMonth, 'deploymentId'>[];
  readonly days: readonly store.MoneyDay[];
  /** Deployments whose amounts have moved most. */
  readonly movers: readonly store.MoverRow[];
}

const moversMax = 10;

/** The figures of a month as they were rated last. Reads what is kept and rates nothing. */
export async function readFigures(db: Queryable, month: Temporal.PlainDate): Promise<KeptFigures | null> {
  const rated = await store.selectRatedMonth(db, month);
  if (rated === null) return null;
  return {
    ratedAt: rated.ratedAt,
    meteredThrough: rated.meteredThrough,
    failures: rated.failures,
    totals: await store.selectMonthTotals(db, month),
    days: await store.selectMoneyDays(db, month),
    movers: await store.selectMovers(db, month, moversMax),
  };
}

/** How many invoices of a month stand where, and what they come to with tax. Voided ones are not in it. */
export function countInvoices(db: Queryable, month: Temporal.PlainDate): Promise<store.DocumentCount[]> {
  return store.countInvoices(db, month);
}
