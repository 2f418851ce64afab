// For tests of rating: plan versions and timelines in a few words.
import type { z } from 'zod';
import { planSchema, type PlanVersion } from '../plan.ts';
import { feesBilled } from './base-fees.ts';
import { type RatedMonth, rateMonth } from './rate-month.ts';
import type { UsedMonth } from './sections.ts';
import { piecesOf, type Stay, type Timeline } from './timeline.ts';

export function version(change: Partial<z.input<typeof planSchema>> = {}): PlanVersion {
  return planSchema.parse({
    plan: 'p',
    name: 'P',
    from: '2000-01-01',
    currency: 'USD',
    base: '30.00',
    items: [],
    ...change,
  });
}

/** The beginning of a UTC day, or an instant. */
export function at(text: string): Temporal.Instant {
  return Temporal.Instant.from(text.includes('T') ? text : `${text}T00:00:00Z`);
}

export function stay(plan: PlanVersion, from: string, to: string | null = null, paused = false): Stay {
  return { version: plan, from: at(from), to: to === null ? null : at(to), paused };
}

/** A month's pieces, with what is used on each day of it: the same every day. */
export function usedMonth(timeline: Timeline, month: string, daily: Readonly<Record<string, number>>): UsedMonth {
  const of = Temporal.PlainYearMonth.from(month);
  const pieces = piecesOf(timeline, of).map((piece) => {
    const days = piece.from
      .toZonedDateTimeISO('UTC')
      .until(piece.to.toZonedDateTimeISO('UTC'), { largestUnit: 'days' }).days;
    const usage = new Map(Object.entries(daily).map(([kind, each]) => [kind, String(each * days)]));
    return { ...piece, usage };
  });
  return { month: of, pieces };
}

/** A month's bill. */
export function bill(timeline: Timeline, month: string, daily: Readonly<Record<string, number>> = {}): RatedMonth {
  const used = usedMonth(timeline, month, daily);
  return rateMonth({ ...used, fees: feesBilled(timeline, used.month), earlier: [] });
}

/** `kind from..to amount` of each line; days without their time. */
export function shown({ lines }: RatedMonth): string[] {
  const short = (instant: Temporal.Instant) => instant.toString().replace('T00:00:00Z', '');
  return lines.map((line) =>
    [
      line.kind,
      ...(line.kind === 'usage' ? [line.billingKind] : []),
      `${short(line.from)}..${short(line.to)}`,
      line.amount,
    ].join(' '),
  );
}
