import type { Queryable } from '../platform/database/database.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { type DayRange, dayOf } from './period.ts';
import { openUsageStore } from './records/open.ts';
import { recordsMax, type UsageRecord } from './records/usage-store.ts';
import { selectOwnersEver } from './resource-usage.store.ts';

/** What a resource used in a month, whoever owned it: an exact quantity. */
interface ResourceMonth {
  readonly kind: string;
  /** 2026-05 */
  readonly month: string;
  readonly quantity: string;
}

/** What one resource used, by billing kind and month; of months that are rolled up nothing is known of single resources. */
export async function usageOfResource(db: Queryable, resourceId: number, range: DayRange): Promise<ResourceMonth[]> {
  const deploymentIds = await selectOwnersEver(db, resourceId);
  if (deploymentIds.length === 0) return [];
  const store = await openUsageStore(db);
  const quantities = new Map<string, { kind: string; month: string; parts: string[] }>();
  for (let after: UsageRecord | undefined; ; ) {
    const page = { limit: recordsMax, ...(after && { after }) };
    const records = await store.listRecords(db, { scope: { deploymentIds }, range }, { resourceId }, page);
    for (const { kind, periodStart, quantity } of records) {
      const month = dayOf(periodStart).toPlainYearMonth().toString();
      const key = `${kind} ${month}`;
      const known = quantities.get(key) ?? { kind, month, parts: [] };
      known.parts.push(quantity);
      quantities.set(key, known);
    }
    after = records.at(-1);
    if (records.length < recordsMax) break;
  }
  return [...quantities.values()]
    .map(({ parts, ...rest }) => ({ ...rest, quantity: sumQuantities(parts) }))
    .sort((a, b) => (`${a.kind} ${a.month}` < `${b.kind} ${b.month}` ? -1 : 1));
}
