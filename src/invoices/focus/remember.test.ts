import { expect, test } from 'vitest';
import { remember } from './remember.ts';

test('an answer is made once, and again when it was forgotten', () => {
  const made: number[] = [];
  const double = remember(2, (n: number) => {
    made.push(n);
    return 2 * n;
  });
  expect([1, 1, 2, 1, 2].map(double)).toEqual([2, 2, 4, 2, 4]);
  expect(made).toEqual([1, 2]);
  expect([3, 3, 1].map(double)).toEqual([6, 6, 2]);
  expect(made).toEqual([1, 2, 3, 1]);
});
