import { type DeploymentUsage, usageForPeriod } from '../metering/index.ts';
import type { Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { billingKinds, getPlan } from './plans.ts';
import { ratedMonth } from './rated-months.ts';
import { decimalText } from './rating/decimal.ts';
import { type Quote, quoteOf, ratePlan } from './rating/rate-plan.ts';
import { requireDeployment, subscribedPlan } from './subscriptions.ts';
import { describeUnbilled, earlier, missedUsage, type Unbilled, unbilledOnVersion, unbilledParts } from './unbilled.ts';
import { ForecastSums } from './usage-sums.ts';

/**
 * What a calendar month's usage costs on a plan.
 * @param usage billing kind to decimal quantity, zero or more
 * @param day decides which version of the plan holds, and which month it is
 * @throws ArcadiaError not_found (plan), invalid_argument (unknown kind, bad quantity)
 */
export async function quoteUsage(
  db: Queryable,
  {
    plan,
    usage,
    day,
  }: { readonly plan: string; readonly usage: Readonly<Record<string, string>>; readonly day: Temporal.PlainDate },
): Promise<Quote> {
  await checkUsage(db, usage);
  return ratePlan(await getPlan(db, plan, day), new Map(Object.entries(usage)), day.toPlainYearMonth());
}

/** @throws ArcadiaError invalid_argument (unknown kind, bad quantity) */
export async function checkUsage(db: Queryable, usage: Readonly<Record<string, string>>): Promise<void> {
  const kinds = await billingKinds(db);
  for (const [kind, quantity] of Object.entries(usage)) {
    if (!kinds.has(kind)) {
      throw new ArcadiaError('invalid_argument', `There is no meter "${kind}"; there are ${[...kinds].join(', ')}.`);
    }
    const problem = decimalText.safeParse(quantity).error?.issues[0]?.message;
    if (problem) throw new ArcadiaError('invalid_argument', `The quantity of ${kind} ${problem}.`);
  }
}

/** A quote beside the deployment, the days, and how far they are metered. */
type DeploymentQuote = Omit<DeploymentUsage, 'usage'> & Quote;

/**
 * What the quote of a deployment's month leaves out, because it is billed to nobody; as if it were all on a plan,
 * where one is named.
 * @param through the first day that does not count
 */
export async function unbilledOfDeployment(
  db: Database,
  {
    deployment,
    plan,
    month,
    through,
  }: {
    readonly deployment: string;
    readonly plan?: string | undefined;
    readonly month: Temporal.PlainYearMonth;
    readonly through: Temporal.PlainDate;
  },
): Promise<Unbilled[]> {
  const { deployment_id } = await requireDeployment(db, deployment);
  const from = month.toPlainDate({ day: 1 });
  const to = from.add({ months: 1 });
  if (plan === undefined) {
    return describeUnbilled(db, await unbilledParts(db, { deployments: [deployment_id], month, through }), from);
  }
  const version = await getPlan(db, plan, to.subtract({ days: 1 }));
  const { usage } = await usageForPeriod(db, deployment, from, to);
  const missed = await missedUsage(db, deployment_id, { from, to: earlier(to, through) });
  return describeUnbilled(db, unbilledOnVersion({ version, month, usage, ...missed, deployment }), from);
}

/**
 * What a deployment's metered usage of the days [from, to), which lie in one calendar month, costs.
 *
 * Of a whole month, with no plan named: the month's bill as it is now, by the deployment's own
 * plans and their changes; the invoice that follows from the same facts is the same. Otherwise as if
 * the month were all on one plan, and nothing more were used in it: with the month's whole base fee
 * and allowances, on the plan named, or the last that the deployment is on within those days, in
 * the version that holds on the last of them.
 * @throws ArcadiaError not_found, range_reversed, range_too_large
 */
export async function quoteDeployment(
  db: Database,
  {
    deployment,
    plan,
    from,
    to,
    customerId = null,
  }: {
    readonly deployment: string;
    readonly plan?: string | undefined;
    /** Who asks, if it is a customer: the plan is one of theirs. */
    readonly customerId?: number | null;
    readonly from: Temporal.PlainDate;
    readonly to: Temporal.PlainDate;
  },
): Promise<DeploymentQuote> {
  assertWithinOneMonth(from, to);
  const { usage, ...period } = await usageForPeriod(db, deployment, from, to);
  const wholeMonth = from.day === 1 && to.equals(from.add({ months: 1 }));
  if (plan === undefined && wholeMonth) {
    return { ...period, ...(await quoteBill(db, deployment, from.toPlainYearMonth())) };
  }
  const slug = plan ?? (await subscribedPlan(db, deployment, from, to));
  const version = await getPlan(db, slug, to.subtract({ days: 1 }), customerId);
  return { ...period, ...ratePlan(version, new Map(Object.entries(usage)), from.toPlainYearMonth()) };
}

async function quoteBill(
  db: Database,
  deployment: string,
  month: Temporal.PlainYearMonth,
  sums?: ForecastSums,
): Promise<Quote> {
  const { deployment_id } = await requireDeployment(db, deployment);
  const [found] = await ratedMonth(db, { deployments: [deployment_id], month, ...(sums && { sums }) });
  if (found === undefined || found.versions.length === 0) {
    const first = month.toPlainDate({ day: 1 });
    // Refuses, and says what to do.
    await subscribedPlan(db, deployment, first, first.add({ months: 1 }));
    throw new ArcadiaError('not_found', `Deployment "${deployment}" starts after ${month}.`);
  }
  return quoteOf(found.rated, found.versions);
}

/** A month under way: what it costs so far, and what it will cost if everything stays as it is. */
interface ForecastQuote {
  readonly deployment: string;
  readonly month: Temporal.PlainYearMonth;
  /** Every day before this one is metered; the others are foreseen. */
  readonly meteredThrough: string;
  readonly method: string;
  readonly toDate: Quote;
  readonly forecast: Quote;
}

const forecastMethod =
  'What is metered, and for the days after it what stood at the last metering: resources that are there stay as they are until the month ends, nothing is added. Plan changes that are decided already are taken into account.';

/**
 * A month's bill to date, and as it will be at the month's end if everything stays as it is: the
 * levels that stand go on by metering's own formula, so that where nothing changes the forecast is
 * the bill. Of a month that is metered to its end, both are the same.
 * @throws ArcadiaError not_found
 */
export async function forecastDeployment(
  db: Database,
  deployment: string,
  month: Temporal.PlainYearMonth,
): Promise<ForecastQuote> {
  const from = month.toPlainDate({ day: 1 });
  const { meteredThrough } = await usageForPeriod(db, deployment, from, from.add({ months: 1 }));
  const toDate = await quoteBill(db, deployment, month);
  const sums = new ForecastSums(db, Temporal.PlainDate.from(meteredThrough));
  const forecast = await quoteBill(db, deployment, month, sums);
  return { deployment, month, meteredThrough, method: forecastMethod, toDate, forecast };
}

function assertWithinOneMonth(from: Temporal.PlainDate, to: Temporal.PlainDate): void {
  if (Temporal.PlainDate.compare(from, to) >= 0) {
    throw new ArcadiaError('range_reversed', `${from} is not before ${to}.`);
  }
  const end = from.with({ day: 1 }).add({ months: 1 });
  if (Temporal.PlainDate.compare(to, end) > 0) {
    throw new ArcadiaError(
      'range_too_large',
      `A quote is of one calendar month: from ${from} it reaches to ${end} at most, not to ${to}.`,
    );
  }
}
