import { Exact, parseQuantity } from '../../platform/quantity.ts';
import type { PlanItem, PlanVersion } from '../plan.ts';
import { monthSpan, prorate, type Span } from './proration.ts';
import { type Piece, versionKey } from './timeline.ts';

/** A piece of a month with what was used in it: billing kind to decimal quantity. */
export interface UsedPiece extends Piece {
  readonly usage: ReadonlyMap<string, string>;
}

export interface UsedMonth {
  readonly month: Temporal.PlainYearMonth;
  /** From the month's beginning to its end. */
  readonly pieces: readonly UsedPiece[];
}

/** All of a month that is charged by one plan version: its usage is rated together, its allowance is one. */
export interface Section {
  readonly version: PlanVersion;
  /** Unbroken active times, in order. */
  readonly spans: readonly Span[];
  readonly usage: ReadonlyMap<string, Exact>;
  /** The section's part of a whole month's amount or allowance, rounded to `digits` after the point. */
  part(whole: string, digits: number): Exact;
}

/** A month's active pieces by plan version, in order of their first. */
export function sectionsOf({ month, pieces }: UsedMonth): Section[] {
  const byVersion = new Map<string, { version: PlanVersion; spans: Span[]; usage: Map<string, Exact> }>();
  for (const piece of pieces) {
    const { version } = piece;
    if (piece.state !== 'active' || version === null) continue;
    const key = versionKey(version);
    const section = byVersion.get(key) ?? { version, spans: [], usage: new Map<string, Exact>() };
    byVersion.set(key, section);
    const last = section.spans.at(-1);
    if (last?.to.equals(piece.from)) section.spans[section.spans.length - 1] = { from: last.from, to: piece.to };
    else section.spans.push({ from: piece.from, to: piece.to });
    for (const [kind, quantity] of piece.usage) {
      const used = section.usage.get(kind);
      section.usage.set(kind, used ? used.plus(parseQuantity(quantity)) : parseQuantity(quantity));
    }
  }
  const whole = monthSpan(month);
  return [...byVersion.values()].map((section) => ({ ...section, part: partOf(section.spans, whole) }));
}

function partOf(spans: readonly Span[], month: Span): Section['part'] {
  const [first] = spans;
  if (spans.length === 1 && first?.from.equals(month.from) && first.to.equals(month.to)) {
    return (whole) => new Exact(whole);
  }
  return (whole, digits) =>
    spans.reduce((sum, span) => sum.plus(prorate(new Exact(whole), span, month, digits)), new Exact(0));
}

/** The section's own allowance of an item, carried units left out: 9 digits, or the item's own if those are more. */
export function ownAllowance(section: Section, item: PlanItem): Exact {
  return section.part(item.allowance, Math.max(9, item.allowance.split('.')[1]?.length ?? 0));
}
