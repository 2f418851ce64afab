import { Decimal } from '../../platform/quantity.ts';
import type { PlanItem } from '../plan.ts';
import { ownAllowance, type LineGroup, lineGroupsOf, type UsedMonth } from './line-groups.ts';

/** What a month left of its allowance, and what of that has not been used since. */
interface Lot {
  readonly month: Temporal.PlainYearMonth;
  readonly left: Decimal;
}

/** How an item's allowance met its usage in one line group. */
export interface AllowanceUse {
  readonly own: Decimal;
  /** Units that the plan's earlier line groups left of their own in the month, and that can be used here. */
  readonly earlier: Decimal;
  /** Units that earlier months left and that can be used here. */
  readonly carriedIn: Decimal;
  /** Beyond all of these: what is charged. */
  readonly billable: Decimal;
  /** What earlier months can carry into the plan's next line group of the month, or this month and they into the next one. */
  readonly carriedOut: Decimal;
}

/** One plan and billing kind: what earlier months left, by which rule it went out of the last of them. */
interface Carried {
  readonly lots: readonly Lot[];
  readonly rule: CarryOver | null;
}

/**
 * Allowances through the months, one plan and billing kind at a time.
 *
 * A line group's own allowance is used first, then what the plan's earlier line groups left of theirs in the
 * month, then what earlier months left, the latest first. So what a month carries in depends on the
 * `carryOver.months` before it and on nothing older: older lots cannot be used here, and had no part in
 * what is left of these.
 *
 * What goes out of a month goes by the rule of the plan's last version in it (by age and limit, the
 * oldest lapses first), and exactly that comes in, whatever version holds then. A version that begins
 * within a month and has a rule of its own takes in what that lets in. What is left waits while the
 * deployment is on another plan, and grows older.
 */
export class CarriedAllowances {
  readonly #carried = new Map<string, Carried>();

  /** Begins with the months before, oldest first and without a gap. */
  constructor(earlier: readonly UsedMonth[]) {
    for (const used of earlier) this.settle(used.month, lineGroupsOf(used));
  }

  /** Passes a month: how each item's allowance met its usage, by line group. */
  settle(month: Temporal.PlainYearMonth, lineGroups: readonly LineGroup[]): ReadonlyMap<PlanItem, AllowanceUse>[] {
    const uses = lineGroups.map(() => new Map<PlanItem, AllowanceUse>());
    for (const [plan, ofPlan] of Map.groupBy(lineGroups.entries(), ([, { version }]) => version.plan)) {
      for (const kind of new Set(ofPlan.flatMap(([, { version }]) => version.items.map((item) => item.kind)))) {
        const key = `${plan} ${kind}`;
        const { used, carried } = settleKind(month, ofPlan, kind, this.#carried.get(key));
        for (const { index, item, use } of used) uses[index]?.set(item, use);
        this.#carried.set(key, carried);
      }
      // A kind that none of the month's versions has goes no further.
      for (const key of this.#carried.keys()) {
        const isPriced = ofPlan.some(([, { version }]) => version.items.some((item) => key === `${plan} ${item.kind}`));
        if (key.startsWith(`${plan} `) && !isPriced) this.#carried.delete(key);
      }
    }
    return uses;
  }
}

/** The line groups of one plan in a month, of one kind, in order of time. */
function settleKind(
  month: Temporal.PlainYearMonth,
  lineGroups: readonly (readonly [number, LineGroup])[],
  kind: string,
  before: Carried = { lots: [], rule: null },
): { used: { index: number; item: PlanItem; use: AllowanceUse }[]; carried: Carried } {
  const used: { index: number; item: PlanItem; use: AllowanceUse }[] = [];
  let lots = kept(before.lots, before.rule, month);
  let earlier = new Decimal(0);
  let rule: CarryOver | null = null;
  for (const [position, [index, lineGroup]] of lineGroups.entries()) {
    const item = lineGroup.version.items.find((one) => one.kind === kind);
    rule = item?.carryOver ?? null;
    if (item === undefined) continue;
    if (position > 0 && rule !== null) lots = kept(lots, rule, month);
    const own = ownAllowance(lineGroup, item);
    const quantity = lineGroup.usage.get(kind) ?? new Decimal(0);
    const carriedIn = total(lots);
    const last = used.at(-1);
    if (last) used[used.length - 1] = { ...last, use: { ...last.use, carriedOut: carriedIn } };
    const beyond = Decimal.max(quantity.minus(own), 0);
    const fromEarlier = Decimal.min(beyond, earlier);
    const { left, missing } = draw(lots, beyond.minus(fromEarlier));
    lots = left;
    const use = { own, earlier, carriedIn, billable: missing, carriedOut: new Decimal(0) };
    earlier = earlier.minus(fromEarlier).plus(Decimal.max(own.minus(Decimal.max(quantity, 0)), 0));
    used.push({ index, item, use });
  }
  const out = kept([...lots, { month, left: earlier }], rule, month.add({ months: 1 }));
  const last = used.at(-1);
  if (last && last.index === lineGroups.at(-1)?.[0]) {
    used[used.length - 1] = { ...last, use: { ...last.use, carriedOut: total(out) } };
  }
  return { used, carried: { lots: out, rule } };
}

type CarryOver = NonNullable<PlanItem['carryOver']>;

/** What of the lots can be used in a month: the latest up to the limit, none that is too old. Oldest first. */
function kept(lots: readonly Lot[], rule: CarryOver | null, month: Temporal.PlainYearMonth): readonly Lot[] {
  if (rule === null || lots.length === 0) return [];
  const oldest = month.subtract({ months: rule.months });
  let room = rule.limit === null ? null : new Decimal(rule.limit);
  const usable: Lot[] = [];
  for (const lot of lots.toReversed()) {
    if (Temporal.PlainYearMonth.compare(lot.month, oldest) < 0) continue;
    const left = room === null ? lot.left : Decimal.min(lot.left, room);
    if (room !== null) room = room.minus(left);
    if (!left.isZero()) usable.unshift({ month: lot.month, left });
  }
  return usable;
}

/** Takes units from the lots, the latest first; `missing` is what they do not cover. */
function draw(lots: readonly Lot[], units: Decimal): { left: readonly Lot[]; missing: Decimal } {
  let missing = units;
  const left = lots
    .toReversed()
    .map((lot) => {
      const taken = Decimal.min(lot.left, missing);
      missing = missing.minus(taken);
      return { ...lot, left: lot.left.minus(taken) };
    })
    .toReversed();
  return { left, missing };
}

function total(lots: readonly Lot[]): Decimal {
  return lots.reduce((sum, lot) => sum.plus(lot.left), new Decimal(0));
}

/** How many months before a month its rating must know, by the versions that its plans had in the months before. */
export function monthsToLookBack(before: readonly { readonly version: LineGroup['version'] }[]): number {
  return Math.max(0, ...before.flatMap(({ version }) => version.items.map((item) => item.carryOver?.months ?? 0)));
}
