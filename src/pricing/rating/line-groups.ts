import { Decimal, parseQuantity } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { monthSpan, prorate, type Span } from './proration.ts';
import { type Segment, versionKey } from './timeline.ts';

/** A segment of a month with what was used in it: billing kind to decimal quantity. */
export interface UsedSegment extends Segment {
  readonly usage: ReadonlyMap<string, string>;
}

export interface UsedMonth {
  readonly month: Temporal.PlainYearMonth;
  /** From the month's beginning to its end. */
  readonly segments: readonly UsedSegment[];
}

/** All of a month that is charged by one plan version: its usage is rated together, its allowance is one. */
export interface LineGroup {
  readonly version: PlanVersion;
  /** Unbroken active times, in order. */
  readonly spans: readonly Span[];
  readonly usage: ReadonlyMap<string, Decimal>;
  /** The line group's part of a whole month's amount or allowance, rounded to `digits` after the point. */
  part(whole: string, digits: number): Decimal;
}

/** A month's active segments by plan version, in order of their first. */
export function lineGroupsOf({ month, segments }: UsedMonth): LineGroup[] {
  const byVersion = new Map<string, { version: PlanVersion; spans: Span[]; usage: Map<string, Decimal> }>();
  for (const segment of segments) {
    const { version } = segment;
    if (segment.state !== 'active' || version === null) continue;
    const key = versionKey(version);
    const lineGroup = byVersion.get(key) ?? { version, spans: [], usage: new Map<string, Decimal>() };
    byVersion.set(key, lineGroup);
    const last = lineGroup.spans.at(-1);
    if (last?.to.equals(segment.from))
      lineGroup.spans[lineGroup.spans.length - 1] = { from: last.from, to: segment.to };
    else lineGroup.spans.push({ from: segment.from, to: segment.to });
    for (const [kind, quantity] of segment.usage) {
      const used = lineGroup.usage.get(kind);
      lineGroup.usage.set(kind, used ? used.plus(parseQuantity(quantity)) : parseQuantity(quantity));
    }
  }
  const whole = monthSpan(month);
  return [...byVersion.values()].map((lineGroup) => ({ ...lineGroup, part: partOf(lineGroup.spans, whole) }));
}

function partOf(spans: readonly Span[], month: Span): LineGroup['part'] {
  const [first] = spans;
  if (spans.length === 1 && first?.from.equals(month.from) && first.to.equals(month.to)) {
    return (whole) => new Decimal(whole);
  }
  return (whole, digits) =>
    spans.reduce((sum, span) => sum.plus(prorate(new Decimal(whole), span, month, digits)), new Decimal(0));
}

/** The line group's own allowance of an item, carried units left out: 9 digits, or the item's own if those are more. */
export function ownAllowance(lineGroup: LineGroup, item: PlanItem): Decimal {
  return lineGroup.part(item.allowance, Math.max(9, item.allowance.split('.')[1]?.length ?? 0));
}
