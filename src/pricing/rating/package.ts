import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText, positiveDecimalText } from './decimal.ts';
import { dividedUnits } from './tiers.ts';

/** Units are sold in whole packages; one that is begun is paid. */
export const packageProperties = z.strictObject({
  packageSize: positiveDecimalText.describe('How many units a package holds.'),
  packagePrice: decimalText.describe('The price of one package.'),
});

export function ratePackage(properties: z.output<typeof packageProperties>, units: Decimal): Charged {
  const packages = dividedUnits({ per: properties.packageSize, roundUp: true }, units);
  return {
    amount: packages.times(new Decimal(properties.packagePrice)),
    tiers: [],
  };
}
