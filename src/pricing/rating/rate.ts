import type { z } from 'zod';
import { Decimal, formatQuantity } from '../../platform/quantity.ts';
import type { TierCharge } from './charge.ts';
import { decimalText } from './decimal.ts';
import { chargeWith, rateCharge } from './models.ts';

/** A case of anyone's own: `{model, properties, units}`, units zero or more. */
export const ratingCase = chargeWith({ units: decimalText });

/** A tier that was reached, with exact decimal strings. */
export interface RatedTier {
  /** The tier holds units above `from`, up to and with `upTo` (null: without end). */
  readonly from: string;
  readonly upTo: string | null;
  /** How many of the units are charged in this tier. */
  readonly units: string;
  readonly unitPrice: string;
  readonly flatFee: string;
  readonly amount: string;
}

export interface RatedCase {
  /** Decimal, not rounded. */
  readonly amount: string;
  /** Their amounts add up to `amount`. Empty for models without tiers. */
  readonly tiers: readonly RatedTier[];
}

/** Rates one case. */
export function rateCase({ units, ...charge }: z.output<typeof ratingCase>): RatedCase {
  const { amount, tiers } = rateCharge(charge, new Decimal(units));
  return { amount: formatQuantity(amount), tiers: formatTiers(tiers) };
}

export function formatTiers(tiers: readonly TierCharge[]): RatedTier[] {
  return tiers.map((tier) => ({
    from: formatQuantity(tier.from),
    upTo: tier.upTo && formatQuantity(tier.upTo),
    units: formatQuantity(tier.units),
    unitPrice: formatQuantity(tier.unitPrice),
    flatFee: formatQuantity(tier.flatFee),
    amount: formatQuantity(tier.amount),
  }));
}
