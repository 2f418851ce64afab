import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeInOrder } from './positions.ts';

test('new rules get a thousandth each', () => {
  expect(placeInOrder([null, null, null], 400)).toEqual([400, 400.001, 400.002]);
});

test('what stands in order stays; new ones go before, between and behind', () => {
  expect(placeInOrder([400, 400.005], 400)).toEqual([400, 400.005]);
  expect(placeInOrder([null, 400, null, 400.001, null], 400)).toEqual([399.999, 400, 400.0005, 400.001, 400.002]);
});

test('moving one rule to the top moves only that one', () => {
  expect(placeInOrder([400.002, 400, 400.001], 400)).toEqual([399.999, 400, 400.001]);
});

test('where nothing fits between, all are placed anew', () => {
  expect(placeInOrder([400, null, 400.000000001], 400)).toEqual([400, 400.001, 400.002]);
});

test('positions rise, whatever stood where; in order already, none moves', () => {
  const standing = fc.array(fc.option(fc.integer({ min: 0, max: 1000 }).map((n) => 400 + n / 1000)), { maxLength: 30 });
  fc.assert(
    fc.property(standing, (before) => {
      const places = placeInOrder(before, 400);
      expect(places).toHaveLength(before.length);
      places.slice(1).forEach((place, index) => {
        expect(place).toBeGreaterThan(places[index] as number);
      });
      expect(placeInOrder(places, 400)).toEqual(places);
    }),
  );
});
