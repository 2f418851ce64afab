import { type Ms, ms } from '../time.ts';
import { FULL, type Timing } from './cost.ts';
import type { Dated } from './dated.ts';
import type { Charge, Ledger, Level } from './ledger.ts';
import type { Month } from './months.ts';
import type { ChargedKind, Price } from './prices.ts';
import type { BillingRules } from './rules.ts';

/** What a bill covers: usage of a month up to `end`, as it was known at `knownAt`. */
export interface Period {
  readonly month: Month;
  readonly end: Ms;
  readonly knownAt: Ms;
}

/** A part of a charge in which neither level nor price changes: one line of a bill. */
export interface Piece {
  readonly charge: Charge;
  readonly level: Level;
  readonly from: Ms;
  readonly to: Ms;
  /** The charge ended with it. */
  readonly ended: boolean;
  readonly price: Price;
  /** What of the list price is asked, in ten-thousandths. */
  readonly factor: number;
}

/** From here on most things cost by the second. */
const SECONDS_SINCE = ms('2026-01-01T00:00:00Z');
/** A bucket costs by what is stored in all of them. */
const free: readonly Dated<Price>[] = [{ at: Number.NEGATIVE_INFINITY, value: { cents: 0, seconds: 1 } }];

/** Charge by charge, the pieces of each in the order of time. */
export function* piecesOf(ledger: Ledger, period: Period): Generator<readonly Piece[]> {
  for (const charge of ledger.charges) {
    const pieces = piecesOfCharge(charge, ledger, period);
    if (pieces.length > 0) yield pieces;
  }
}

function piecesOfCharge(charge: Charge, ledger: Ledger, { month, end, knownAt }: Period): readonly Piece[] {
  const { levels, closedAt, kind } = charge;
  const opened = (levels[0] as { at: Ms }).at;
  if (charge.writtenAt > knownAt || opened >= end) return [];
  const close = closedAt !== null && closedAt <= knownAt ? closedAt : Number.POSITIVE_INFINITY;
  const from = Math.max(opened, month.start);
  const to = Math.min(close, end);
  // What came and went within one second is charged all the same, and not in the month after.
  if (to < from || (to === from && opened !== close)) return [];
  const pieces: Piece[] = [];
  for (const [i, { at, value: level }] of levels.entries()) {
    const start = Math.max(at, from);
    const until = Math.min(levels[i + 1]?.at ?? to, to);
    if (until < start || (until === start && (start !== to || at !== opened))) continue;
    const prices = kind === 'bucket' ? free : ledger.pricesOf(level.item);
    for (const [n, { at: since, value: price }] of prices.entries()) {
      const next = prices[n + 1]?.at ?? Number.POSITIVE_INFINITY;
      if (next <= start || (since >= until && since > start)) continue;
      const upTo = Math.min(next, until);
      pieces.push({
        charge,
        level,
        from: Math.max(since, start),
        to: upTo,
        ended: upTo === close,
        price,
        factor: FULL,
      });
    }
  }
  return pieces;
}

/** How the time of a kind counts in a month. */
export function timingOf(kind: ChargedKind, month: Month, rules: BillingRules): Timing {
  const leastCents = kind === 'droplet_snapshot' || kind === 'volume_snapshot' || kind === 'custom_image' ? 1 : 0;
  const hours: Timing = { unit: 'hours', least: 0, leastCents, month: null };
  const exact: Timing = { unit: 'seconds', least: 0, leastCents, month: null };
  if (month.start < SECONDS_SINCE) return rules.duration_before_2026 === 'floor_hours' ? hours : exact;
  if (kind === 'droplet' || kind === 'node' || kind === 'app') return { ...exact, least: 60, leastCents: 1 };
  if (kind === 'database' || kind === 'subscription') return hours;
  if (rules.monthly_from_2026 === 'month_hours') return { ...hours, month: (month.end - month.start) / 1000 };
  return rules.monthly_from_2026 === 'seconds' ? exact : hours;
}
