import { expect, test } from 'vitest';
import { wholeSums } from './usage-store.ts';

test('sums are answered whole or refused, never cut', () => {
  expect(wholeSums([1, 2, 3], 3)).toEqual([1, 2, 3]);
  expect(() => wholeSums([1, 2, 3, 4], 3)).toThrow(expect.objectContaining({ code: 'range_too_large' }));
});
