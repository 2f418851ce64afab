import { expect, test } from 'vitest';
import { phase, usedMonth, version } from '../../../test/fixtures/rating.ts';
import { Decimal } from '../../platform/quantity.ts';
import { lineGroupsOf } from './line-groups.ts';
import { passedPrices, type PassedPrice } from './pass-through.ts';
import type { Timeline } from './timeline.ts';

const at = (text: string) => Temporal.Instant.from(`${text}T00:00:00Z`);
const june = { from: at('2026-06-01'), to: at('2026-07-01') };
const before = version({ plan: 'before' });
const after = version({ plan: 'after' });

/** The same prices under both plans. */
function prices(given: readonly (Partial<PassedPrice> & { readonly price: string })[]): PassedPrice[] {
  return [before, after].flatMap(({ plan, from }) =>
    given.map((one) => ({ product: 'Databases', plan, planFrom: from, isFinal: true, ...june, ...one })),
  );
}

function parts(timeline: Timeline, given: readonly PassedPrice[]): string[] {
  return lineGroupsOf(usedMonth(timeline, '2026-06', {})).flatMap((lineGroup) =>
    passedPrices(
      lineGroup,
      given.filter(({ plan }) => plan === lineGroup.version.plan),
    ).map(({ price }) => price.toFixed()),
  );
}

const on = (plan: typeof before, from: string, to: string | null = null) => phase(plan, from, to);

test('parts of a price that several plans share add up to it, in cents', () => {
  // Each half of 10.01 is 5.005, which alone would be 5.01 twice.
  const half = [on(before, '2026-01-01', '2026-06-16'), on(after, '2026-06-16')];
  expect(parts(half, prices([{ price: '10.01' }]))).toEqual(['5.01', '5']);
  const back = [
    on(before, '2026-01-01', '2026-06-11'),
    on(after, '2026-06-11', '2026-06-21'),
    on(before, '2026-06-21'),
  ];
  expect(parts(back, prices([{ price: '0.05' }]))).toEqual(['0.04', '0.01']);
});

test('the sum of a product is rounded, not each of its prices, and thirds of it are one', () => {
  const whole = [on(before, '2026-01-01')];
  const many = prices(Array.from({ length: 100 }, () => ({ price: '0.004' })));
  expect(parts(whole, many)).toEqual(['0.4']);
  const split = [on(before, '2026-01-01', '2026-06-11'), on(after, '2026-06-11')];
  // A third of 0.005 three times is 0.005, which is rounded up.
  expect(parts(split, prices(Array.from({ length: 3 }, () => ({ price: '0.005' }))))).toEqual(['0.01', '0.01']);
  const given = prices([{ price: '-10.01' }]);
  const sum = parts(split, given).reduce((total, part) => total.plus(part), new Decimal(0));
  expect(sum.toFixed()).toBe('-10.01');
});

test('a product that has no time with a plan is not on it', () => {
  const early = prices([{ price: '3.00', to: at('2026-06-05'), isFinal: false }]);
  const split = [on(before, '2026-01-01', '2026-06-05'), on(after, '2026-06-05')];
  expect(parts(split, early)).toEqual(['3']);
});
