// The rating of src/pricing over a random history, in the words of the second engine.
import { feesBilled } from '../../src/pricing/rating/base-fees.ts';
import { monthsToLookBack } from '../../src/pricing/rating/carry-over.ts';
import { type RatedLine, type RatedMonth, rateMonth } from '../../src/pricing/rating/rate-month.ts';
import type { UsedMonth } from '../../src/pricing/rating/line-groups.ts';
import { segmentsOf, type Timeline } from '../../src/pricing/rating/timeline.ts';
import { firstDay, type RandomHistory } from './histories.ts';
import type { BilledLine } from './second-engine.ts';

const instant = (hour: number) => Temporal.Instant.fromEpochMilliseconds(hour * 3_600_000);
const hour = (at: Temporal.Instant) => at.epochMilliseconds / 3_600_000;

function timelineOf({ plans }: RandomHistory): Timeline {
  return plans.map(({ from, to, ...phase }) => ({
    ...phase,
    from: instant(from),
    to: to === null ? null : instant(to),
  }));
}

/** @param month counted from the history's first */
function usedMonth(history: RandomHistory, timeline: Timeline, month: number): UsedMonth {
  const of = firstDay.toPlainYearMonth().add({ months: month });
  const segments = segmentsOf(timeline, of).map((segment) => ({
    ...segment,
    usage: new Map(
      history.kinds
        .map((kind) => [kind, history.used(kind, hour(segment.from), hour(segment.to))] as const)
        .filter(([, quantity]) => /[1-9]/.test(quantity)),
    ),
  }));
  return { month: of, segments };
}

export function rated(history: RandomHistory, month: number): RatedMonth {
  const timeline = timelineOf(history);
  const back = monthsToLookBack(timeline);
  const earlier = Array.from({ length: back }, (_, index) => usedMonth(history, timeline, month - back + index));
  const used = usedMonth(history, timeline, month);
  return rateMonth({ ...used, fees: feesBilled(timeline, used.month), earlier });
}

export function monthBill(history: RandomHistory, month: number): BilledLine[] {
  return rated(history, month)
    .lines.filter((line) => /[1-9]/.test(line.amount) || (line.kind === 'usage' && line.quantity !== '0'))
    .map((line) => ({
      what: line.kind === 'usage' ? `usage ${line.billingKind}` : line.kind,
      version: `${line.plan}@${line.planFrom}`,
      amount: line.amount,
      details: detailsOf(line),
    }));
}

function detailsOf(line: RatedLine): string {
  if (line.kind === 'base_fee') return `${line.from} ${line.to}`;
  if (line.kind !== 'usage') return '';
  if (line.model === null) return line.quantity;
  const { quantity, allowance, fromEarlierPhase, carriedIn, billable, carriedOut } = line;
  return [quantity, allowance, fromEarlierPhase ?? '0', carriedIn ?? '0', billable, carriedOut ?? '0'].join(' ');
}
