import type { Queryable } from '../platform/database/database.ts';
import type { DayRange } from './period.ts';
import * as store from './unmetered.store.ts';

/** A billing kind that is not metered on days of a range. */
export type UnmeteredKind = store.UnmeteredKindRow;

/**
 * The billing kinds that are defined and not enabled on some days of a range, by name. `from` and `to` are the
 * first and the last of these days, half-open. `isKnown`: history says what there was; false where no account
 * was ever listed completely for the kind's resources.
 */
export async function unmeteredKinds(db: Queryable, range: DayRange): Promise<UnmeteredKind[]> {
  return store.selectUnmeteredKinds(db, range);
}

/**
 * What deployments would have had metered of kinds on the days of a range on which these are not enabled: by
 * the formula of metering, from history and ownership as they are known, so that enabling the kinds meters the
 * same. Levels that stand go on, also over days to come. As many statements, however many deployments.
 */
export async function unmeteredUsage(
  db: Queryable,
  deploymentIds: readonly number[],
  range: DayRange,
  kinds: readonly UnmeteredKind[],
): Promise<Map<number, ReadonlyMap<string, string>>> {
  const found = new Map<number, Map<string, string>>();
  const ids = (isRaised: boolean) => kinds.filter((kind) => kind.isRaised === isRaised).map(({ kindId }) => kindId);
  const raised = ids(true);
  const rows = await store.selectUnmeteredAccruals(db, deploymentIds, range, ids(false));
  if (raised.length > 0) rows.push(...(await store.selectUnmeteredRaises(db, deploymentIds, range, raised)));
  for (const { deploymentId, kind, quantity } of rows) {
    const own = found.get(deploymentId) ?? new Map<string, string>();
    found.set(deploymentId, own.set(kind, quantity));
  }
  return found;
}
