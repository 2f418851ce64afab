import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Exact } from '../../platform/quantity.ts';
import { prorate } from './proration.ts';

const months = fc
  .record({ year: fc.integer({ min: 2000, max: 2100 }), month: fc.integer({ min: 1, max: 12 }) })
  .map((fields) => Temporal.PlainDate.from({ ...fields, day: 1 }));
const cents = fc.bigInt({ min: 0n, max: 10n ** 9n });

it('parts add up to the whole, however a month is split, and none is negative', () => {
  fc.assert(
    fc.property(months, cents, fc.array(fc.nat({ max: 31 }), { maxLength: 6 }), (first, amount, cuts) => {
      const whole = new Exact(amount.toString()).div(100);
      const days = [0, ...cuts.filter((cut) => cut <= first.daysInMonth), first.daysInMonth].sort((a, b) => a - b);
      const places = days.map((count) => first.add({ days: count }));
      let sum = new Exact(0);
      for (const [index, to] of places.slice(1).entries()) {
        const from = places[index] as Temporal.PlainDate;
        if (from.equals(first.add({ months: 1 }))) continue;
        const part = prorate(whole, from, to, 2);
        expect(part.isNegative() && !part.isZero()).toBe(false);
        sum = sum.plus(part);
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
      const part = prorate(new Exact(amount.toString()).div(100), first, first.add({ days: count }), 2);
      expect(part.times(100).toFixed()).toBe(((2n * amount * BigInt(count) + length) / (2n * length)).toString());
    }),
  );
});

it('15 days of a 30-day month are half of it', () => {
  const half = prorate(
    new Exact('50'),
    Temporal.PlainDate.from('2026-06-16'),
    Temporal.PlainDate.from('2026-07-01'),
    2,
  );
  expect(half.toFixed(2)).toBe('25.00');
});

it('refuses days of two months', () => {
  const from = Temporal.PlainDate.from('2026-06-16');
  expect(() => prorate(new Exact('50'), from, Temporal.PlainDate.from('2026-07-02'), 2)).toThrow('one calendar month');
  expect(() => prorate(new Exact('50'), from, Temporal.PlainDate.from('2026-06-15'), 2)).toThrow('one calendar month');
});
