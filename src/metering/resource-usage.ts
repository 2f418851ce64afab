import type { Queryable } from '../platform/database/database.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { type DayRange, dayOf } from './period.ts';
import { openUsageStore } from './records/open.ts';
import { recordsMax, type UsageRecord } from './records/usage-store.ts';
import { selectOwnersEver } from './resource-usage.store.ts';

/** What a resource used in a month for one of its owners: an exact quantity. */
interface ResourceMonth {
  readonly deployment: string;
  readonly kind: string;
  /** 2026-05 */
  readonly month: string;
  readonly quantity: string;
}

/** What one resource used, by owner, billing kind and month; of months that are rolled up nothing is known of single resources. */
export async function usageOfResource(db: Queryable, resourceId: number, range: DayRange): Promise<ResourceMonth[]> {
  const slugs = await selectOwnersEver(db, resourceId);
  if (slugs.size === 0) return [];
  const scope = { deploymentIds: [...slugs.keys()] };
  const store = await openUsageStore(db);
  const quantities = new Map<string, Omit<ResourceMonth, 'quantity'> & { readonly parts: string[] }>();
  for (let after: UsageRecord | undefined; ; ) {
    const page = { limit: recordsMax, ...(after && { after }) };
    const records = await store.listRecords(db, { scope, range }, { resourceId }, page);
    for (const { deploymentId, kind, periodStart, quantity } of records) {
      const month = dayOf(periodStart).toPlainYearMonth().toString();
      const key = `${kind} ${month} ${deploymentId}`;
      const known = quantities.get(key) ?? { deployment: slugs.get(deploymentId) ?? '', kind, month, parts: [] };
      known.parts.push(quantity);
      quantities.set(key, known);
    }
    after = records.at(-1);
    if (records.length < recordsMax) break;
  }
  const place = ({ kind, month, deployment }: ResourceMonth) => `${kind} ${month} ${deployment}`;
  return [...quantities.values()]
    .map(({ parts, ...rest }) => ({ ...rest, quantity: sumQuantities(parts) }))
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
