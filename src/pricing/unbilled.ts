import {
  type DayRange,
  dayOf,
  listBillingKinds,
  type UnmeteredKind,
  unmeteredKinds,
  unmeteredUsage,
} from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import type { NextOperation } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal, formatQuantity, sumQuantities } from '../platform/quantity.ts';
import { ratedMonth, type RatedMonthOptions } from './rated-months.ts';
import type { PlanVersion } from './plan.ts';
import { type RatedMonth, rateMonth, type UsageLine, wholeMonth } from './rating/rate-month.ts';
import { type UsagePeriod, type UsageSource, UsageSums } from './usage-sums.ts';

// What is used and not billed, because a plan and metering do not match: a plan prices a kind that
// is not metered, or a kind is metered that the plan has no price for.

/** What of a kind is billed to nobody, of deployments that are on plans of one currency. */
export interface Unbilled {
  readonly reason: 'not_metered' | 'no_price';
  readonly kind: string;
  /** Of the plans on which it is so, by slug. */
  readonly plans: readonly string[];
  /** By slug; empty where usage was given, and is nobody's. */
  readonly deployments: readonly string[];
  /** What is used and not billed; null: no account is listed completely for the kind's resources, so nobody knows. */
  readonly quantity: string | null;
  readonly currency: string;
  /** What that comes to beyond the allowances, before a plan's minimum, cap and discount; null: nobody knows, or no price. */
  readonly amount: string | null;
  readonly message: string;
  /** The operation that bills it; null: the plan is to have a price for it, or nothing is to be billed. */
  readonly next: Required<NextOperation> | null;
}

/** The same of one deployment and plan, before it is worded. */
export interface UnbilledPart {
  readonly reason: Unbilled['reason'];
  readonly kind: string;
  readonly plan: string;
  readonly planFrom: Temporal.PlainDate;
  readonly deployment: string | null;
  readonly quantity: string | null;
  readonly currency: string;
  readonly amount: string | null;
}

/**
 * What deployments used in a month up to a day and is billed to nobody.
 * @param through the first day that does not count; of days to come, what is there goes on
 */
export async function unbilledParts(
  db: Queryable,
  {
    through,
    ...options
  }: Pick<RatedMonthOptions, 'deployments' | 'month' | 'sums' | 'change'> & { readonly through: Temporal.PlainDate },
): Promise<UnbilledPart[]> {
  const range = rangeOf(options.month, through);
  const metered = options.sums ?? new UsageSums(db);
  const before = await ratedMonth(db, { ...options, sums: metered });
  const priced = new Set(before.flatMap(({ rated }) => pricedKinds(rated)));
  const off = range === null ? [] : (await unmeteredKinds(db, range)).filter(({ kind }) => priced.has(kind));
  const sums = new WithUnmetered(db, metered, off, through);
  const after = off.length === 0 ? before : await ratedMonth(db, { ...options, sums });
  return before.flatMap(({ deployment, rated }, index) =>
    partsOf(deployment, rated, after[index]?.rated ?? rated, off),
  );
}

/** The parts of two ratings of one month: without what is not metered, and with it. */
function partsOf(
  deployment: string | null,
  before: RatedMonth,
  after: RatedMonth,
  off: readonly UnmeteredKind[],
): UnbilledPart[] {
  const lines = new Map(usageLines(before).map((line) => [line.key, line]));
  return usageLines(after).flatMap((line): UnbilledPart[] => {
    const { billingKind: kind, plan, planFrom, currency } = line;
    const common = { kind, plan, planFrom, deployment, currency };
    const was = lines.get(line.key);
    if (line.model === null) {
      const isUsed = was !== undefined && was.quantity !== '0';
      return isUsed ? [{ ...common, reason: 'no_price', quantity: was.quantity, amount: null }] : [];
    }
    const unmetered = off.find((one) => one.kind === kind);
    if (unmetered === undefined) return [];
    const quantity = new Decimal(line.quantity).minus(was?.quantity ?? 0);
    if (quantity.isZero() && unmetered.isKnown) return [];
    const amount = formatMoney(new Decimal(line.amount).minus(was?.amount ?? 0), currency);
    return [
      quantity.isZero()
        ? { ...common, reason: 'not_metered', quantity: null, amount: null }
        : { ...common, reason: 'not_metered', quantity: formatQuantity(quantity), amount },
    ];
  });
}

