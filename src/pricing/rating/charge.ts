import type { Decimal } from '../../platform/quantity.ts';

/** What one tier contributes to a charge; unrounded. */
export interface TierCharge {
  /** The tier holds units above `from`, up to and with `upTo` (null: without end). */
  readonly from: Decimal;
  readonly upTo: Decimal | null;
  /** How many of the units are charged in this tier. */
  readonly units: Decimal;
  readonly unitPrice: Decimal;
  readonly flatFee: Decimal;
  readonly amount: Decimal;
}

/** What units cost under a charge model: exact, rounded by nobody yet. */
export interface Charged {
  readonly amount: Decimal;
  /** The tiers that were reached, for models that have tiers; their amounts add up to `amount`. */
  readonly tiers: readonly TierCharge[];
}
