import { createHash } from 'node:crypto';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { rolledBack, rolledBackWithin } from '../platform/database/rolled-back.ts';
import { readLastChange } from '../platform/changes.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { deriveChanges, writeChanges } from './attribution.ts';
import { limitStatements, limitWaiting, lockAttributions, lockDecisions, readProgress } from './attribution/store.ts';
import {
  type MovedTime,
  type PreviewRow,
  type PreviewTotal,
  readMovedTimes,
  readPreview,
  readPreviewDigest,
  readPreviewTotals,
} from './rules/store.ts';

/** What a change would do to ownership. */
export interface MovedOwnership {
  /** Resources that would change owner over some interval. */
  readonly resources: number;
  /** Per deployment (`unattributed` among them), how many resources it would gain and lose over some interval. */
  readonly totals: readonly PreviewTotal[];
  /** By resource and time. */
  readonly changes: readonly PreviewRow[];
  readonly changesTotal: number;
  /** Of all changes, sha256 in hexadecimal: another one where something else would change. */
  readonly digest: string;
}

/** Whoever asks waits, and others' requests with them: a derivation of minutes is the job's. */
const statementMsMax = 10_000;

/** A derivation may hold its lock for minutes: who waits longer is asked to come again, before a statement's time is over. */
const waitingMsMax = 8_000;

function hasState(error: unknown, state: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === state;
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
  if (!changes) {
    const nothing = { resources: 0, totals: [], changes: [], changesTotal: 0, digest: nothingDigest, times: [] };
    return { made, reached, ...nothing, async write() {} };
  }
  const { rows, total } = await readPreview(trx, changes.owners, limit, offset);
  return {
    made,
    reached,
    resources: changes.resources,
    totals: await readPreviewTotals(trx, changes.owners),
    changes: rows,
    changesTotal: total,
    digest: await readPreviewDigest(trx, changes.owners, now),
    times: await readMovedTimes(trx, changes.owners),
    write: () => writeChanges(trx, changes, now),
  };
}

/** sha256 of no changes. */
const nothingDigest = createHash('sha256').digest('hex');

interface PreviewLimits {
  /** The part of a sentence that names what takes too long: `To preview these rules` */
  readonly what: string;
  readonly todo: string;
  /** What `overloaded` says; that others decide about owners unless given. */
  readonly busy?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does work in a transaction that is rolled back, each statement of which has ten seconds.
 * @throws ArcadiaError what the work throws; too_costly; overloaded: somebody else decides about owners or derives them
 */
export function previewing<Result>(
  db: Database,
  limits: PreviewLimits,
  work: (trx: UnitOfWork) => Promise<Result>,
): Promise<Result> {
  return unlessBusy(() => inTime(limits, (limited) => rolledBack(db, limited), waitingLittle(work)), limits.busy);
}

/**
 * The same where each statement sees things as they are by then: for work that waits for what others change all the time, and
 * could not go on as of an instant before.
 */
export function previewingLive<Result>(
  db: Database,
  limits: PreviewLimits,
  work: (trx: UnitOfWork) => Promise<Result>,
): Promise<Result> {
  const begin = (limited: (trx: UnitOfWork) => Promise<Result>) =>
    db.transaction().execute((trx) => rolledBackWithin(trx, limited));
  return unlessBusy(() => inTime(limits, begin, waitingLittle(work)), limits.busy);
}

/** The work, which waits for others' locks for a while and then gives up. */
function waitingLittle<Result>(work: (trx: UnitOfWork) => Promise<Result>): (trx: UnitOfWork) => Promise<Result> {
  return async (trx) => {
    await limitWaiting(trx, waitingMsMax);
    return work(trx);
  };
}

async function unlessBusy<Result>(
  work: () => Promise<Result>,
  busy = 'Owners are being derived or decided about just now.',
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!hasState(error, '55P03')) throw error;
    throw new ArcadiaError('overloaded', busy, { cause: error });
  }
}

async function inTime<Result>(
  { what, todo, signal }: PreviewLimits,
  begin: (limited: (trx: UnitOfWork) => Promise<Result>) => Promise<Result>,
  work: (trx: UnitOfWork) => Promise<Result>,
): Promise<Result> {
  try {
    return await begin(async (trx) => {
      await limitStatements(trx, statementMsMax);
      return work(trx);
    });
  } catch (error) {
    if (!hasState(error, '57014') || signal?.aborted === true) throw error;
    const message = `${what} takes longer than ${statementMsMax / 1_000} s a step.`;
    throw new ArcadiaError('too_costly', message, { cause: error, todo });
  }
}

interface Look extends Pick<PreviewLimits, 'signal'> {
  readonly now: Temporal.Instant;
  /** Sees what the change would do, and throws where it is not to be made. */
  readonly look: ((trx: UnitOfWork, move: StagedMove<unknown>) => Promise<void>) | null;
}

/**
 * Makes a change in a transaction; with `look`, after a look at what it would do, which nobody else's decision can come
 * between.
 *
 * Errors: what the change or the look throws; too_costly; overloaded.
 */
export function changeAfterLook<Made>(
  db: Database,
  change: (trx: UnitOfWork) => Promise<Made>,
  { look, now, signal }: Look,
): Promise<Made> {
  const limits = { what: 'To look whether the preview still holds', todo: 'Decide about fewer at a time.', signal };
  const looking = async (trx: UnitOfWork, sees: NonNullable<Look['look']>) => {
    await limitWaiting(trx, waitingMsMax);
    // As in a preview, whose change locks what is decided after it: neither waits for the other in a circle.
    await lockAttributions(trx);
    await lockDecisions(trx);
    await inTime(
      limits,
      (limited) => rolledBackWithin(trx, limited),
      async (nested) => sees(nested, await stageMove(nested, change, now, { limit: 0 })),
    );
  };
  return unlessBusy(() =>
    db.transaction().execute(async (trx) => {
      if (look !== null) await looking(trx, look);
      return change(trx);
    }),
  );
}

interface PreviewPage {
  readonly limit?: number;
  readonly offset?: number;
}
