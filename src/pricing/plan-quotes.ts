import { dayOf, listKinds, type UnmeteredKind, unmeteredKinds, usageForPeriod } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { Decimal, formatQuantity, parseQuantity, roundQuantity } from '../platform/quantity.ts';
import { type Comparison, compareQuotes } from './comparison.ts';
import type { PlanVersion } from './plan.ts';
import { type PlannedResource, usageOfPlanned } from './planned-resources.ts';
import { getPlan, listPlans, type PlanSight, wholeSight } from './plans.ts';
import { checkUsage } from './quotes.ts';
import { requireDeployment } from './subscriptions.ts';
import { describeUnbilled, earlier, missedUsage, type Unbilled, unbilledOnVersion } from './unbilled.ts';
import { type Quote, ratePlan } from './rating/rate-plan.ts';

/** Where the usage of an estimate comes from. */
export type QuoteBasis =
  | { readonly kind: 'usage'; readonly usage: Readonly<Record<string, string>> }
  /** What a deployment used on days of one calendar month, as if nothing more were used in it. */
  | {
      readonly kind: 'period';
      readonly deployment: string;
      readonly from: Temporal.PlainDate;
      readonly to: Temporal.PlainDate;
    }
  /** The mean of a deployment's last complete months; of those that it has, if it has fewer. */
  | { readonly kind: 'average'; readonly deployment: string; readonly months: number }
  /** Resources that are not there yet. */
  | { readonly kind: 'resources'; readonly resources: readonly PlannedResource[] };

export interface PlanQuotes {
  /** The calendar month whose length, plan versions and discounts count. */
  readonly month: Temporal.PlainYearMonth;
  /** One sentence on where the usage comes from. */
  readonly basis: string;
  readonly usage: Readonly<Record<string, string>>;
  /** In the order in which they were asked for. */
  readonly quotes: readonly Quote[];
  /** Of two quotes or more. */
  readonly comparison: Comparison | null;
  /** What of the usage, or beside it, would be billed to nobody; for each plan by itself. */
  readonly unbilled: readonly Unbilled[];
}

/** The most plans that are compared at once. */
export const plansMax = 50;

/**
 * What a whole calendar month with some usage costs on each of several plans: the month's own base
 * fee (of a yearly one a twelfth) and allowances, nothing carried over. Each plan in the version that holds on the
 * month's last day.
 * @param month by default that of a period's days, else the current one
 * @param plans slugs, or `all` that hold on that day
 * @throws ArcadiaError not_found, invalid_argument, range_reversed, range_too_large
 */
export async function quotePlans(
  db: Queryable,
  asked: {
    readonly basis: QuoteBasis;
    readonly plans: readonly string[] | 'all';
    readonly month?: Temporal.PlainYearMonth | undefined;
    /** Who asks, if it is a customer: on plans of theirs, and not told what is billed to nobody. */
    readonly customerId?: number | null;
    /** Which price lists the asker sees; all unless given. */
    readonly sight?: PlanSight;
  },
  now: Temporal.Instant,
): Promise<PlanQuotes> {
  const { basis, customerId = null } = asked;
  const month = asked.month ?? (basis.kind === 'period' ? basis.from : dayOf(now)).toPlainYearMonth();
  const lastDay = month.toPlainDate({ day: month.daysInMonth });
  const versions = await versionsOf(db, asked.plans, lastDay, { customerId, ...(asked.sight ?? wholeSight) });
  const kinds = await listKinds(db, lastDay);
  const priced = new Set(versions.flatMap((version) => version.items.map((item) => item.kind)));
  const { usage, sentence } = await usageOf(db, basis, now, (resources) =>
    usageOfPlanned(
      resources,
      kinds.filter((kind) => kind.enabled || priced.has(kind.kind)),
      month,
    ),
  );
  const quotes = versions.map((version) => ratePlan(version, new Map(Object.entries(usage)), month));
  return {
    month,
    basis: sentence,
    usage,
    quotes,
    comparison: quotes.length > 1 ? compareQuotes(quotes) : null,
    unbilled: customerId !== null ? [] : await unbilledOnPlans(db, { versions, month, basis, usage }, now),
  };
}

