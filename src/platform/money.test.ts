import { expect, test } from 'vitest';
import { ArcadiaError } from './errors.ts';
import { currencyDigits, formatMoney } from './money.ts';
import { Decimal } from './quantity.ts';

test.each([
  ['50', 'USD', '50.00'],
  ['0', 'EUR', '0.00'],
  ['1.005', 'USD', '1.01'],
  ['1.0049999', 'USD', '1.00'],
  ['-1.005', 'USD', '-1.01'],
  ['-0.004', 'USD', '0.00'],
  ['49.5', 'JPY', '50'],
  ['1.2345', 'KWD', '1.235'],
  ['123456789012345678901234567890.125', 'CHF', '123456789012345678901234567890.13'],
])('%s %s is shown as %s', (amount, currency, shown) => {
  expect(formatMoney(new Decimal(amount), currency)).toBe(shown);
});

test.each(['USDT', 'usd', 'XXX', ''])("'%s' is no currency", (currency) => {
  expect(() => currencyDigits(currency)).toThrow(ArcadiaError);
});

test.each([
  ['USD', 2],
  ['XPF', 0],
  ['TND', 3],
  ['HUF', 2],
])('%s has %i decimals by ISO 4217, whatever locale data has for cash', (currency, digits) => {
  expect(currencyDigits(currency)).toBe(digits);
});
