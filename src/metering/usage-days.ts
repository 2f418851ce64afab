import type { Queryable } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import { assertRange } from './period.ts';
import { selectDeploymentId, selectUsageBounds } from './store.ts';
import { openUsageStore } from './records/open.ts';

/** What a deployment used of one kind on one UTC day, hours added up. */
interface UsageOfDay {
  readonly day: string;
  readonly kind: string;
  readonly quantity: string;
  readonly records: number;
}

/**
 * A deployment's usage of a range of days, day by day, then by kind. Days whose records are retired
 * are left out.
 * @throws ArcadiaError not_found, range_reversed, range_too_large
 */
export async function usageByDay(
  db: Queryable,
  slug: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<UsageOfDay[]> {
  const range = { from, to };
  assertRange(range);
  const deploymentId = await selectDeploymentId(db, slug);
  if (deploymentId === null) throw notFound('deployment', slug);
  const { floors } = await selectUsageBounds(db, range);
  const sums = await (await openUsageStore(db)).sumByKindAndDay(db, {
    scope: { deploymentId },
    range,
    floors: new Map(Object.entries(floors).map(([kind, floor]) => [kind, Temporal.PlainDate.from(floor)])),
  });
  return sums
    .map(({ day, kind, quantity, records }) => ({ day: day.toString(), kind, quantity, records }))
    .sort((a, b) => (`${a.day} ${a.kind}` < `${b.day} ${b.kind}` ? -1 : 1));
}