/** Usage that is given has kinds that are not metered among it; what a deployment used has them beside it. */
async function unbilledOnPlans(
  db: Queryable,
  {
    versions,
    month,
    basis,
    usage,
  }: Pick<PlanQuotes, 'month' | 'usage'> & { readonly versions: readonly PlanVersion[]; readonly basis: QuoteBasis },
  now: Temporal.Instant,
): Promise<Unbilled[]> {
  const first = month.toPlainDate({ day: 1 });
  const of = async () => {
    if (basis.kind === 'period' || basis.kind === 'average') {
      const { deployment } = basis;
      return { usage, deployment, ...(await missedBeside(db, basis, dayOf(now))) };
    }
    const off = await unmeteredKinds(db, { from: first, to: first.add({ months: 1 }) });
    const isOff = ([kind]: [string, string]) => off.some((one) => one.kind === kind);
    const given = Object.entries(usage);
    const metered = Object.fromEntries(given.filter((one) => !isOff(one)));
    // What is given is known, whatever history says.
    const known = off.map((kind) => ({ ...kind, isKnown: true }));
    return { usage: metered, deployment: null, off: known, missed: new Map(given.filter(isOff)) };
  };
  const what = await of();
  const parts = versions.map((version) => unbilledOnVersion({ version, month, ...what }));
  const described = await Promise.all(parts.map((own) => describeUnbilled(db, own, first)));
  return described.flat();
}

/** What kinds that are not metered would have had on the days of a basis; of several months the mean. */
async function missedBeside(
  db: Queryable,
  basis: Extract<QuoteBasis, { readonly deployment: string }>,
  today: Temporal.PlainDate,
): Promise<{ off: UnmeteredKind[]; missed: ReadonlyMap<string, string> }> {
  const { deployment_id: id } = await requireDeployment(db, basis.deployment);
  if (basis.kind === 'period') return missedUsage(db, id, { from: basis.from, to: earlier(basis.to, today) });
  const current = today.with({ day: 1 });
  const sums = new Map<string, Decimal>();
  const off = new Map<string, UnmeteredKind>();
  const months = await averagedMonths(db, basis, current);
  for (const from of months) {
    const found = await missedUsage(db, id, { from, to: from.add({ months: 1 }) });
    for (const kind of found.off) off.set(kind.kind, kind);
    for (const [kind, quantity] of found.missed) sums.set(kind, (sums.get(kind) ?? new Decimal(0)).plus(quantity));
  }
  const mean = [...sums].map(([kind, sum]) => [kind, formatQuantity(roundQuantity(sum.div(months.length)))] as const);
  return { off: [...off.values()], missed: new Map(mean) };
}

async function versionsOf(
  db: Queryable,
  plans: readonly string[] | 'all',
  day: Temporal.PlainDate,
  { customerId, sees, lastDay }: PlanSight & { readonly customerId: number | null },
): Promise<PlanVersion[]> {
  if (plans !== 'all' && plans.length > plansMax) {
    throw new ArcadiaError('invalid_argument', `At most ${plansMax} plans are compared at once.`);
  }
  const unseen = plans === 'all' ? undefined : plans.find((slug) => !sees(slug));
  if (unseen !== undefined) throw notFound('plan', unseen);
  const shown = lastDay === null ? day : earlier(day, lastDay);
  if (plans !== 'all') return Promise.all([...new Set(plans)].map((slug) => getPlan(db, slug, shown, customerId)));
  const held = (await listPlans(db, shown, customerId)).filter(({ plan }) => sees(plan));
  if (held.length === 0) throw new ArcadiaError('not_found', `No plan applies on ${day}.`);
  return held.slice(0, plansMax);
}

