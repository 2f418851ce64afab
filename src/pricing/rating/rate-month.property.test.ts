import { soakRuns } from '../../../test/soak.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../platform/quantity.ts';
import { feesBilled, feesOfMonth } from './base-fees.ts';
import { monthsToLookBack } from './carry-over.ts';
import { rateMonth, type UsageLine } from './rate-month.ts';
import { at, phase, version } from '../../../test/fixtures/rating.ts';
import type { UsedMonth } from './line-groups.ts';
import { segmentsOf, type Phase, type Timeline } from './timeline.ts';

const january = Temporal.PlainYearMonth.from('2026-01');
const dayOf = (index: number) => Temporal.PlainDate.from('2026-01-01').add({ days: index }).toString();
const months = Array.from({ length: 30 }, (_, index) => january.add({ months: index }));

/** Days 0 to 400, cut at random; each cut on one of two plans, paused, or on none. */
const cuts = fc
  .uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 2, maxLength: 8 })
  .map((days) => days.sort((a, b) => a - b));
const states = fc.array(fc.record({ plan: fc.constantFrom('a', 'b', null), paused: fc.boolean() }), {
  minLength: 8,
  maxLength: 8,
});

function timelineOf(
  days: readonly number[],
  of: readonly { plan: 'a' | 'b' | null; paused: boolean }[],
  plans: Record<'a' | 'b', ReturnType<typeof version>>,
): Phase[] {
  return days.slice(1).flatMap((to, index) => {
    const state = of[index];
    if (!state?.plan) return [];
    return [phase(plans[state.plan], dayOf(days[index] ?? 0), dayOf(to), state.paused)];
  });
}

const sum = (amounts: readonly { readonly amount: Decimal }[]) =>
  amounts.reduce((total, { amount }) => total.plus(amount), new Decimal(0)).toFixed();

describe('base fees', () => {
  it.each(['arrears', 'advance'] as const)(
    'by the month, in %s: all bills together hold what all months cost',
    (baseDue) => {
      const plans = {
        a: version({ plan: 'a', base: '50.01', baseDue }),
        b: version({ plan: 'b', base: '99.99', baseDue }),
      };
      fc.assert(
        fc.property(cuts, states, (days, of) => {
          const timeline = timelineOf(days, of, plans);
          const billed = months.flatMap((month) => feesBilled(timeline, month));
          const own = months.flatMap((month) => feesOfMonth(segmentsOf(timeline, month), month));
          expect(sum(billed)).toBe(sum(own));
        }),
      );
    },
  );

  it('by the year, the quarter or some months: in advance and in arrears come to the same', () => {
    fc.assert(
      fc.property(cuts, states, fc.constantFrom('year', 'quarter', '2 months', '7 months'), (days, of, baseEvery) => {
        const [advance, arrears] = (['advance', 'arrears'] as const).map((baseDue) => {
          const yearly = { base: '1000.00', baseEvery, baseDue } as const;
          const timeline = timelineOf(days, of, {
            a: version({ plan: 'a', ...yearly }),
            b: version({ plan: 'b', ...yearly }),
          });
          return sum(months.flatMap((month) => feesBilled(timeline, month)));
        });
        expect(advance).toBe(arrears);
      }),
    );
  });
});

// Usage of each day, from a list that repeats.
function usedMonths(timeline: Timeline, daily: readonly number[]): UsedMonth[] {
  const first = at('2026-01-01').epochMilliseconds;
  const dayIndex = (instant: Temporal.Instant) => (instant.epochMilliseconds - first) / 86_400_000;
  return months.slice(0, 14).map((month) => ({
    month,
    segments: segmentsOf(timeline, month).map((segment) => {
      let used = 0;
      for (let day = dayIndex(segment.from); day < dayIndex(segment.to); day += 1)
        used += daily[day % daily.length] ?? 0;
      return { ...segment, usage: new Map([['dns_zones', String(used)]]) };
    }),
  }));
}

const carrying = (months: number, limit: string | null) => ({
  kind: 'dns_zones',
  allowance: '100',
  model: 'standard' as const,
  properties: { unitPrice: '1' },
  carryOver: { months, limit },
});

function rateAll(used: readonly UsedMonth[], lookBack: number): UsageLine[][] {
  return used.map((month, index) =>
    rateMonth({ ...month, fees: [], earlier: used.slice(Math.max(0, index - lookBack), index) }).lines.filter(
      (line): line is UsageLine => line.kind === 'usage' && line.model !== null,
    ),
  );
}

/** Quiet and busy weeks, so that most months leave something of 100 and some need what others left. */
const dailyUse = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 2, 2, 3, 3, 4, 6, 9), fc.integer({ min: 10, max: 45 })), {
    minLength: 8,
    maxLength: 20,
  })
  .map((weeks) => weeks.flatMap(([level, days]) => Array.from({ length: days }, () => level)));
