import { type DeploymentUsage, usageForPeriod } from '../metering/usage.ts';
import type { Database } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { billingKinds, getPlan } from './plans.ts';
import { decimalText } from './rating/decimal.ts';
import { type Quote, ratePlan } from './rating/rate-plan.ts';
import { subscribedPlan } from './subscriptions.ts';

/**
 * What a calendar month's usage costs on a plan.
 * @param usage billing kind to decimal quantity, zero or more
 * @param day decides which version of the plan holds, and which month it is
 * @throws ArcadiaError not_found (plan), invalid_argument (unknown kind, bad quantity)
 */
export async function quoteUsage(
  db: Database,
  {
    plan,
    usage,
    day,
  }: { readonly plan: string; readonly usage: Readonly<Record<string, string>>; readonly day: Temporal.PlainDate },
): Promise<Quote> {
  const kinds = await billingKinds(db);
  for (const [kind, quantity] of Object.entries(usage)) {
    if (!kinds.has(kind)) {
      throw new ArcadiaError(
        'invalid_argument',
        `There is no billing kind "${kind}"; there are ${[...kinds].join(', ')}.`,
      );
    }
    const problem = decimalText.safeParse(quantity).error?.issues[0]?.message;
    if (problem) throw new ArcadiaError('invalid_argument', `The quantity of ${kind} ${problem}.`);
  }
  return ratePlan(await getPlan(db, plan, day), new Map(Object.entries(usage)), day.toPlainYearMonth());
}

/** A quote beside the deployment, the days, and how far they are metered. */
export type DeploymentQuote = Omit<DeploymentUsage, 'usage'> & Quote;

/**
 * What a deployment's metered usage of the days [from, to), which lie in one calendar month, costs:
 * with the month's whole base fee and allowances, as if nothing more were used in that month. The
 * plan, where none is named, is the last that the deployment is on within those days; its version
 * is the one that holds on the last of them.
 * @throws ArcadiaError not_found, range_reversed, range_too_large
 */
export async function quoteDeployment(
  db: Database,
  {
    deployment,
    plan,
    from,
    to,
  }: {
    readonly deployment: string;
    readonly plan?: string | undefined;
    readonly from: Temporal.PlainDate;
    readonly to: Temporal.PlainDate;
  },
): Promise<DeploymentQuote> {
  assertWithinOneMonth(from, to);
  const { usage, ...period } = await usageForPeriod(db, deployment, from, to);
  const slug = plan ?? (await subscribedPlan(db, deployment, from, to));
  const version = await getPlan(db, slug, to.subtract({ days: 1 }));
  return { ...period, ...ratePlan(version, new Map(Object.entries(usage)), from.toPlainYearMonth()) };
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
