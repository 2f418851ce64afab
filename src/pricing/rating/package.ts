import { z } from 'zod';
import { Exact } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText, positiveDecimalText } from './decimal.ts';

/** Units are sold in whole packages; one that is begun is paid. */
export const packageProperties = z.strictObject({
  packageSize: positiveDecimalText.describe('How many units a package holds.'),
  packagePrice: decimalText.describe('The price of one package.'),
});

export function ratePackage(properties: z.output<typeof packageProperties>, units: Exact): Charged {
  const size = new Exact(properties.packageSize);
  // Not ceil(units / size): a quotient without end must not be rounded onto a whole number.
  const full = units.divToInt(size);
  const packages = full.times(size).lt(units) ? full.plus(1) : full;
  return {
    amount: packages.times(new Exact(properties.packagePrice)),
    tiers: [],
  };
}
