import { inSnapshot } from '../platform/database/in-snapshot.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import * as store from './store.ts';

/**
 * Brings `metered_levels` up to date with the facts up to a settled position (see
 * `readWatermark`; attributions must be at least as far): for kinds that are new, or defined
 * otherwise than before, from scratch; for the others, the resources that facts have touched.
 */
export async function bringLevelsUpToDate(db: Database, upTo: number): Promise<void> {
  if (!(await store.selectLevelsProgress(db)).some((kind) => isBehind(kind, upTo))) return;
  // Repeatable read: which facts are new, and what states and attributions they made, are read as one.
  await inSnapshot(db, (trx) => refreshLevelsWithin(trx, upTo));
}

/** The same in a transaction that sees all of it as of one instant. */
export async function refreshLevelsWithin(trx: UnitOfWork, upTo: number): Promise<void> {
  await store.lockLevels(trx);
  const kinds = (await store.selectLevelsProgress(trx)).filter((kind) => isBehind(kind, upTo));
  const anew = kinds.filter((kind) => kind.derivedFrom !== kind.definitions);
  const known = kinds.filter((kind) => kind.derivedFrom === kind.definitions);
  if (anew.length > 0) {
    await store.rebuildLevels(trx, derived(anew));
    await store.analyzeLevels(trx);
  }
  if (known.length > 0) {
    const after = Math.min(...known.map((kind) => kind.changeId));
    const { scope, ofStates, ofEvents } = await store.prepareLevelScope(trx, after);
    const { ids, measured } = derived(known);
    // What an event touches has no level of a state, and the other way round.
    await store.refreshLevels(trx, scope, {
      ids: ofStates > 0 ? ids : [],
      measured: ofEvents > 0 ? measured : [],
    });
    if (anew.length === 0 && (await store.haveLevelsGrown(trx))) await store.analyzeLevels(trx);
  }
  await store.upsertLevelsProgress(trx, kinds, upTo);
}

function isBehind(kind: store.LevelsOfKind, upTo: number): boolean {
  return kind.derivedFrom !== kind.definitions || kind.changeId < upTo;
}

function derived(kinds: readonly store.LevelsOfKind[]): Parameters<typeof store.rebuildLevels>[1] {
  const idsOf = (measured: boolean) =>
    kinds.filter((kind) => kind.measured === measured).map((kind) => kind.billingKindId);
  return { ids: idsOf(false), measured: idsOf(true) };
}
