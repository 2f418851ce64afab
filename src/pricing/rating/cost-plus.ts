import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { decimalText } from './decimal.ts';

/** What a unit costs the operator, with a markup. The cost is the one given here. */
export const costPlusProperties = z.strictObject({
  unitCost: decimalText.describe('What the provider charges for one unit.'),
  markupPercent: decimalText.describe('Percent on top of the cost: "20" makes 10 into 12.'),
});

/** The price of one unit: all that a customer may see of this model. */
export function costPlusUnitPrice(properties: z.output<typeof costPlusProperties>): Decimal {
  return new Decimal(properties.unitCost).times(new Decimal(properties.markupPercent).plus(100)).div(100);
}

export function rateCostPlus(properties: z.output<typeof costPlusProperties>, units: Decimal): Charged {
  return { amount: units.times(costPlusUnitPrice(properties)), tiers: [] };
}
