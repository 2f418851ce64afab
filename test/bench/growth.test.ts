import { expect, test } from 'vitest';
import { describeGrowth, growthOf } from '../../bench/growth.ts';

const row = (name: string, ms: number, baselineMs: number) => ({
  name,
  ms,
  baseline: 'bare',
  baselineMs,
  ratio: ms / baselineMs,
  aim: null,
});

test('growth is an exponent from each size to the next, beside the same of its baseline', () => {
  const runs = [
    { resources: 1_000, rows: [row('a day of 1,000 resources', 10, 10), row('again', 5, 10)] },
    { resources: 10_000, rows: [row('a day of 10,000 resources', 100, 50), row('again', 5, 50)] },
    { resources: 100_000, rows: [row('a day of 100,000 resources', 10_000, 500), row('again', 5, 500)] },
  ];
  const [day, again] = growthOf(runs);
  expect(day).toMatchObject({ name: 'a day of N resources', exponents: [1, 2], baselineExponents: [0.7, 1] });
  expect(again).toMatchObject({ name: 'again', exponents: [0, 0] });
  expect(describeGrowth(day!)).toBe(
    `a day of N resources
  1,000: 10, ratio 1
  10,000: 100, ratio 2, exponent 1 (baseline 0.7)
  100,000: 10,000, ratio 20, exponent 2 (baseline 1)`,
  );
});

test('one size shows no growth, and other rows at another size are no growth either', () => {
  const one = { resources: 1_000, rows: [row('a day', 10, 10)] };
  expect(() => growthOf([one])).toThrow('growth is seen at two sizes or more');
  expect(() => growthOf([one, { resources: 2_000, rows: [row('a night', 10, 10)] }])).toThrow(
    'not measured at every size: a day',
  );
});
