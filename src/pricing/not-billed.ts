import { chargeOf, listProviderPrices, type ProviderPrice } from '../inventory/index.ts';
import { dayOf, startOfDay } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import type { NextOperation } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { type NotBilledReason, type NotBilledRow, selectNotBilled } from './not-billed.store.ts';
import { cappedHours } from './price-book.ts';

// What runs and is on nobody's plan, at the provider's list price: money that goes out, and that nobody is asked for.

/** One deployment's part; or all that is unassigned. */
interface NotBilledDeployment {
  /** A slug; null: unassigned. */
  readonly deployment: string | null;
  readonly customer: string | null;
  readonly customerName: string | null;
  readonly resources: number;
  /** How many of the resources stand still at the end of the time. */
  readonly running: number;
  /** How many have no price in the price book: they are in no amount. */
  readonly unpriced: number;
  readonly amounts: readonly { readonly currency: string; readonly amount: string }[];
  /** The operation that settles it. */
  readonly next: Required<NextOperation>;
}

/** All that ran unbilled for one reason. */
export interface NotBilled extends Pick<NotBilledDeployment, 'resources' | 'running' | 'unpriced' | 'amounts'> {
  readonly reason: NotBilledReason;
  /** Those that run still first, then by their names; at most `deploymentsShown`. */
  readonly deployments: readonly NotBilledDeployment[];
  readonly deploymentsTotal: number;
}

/** As many deployments of one reason as a list names; the figures are of all of them. */
const deploymentsShown = 100;

/** In this order: what runs on for somebody who left comes first. */
const reasons: readonly NotBilledReason[] = ['ended', 'unassigned', 'no_plan', 'paused'];

/**
 * What ran in a month and is on nobody's plan, as far as the month has come: by reason, each with its deployments and
 * what the provider's price book says that it costs. A droplet's and a load balancer's month counts 672 hours at most,
 * as the provider counts them. A reason of which there is nothing is left out. Two statements, whatever there is.
 */
export async function notBilled(
  db: Queryable,
  {
    month,
    now,
    deployments,
  }: {
    readonly month: Temporal.PlainYearMonth;
    readonly now: Temporal.Instant;
    /** Only these, by slug. */
    readonly deployments?: readonly string[];
  },
): Promise<NotBilled[]> {
  const from = startOfDay(month.toPlainDate({ day: 1 }));
  const end = startOfDay(month.add({ months: 1 }).toPlainDate({ day: 1 }));
  const to = Temporal.Instant.compare(now, end) < 0 ? now : end;
  if (Temporal.Instant.compare(from, to) >= 0) return [];
  const rows = await selectNotBilled(db, { from, to }, deployments ? [...deployments] : null);
  if (rows.length === 0) return [];
  const day = dayOf(to.subtract({ nanoseconds: 1 }));
  const prices = new Map((await listProviderPrices(db, day)).map((price) => [price.subject, price]));
  const monthUs = new Decimal(end.since(from).total('microseconds'));
  return reasons.flatMap((reason) => {
    const own = rows.filter((row) => row.reason === reason);
    return own.length === 0 ? [] : [together(reason, own, prices, monthUs)];
  });
}

function together(
  reason: NotBilledReason,
  rows: readonly NotBilledRow[],
  prices: ReadonlyMap<string, ProviderPrice>,
  monthUs: Decimal,
): NotBilled {
  const deployments = [...Map.groupBy(rows, ({ deployment }) => deployment).values()]
    .map((own) => oneOf(reason, own, prices, monthUs))
    .sort((a, b) => Number(b.running > 0) - Number(a.running > 0));
  const count = (field: 'resources' | 'running' | 'unpriced') => deployments.reduce((sum, one) => sum + one[field], 0);
  const sums = new Map<string, Decimal>();
  for (const { currency, amount } of deployments.flatMap(({ amounts }) => amounts)) {
    sums.set(currency, (sums.get(currency) ?? new Decimal(0)).plus(amount));
  }
  return {
    reason,
    resources: count('resources'),
    running: count('running'),
    unpriced: count('unpriced'),
    amounts: amountsOf(sums),
    deployments: deployments.slice(0, deploymentsShown),
    deploymentsTotal: deployments.length,
  };
}

function oneOf(
  reason: NotBilledReason,
  rows: readonly NotBilledRow[],
  prices: ReadonlyMap<string, ProviderPrice>,
  monthUs: Decimal,
): NotBilledDeployment {
  const [{ deployment, customer, customerName }] = rows as readonly [NotBilledRow];
  const sums = new Map<string, Decimal>();
  let [resources, running, unpriced] = [0, 0, 0];
  for (const row of rows) {
    resources += row.resources;
    running += row.running;
    const cost = costOf(row, prices, monthUs);
    if (cost === null) unpriced += row.resources;
    else sums.set(cost.currency, (sums.get(cost.currency) ?? new Decimal(0)).plus(cost.amount));
  }
  const next = nextOf(reason, deployment);
  return { deployment, customer, customerName, resources, running, unpriced, amounts: amountsOf(sums), next };
}

/** Not rounded. null: the price book does not say, or knows no price by time. */
function costOf(
  row: NotBilledRow,
  prices: ReadonlyMap<string, ProviderPrice>,
  monthUs: Decimal,
): { currency: string; amount: Decimal } | null {
  const isCapped = row.kind === 'droplet' || row.kind === 'load_balancer';
  const time = isCapped ? row.cappedUs : row.timeUs;
  const charge = chargeOf({ ...row, resources: time, sizeGb: row.sizeUs, nodes: row.nodesUs });
  if (charge === null || charge === 'free') return null;
  const price = prices.get(charge.subject);
  if (price === undefined) return null;
  const unitUs = unitOf(price.unit, isCapped, monthUs);
  if (unitUs === null) return null;
  const quantity = price.unit === 'hour' ? row.timeUs : charge.quantity;
  const amount = new Decimal(price.amount).times(quantity).times(row.weight).div(unitUs.times(row.weightTotal));
  return { currency: price.currency, amount };
}

const hourUs = 3_600_000_000;

/** How long one unit of a price lasts, in microseconds; null: it is not by time. */
function unitOf(unit: string, isCapped: boolean, monthUs: Decimal): Decimal | null {
  if (unit === 'hour') return new Decimal(hourUs);
  if (!['month', 'node-month', 'GiB-month', 'GB-month'].includes(unit)) return null;
  return isCapped ? new Decimal(cappedHours * hourUs) : monthUs;
}

function amountsOf(sums: ReadonlyMap<string, Decimal>): NotBilled['amounts'] {
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, amount]) => ({ currency, amount: formatMoney(amount, currency) }));
}

function nextOf(reason: NotBilledReason, deployment: string | null): Required<NextOperation> {
  if (deployment === null) return { operation: 'rule suggest', arguments: {} };
  if (reason === 'ended') return { operation: 'deployment ownership', arguments: { deployment } };
  const action = reason === 'paused' ? 'resume' : 'start';
  return { operation: 'subscription decide', arguments: { deployment, action } };
}
