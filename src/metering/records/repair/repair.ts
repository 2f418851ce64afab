import type { Database, Queryable, UnitOfWork } from '../../../platform/database/database.ts';
import { fromBillionths } from '../../../platform/quantity.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import { createTables, dropDay, truncateLevels } from '../clickhouse/schema.store.ts';
import * as shipments from '../move/shipment.store.ts';
import { lockCurrentStore } from '../move/move.store.ts';
import { openClickHouse } from '../open.ts';
import * as there from './clickhouse.store.ts';
import * as here from './postgres.store.ts';

// What PostgreSQL says that a ClickHouse holds, and what it does hold: the two differ after a restore of one of them. What is
// not whole is forgotten, and metered again from the facts; a number that ClickHouse has seen is never given again.

/** One thing that is not as PostgreSQL says; the figures are counts of rows, sums of quantities, or numbers given out. */
interface Damage {
  /**
   * `records`: of a day, revisions that count have not the rows that were written; `sums`: as many, of other quantities. `levels`: of what days are metered from.
   * `revisions`, `shipments`: ClickHouse has rows of later ones than PostgreSQL has given out.
   */
  readonly what: 'records' | 'sums' | 'levels' | 'revisions' | 'shipments';
  /** Of records and sums. */
  readonly day: Temporal.PlainDate | null;
  readonly expected: string;
  readonly found: string;
}

interface Repaired {
  readonly damage: readonly Damage[];
  /** To be metered again. */
  readonly days: number;
}

/**
 * What is not as PostgreSQL says in the ClickHouse that usage is in, by day; nothing where usage is in PostgreSQL. Reads the
 * figures of each month's revisions once. Errors: usage_store_failed, usage_store_unreachable.
 */
export async function checkUsageStore(db: Queryable): Promise<Damage[]> {
  const clickHouse = await openClickHouse(db);
  return clickHouse === null ? [] : findDamage(db, clickHouse);
}

async function findDamage(db: Queryable, clickHouse: ClickHouse): Promise<Damage[]> {
  const tables = await there.selectTables(clickHouse);
  const damage: Damage[] = [];
  for (const month of await here.selectVisibleMonths(db)) {
    const found = tables.has('usage_records')
      ? await there.selectRevisions(clickHouse, month, month.add({ months: 1 }))
      : new Map<string, there.RevisionFigures>();
    damage.push(...damagedDays(await here.selectVisible(db, month), found));
  }
  damage.push(...(await damagedLevels(db, tables.has('metered_levels') ? clickHouse : null)));
  const given = await here.selectGivenNumbers(db);
  const seen = {
    revisions: tables.has('usage_records') ? await there.selectLastRevision(clickHouse) : 0,
    shipments: tables.has('metered_levels') ? await there.selectLastShipment(clickHouse) : 0,
  };
  for (const what of ['revisions', 'shipments'] as const) {
    if (seen[what] > given[what]) damage.push({ what, day: null, expected: `${given[what]}`, found: `${seen[what]}` });
  }
  return damage;
}

function damagedDays(
  visible: readonly here.VisibleRevision[],
  found: ReadonlyMap<string, there.RevisionFigures>,
): Damage[] {
  return [...Map.groupBy(visible, ({ day }) => day.toString()).values()].flatMap((revisions): Damage[] => {
    const both = revisions.map((expected) => ({
      expected,
      stored: found.get(`${expected.day} ${expected.revision}`) ?? { records: 0, sum: '0' },
    }));
    const isOther = (figure: 'records' | 'sum') =>
      both.some(({ expected, stored }) => expected[figure] !== stored[figure]);
    const total = (of: (one: (typeof both)[number]) => string | number) =>
      both.reduce((sum, one) => sum + BigInt(of(one)), 0n);
    const day = revisions[0]!.day;
    if (isOther('records')) {
      const count = (side: 'expected' | 'stored') => `${total((one) => one[side].records)}`;
      return [{ what: 'records', day, expected: count('expected'), found: count('stored') }];
    }
    if (!isOther('sum')) return [];
    const sum = (side: 'expected' | 'stored') => fromBillionths(total((one) => one[side].sum));
    return [{ what: 'sums', day, expected: sum('expected'), found: sum('stored') }];
  });
}

/** @param clickHouse null: it has no table of levels */
async function damagedLevels(db: Queryable, clickHouse: ClickHouse | null): Promise<Damage[]> {
  const shipped = await here.selectShipped(db);
  const [last] = shipped;
  if (last === undefined) return [];
  const found = clickHouse === null ? new Map<number, number>() : await there.selectShipped(clickHouse, last.baseId);
  if (shipped.every(({ shipmentId, rows }) => (found.get(shipmentId) ?? 0) === rows)) return [];
  const expected = shipped.reduce((total, { rows }) => total + rows, 0);
  const stored = shipped.reduce((total, { shipmentId }) => total + (found.get(shipmentId) ?? 0), 0);
  return [{ what: 'levels', day: null, expected: `${expected}`, found: `${stored}` }];
}

/**
 * Has both agree again: days that are not whole are emptied and count as not metered, levels are to be shipped anew, and
 * numbers go on behind those that ClickHouse has seen. Nobody meters meanwhile. Killed anywhere, the next one goes on. Earlier
 * versions of such days are gone. What is returned is what was found before.
 * Errors: usage_store_failed, usage_store_unreachable.
 */
export async function repairUsageStore(db: Database): Promise<Repaired> {
  const clickHouse = await openClickHouse(db);
  if (clickHouse === null) return { damage: [], days: 0 };
  await createTables(clickHouse);
  return db.transaction().execute(async (trx) => {
    await lockCurrentStore(trx);
    return shipments.whileBeating(trx, () => repairWithin(trx, clickHouse));
  });
}

async function repairWithin(trx: UnitOfWork, clickHouse: ClickHouse): Promise<Repaired> {
  const damage = await findDamage(trx, clickHouse);
  const days = damage.flatMap(({ day }) => (day === null ? [] : [day]));
  // First there: a day that is empty and still counts is found again.
  for (const day of days) await dropDay(clickHouse, day);
  await here.forgetDays(trx, days);
  if (damage.some(({ what }) => what === 'levels')) {
    await truncateLevels(clickHouse);
    await shipments.deleteShipments(trx);
  }
  for (const { what, found } of damage) {
    if (what === 'revisions' || what === 'shipments') await here.goOnBehind(trx, what, Number(found));
  }
  return { damage, days: days.length };
}
