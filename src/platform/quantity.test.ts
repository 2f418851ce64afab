import { expect, test } from 'vitest';
import { ArcadiaError } from './errors.ts';
import {
  Decimal,
  formatQuantity,
  fromBillionths,
  parseQuantity,
  roundedRatio,
  roundHalfAwayFromZero,
  roundQuantity,
  sumQuantities,
  toBillionths,
} from './quantity.ts';

test.each([
  ['480', '480'],
  ['0.64516129', '0.64516129'],
  ['1.500000000', '1.5'],
  ['100.000', '100'],
  ['0.000000001', '0.000000001'],
  ['-0.0', '0'],
  ['-2.50', '-2.5'],
  ['123456789012345678901234567890.123456789', '123456789012345678901234567890.123456789'],
])('%s is shown as %s', (text, shown) => {
  expect(formatQuantity(parseQuantity(text))).toBe(shown);
});

test.each(['', ' 1', '1e3', '+1', '.5', '5.', '0x10', 'NaN', 'Infinity', '1,5', '1_000'])(
  "'%s' is no decimal",
  (text) => {
    expect(() => parseQuantity(text)).toThrow(ArcadiaError);
  },
);

test('a sum is exact, whatever floating point would make of it', () => {
  expect(sumQuantities(['0.1', '0.2'])).toBe('0.3');
  expect(sumQuantities(['99999999999999999999', '0.000000001'])).toBe('99999999999999999999.000000001');
  expect(sumQuantities([])).toBe('0');
});

test.each([
  ['0.0000000005', '0.000000001'],
  ['0.00000000049999', '0'],
  ['-0.0000000005', '-0.000000001'],
  ['2.5000000005', '2.500000001'],
])('%s rounds to %s, half away from zero', (value, rounded) => {
  expect(formatQuantity(roundQuantity(new Decimal(value)))).toBe(rounded);
});

test('half goes away from zero at every digit, on both sides', () => {
  expect(roundHalfAwayFromZero(new Decimal('0.5'), 0).toFixed()).toBe('1');
  expect(roundHalfAwayFromZero(new Decimal('-0.5'), 0).toFixed()).toBe('-1');
  expect(roundHalfAwayFromZero(new Decimal('1.005'), 2).toFixed()).toBe('1.01');
});

test('a ratio rounds half away from zero', () => {
  expect(roundedRatio(1n, 1n, 2n)).toBe(1n);
  expect(roundedRatio(-1n, 1n, 2n)).toBe(-1n);
  expect(roundedRatio(1n, 1n, 3n)).toBe(0n);
  expect(roundedRatio(2n, 1n, 3n)).toBe(1n);
  expect(() => roundedRatio(1n, 1n, 0n)).toThrow(RangeError);
});

test('billionths are exact both ways, and nothing finer is taken', () => {
  expect(toBillionths('15.483870968')).toBe(15_483_870_968n);
  expect(fromBillionths(15_483_870_968n)).toBe('15.483870968');
  expect(fromBillionths(-1n)).toBe('-0.000000001');
  expect(() => toBillionths('0.0000000001')).toThrow(RangeError);
});
