import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { rolledBack } from '../platform/database/rolled-back.ts';
import { readLastChange } from '../platform/changes.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { deriveChanges, writeChanges } from './attribution.ts';
import { limitStatements, lockAttributions, readProgress } from './attribution/store.ts';
import {
  type MovedTime,
  type PreviewRow,
  type PreviewTotal,
  readMovedTimes,
  readPreview,
  readPreviewTotals,
} from './rules/store.ts';

/** One resource over one interval: whose it was, whose it would be. An empty list of owners: nobody's. */
export type PreviewedChange = PreviewRow;

/** What a change would do to ownership. */
export interface MovedOwnership {
  /** Resources that would change owner over some interval. */
  readonly resources: number;
  /** Per deployment (`unattributed` among them), how many resources it would gain and lose over some interval. */
  readonly totals: readonly PreviewTotal[];
  /** By resource and time. */
  readonly changes: readonly PreviewedChange[];
  readonly changesTotal: number;
}

/** Whoever asks waits, and others' requests with them: a derivation of minutes is the job's. */
const statementMsMax = 10_000;

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '57014';
}

/** A change that was made, with what it does to ownership: derived, and not written yet. */
export interface StagedMove<Made> extends MovedOwnership {
  /** What the change answered. */
  readonly made: Made;
  /** The last change of before it, in the log of changes. */
  readonly reached: number;
  /** When any resource changes owner, without overlaps, oldest first. */
  readonly times: readonly MovedTime[];
  /** Writes it: from then on the transaction sees the new owners. */
  write(): Promise<void>;
}

/**
 * Makes a change and derives what it does to ownership, in a transaction that must be rolled back. Facts that no
 * attribution follows yet are written first, so that only the change's own effect is staged.
 * @param change makes the change
 */
export async function stageMove<Made>(
  trx: UnitOfWork,
  change: (trx: UnitOfWork) => Promise<Made>,
  now: Temporal.Instant,
  { limit = 100, offset = 0 }: PreviewPage = {},
): Promise<StagedMove<Made>> {
  await lockAttributions(trx);
  const outstanding = await deriveChanges(trx, await readProgress(trx), await readLastChange(trx));
  if (outstanding) await writeChanges(trx, outstanding, now);
  const reached = await readLastChange(trx);
  const made = await change(trx);
  const changes = await deriveChanges(trx, reached, await readLastChange(trx));
  if (!changes)
    return { made, reached, resources: 0, totals: [], changes: [], changesTotal: 0, times: [], async write() {} };
  const { rows, total } = await readPreview(trx, changes.owners, limit, offset);
  return {
    made,
    reached,
    resources: changes.resources,
    totals: await readPreviewTotals(trx, changes.owners),
    changes: rows,
    changesTotal: total,
    times: await readMovedTimes(trx, changes.owners),
    write: () => writeChanges(trx, changes, now),
  };
}

/**
 * Does work in a transaction that is rolled back, each statement of which has ten seconds.
 * @param what the part of a sentence that names it: `To preview these rules`
 * @throws ArcadiaError what the work throws; too_costly
 */
export async function previewing<Result>(
  db: Database,
  { what, todo, signal }: { readonly what: string; readonly todo: string; readonly signal?: AbortSignal | undefined },
  work: (trx: UnitOfWork) => Promise<Result>,
): Promise<Result> {
  try {
    return await rolledBack(db, async (trx) => {
      await limitStatements(trx, statementMsMax);
      return work(trx);
    });
  } catch (error) {
    if (!isTimeout(error) || signal?.aborted === true) throw error;
    const message = `${what} takes longer than ${statementMsMax / 1_000} s a step.`;
    throw new ArcadiaError('too_costly', message, { cause: error, todo });
  }
}

interface PreviewPage {
  readonly limit?: number;
  readonly offset?: number;
}
