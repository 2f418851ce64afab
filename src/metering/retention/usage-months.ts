import type { Queryable } from '../../platform/database/database.ts';
import { sumQuantities } from '../../platform/quantity.ts';
import { usageRetired } from '../errors.ts';
import type { DayRange } from '../period.ts';
import { selectMonthSums } from './usage-months.store.ts';
import type { DeploymentSum, KindSum, UsageScope } from '../records/usage-store.ts';

/** By kind: the first day whose records are kept. */
export type Floors = ReadonlyMap<string, Temporal.PlainDate>;

/**
 * Sums of a range's days in retired months, where there are any; they add to those of its records.
 * @throws ArcadiaError usage_retired where a revision is asked for: of such a month none is left
 */
export async function retiredSums(
  db: Queryable,
  scope: UsageScope,
  range: DayRange,
  floors: Floors,
  asOfRevision?: number,
): Promise<DeploymentSum[]> {
  if (floors.size === 0) return [];
  if (asOfRevision !== undefined) {
    const first = [...floors.values()].sort(Temporal.PlainDate.compare).at(-1);
    throw usageRetired(
      `As of a revision, usage can be had from ${first} on: what was before is rolled up, without its revisions.`,
    );
  }
  return selectMonthSums(db, scope, range);
}

/**
 * How many records a range's retired months had.
 * @throws ArcadiaError usage_retired where the range holds a part of a retired month
 */
export async function countRetiredRecords(
  db: Queryable,
  scope: UsageScope,
  range: DayRange,
  floors: Floors,
): Promise<number> {
  if (floors.size === 0) return 0;
  for (const [kind, floor] of floors) assertWholeMonths(range, kind, floor);
  return (await selectMonthSums(db, scope, range)).reduce((records, sum) => records + sum.records, 0);
}

function assertWholeMonths({ from, to }: DayRange, kind: string, floor: Temporal.PlainDate): void {
  const isWhole = from.day === 1 && (to.day === 1 || Temporal.PlainDate.compare(to, floor) >= 0);
  if (isWhole) return;
  throw usageRetired(
    `Of ${kind}, records are counted by whole months before ${floor}; ${from} to ${to} holds a part of one.`,
    { details: { kind, floor: floor.toString() } },
  );
}

/** Adds two lists of sums, by what `key` says; in the order of the keys. */
export function addSums<Sum extends KindSum>(
  sums: readonly Sum[],
  more: readonly Sum[],
  key: (sum: Sum) => string,
): Sum[] {
  if (more.length === 0) return [...sums];
  const added = new Map<string, Sum>();
  for (const sum of [...sums, ...more]) {
    const before = added.get(key(sum));
    added.set(
      key(sum),
      before === undefined ? sum : { ...sum, quantity: sumQuantities([before.quantity, sum.quantity]) },
    );
  }
  return [...added].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}
