import type { Database } from '../platform/database.ts';
import type { BillingKind } from './store.ts';
import { selectBillingKinds } from './store.ts';

export type { BillingKind };

/** The billing kinds as they are defined on a day, by slug. */
export async function listBillingKinds(db: Database, day: Temporal.PlainDate): Promise<BillingKind[]> {
  return selectBillingKinds(db, day);
}
