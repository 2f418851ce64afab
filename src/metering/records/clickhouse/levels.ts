import { inSnapshot } from '../../../platform/database/in-snapshot.ts';
import type { Database } from '../../../platform/database/database.ts';
import { ArcadiaError } from '../../../platform/errors.ts';
import type { ClickHouse } from './connection.ts';
import { createTables, levelColumns } from './schema.store.ts';
import { dropBasesBefore, selectShipped } from './write.store.ts';
import * as store from '../move/shipment.store.ts';

/** So many shipments are read together; the next one is a new base. */
const shipmentsMax = 200;
/** Above this, Int128 could overflow: level x weight x a month's microseconds, all at their greatest. */
const levelMax = 10_000_000_000;
/** The same of impulses, with which no time is multiplied: shares of them are reckoned in Int256. */
const impulseMax = 10n ** 28n;

/** Do the shipments hold what the levels in PostgreSQL say? */
export function areCurrent(shipped: store.Shipments | null, levels: store.LevelsPosition | null): boolean {
  if (levels === null) return true;
  return shipped !== null && shipped.definitions === levels.definitions && shipped.changeId >= levels.changeId;
}

/**
 * Ships to ClickHouse what has changed in metered_levels since the last shipment: the levels of
 * resources with newer facts, or all of them where definitions changed. A shipment counts once it
 * has been read back and its transaction commits; what a killed one left is never read.
 * @throws ArcadiaError usage_store_mismatch, usage_store_failed, usage_store_unreachable
 */
export async function shipLevels(db: Database, clickHouse: ClickHouse): Promise<void> {
  if (areCurrent(await store.selectShipments(db), await store.selectLevelsPosition(db))) return;
  const superseded = await inSnapshot(db, async (trx) => {
    await store.lockShipments(trx);
    const shipped = await store.selectShipments(trx);
    const levels = await store.selectLevelsPosition(trx);
    if (levels === null || areCurrent(shipped, levels)) return null;
    const upon =
      shipped !== null && shipped.definitions === levels.definitions && shipped.ids.length < shipmentsMax
        ? shipped
        : null;
    const resources = upon === null ? null : await store.prepareShippedResources(trx, upon.changeId);
    // Where the tables were lost, everything begins here again.
    if (upon === null) await createTables(clickHouse);
    const shipment = await store.insertShipment(trx, levels, upon?.baseId ?? null);
    const figures = await store.selectLevelsFigures(trx, resources);
    const tooGreat =
      Number(figures.greatest) > levelMax
        ? figures.greatest
        : BigInt(figures.greatestImpulse) > impulseMax
          ? figures.greatestImpulse
          : null;
    if (tooGreat !== null) {
      throw new ArcadiaError(
        'usage_store_failed',
        `A level of ${tooGreat} is more than ClickHouse can accrue exactly.`,
      );
    }
    await clickHouse.insertLines('metered_levels', levelColumns, store.levelLines(trx, shipment, resources));
    const there = await selectShipped(clickHouse, shipment.baseId, shipment.shipmentId);
    if (there.rows !== figures.rows || there.sum !== figures.sum) {
      throw new ArcadiaError(
        'usage_store_mismatch',
        `Of ${figures.rows} levels with a sum of ${figures.sum}, ${clickHouse.address} has ${there.rows} with ${there.sum}.`,
      );
    }
    await store.updateShipment(trx, shipment.shipmentId, figures.rows);
    // A metering under way may still read the base before: it is kept until the next one.
    return upon === null ? (shipped?.baseId ?? null) : null;
  });
  if (superseded !== null) await dropBasesBefore(clickHouse, superseded);
}
