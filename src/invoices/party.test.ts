import { expect, test } from 'vitest';
import { z } from 'zod';
import { billedUnits, unitCodeOf } from './billed-units.ts';
import { sellerFields } from './party.ts';
import { taxCategoryOf } from './tax-categories.ts';

const seller = z.strictObject(sellerFields);

test.each([
  ['country', 'GB', true],
  ['country', 'DE', true],
  ['country', 'UK', false],
  ['country', 'EU', false],
  ['country', 'XX', false],
  ['country', 'gb', false],
  ['vatId', 'EL123456789', true],
  ['vatId', '123456789', false],
  ['registrationScheme', '0002', true],
  ['registrationScheme', 'HRB', false],
  ['electronicScheme', 'EM', true],
  ['electronicScheme', '0088', true],
  ['electronicScheme', 'XX', false],
  ['iban', 'GB82WEST12345698765432', true],
  ['iban', 'GB83WEST12345698765432', false],
  ['iban', 'GB82 WEST 1234 5698 7654 32', false],
  ['bic', 'DEUTDEFF', true],
  ['bic', 'DEUTDEFF500', true],
  ['bic', 'DEUT', false],
])('%s %s: %s', (name, value, isRight) => {
  expect(seller.safeParse({ [name]: value }).success).toBe(isRight);
  expect(seller.safeParse({ [name]: null }).success).toBe(true);
});

const line = { quantity: '744', unit: 'hour', unitPrice: '0.04', amount: '29.76', details: {} };

test('a line is quantity times price, or one of its whole amount', () => {
  expect(billedUnits(line, 'USD')).toEqual([{ quantity: '744', unitCode: 'HUR', unitPrice: '0.04', amount: '29.76' }]);
  const whole = [{ quantity: '1', unitCode: 'C62', unitPrice: '29.76', amount: '29.76' }];
  expect(billedUnits({ ...line, unitPrice: null }, 'USD')).toEqual(whole);
  expect(billedUnits({ ...line, unitPrice: '0.05' }, 'USD')).toEqual(whole);
  const none = { ...line, quantity: null, unitPrice: null, unit: null };
  expect(billedUnits({ ...none, amount: '-5' }, 'USD')).toEqual([
    { quantity: '-1', unitCode: 'C62', unitPrice: '5.00', amount: '-5.00' },
  ]);
  expect(billedUnits({ ...none, amount: '0' }, 'JPY')).toEqual([
    { quantity: '1', unitCode: 'C62', unitPrice: '0', amount: '0' },
  ]);
  expect(['GiB-month', 'Hours', 'day', 'GB', null].map(unitCodeOf)).toEqual(['C62', 'HUR', 'DAY', 'E34', 'C62']);
});

test('a sum of tiers is one of its amount, or a row a tier as the plan says, adding up to the cent', () => {
  // 10 hours at 0.0333 and 3 for the tier, 7 at 0.0255: 0.333 + 3 + 0.1785 = 3.5115.
  const tiers = [
    { units: '10', unitPrice: '0.0333', flatFee: '3' },
    { units: '7', unitPrice: '0.0255', flatFee: '0' },
  ];
  const summed = { ...line, quantity: '17', unitPrice: null, amount: '3.51', details: { tiers, per: '1' } };
  const whole = [{ quantity: '1', unitCode: 'C62', unitPrice: '3.51', amount: '3.51' }];
  expect(billedUnits(summed, 'USD')).toEqual(whole);
  const each = { ...summed, details: { ...summed.details, linePerTier: true } };
  expect(billedUnits(each, 'USD')).toEqual([
    { quantity: '10', unitCode: 'HUR', unitPrice: '0.0333', amount: '0.33' },
    { quantity: '1', unitCode: 'C62', unitPrice: '3', amount: '3.00' },
    { quantity: '7', unitCode: 'HUR', unitPrice: '0.0255', amount: '0.18' },
  ]);
  // By a cap it costs less than its tiers.
  expect(billedUnits({ ...each, amount: '2.00' }, 'USD')).toMatchObject([{ quantity: '1', amount: '2.00' }]);
  // A single tier has a price.
  const single = { ...summed, amount: '0.33', details: { tiers: [{ ...tiers[0], flatFee: '0' }], per: '1' } };
  expect(billedUnits(single, 'USD')).toEqual([
    { quantity: '10', unitCode: 'HUR', unitPrice: '0.0333', amount: '0.33' },
  ]);
});

test('a tax has its VAT category, with why none is charged', () => {
  const vat = { category: 'standard', percent: '20', treatment: 'taxed', title: 'VAT', note: null } as const;
  expect(taxCategoryOf(vat)).toEqual({ code: 'S', reasonCode: null, reason: null });
  expect(taxCategoryOf({ ...vat, percent: '0' })).toMatchObject({ code: 'Z' });
  expect(taxCategoryOf({ ...vat, percent: '0', title: null })).toMatchObject({ code: 'O', reasonCode: 'VATEX-EU-O' });
  const note = 'Exempt: charity no. 1234';
  expect(taxCategoryOf({ ...vat, percent: '0', treatment: 'exempt', note })).toMatchObject({ code: 'E', reason: note });
  expect(taxCategoryOf({ ...vat, percent: '0', treatment: 'reverse_charge', note: 'Reverse' })).toEqual({
    code: 'AE',
    reasonCode: 'VATEX-EU-AE',
    reason: 'Reverse',
  });
});
