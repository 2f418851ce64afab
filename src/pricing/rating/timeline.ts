import type { PlanVersion } from '../plan.ts';
import { monthSpan, overlap, type Span } from './proration.ts';

/** A time in which a deployment is on one version of a plan, all of it paused or none of it. */
export interface Stay {
  readonly version: PlanVersion;
  readonly from: Temporal.Instant;
  /** Null: until it is changed. */
  readonly to: Temporal.Instant | null;
  readonly paused: boolean;
}

/** Where a deployment was, is and is going to be: in order of time, without overlap, gaps allowed. */
export type Timeline = readonly Stay[];

/** A part of a month in which nothing about the plan changes. */
export interface Piece extends Span {
  readonly state: 'active' | 'paused' | 'no_plan';
  /** Null: on no plan. */
  readonly version: PlanVersion | null;
}

const versionKeys = new WeakMap<PlanVersion, string>();

/** A version's own name: no plan has two versions from one day. Asked for with every line, and remembered. */
export function versionKey(version: PlanVersion): string {
  const key = versionKeys.get(version) ?? `${version.plan}@${version.from}`;
  versionKeys.set(version, key);
  return key;
}

/** The pieces of a calendar month, in order, from its beginning to its end. */
export function piecesOf(timeline: Timeline, month: Temporal.PlainYearMonth): Piece[] {
  const whole = monthSpan(month);
  const pieces: Piece[] = [];
  let reached = whole.from;
  for (const stay of timeline) {
    const span = overlap(stay, whole);
    if (span === null) continue;
    if (!reached.equals(span.from)) pieces.push({ from: reached, to: span.from, state: 'no_plan', version: null });
    pieces.push({ ...span, state: stay.paused ? 'paused' : 'active', version: stay.version });
    reached = span.to;
  }
  if (!reached.equals(whole.to)) pieces.push({ from: reached, to: whole.to, state: 'no_plan', version: null });
  return pieces;
}
