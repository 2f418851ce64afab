import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText } from './decimal.ts';
import { dueAtZero } from './tiers.ts';

/** A share of the units, where these are money (a turnover, a payment), with a fixed part and a minimum. */
export const percentageProperties = z.strictObject({
  percent: decimalText.describe('Percent of the units: "2.5" of 200 is 5.'),
  fixed: decimalText.default('0').describe('Added to the share.'),
  minimum: decimalText.default('0').describe('The least that share and fixed part come to.'),
  dueAtZero,
});

/** The greater of share plus fixed part, and minimum. At zero units neither is due unless `dueAtZero` says so. */
export function ratePercentage(properties: z.output<typeof percentageProperties>, units: Decimal): Charged {
  if (units.isZero() && !properties.dueAtZero) return { amount: new Decimal(0), tiers: [] };
  const amount = units.times(new Decimal(properties.percent)).div(100).plus(new Decimal(properties.fixed));
  return {
    amount: Decimal.max(amount, new Decimal(properties.minimum)),
    tiers: [],
  };
}
