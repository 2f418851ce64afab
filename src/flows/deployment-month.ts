import { findDeployment } from '../deployments/index.ts';
import { listDeploymentMonths } from '../invoices/index.ts';
import { listKinds, monthStatus, usageByDay, usageForPeriod } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal, sumQuantities } from '../platform/quantity.ts';
import { forecastDeployment, firingPage } from '../pricing/index.ts';

// One deployment's month as one document: what it used, what of that is in its allowances, and what it comes to.

/** A deployment has a row for each currency; nobody is billed in more. */
const currenciesMax = 20;
const newestFirings = { sort: 'firedAt', order: 'desc', q: null, cursor: null, limit: 50 } as const;
const obstaclesMax = 5;

interface DeploymentMonthAsked {
  readonly deployment: string;
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  readonly now: Temporal.Instant;
  /** The customer who asks, by our id; null: staff. What is only ours is null to them. */
  readonly customerId: number | null;
}

type Forecast = Awaited<ReturnType<typeof forecastDeployment>>;
type Quote = Forecast['toDate'];

/**
 * A deployment's month by meter: used, day by day, foreseen, in the allowance, and due; the month in money as the last
 * rating kept it; what fired, and what keeps the month from being final. Errors: not_found.
 */
export async function readDeploymentMonth(db: Database, asked: DeploymentMonthAsked) {
  const { deployment: slug, month, now, customerId } = asked;
  const end = month.add({ months: 1 });
  const whose = customerId === null ? {} : { customerId };
  const found = await findDeployment(db, slug, whose);
  const { rows, rated } = await listDeploymentMonths(
    db,
    { month, deployment: slug, q: null, now, isStaff: customerId === null, ...whose },
    { sort: 'name', order: 'asc', cursor: null, limit: currenciesMax },
  );
  const { usage, meteredThrough } = await usageForPeriod(db, slug, month, end);
  const quoted = await quoteMonth(db, slug, month.toPlainYearMonth());
  return {
    deployment: slug,
    name: found.name,
    customer: found.customerExternalId,
    customerName: found.customerName,
    startsAt: found.startsAt,
    endsAt: found.endsAt,
    month: month.toPlainYearMonth().toString(),
    plan: rows[0]?.plan ?? null,
    paused: rows[0]?.paused ?? false,
    resources: rows[0]?.resources ?? 0,
    meteredThrough,
    ratedAt: rated?.at ?? null,
    money: rows.flatMap(({ currency, amountToDate, forecast, lastMonthSameDay, lastMonth, change }) =>
      currency === null ? [] : [{ currency, amountToDate, forecast, lastMonthSameDay, lastMonth, change }],
    ),
    quoted:
      'reason' in quoted
        ? { state: 'unavailable' as const, reason: quoted.reason }
        : { state: 'ok' as const, reason: null },
    method: 'reason' in quoted ? null : quoted.method,
    meters: await metersOf(db, { slug, month, end, usage, quoted: 'reason' in quoted ? null : quoted }),
    alerts:
      customerId === null
        ? (await firingPage(db, { deployment: slug, month: month.toPlainYearMonth() }, newestFirings)).items
        : null,
    status: customerId === null ? await statusOf(db, asked) : null,
  };
}

/** The month as it is priced; where it cannot be, such as on no plan, why. */
async function quoteMonth(
  db: Database,
  deployment: string,
  month: Temporal.PlainYearMonth,
): Promise<Forecast | { readonly reason: string }> {
  try {
    return await forecastDeployment(db, deployment, month);
  } catch (error) {
    if (error instanceof ArcadiaError && error.code === 'not_found') return { reason: error.message };
    throw error;
  }
}

interface Metered {
  readonly slug: string;
  readonly month: Temporal.PlainDate;
  readonly end: Temporal.PlainDate;
  readonly usage: Readonly<Record<string, string>>;
  readonly quoted: Forecast | null;
}

/** A row for each meter that was used, or is priced with an allowance. */
async function metersOf(db: Database, { slug, month, end, usage, quoted }: Metered) {
  const kinds = new Map((await listKinds(db, end.subtract({ days: 1 }))).map((one) => [one.kind, one]));
  const byDay = Map.groupBy(await usageByDay(db, slug, month, end), ({ kind }) => kind);
  const priced = [...new Set(quoted?.toDate.lines.map(({ kind }) => kind) ?? [])];
  const names = [...new Set([...priced, ...Object.keys(usage).sort()])];
  const days = month.until(end, { largestUnit: 'days' }).days;
  return names.map((kind) => {
    const own = new Map((byDay.get(kind) ?? []).map(({ day, quantity }) => [day, quantity]));
    const { title = kind, unit = '' } = kinds.get(kind) ?? {};
    return {
      kind,
      title,
      unit,
      quantity: usage[kind] ?? '0',
      forecast: quoted === null ? null : pricedSum(quoted.forecast, kind, ({ quantity }) => quantity),
      allowance: quoted === null ? null : pricedSum(quoted.toDate, kind, allowanceOf),
      billable: quoted === null ? null : pricedSum(quoted.toDate, kind, ({ billable }) => billable),
      currency: quoted?.toDate.currency ?? null,
      amount: quoted === null ? null : amountOf(quoted.toDate, kind),
      forecastAmount: quoted === null ? null : amountOf(quoted.forecast, kind),
      days: Array.from({ length: days }, (_, at) => own.get(month.add({ days: at }).toString()) ?? null),
    };
  });
}

type Line = Quote['lines'][number];

/** All that a line may use free of charge: its own allowance, and what was left before. */
function allowanceOf({ allowance, fromEarlierPhase = '0', carriedIn = '0' }: Line): string {
  return sumQuantities([allowance, fromEarlierPhase, carriedIn]);
}

function pricedSum({ lines }: Quote, kind: string, of: (line: Line) => string): string {
  return sumQuantities(lines.filter((line) => line.kind === kind).map(of));
}

function amountOf({ lines, currency }: Quote, kind: string): string {
  const sum = lines
    .filter((line) => line.kind === kind)
    .reduce((total, { amount }) => total.plus(amount), new Decimal(0));
  return formatMoney(sum, currency);
}

async function statusOf(db: Database, { deployment, month, now }: DeploymentMonthAsked) {
  const status = await monthStatus(db, { month: month.toPlainYearMonth(), now, deployment });
  const { complete, confirmed, final, blockers, blockersTotal } = status;
  return {
    complete,
    confirmed,
    final,
    obstacles: blockers.slice(0, obstaclesMax).map(({ reason, message, todo }) => ({ reason, message, todo })),
    obstaclesTotal: blockersTotal,
  };
}
