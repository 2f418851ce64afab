import { CAP_SECONDS } from './prices.ts';

/** How a line's amount comes about: whole seconds of a price in cents, rounded once, half up. */
export interface Basis {
  /** Of a month and one unit. */
  readonly cents: number;
  /** In millionths. */
  readonly units: number;
  /** So many seconds cost a month's price. */
  readonly per: number;
  /** Seconds that are charged; without the cap; as they were, without any minimum. */
  readonly charged: number;
  readonly uncapped: number;
  readonly exact: number;
  readonly leastCents: number;
  /** By the price of an hour with five digits after the point, in dollars. */
  readonly printedRate: boolean;
  /** What of the list price is asked, in ten-thousandths. */
  readonly factor: number;
}

/** All of the list price. */
export const FULL = 10_000;
/** Units are in millionths, and so are factors with them. */
const SCALE = 1_000_000n * BigInt(FULL);

/** In whole cents. */
export function costOf({ cents, units, per, charged, leastCents, printedRate, factor }: Basis): number {
  const level = BigInt(units) * BigInt(factor);
  const month = BigInt(cents) * level;
  const full = quotient(month * BigInt(charged), BigInt(per) * SCALE);
  if (!printedRate) return Math.max(full, leastCents);
  // Thousandths of a cent an hour: the fifth digit of a dollar.
  const rate = quotient(BigInt(cents) * 1_000n * 3_600n, BigInt(per));
  const printed = quotient(BigInt(rate) * level * BigInt(charged), 1_000n * 3_600n * SCALE);
  const cap = charged > per ? printed : quotient(month, SCALE);
  return Math.max(Math.min(printed, cap), leastCents);
}

/** Two factors, one after the other. */
export function times(factor: number, other: number): number {
  return quotient(BigInt(factor) * BigInt(other), BigInt(FULL));
}

/** Rounded half up; of a negative amount the mirror. */
export function quotient(numerator: bigint, denominator: bigint): number {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = Number((2n * size + denominator) / (2n * denominator));
  return numerator < 0n ? -rounded || 0 : rounded;
}

/** `12.34`, `-0.01` */
export function dollars(cents: number): string {
  const text = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
}

/** How the seconds of a charge count. */
export interface Timing {
  /** `hours` are whole ones, rounded down and at least one. */
  readonly unit: 'hours' | 'seconds';
  /** Seconds at least; none where there is no minimum. */
  readonly least: number;
  readonly leastCents: number;
  /** Null: by the price's own limit; else the month's seconds, and there is no limit. */
  readonly month: number | null;
}

/** What of `seconds` is charged; `limit` is what is left under the cap. */
export function chargedSeconds(
  seconds: number,
  { unit, least, month }: Timing,
  limit: number,
): Pick<Basis, 'charged' | 'uncapped' | 'exact'> {
  const uncapped = unit === 'hours' ? 3_600 * Math.max(1, Math.floor(seconds / 3_600)) : Math.max(seconds, least);
  const cap = month === null ? limit : Number.POSITIVE_INFINITY;
  return { uncapped, charged: Math.min(uncapped, cap), exact: Math.min(seconds, cap) };
}

/** Of the units of a pool over time, those in the 672 hours that had most: their seconds, added up. */
export function highestSeconds(spans: readonly { readonly units: number; readonly seconds: number }[]): number {
  let left = CAP_SECONDS;
  let total = 0;
  for (const { units, seconds } of spans.toSorted((a, b) => b.units - a.units)) {
    const taken = Math.min(left, seconds);
    total += taken * units;
    left -= taken;
  }
  return total;
}
