import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Decimal } from '../../platform/quantity.ts';
import { monthSpan, prorate } from './proration.ts';

const months = fc
  .record({ year: fc.integer({ min: 2000, max: 2100 }), month: fc.integer({ min: 1, max: 12 }) })
  .map((fields) => Temporal.PlainDate.from({ ...fields, day: 1 }));
/** Days of one month, for a whole that is the month's. */
function part(whole: Decimal, from: Temporal.PlainDate, to: Temporal.PlainDate, digits: number) {
  const instant = (day: Temporal.PlainDate) => day.toZonedDateTime('UTC').toInstant();
  return prorate(whole, { from: instant(from), to: instant(to) }, monthSpan(from.toPlainYearMonth()), digits);
}
const cents = fc.bigInt({ min: 0n, max: 10n ** 9n });

it('parts add up to the whole, however a month is split, and none is negative', () => {
  fc.assert(
    fc.property(months, cents, fc.array(fc.nat({ max: 31 }), { maxLength: 6 }), (first, amount, cuts) => {
      const whole = new Decimal(amount.toString()).div(100);
      const days = [0, ...cuts.filter((cut) => cut <= first.daysInMonth), first.daysInMonth].sort((a, b) => a - b);
      const places = days.map((count) => first.add({ days: count }));
      let sum = new Decimal(0);
      for (const [index, to] of places.slice(1).entries()) {
        const from = places[index] as Temporal.PlainDate;
        if (from.equals(first.add({ months: 1 }))) continue;
        const share = part(whole, from, to, 2);
        expect(share.isNegative() && !share.isZero()).toBe(false);
        sum = sum.plus(share);
      }
      expect(sum.toFixed(2)).toBe(whole.toFixed(2));
    }),
  );
});

it('a part from the first day is its share of the calendar month, half away from zero', () => {
  fc.assert(
    fc.property(months, cents, fc.nat({ max: 31 }), (first, amount, count) => {
      fc.pre(count <= first.daysInMonth);
      const length = BigInt(first.daysInMonth);
      const share = part(new Decimal(amount.toString()).div(100), first, first.add({ days: count }), 2);
      expect(share.times(100).toFixed()).toBe(((2n * amount * BigInt(count) + length) / (2n * length)).toString());
    }),
  );
});

it('15 days of a 30-day month are half of it, and 6 hours of one day a 120th', () => {
  const june = monthSpan(Temporal.PlainYearMonth.from('2026-06'));
  const from = Temporal.Instant.from('2026-06-16T00:00:00Z');
  expect(prorate(new Decimal('50'), { from, to: june.to }, june, 2).toFixed(2)).toBe('25.00');
  expect(prorate(new Decimal('50'), { from: june.from, to: june.from.add({ hours: 6 }) }, june, 2).toFixed(2)).toBe(
    '0.42',
  );
});

it('a twelfth of a year, where the whole month is a third of a cent off', () => {
  const june = monthSpan(Temporal.PlainYearMonth.from('2026-06'));
  expect(prorate(new Decimal('100'), june, june, 2, 12).toFixed(2)).toBe('8.33');
});

it('refuses what lies outside of the period', () => {
  const from = Temporal.PlainDate.from('2026-06-16');
  expect(() => part(new Decimal('50'), from, Temporal.PlainDate.from('2026-07-02'), 2)).toThrow('is not within');
  expect(() => part(new Decimal('50'), from, Temporal.PlainDate.from('2026-06-15'), 2)).toThrow('is not within');
});
