import { Decimal, formatQuantity, parseQuantity, roundQuantity } from '../platform/quantity.ts';
import type { RatedMonth } from './rating/rate-month.ts';

/** What an alert watches. */
interface Threshold {
  /** A billing kind; null: the amount of the month. */
  readonly kind: string | null;
  readonly threshold: string;
  /** percent: of the kind's allowance with what is carried into the month, or of the month's base fee. */
  readonly unit: 'absolute' | 'percent';
  /** Of an absolute amount. */
  readonly currency: string | null;
}

/** A threshold that is reached, beside what reached it; both in `unit`: `%`, a currency, or units of the kind. */
interface Reached {
  readonly value: string;
  readonly threshold: string;
  readonly unit: string;
}

/**
 * Whether a month that was rated with the base fees of its own time reaches a threshold; null: it does
 * not, or there is nothing to take a percentage of.
 */
export function reached(month: RatedMonth, alert: Threshold): Reached | null {
  const measured = alert.kind === null ? measureAmount(month, alert) : measureUsage(month, alert.kind, alert.unit);
  if (measured === null || measured.value.lt(alert.threshold)) return null;
  return { value: formatQuantity(roundQuantity(measured.value)), threshold: alert.threshold, unit: measured.unit };
}

function measureAmount(month: RatedMonth, { unit, currency }: Threshold): { value: Decimal; unit: string } | null {
  if (unit === 'absolute') {
    const total = month.totals.find((sum) => sum.currency === currency)?.total;
    return total === undefined || currency === null ? null : { value: new Decimal(total), unit: currency };
  }
  // Of several currencies each has its base fee; the one that is furthest counts.
  const shares = month.totals.flatMap(({ currency: of, total }) => {
    const base = month.lines
      .filter((line) => line.kind === 'base_fee' && line.currency === of)
      .reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
    return base.isZero() ? [] : [new Decimal(total).times(100).div(base)];
  });
  return shares.length === 0 ? null : { value: Decimal.max(...shares), unit: '%' };
}

function measureUsage(
  month: RatedMonth,
  kind: string,
  unit: Threshold['unit'],
): { value: Decimal; unit: string } | null {
  const lines = month.lines.filter((line) => line.kind === 'usage' && line.billingKind === kind);
  const sum = (of: (line: Extract<RatedMonth['lines'][number], { kind: 'usage' }>) => string | null) =>
    lines.reduce(
      (total, line) => (line.kind === 'usage' ? total.plus(parseQuantity(of(line) ?? '0')) : total),
      new Decimal(0),
    );
  const used = sum((line) => line.quantity);
  if (unit === 'absolute') return lines.length === 0 ? null : { value: used, unit: kind };
  // What the first line group carries in is there once, however many line groups follow.
  const [first] = lines;
  const carried = first?.kind === 'usage' ? parseQuantity(first.carriedIn ?? '0') : new Decimal(0);
  const allowance = sum((line) => line.allowance).plus(carried);
  return allowance.isZero() ? null : { value: used.times(100).div(allowance), unit: '%' };
}
