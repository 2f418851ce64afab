import { inSnapshot } from '../platform/database/in-snapshot.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { readWatermark } from '../platform/changes.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import { lastLayer } from './inheritance.ts';
import {
  deriveLayer,
  isLargePart,
  lockAttributions,
  readProgress,
  readUnattributed,
  type StagedChanges,
  stageChanges,
  stageDirectCandidates,
  stageInheritedCandidates,
  stageSubjects,
  touchAll,
  touchChanged,
  touchHeirs,
  type UnattributedRow,
  writeProgress,
} from './attribution/store.ts';

const attributions: HistoryTable = {
  table: 'attributions',
  id: 'attribution_id',
  key: ['resource_id'],
  values: ['owner_set_id', 'rule_id'],
};

/**
 * Derives the attributions of every resource that a change in (after, upTo] touched, and of
 * what inherits from it, and stages where they differ from what is believed. Writes nothing but
 * temporary tables; null if nothing was touched.
 */
export async function deriveChanges(
  trx: UnitOfWork,
  after: number,
  upTo: number,
): Promise<({ touched: number } & StagedChanges) | null> {
  const { touched, count } = await touchChanged(trx, after, upTo);
  if (count === 0) return null;
  if (await isLargePart(trx, count)) await touchAll(trx, touched);
  else for (let layer = 1; layer <= lastLayer && (await touchHeirs(trx, touched)) > 0; layer++);
  const { layers, ...subjects } = await stageSubjects(trx, touched);
  const derivation = await stageDirectCandidates(trx, subjects);
  for (const layer of layers) {
    if (layer > 0) await stageInheritedCandidates(trx, derivation, layer);
    await deriveLayer(trx, derivation, layer);
  }
  return { touched: count, ...(await stageChanges(trx, derivation)) };
}

/**
 * Writes what deriveChanges staged. Only another owner is a change to those who meter; the same
 * owner by another rule is recorded without one.
 */
export async function writeChanges(trx: UnitOfWork, changes: StagedChanges, now: Temporal.Instant): Promise<void> {
  if (changes.ownerChanges > 0)
    await rewriteHistory(trx, attributions, changes.owners, now, { topic: 'ownership', cause: 'attribution' });
  if (changes.ruleChanges > 0) await rewriteHistory(trx, attributions, changes.rules, now);
}

interface BroughtUpToDate {
  /** Resources that facts had changed for. */
  readonly resources: number;
  /** Resources that changed owner over some interval, heirs among them; the same owner by another rule is no change. */
  readonly changed: number;
}

/**
 * Turns outstanding changes into attributions, in one transaction with its progress. One
 * process at a time does it; with nothing outstanding it writes nothing. May be called by anyone
 * at any time: what it leaves is a function of the facts alone.
 */
export async function bringAttributionsUpToDate(db: Database, now: Temporal.Instant): Promise<BroughtUpToDate> {
  const upTo = await readWatermark(db, ['resource']);
  return inSnapshot(db, async (trx) => {
    await lockAttributions(trx);
    const after = await readProgress(trx);
    if (after >= upTo) return { resources: 0, changed: 0 };
    const changes = await deriveChanges(trx, after, upTo);
    if (changes) await writeChanges(trx, changes, now);
    await writeProgress(trx, upTo);
    return { resources: changes?.touched ?? 0, changed: changes?.resources ?? 0 };
  });
}

export interface UnattributedPage {
  readonly resources: UnattributedRow[];
  /** How many there are, of those beyond `after`. */
  readonly total: number;
}

/** What lived at an instant and had no owner then, by kind and name; projects, which only hold others, are left out. */
export async function unattributedResources(
  db: Queryable,
  at: Temporal.Instant,
  limit = 100,
  after: Pick<UnattributedRow, 'kind' | 'name' | 'resourceId'> | null = null,
): Promise<UnattributedPage> {
  return readUnattributed(db, at, limit, after);
}