/** What a deployment would have had metered on days of one month of the kinds that are not metered on them. */
export async function missedUsage(
  db: Queryable,
  deploymentId: number,
  range: DayRange,
): Promise<{ off: UnmeteredKind[]; missed: ReadonlyMap<string, string> }> {
  if (Temporal.PlainDate.compare(range.from, range.to) >= 0) return { off: [], missed: new Map() };
  const off = await unmeteredKinds(db, range);
  const missed = (await unmeteredUsage(db, [deploymentId], range, off)).get(deploymentId);
  return { off, missed: missed ?? new Map() };
}

/** The parts of a month that is all on one plan version. `missed`: what `usage` has not, for it is not metered. */
export function unbilledOnVersion({
  version,
  month,
  usage,
  off,
  missed,
  deployment,
}: {
  readonly version: PlanVersion;
  readonly month: Temporal.PlainYearMonth;
  readonly usage: Readonly<Record<string, string>>;
  readonly off: readonly UnmeteredKind[];
  readonly missed: ReadonlyMap<string, string>;
  readonly deployment: string | null;
}): UnbilledPart[] {
  const rated = (of: ReadonlyMap<string, string>) => rateMonth(wholeMonth(version, of, month));
  const metered = new Map(Object.entries(usage));
  return partsOf(deployment, rated(metered), rated(plus(metered, missed)), off);
}

/** Parts put together by kind and currency, and said in words: what would lose most first, what nobody knows last. */
export async function describeUnbilled(
  db: Queryable,
  parts: readonly UnbilledPart[],
  day: Temporal.PlainDate,
): Promise<Unbilled[]> {
  if (parts.length === 0) return [];
  const units = new Map((await listBillingKinds(db, day)).map(({ slug, unit }) => [slug, unit]));
  const groups = Map.groupBy(parts, ({ reason, kind, currency }) => `${reason} ${kind} ${currency}`);
  return [...groups.values()]
    .map((group) => together(group, units))
    .sort((a, b) => new Decimal(b.amount ?? -1).cmp(a.amount ?? -1));
}

function together(group: readonly UnbilledPart[], units: ReadonlyMap<string, string>): Unbilled {
  const [{ reason, kind, currency }] = group as [UnbilledPart];
  const known = group.flatMap(({ quantity }) => quantity ?? []);
  const amounts = group.flatMap(({ amount }) => amount ?? []);
  const unbilled = {
    reason,
    kind,
    plans: [...new Set(group.map(({ plan }) => plan))].sort(),
    deployments: [...new Set(group.flatMap(({ deployment }) => deployment ?? []))].sort(),
    quantity: known.length === 0 ? null : sumQuantities(known),
    currency,
    amount:
      amounts.length === 0
        ? null
        : formatMoney(
            amounts.reduce((sum, amount) => sum.plus(amount), new Decimal(0)),
            currency,
          ),
  };
  const from = group.map(({ planFrom }) => planFrom).reduce((a, b) => (Temporal.PlainDate.compare(a, b) < 0 ? a : b));
  return {
    ...unbilled,
    message: messageOf(unbilled, units.get(kind) ?? ''),
    next: reason === 'not_metered' ? enableFrom(kind, from) : null,
  };
}

/** Metered back to where the plan's price begins. */
export function enableFrom(kind: string, from: Temporal.PlainDate): Required<NextOperation> {
  return { operation: 'kind set', arguments: { kind, enabled: true, fromDay: from.toString() } };
}

