import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import * as store from './subscriptions.store.ts';

/** A deployment that is or was on a plan, and the last plan that it is believed to be on. */
interface Subscribed {
  readonly deployment: string;
  /** Null: it is believed to have been on none. */
  readonly plan: string | null;
  /** When the plan ends, or ended; null: it does not. */
  readonly to: Temporal.Instant | null;
}

/** Those of these deployments that were ever on a plan, by what was believed at any time. */
export async function readSubscribed(db: Queryable, deployments: readonly string[]): Promise<Subscribed[]> {
  return store.selectSubscribed(db, deployments);
}

/**
 * Puts deployments that were never on a plan on one, each from a UTC day on; who ever was on one stays
 * as it is, whatever was decided since. Nobody else changes subscriptions until the transaction ends.
 * A few statements, however many.
 * @param wanted plans that hold on that day (`getPlan`); a deployment without a customer is passed over
 * @param by who, for the record
 * @returns the slugs of those that were put on a plan
 */
export async function startSubscriptions(
  trx: UnitOfWork,
  wanted: readonly { readonly deployment: string; readonly plan: string; readonly from: Temporal.PlainDate }[],
  by: string,
  now: Temporal.Instant,
): Promise<string[]> {
  await store.lockAllSubscriptions(trx);
  return store.insertFirstSubscriptions(trx, wanted, by, now);
}
