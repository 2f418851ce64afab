import type { Database } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Exact } from '../platform/quantity.ts';
import type { PlanVersion } from './plan.ts';
import { ratedMonth } from './rated-months.ts';
import { monthOfInstant, monthSpan } from './rating/proration.ts';
import type { RatedMonth } from './rating/rate-month.ts';
import type { Timeline } from './rating/timeline.ts';
import * as store from './store.ts';
import { UsageSums } from './usage-sums.ts';

/** What months cost as they are, and as if a version had held. Money in the plan's currency. */
export interface Compared {
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

export interface PlanImpact {
  readonly currency: string;
  /** The last complete month, and the current one to date. */
  readonly months: readonly {
    readonly month: Temporal.PlainYearMonth;
    readonly complete: boolean;
    readonly sum: Compared;
  }[];
  /** How many deployments are on the plan in these months. */
  readonly deployments: number;
  /** Those for whom it changes most, each with a figure per month. */
  readonly most: readonly { readonly deployment: string; readonly months: readonly Compared[] }[];
  /** Kinds that they used and that the version has no price for. */
  readonly unpriced: readonly string[];
}

const batch = 1000;

/** What a version would have cost everybody on its plan, had it held in the last complete month and until now. */
export async function planImpact(
  db: Database,
  version: PlanVersion,
  { now, limit }: { readonly now: Temporal.Instant; readonly limit: number },
): Promise<PlanImpact> {
  const current = monthOfInstant(now);
  const months = [current.subtract({ months: 1 }), current];
  const sums = new UsageSums(db);
  const total = months.map(() => ({ before: new Exact(0), after: new Exact(0) }));
  const unpriced = new Set<string>();
  let most: { deployment: string; months: { before: Exact; after: Exact }[] }[] = [];
  let deployments = 0;
  const from = monthSpan(months[0] ?? current).from;
  for (let after = 0; ; ) {
    const ids = await store.selectSubscribers(db, version.plan, from, now, after, batch);
    const last = ids.at(-1);
    if (last === undefined) break;
    after = last;
    const rows = new Map<string, { before: Exact; after: Exact }[]>();
    for (const [index, month] of months.entries()) {
      const rate = (change?: (timeline: Timeline) => Timeline) =>
        ratedMonth(db, { deployments: ids, month, fees: 'own', sums, ...(change && { change }) });
      const asItIs = await rate();
      const asIfHeld = await rate((timeline) =>
        timeline.map((stay) => (stay.version.plan === version.plan ? { ...stay, version } : stay)),
      );
      for (const [position, { deployment, rated }] of asItIs.entries()) {
        const changed = asIfHeld[position]?.rated ?? rated;
        const pair = { before: amountIn(rated, version.currency), after: amountIn(changed, version.currency) };
        const sum = total[index] as (typeof total)[number];
        sum.before = sum.before.plus(pair.before);
        sum.after = sum.after.plus(pair.after);
        rows.set(deployment, [...(rows.get(deployment) ?? []), pair]);
        for (const line of changed.lines) {
          if (line.kind === 'usage' && line.plan === version.plan && line.model === null && line.quantity !== '0') {
            unpriced.add(line.billingKind);
          }
        }
      }
    }
    deployments += rows.size;
    most = [...most, ...[...rows].map(([deployment, pairs]) => ({ deployment, months: pairs }))]
      .sort((a, b) => weight(b.months).cmp(weight(a.months)))
      .slice(0, limit);
  }
  const compared = ({ before, after }: { before: Exact; after: Exact }): Compared => ({
    before: formatMoney(before, version.currency),
    after: formatMoney(after, version.currency),
    difference: formatMoney(after.minus(before), version.currency),
  });
  return {
    currency: version.currency,
    months: months.map((month, index) => ({
      month,
      complete: index === 0,
      sum: compared(total[index] as (typeof total)[number]),
    })),
    deployments,
    most: most.map(({ deployment, months: pairs }) => ({ deployment, months: pairs.map(compared) })),
    unpriced: [...unpriced].sort(),
  };
}

function weight(months: readonly { readonly before: Exact; readonly after: Exact }[]): Exact {
  return months.reduce((sum, { before, after }) => sum.plus(after.minus(before).abs()), new Exact(0));
}

function amountIn({ totals }: RatedMonth, currency: string): Exact {
  return new Exact(totals.find((sum) => sum.currency === currency)?.total ?? 0);
}