function messageOf(
  { reason, kind, plans, deployments, quantity, currency, amount }: Omit<Unbilled, 'message' | 'next'>,
  unit: string,
): string {
  const [only] = deployments;
  const users =
    deployments.length === 0 ? '' : deployments.length === 1 ? ` of ${only}` : ` of ${deployments.length} deployments`;
  const onPlans = `${plans.length === 1 ? 'plan' : 'plans'} ${plans.join(', ')}`;
  if (reason === 'no_price') {
    return `${kind} is metered, and ${onPlans} ${plans.length === 1 ? 'has' : 'have'} no price for it: ${quantity} ${unit}${users} are not billed.`;
  }
  const priced = `${kind} is priced on ${onPlans} and not metered`;
  return quantity === null
    ? `${priced}: what that leaves unbilled is not known: no account is listed completely for its resources.`
    : `${priced}: ${quantity} ${unit}${users} are not billed, which is worth ${amount} ${currency} beyond what is included.`;
}

function pricedKinds(rated: RatedMonth): string[] {
  return usageLines(rated).flatMap(({ model, billingKind }) => (model === null ? [] : [billingKind]));
}

function usageLines({ lines }: RatedMonth): UsageLine[] {
  return lines.filter((line): line is UsageLine => line.kind === 'usage');
}

/** The days of a month before one; null: none. */
function rangeOf(month: Temporal.PlainYearMonth, through: Temporal.PlainDate): DayRange | null {
  const from = month.toPlainDate({ day: 1 });
  const to = earlier(from.add({ months: 1 }), through);
  return Temporal.PlainDate.compare(from, to) < 0 ? { from, to } : null;
}

/** Metered usage, and with it what kinds that are not metered would have had. */
class WithUnmetered implements UsageSource {
  readonly #db: Queryable;
  readonly #metered: UsageSource;
  readonly #kinds: readonly UnmeteredKind[];
  readonly #through: Temporal.PlainDate;

  constructor(db: Queryable, metered: UsageSource, kinds: readonly UnmeteredKind[], through: Temporal.PlainDate) {
    this.#db = db;
    this.#metered = metered;
    this.#kinds = kinds;
    this.#through = through;
  }

  async of(periods: readonly UsagePeriod[]): Promise<ReadonlyMap<string, string>[]> {
    const sums = [...(await this.#metered.of(periods))];
    const groups = Map.groupBy(periods.keys(), (index) => {
      const { from, to } = (periods[index] as UsagePeriod).range;
      return `${from} ${to}`;
    });
    for (const indexes of groups.values()) {
      const { range } = periods[indexes[0] as number] as UsagePeriod;
      const to = earlier(range.to, this.#through);
      if (Temporal.PlainDate.compare(range.from, to) >= 0) continue;
      const ids = indexes.map((index) => (periods[index] as UsagePeriod).deploymentId);
      const found = await unmeteredUsage(this.#db, ids, { from: range.from, to }, this.#kinds);
      for (const index of indexes) {
        const own = found.get((periods[index] as UsagePeriod).deploymentId) ?? new Map<string, string>();
        sums[index] = plus(sums[index] as ReadonlyMap<string, string>, own);
      }
    }
    return sums;
  }
}

function plus(usage: ReadonlyMap<string, string>, more: ReadonlyMap<string, string>): Map<string, string> {
  const sums = new Map(usage);
  for (const [kind, quantity] of more) sums.set(kind, sumQuantities([sums.get(kind) ?? '0', quantity]));
  return sums;
}

export function earlier(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) < 0 ? a : b;
}

/**
 * The same in words, of a month as it is now: its days that are over.
 * @param deployments ids
 */
export async function unbilledOf(
  db: Queryable,
  {
    deployments,
    month,
    now,
    sums,
  }: Pick<RatedMonthOptions, 'deployments' | 'month' | 'sums'> & { readonly now: Temporal.Instant },
): Promise<Unbilled[]> {
  const parts = await unbilledParts(db, { deployments, month, through: dayOf(now), ...(sums && { sums }) });
  return describeUnbilled(db, parts, month.toPlainDate({ day: 1 }));
}
