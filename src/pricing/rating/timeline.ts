import type { PlanVersion } from '../plan.ts';
import { monthSpan, overlap, type Span } from './proration.ts';

/** A time in which a deployment is on one version of a plan, all of it paused or none of it. */
export interface Phase {
  readonly version: PlanVersion;
  readonly from: Temporal.Instant;
  /** Null: until it is changed. */
  readonly to: Temporal.Instant | null;
  readonly paused: boolean;
}

/** Where a deployment was, is and is going to be: in order of time, without overlap, gaps allowed. */
export type Timeline = readonly Phase[];

/** A part of a month in which nothing about the plan changes. */
export interface Segment extends Span {
  readonly state: 'active' | 'paused' | 'no_plan';
  /** Null: on no plan. */
  readonly version: PlanVersion | null;
}

/** Kept by the version itself: gone with it. */
const versionKeys = new WeakMap<PlanVersion, string>();

/** A version's own name: no plan has two versions from one day. Asked for with every line, and remembered. */
export function versionKey(version: PlanVersion): string {
  const key = versionKeys.get(version) ?? `${version.plan}@${version.from}`;
  versionKeys.set(version, key);
  return key;
}

/** The segments of a calendar month, in order, from its beginning to its end. */
export function segmentsOf(timeline: Timeline, month: Temporal.PlainYearMonth): Segment[] {
  const whole = monthSpan(month);
  const segments: Segment[] = [];
  let reached = whole.from;
  for (const phase of timeline) {
    const span = overlap(phase, whole);
    if (span === null) continue;
    if (!reached.equals(span.from)) segments.push({ from: reached, to: span.from, state: 'no_plan', version: null });
    segments.push({ ...span, state: phase.paused ? 'paused' : 'active', version: phase.version });
    reached = span.to;
  }
  if (!reached.equals(whole.to)) segments.push({ from: reached, to: whole.to, state: 'no_plan', version: null });
  return segments;
}
