import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText } from './decimal.ts';

/** Every unit costs the same. */
export const standardProperties = z.strictObject({
  unitPrice: decimalText.describe('The price of one unit.'),
});

export function rateStandard(properties: z.output<typeof standardProperties>, units: Decimal): Charged {
  return { amount: units.times(new Decimal(properties.unitPrice)), tiers: [] };
}
