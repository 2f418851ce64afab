import { Exact } from '../../platform/quantity.ts';
import type { PlanItem } from '../plan.ts';
import { ownAllowance, type Section, sectionsOf, type UsedMonth } from './sections.ts';

/** What a month left of its allowance, and what of that has not been used since. */
interface Lot {
  readonly month: Temporal.PlainYearMonth;
  left: Exact;
}

/** How an item's allowance met its usage in one section. */
export interface AllowanceUse {
  readonly own: Exact;
  /** Units that earlier months left and that can be used here. */
  readonly carriedIn: Exact;
  /** Beyond own and carried allowance: what is charged. */
  readonly billable: Exact;
  /** What can be used in the next month, after this section; of several sections on one plan, the last one's counts. */
  readonly carriedOut: Exact;
}

/**
 * Allowances through the months, one plan and billing kind at a time.
 *
 * A month's own allowance is used first, then what earlier months left, the latest first. So what
 * a month carries in depends on the `carryOver.months` before it and on nothing older: older lots
 * cannot be used here, and had no part in what is left of these. What is left waits while the
 * deployment is on another plan, and lapses by age or by the item's limit, the oldest first.
 */
export class CarriedAllowances {
  readonly #lots = new Map<string, Lot[]>();

  /** Begins with the months before, oldest first and without a gap. */
  constructor(earlier: readonly UsedMonth[]) {
    for (const used of earlier) this.settle(used.month, sectionsOf(used));
  }

  /** Passes a month: how each item of each section that has allowance to carry met its usage. */
  settle(month: Temporal.PlainYearMonth, sections: readonly Section[]): Map<PlanItem, AllowanceUse>[] {
    const unused = new Map<string, { item: PlanItem; left: Exact }>();
    const entered = new Set<string>();
    const uses = sections.map((section) => {
      const bySection = new Map<PlanItem, AllowanceUse>();
      for (const item of section.version.items) {
        if (item.carryOver === null) continue;
        const key = `${section.version.plan} ${item.kind}`;
        if (!entered.has(key)) this.#enter(key, item.carryOver, month);
        entered.add(key);
        const lots = this.#lots.get(key) ?? [];
        const own = ownAllowance(section, item);
        const used = section.usage.get(item.kind) ?? new Exact(0);
        const carriedIn = total(lots);
        const billable = draw(lots, Exact.max(used.minus(own), 0));
        const left = Exact.max(own.minus(used), 0).plus(unused.get(key)?.left ?? 0);
        unused.set(key, { item, left });
        const carriedOut = total(kept([...lots, { month, left }], item.carryOver, month.add({ months: 1 })));
        bySection.set(item, { own, carriedIn, billable, carriedOut });
      }
      return bySection;
    });
    for (const [key, { left }] of unused) {
      const lots = this.#lots.get(key) ?? [];
      if (!left.isZero()) lots.push({ month, left });
      this.#lots.set(key, lots);
    }
    return uses;
  }

  #enter(key: string, rule: CarryOver, month: Temporal.PlainYearMonth): void {
    this.#lots.set(key, kept(this.#lots.get(key) ?? [], rule, month));
  }
}

type CarryOver = NonNullable<PlanItem['carryOver']>;

/** What of the lots can be used in a month: the latest up to the limit, none that is too old. Oldest first. */
function kept(lots: readonly Lot[], rule: CarryOver, month: Temporal.PlainYearMonth): Lot[] {
  const oldest = month.subtract({ months: rule.months });
  let room = rule.limit === null ? null : new Exact(rule.limit);
  const stay: Lot[] = [];
  for (const lot of lots.toReversed()) {
    if (Temporal.PlainYearMonth.compare(lot.month, oldest) < 0) continue;
    const left = room === null ? lot.left : Exact.min(lot.left, room);
    if (room !== null) room = room.minus(left);
    if (!left.isZero()) stay.unshift({ month: lot.month, left });
  }
  return stay;
}

/** Takes units from the lots, the latest first; returns what they do not cover. */
function draw(lots: Lot[], units: Exact): Exact {
  let wanted = units;
  for (const lot of lots.toReversed()) {
    const taken = Exact.min(lot.left, wanted);
    lot.left = lot.left.minus(taken);
    wanted = wanted.minus(taken);
  }
  return wanted;
}

function total(lots: readonly Lot[]): Exact {
  return lots.reduce((sum, lot) => sum.plus(lot.left), new Exact(0));
}

/** How many months before a month its rating must know: the most that any of its items can carry. */
export function monthsToLookBack(sections: readonly { readonly version: Section['version'] }[]): number {
  return Math.max(0, ...sections.flatMap(({ version }) => version.items.map((item) => item.carryOver?.months ?? 0)));
}
