import type { Queryable } from '../../platform/database/database.ts';
import { sumQuantities } from '../../platform/quantity.ts';
import { isRaised } from '../accrual.ts';
import * as store from './explain.store.ts';

/** A moment in which a month's figure rose while the deployment owned the resource, or a share of it. */
interface Raise {
  readonly at: string;
  /** From which level to which, of the whole resource. */
  readonly before: string;
  readonly level: string;
  /** The deployment's part of it, `1/3`; null: all of it. */
  readonly share: string | null;
  /** What it adds to the sum. */
  readonly quantity: string;
}

/**
 * How a peak or a percentile came about. Of the month up to `to`, levels above `level` were held for `aboveSeconds`,
 * which is no more than `discardedSeconds`; `level` and levels above it for `heldSeconds`, which is more.
 */
export interface RaisedMonth {
  /** 2026-05 */
  readonly month: string;
  /** What of it is explained: its metered days in the range. */
  readonly from: string;
  readonly to: string;
  /** The figure of the resource, whoever owned it: at `from`, and at `to`. */
  readonly before: string;
  readonly level: string;
  /** How much of the month's time does not count, the highest levels first: none for a peak. */
  readonly discardedSeconds: string;
  readonly heldSeconds: string;
  readonly aboveSeconds: string;
  /** At most `raisesMax`, in order. */
  readonly raises: readonly Raise[];
  /** Raises beyond those, and what they add. */
  readonly more: { readonly raises: number; readonly quantity: string } | null;
}

/** Raises of one resource in one month that an explanation names; more are added up. */
const raisesMax = 100;

/** By resource. */
export async function explainRaises(
  db: Queryable,
  subject: store.Subject,
  resourceIds: readonly number[],
): Promise<Map<number, RaisedMonth[]>> {
  const explained = new Map<number, RaisedMonth[]>();
  if (!isRaised(subject.aggregation)) return explained;
  const raises = await store.selectOwnRaises(db, subject, resourceIds);
  for (const row of await store.selectRaisedMonths(db, subject, resourceIds)) {
    const { resourceId, month, from, to, ...figures } = row;
    const own = raises.filter((raise) => raise.resourceId === resourceId && raise.month.equals(month));
    const rest = own.slice(raisesMax);
    const one = {
      month: month.toPlainYearMonth().toString(),
      from: from.toString(),
      to: to.toString(),
      ...figures,
      raises: own.slice(0, raisesMax).map(({ at, before, level, weight, weightTotal, quantity }) => ({
        at: at.toString(),
        before,
        level,
        share: weight === weightTotal ? null : `${weight}/${weightTotal}`,
        quantity,
      })),
      more:
        rest.length === 0
          ? null
          : { raises: rest.length, quantity: sumQuantities(rest.map((raise) => raise.quantity)) },
    };
    explained.set(resourceId, [...(explained.get(resourceId) ?? []), one]);
  }
  return explained;
}
