import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBillionths, toBillionths } from '../platform/quantity.ts';
import { type Accrual, accrued, type Share, wholeShare } from './accrual.ts';
import { startOfDay } from './period.ts';

const accruals = fc.constantFrom<Accrual>('hours', 'month');
/** Up to a hundred million units, in billionths. */
const levels = fc.bigInt({ min: 0n, max: 10n ** 17n });
const months = fc
  .tuple(fc.integer({ min: 2020, max: 2040 }), fc.integer({ min: 1, max: 12 }))
  .map(([year, month]) => Temporal.PlainDate.from({ year, month, day: 1 }));

function lengthOf(month: Temporal.PlainDate): number {
  return Number(startOfDay(month.add({ months: 1 })).epochMilliseconds - startOfDay(month).epochMilliseconds) * 1000;
}

function instantIn(month: Temporal.PlainDate, microseconds: number): Temporal.Instant {
  return startOfDay(month).add({ microseconds });
}

/** A month and instants in it, in order, its first and last among them. */
const cuts = months.chain((month) =>
  fc.uniqueArray(fc.integer({ min: 1, max: lengthOf(month) - 1 }), { minLength: 1, maxLength: 12 }).map((inner) => ({
    month,
    instants: [0, ...inner.sort((a, b) => a - b), lengthOf(month)].map((at) => instantIn(month, at)),
  })),
);

describe('whole-month', () => {
  test('a level that stands all month accrues itself, or itself times the exact hours of the month', () => {
    fc.assert(
      fc.property(levels, months, (level, month) => {
        const [from, to] = [startOfDay(month), startOfDay(month.add({ months: 1 }))];
        expect(accrued('month', level, wholeShare, from, to)).toBe(level);
        expect(accrued('hours', level, wholeShare, from, to)).toBe(level * BigInt(month.daysInMonth * 24));
      }),
    );
  });

  test.each([
    ['2027-02-01', 28],
    ['2028-02-01', 29],
    ['2026-04-01', 30],
    ['2026-05-01', 31],
  ])('the days of %s add up to exactly 100 GiB-months', (start, days) => {
    const month = Temporal.PlainDate.from(start);
    let sum = 0n;
    for (let day = 0; day < days; day += 1) {
      const from = month.add({ days: day });
      sum += accrued('month', toBillionths('100'), wholeShare, startOfDay(from), startOfDay(from.add({ days: 1 })));
    }
    expect(fromBillionths(sum)).toBe('100');
  });
});

describe('additivity', () => {
  test('however a month is cut, its pieces add up to the whole', () => {
    fc.assert(
      fc.property(accruals, levels, cuts, (accrual, level, { instants }) => {
        let sum = 0n;
        for (let piece = 1; piece < instants.length; piece += 1) {
          sum += accrued(
            accrual,
            level,
            wholeShare,
            instants[piece - 1] as Temporal.Instant,
            instants[piece] as Temporal.Instant,
          );
        }
        const [first, last] = [instants[0] as Temporal.Instant, instants.at(-1) as Temporal.Instant];
        expect(sum).toBe(accrued(accrual, level, wholeShare, first, last));
      }),
    );
  });

  test('shares of any weights add up to the whole', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(accruals, levels, weights, cuts, (accrual, level, parts, { instants }) => {
        const total = parts.reduce((sum, weight) => sum + weight, 0);
        const [from, to] = [instants[0] as Temporal.Instant, instants[1] as Temporal.Instant];
        let before = 0;
        let sum = 0n;
        for (const weight of parts) {
          const share: Share = { before, weight, total };
          sum += accrued(accrual, level, share, from, to);
          before += weight;
        }
        expect(sum).toBe(accrued(accrual, level, wholeShare, from, to));
      }),
    );
  });

  test('what a piece accrues is never negative, and within a billionth of the true value', () => {
    fc.assert(
      fc.property(accruals, levels, cuts, (accrual, level, { month, instants }) => {
        const [from, to] = [instants[0] as Temporal.Instant, instants[1] as Temporal.Instant];
        const q = accrued(accrual, level, wholeShare, from, to);
        const held = (to.epochNanoseconds - from.epochNanoseconds) / 1000n;
        const unit = accrual === 'hours' ? 3_600_000_000n : BigInt(lengthOf(month));
        expect(q >= 0n).toBe(true);
        const error = q * unit - level * held;
        expect((error < 0n ? -error : error) <= unit).toBe(true);
      }),
    );
  });
});

describe('decimals', () => {
  test('billionths go to a decimal and back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (value) => {
        expect(toBillionths(fromBillionths(value))).toBe(value);
      }),
    );
    expect(fromBillionths(645161290n)).toBe('0.64516129');
    expect(fromBillionths(480_000_000_000n)).toBe('480');
  });
});
