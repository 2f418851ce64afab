import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smallestWeights } from './owner-sets.ts';

const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 6 });

test('one set has one spelling: multiples of weights are the same, and shares stay what they were', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 1000 }), (given, factor) => {
      const smallest = smallestWeights(given);
      expect(smallestWeights(given.map((weight) => weight * factor))).toEqual(smallest);
      const total = given.reduce((sum, weight) => sum + weight, 0);
      const smallestTotal = smallest.reduce((sum, weight) => sum + weight, 0);
      smallest.forEach((weight, index) => {
        expect(Number.isInteger(weight)).toBe(true);
        expect(weight * total).toBe((given[index] as number) * smallestTotal);
      });
    }),
  );
});

test('a single owner has weight 1', () => {
  expect(smallestWeights([7])).toEqual([1]);
});
