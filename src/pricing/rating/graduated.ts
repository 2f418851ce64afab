import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import {
  chargeTier,
  checkDivision,
  dividedUnits,
  division,
  dueAtZero,
  linePerTier,
  pricedTier,
  spans,
  tierList,
} from './tiers.ts';

/** Each tier's units cost that tier's price, like income tax; a tier's flat fee is due once it is reached. */
export const graduatedProperties = z
  .strictObject({ tiers: tierList(pricedTier), dueAtZero, ...division, linePerTier })
  .superRefine(checkDivision);

/**
 * A tier is reached when units lie above the end of the tier before it; at zero units none is,
 * and nothing is due, unless `dueAtZero` says that the first tier's flat fee is.
 */
export function rateGraduated(properties: z.output<typeof graduatedProperties>, used: Decimal): Charged {
  const units = dividedUnits(properties, used);
  const reached = spans(properties.tiers).filter(
    (span, index) => units.gt(span.from) || (index === 0 && properties.dueAtZero),
  );
  const tiers = reached.map((span) => {
    const end = span.upTo === null || units.lt(span.upTo) ? units : span.upTo;
    return chargeTier(span, end.minus(span.from), {
      unitPrice: new Decimal(span.tier.unitPrice),
      flatFee: new Decimal(span.tier.flatFee),
    });
  });
  return {
    amount: tiers.reduce((sum, tier) => sum.plus(tier.amount), new Decimal(0)),
    tiers,
  };
}