const rules = fc.record({ months: fc.integer({ min: 1, max: 4 }), limit: fc.constantFrom(null, '30', '150') });

describe('allowance carried over', () => {
  it('needs the months that it says, and none before them', () => {
    fc.assert(
      fc.property(cuts, states, dailyUse, rules, (days, of, daily, { months: count, limit }) => {
        const plan = version({ plan: 'a', items: [carrying(count, limit)] });
        const used = usedMonths(
          timelineOf(days, of, { a: plan, b: version({ plan: 'b', items: [carrying(1, null)] }) }),
          daily,
        );
        expect(monthsToLookBack([{ version: plan }])).toBe(count);
        const all = rateAll(used, 14).map((lines) => lines.filter((line) => line.plan === 'a'));
        expect(rateAll(used, count).map((lines) => lines.filter((line) => line.plan === 'a'))).toEqual(all);
      }),
    );
  });

  it('carried out is carried in', () => {
    fc.assert(
      fc.property(dailyUse, rules, (daily, { months: count, limit }) => {
        const plan = version({ plan: 'a', items: [carrying(count, limit)] });
        const lines = rateAll(usedMonths([phase(plan, '2026-01-01')], daily), count).map(([line]) => line);
        expect(lines.slice(1).map((line) => line?.carriedIn)).toEqual(
          lines.slice(0, -1).map((line) => line?.carriedOut),
        );
        expect(lines[0]?.carriedIn).toBe('0');
      }),
    );
  });

  it('equals a walk unit by unit', () => {
    fc.assert(
      fc.property(dailyUse, rules, (daily, { months: count, limit }) => {
        const plan = version({ plan: 'a', items: [carrying(count, limit)] });
        const used = usedMonths([phase(plan, '2026-01-01')], daily);
        // Each unit of allowance is one coupon with the month it is of.
        let purse: number[] = [];
        const billable = used.map(({ segments }, month) => {
          purse = purse.filter((of) => month - of <= count);
          if (limit !== null) purse = purse.slice(-Number(limit));
          const coupons = [...purse, ...Array.from({ length: 100 }, () => month)];
          let charged = 0;
          for (let unit = 0; unit < Number(segments[0]?.usage.get('dns_zones')); unit += 1) {
            if (coupons.pop() === undefined) charged += 1;
          }
          purse = coupons;
          return String(charged);
        });
        expect(rateAll(used, count).map(([line]) => line?.billable)).toEqual(billable);
      }),
    );
  });
});

it('a phase cut in two is rated as one', () => {
  const plan = version({ base: '49.99', minimum: '20.00', items: [carrying(2, '20')] });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 364 }), { maxLength: 5 }), dailyUse, (places, daily) => {
      const ends = [0, ...new Set(places), 365].sort((a, b) => a - b);
      const cut = ends.slice(1).map((to, index) => phase(plan, dayOf(ends[index] ?? 0), dayOf(to)));
      const whole = [phase(plan, dayOf(0), dayOf(365))];
      const totals = (timeline: Timeline) => {
        const used = usedMonths(timeline, daily);
        return used.map((month, index) =>
          rateMonth({
            ...month,
            fees: feesBilled(timeline, month.month),
            earlier: used.slice(Math.max(0, index - 2), index),
          }),
        );
      };
      expect(
        JSON.stringify(
          totals(cut).map(({ totals: sums, lines }) => [sums, lines.filter(({ kind }) => kind !== 'base_fee')]),
        ),
      ).toBe(
        JSON.stringify(
          totals(whole).map(({ totals: sums, lines }) => [sums, lines.filter(({ kind }) => kind !== 'base_fee')]),
        ),
      );
    }),
  );
});

it('a total is the sum of the lines shown', () => {
  const plans = {
    a: version({
      plan: 'a',
      base: '33.33',
      discount: { percent: '7.5' },
      items: [{ ...carrying(1, null), properties: { unitPrice: '0.005' } }],
    }),
    b: version({
      plan: 'b',
      base: '7.77',
      cap: '9.99',
      items: [{ ...carrying(2, null), properties: { unitPrice: '0.0333' } }],
    }),
  };
  fc.assert(
    fc.property(cuts, states, dailyUse, (days, of, daily) => {
      const timeline = timelineOf(days, of, plans);
      for (const month of usedMonths(timeline, daily)) {
        const { lines, totals } = rateMonth({ ...month, fees: feesBilled(timeline, month.month), earlier: [] });
        const shown = lines.reduce((total, { amount }) => total.plus(amount), new Decimal(0)).toFixed(2);
        expect(totals.map(({ total }) => total)).toEqual(lines.length > 0 ? [shown] : []);
      }
    }),
    { numRuns: soakRuns(50) },
  );
});