async function usageOf(
  db: Queryable,
  basis: QuoteBasis,
  now: Temporal.Instant,
  planned: (resources: readonly PlannedResource[]) => ReadonlyMap<string, string>,
): Promise<{ usage: Readonly<Record<string, string>>; sentence: string }> {
  switch (basis.kind) {
    case 'usage':
      await checkUsage(db, basis.usage);
      return { usage: basis.usage, sentence: 'The usage given.' };
    case 'resources':
      return {
        usage: Object.fromEntries(planned(basis.resources)),
        sentence: 'What the resources given would use in the month.',
      };
    case 'period': {
      const { deployment, from, to } = basis;
      if (!from.with({ day: 1 }).equals(to.subtract({ days: 1 }).with({ day: 1 }))) {
        throw new ArcadiaError(
          'range_too_large',
          `A quote is of one calendar month, and ${from} to ${to} is not within one.`,
        );
      }
      const { usage, meteredThrough } = await usageForPeriod(db, deployment, from, to);
      const last = Temporal.PlainDate.from(meteredThrough).subtract({ days: 1 });
      const known = Temporal.PlainDate.compare(last, from) < 0 ? 'nothing metered yet' : `metered through ${last}`;
      return { usage, sentence: `What ${deployment} used from ${from} to ${to}, not included; ${known}.` };
    }
    case 'average':
      return averageUsage(db, basis, now);
  }
}

/** The most months that are averaged. */
export const averageMonthsMax = 24;

async function averageUsage(
  db: Queryable,
  basis: Extract<QuoteBasis, { kind: 'average' }>,
  now: Temporal.Instant,
): Promise<{ usage: Readonly<Record<string, string>>; sentence: string }> {
  const { deployment } = basis;
  const used = await averagedMonths(db, basis, dayOf(now).with({ day: 1 }));
  const sums = new Map<string, Decimal>();
  for (const from of used) {
    const { usage } = await usageForPeriod(db, deployment, from, from.add({ months: 1 }));
    for (const [kind, quantity] of Object.entries(usage)) {
      sums.set(kind, (sums.get(kind) ?? new Decimal(0)).plus(parseQuantity(quantity)));
    }
  }
  const [last, first] = [used[0], used.at(-1)].map((day) => day?.toPlainYearMonth());
  return {
    usage: Object.fromEntries(
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([kind, sum]) => [kind, formatQuantity(roundQuantity(sum.div(used.length)))]),
    ),
    sentence:
      used.length === 1
        ? `What ${deployment} used in ${last}.`
        : `The mean of what ${deployment} used in the ${used.length} months from ${first} to ${last}.`,
  };
}

/** The first days of the months that are averaged, the last one first. */
async function averagedMonths(
  db: Queryable,
  { deployment, months }: Extract<QuoteBasis, { kind: 'average' }>,
  current: Temporal.PlainDate,
): Promise<Temporal.PlainDate[]> {
  if (!Number.isInteger(months) || months < 1 || months > averageMonthsMax) {
    throw new ArcadiaError('invalid_argument', `1 to ${averageMonthsMax} months are averaged, not ${months}.`);
  }
  const used: Temporal.PlainDate[] = [];
  for (let back = 1; back <= months; back += 1) {
    const from = current.subtract({ months: back });
    const { usage } = await usageForPeriod(db, deployment, from, from.add({ months: 1 }));
    // Before its first month there is nothing, which is no usage of zero to average with.
    if (Object.keys(usage).length === 0 && !(await usedBefore(db, deployment, from))) break;
    used.push(from);
  }
  if (used.length > 0) return used;
  throw new ArcadiaError('not_found', `"${deployment}" used nothing before ${current}: there is no month to average.`);
}

/** Whether anything was used in the year before a day. */
async function usedBefore(db: Queryable, deployment: string, day: Temporal.PlainDate): Promise<boolean> {
  const { usage } = await usageForPeriod(db, deployment, day.subtract({ years: 1 }), day);
  return Object.keys(usage).length > 0;
}
