import type { MadeKind, Markers } from '../cloud/index.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { Attempt, Step } from './attempt.ts';
import { type RolloutRun, withAttempt } from './run-rollout.ts';
import {
  rewriteExtras,
  type RolloutRow,
  selectExtras,
  selectRecentRollouts,
  selectRollouts,
} from './rollouts.store.ts';

/** How long after its last change a rollout is looked at, and how many are each time. */
const LOOKED_AT = { hours: 48 };
const ROLLOUTS_MAX = 50;

/**
 * Looks for the mark of each step that has created something in the last two days: what carries it beside what the step
 * knows was made twice. A provider that does not answer, and an account whose grant is revoked, are passed over.
 * @returns how many extras there are in all, and the rollouts that are under way
 */
export async function sweepMarkers(
  run: Omit<RolloutRun, 'read'>,
): Promise<{ readonly extras: number; readonly underWay: readonly number[] }> {
  const { db, clock, log } = run;
  const since = (await clock.now()).subtract(LOOKED_AT);
  for (const rolloutId of await selectRecentRollouts(db, since, ROLLOUTS_MAX)) {
    run.signal.throwIfAborted();
    const [rollout] = await selectRollouts(db, { rolloutId });
    if (rollout === undefined || rollout.purpose === 'destroy') continue;
    try {
      await sweepRollout(run, rollout);
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      log.warn({ err: error, rollout: rolloutId }, 'the marks of a rollout could not be looked for');
    }
  }
  const underWay = (await selectRollouts(db, { underWay: true })).filter(({ state }) => state !== 'held');
  return { extras: (await selectExtras(db)).length, underWay: underWay.map(({ rolloutId }) => rolloutId) };
}

/** Looks for the marks of one rollout. */
async function sweepRollout(run: Omit<RolloutRun, 'read'>, rollout: RolloutRow): Promise<void> {
  await withAttempt(run, rollout, async (attempt) => {
    for (const step of attempt.steps) await sweepStep(attempt, step);
  });
}

/** What carries the mark of its step: of the other kinds anybody may have created one. */
const marking: ReadonlySet<MadeKind> = new Set([
  'project',
  'vpc',
  'firewall',
  'volume',
  'droplet',
  'load_balancer',
  'snapshot',
]);

async function sweepStep(attempt: Attempt, step: Step): Promise<void> {
  const { work } = step.proposed;
  const { state, history } = step.record;
  // What a step has just made may not be known by its id yet.
  const isSettled = state !== 'new' && state !== 'intended';
  const { sentOnce, formerMarks } = history;
  const marks = [...formerMarks, ...(sentOnce && isSettled ? [step.mark] : [])];
  if (work.do !== 'create' || !marking.has(work.kind) || step.adopted || marks.length === 0) return;
  const own = step.undo?.state === 'done' ? null : step.externalId;
  const { db, signal } = attempt.parts;
  const extras = new Set<string>();
  for (const mark of marks) {
    const marker = attempt.resolve<Markers[MadeKind]>({ ...step, mark }, work.marker);
    for (const { marked, externalId } of await attempt.provisioner.find(work.kind, marker, signal))
      if (marked === 'yes' && externalId !== own) extras.add(externalId);
  }
  const now = await attempt.now();
  await db.transaction().execute((trx) => rewriteExtras(trx, step.stepId, [...extras], now));
}
