import type { Exact } from '../../platform/quantity.ts';

/** What one tier contributes to a charge; unrounded. */
export interface TierCharge {
  /** The tier holds units above `from`, up to and with `upTo` (null: without end). */
  readonly from: Exact;
  readonly upTo: Exact | null;
  /** How many of the units are charged in this tier. */
  readonly units: Exact;
  readonly unitPrice: Exact;
  readonly flatFee: Exact;
  readonly amount: Exact;
}

/** What units cost under a charge model: exact, rounded by nobody yet. */
export interface Charged {
  readonly amount: Exact;
  /** The tiers that were reached, for models that have tiers; their amounts add up to `amount`. */
  readonly tiers: readonly TierCharge[];
}
