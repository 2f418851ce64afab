import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import type { OperationCall, Role } from '../platform/declare/operation.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { newStep } from './create-step.ts';
import { newEffect } from './effect-step.ts';
import { openProposal } from './proposals.ts';
import { selectProposal } from './proposals.store.ts';
import { decodeStep, decodeUndo } from './records.ts';
import { rolloutEnded, rolloutUnderWay } from './rollout-errors.ts';
import { runRolloutJob } from './rollout-jobs.ts';
import {
  countRequests,
  insertRollout,
  insertSteps,
  isPlaceTaken,
  lockPlace,
  lockRollout,
  type RolloutRow,
  type RolloutState,
  type StepRow,
  selectLaterRollout,
  selectRolloutOf,
  selectRollouts,
  selectSteps,
  selectUnended,
  updateRollout,
  updateStep,
  updateUndoBy,
} from './rollouts.store.ts';

/** Who begins, and with what. */
export interface Beginning {
  readonly trx: UnitOfWork;
  readonly enqueue: OperationCall['enqueue'];
  readonly secretKey: SecretKey;
  /** The principal's subject. */
  readonly by: string;
  readonly now: Temporal.Instant;
  /** How many persons must have approved the proposal; one unless given. */
  readonly approvalsNeeded?: number;
}

/**
 * Begins the rollout of a proposal, once: begun again it is the same one. Whether the proposal is fresh has been found out
 * before. One of a deployment at a time: what two were proposed from is no more so once one of them has begun.
 * @param hash whole
 * @returns `begun` false: there was one already
 * @throws ArcadiaError as `openProposal` does; rollout_under_way: another one of the deployment has not ended
 */
export async function beginRollout(
  { trx, enqueue, secretKey, by, now, approvalsNeeded = 1 }: Beginning,
  hash: string,
): Promise<{ readonly rolloutId: number; readonly begun: boolean }> {
  const proposal = await openProposal(trx, hash, { secretKey, now, approvalsNeeded });
  await lockPlace(trx, proposal.accountId);
  const earlier = await selectRolloutOf(trx, proposal.proposalId);
  if (earlier !== undefined) return { rolloutId: earlier, begun: false };
  const { deployment } = proposal.document;
  const another = await selectUnended(trx, deployment);
  if (another !== undefined)
    throw rolloutUnderWay(`Rollout ${another.rolloutId} of ${deployment} is ${another.state}.`, {
      next: { operation: 'rollout show', arguments: { rollout: another.rolloutId } },
    });
  const made = await insertRollout(trx, proposal, by, now);
  const keys = proposal.document.steps.map(({ key }) => key);
  await insertSteps(trx, made, keys, newStep, now);
  await enqueue(trx, runRolloutJob, { rollout: made });
  return { rolloutId: made, begun: true };
}

/** Throws not_found. */
export async function getRollout(db: Queryable, rolloutId: number): Promise<RolloutRow> {
  const [rollout] = await selectRollouts(db, { rolloutId });
  if (rollout === undefined) throw notFound('rollout', String(rolloutId));
  return rollout;
}

/** The newest first. */
export function listRollouts(db: Queryable): Promise<RolloutRow[]> {
  return selectRollouts(db);
}

/** A step as people are shown it. */
interface ShownStep {
  readonly key: string;
  /** What it does, in words. */
  readonly says: string;
  readonly state: string;
  readonly reason: string | null;
  readonly externalId: string | null;
  readonly adopted: boolean;
  readonly undo: string | null;
  readonly changedAt: Temporal.Instant;
}

/** One rollout with its steps, and how much was asked of the provider. Throws not_found. */
export async function showRollout(
  db: Queryable,
  rolloutId: number,
): Promise<{
  readonly rollout: RolloutRow;
  readonly steps: readonly ShownStep[];
  readonly requests: number;
  readonly writes: number;
}> {
  const rollout = await getRollout(db, rolloutId);
  const proposal = await selectProposal(db, { proposalId: rollout.proposalId });
  const says = new Map(proposal?.document.steps.map((step) => [step.key, step.says]));
  const steps = (await selectSteps(db, rolloutId)).map(
    ({ key, state, record, externalId, adopted, undo, changedAt }) => ({
      key,
      says: says.get(key) ?? key,
      state,
      reason: reasonOf(undo) ?? reasonOf(record),
      externalId,
      adopted,
      undo: decodeUndo(undo)?.state ?? null,
      changedAt,
    }),
  );
  return { rollout, steps, ...(await countRequests(db, rolloutId)) };
}

function reasonOf(record: unknown): string | null {
  return (record as { readonly reason?: string } | null)?.reason ?? null;
}

/** Who decides about a rollout. */
export type Deciding = Pick<Beginning, 'trx' | 'enqueue' | 'now'>;

/**
 * Has a rollout go on that is held, or has failed: what it was held for is tried anew.
 * @throws ArcadiaError not_found; forbidden: it destroys, and they are no owner; rollout_under_way: it, or another one of the
 *   account, is; rollout_ended: it is at its end, or a later one of the deployment has begun
 */
export async function resumeRollout(deciding: Deciding & { readonly role: Role }, rolloutId: number): Promise<void> {
  const { trx, now, role } = deciding;
  const { purpose } = await decideAbout(deciding, rolloutId, ['held', 'failed']);
  const steps = await selectSteps(trx, rolloutId);
  const isUndoing = steps.some(({ undo }) => undo !== null);
  if ((isUndoing || purpose === 'destroy') && role !== 'owner')
    throw new ArcadiaError('forbidden', `Rollout ${rolloutId} destroys: an owner has to have it go on.`);
  for (const step of steps) {
    if (isUndoing) await renewUndo(deciding, step);
    else if (step.state === 'held' || step.state === 'failed') await renewStep(deciding, step);
  }
  // Of what has done nothing yet it is asked again whether its proposal is fresh.
  const onward = steps.every(({ state }) => state === 'new') ? 'waiting' : 'running';
  await become(deciding, rolloutId, isUndoing ? 'undoing' : onward, now);
  await deciding.enqueue(trx, runRolloutJob, { rollout: rolloutId });
}

/**
 * Destroys what a rollout has created, the last first. What one that is done has made is in use: it is taken down by a
 * proposal, which is approved.
 * @throws ArcadiaError not_found; rollout_under_way: it, or another one of the account, is; rollout_ended: it is done, or
 *   undone, or a later one of the deployment has begun
 */
export async function undoRollout(deciding: Deciding & Pick<Beginning, 'by'>, rolloutId: number): Promise<void> {
  const { trx, now, by } = deciding;
  await decideAbout(deciding, rolloutId, ['held', 'failed', 'cancelled']);
  for (const step of await selectSteps(trx, rolloutId)) await renewUndo(deciding, step);
  await updateUndoBy(trx, rolloutId, by);
  await become(deciding, rolloutId, 'undoing', now);
  await deciding.enqueue(trx, runRolloutJob, { rollout: rolloutId });
}

/**
 * Has nothing more sent for a rollout: what is under way is followed to its end. What it has made stays, and can be undone.
 * @throws ArcadiaError not_found; rollout_ended
 */
export async function cancelRollout(deciding: Deciding, rolloutId: number): Promise<void> {
  const { trx, now } = deciding;
  const current = await lockRollout(trx, rolloutId);
  if (current === undefined) throw notFound('rollout', String(rolloutId));
  if (current.endedAt !== null) throw rolloutEnded(`Rollout ${rolloutId} has ended: it is ${current.state}.`);
  if (current.state === 'cancelled') return;
  const reason = current.state === 'undoing' ? 'its undoing was cancelled' : null;
  await updateRollout(trx, rolloutId, { state: 'cancelled', reason, endedAt: null }, now);
  await deciding.enqueue(trx, runRolloutJob, { rollout: rolloutId });
}

/** Locks a rollout that is at rest in one of these states, and the place of its account. */
async function decideAbout({ trx }: Deciding, rolloutId: number, states: readonly RolloutState[]): Promise<RolloutRow> {
  const rollout = await getRollout(trx, rolloutId);
  const { accountId, deployment } = rollout;
  await lockPlace(trx, accountId);
  const current = await lockRollout(trx, rolloutId);
  if (current === undefined) throw notFound('rollout', String(rolloutId));
  const { state, endedAt } = current;
  const isAtRest = endedAt !== null || state === 'held';
  if (!isAtRest) throw rolloutUnderWay(`Rollout ${rolloutId} is ${state}.`);
  if (!states.includes(state)) {
    const next = { operation: 'proposal destroy', arguments: { deployment } };
    throw rolloutEnded(`Rollout ${rolloutId} is ${state}.`, state === 'done' ? { next } : {});
  }
  const later = await selectLaterRollout(trx, rolloutId, deployment);
  if (later !== undefined)
    throw rolloutEnded(
      `Rollout ${later} of ${deployment} has begun after rollout ${rolloutId}: propose what is missing.`,
      {
        next: { operation: 'rollout show', arguments: { rollout: later } },
      },
    );
  if (await isPlaceTaken(trx, accountId, rolloutId))
    throw rolloutUnderWay('Another rollout of the account is under way.');
  return rollout;
}

async function become({ trx }: Deciding, rolloutId: number, state: RolloutState, now: Temporal.Instant): Promise<void> {
  await updateRollout(trx, rolloutId, { state, reason: null, endedAt: null }, now);
}

/** What a step was held for is tried anew: what it may have made is looked for first, and is its own. */
async function renewStep({ trx, now }: Deciding, step: StepRow): Promise<void> {
  const { history } = decodeStep(step.record);
  const isKnown = step.externalId !== null;
  const record = isKnown
    ? { state: 'accepted', externalId: step.externalId, actionId: null, acceptedAt: now, adopted: step.adopted }
    : { ...newStep, busySince: null, sizeBefore: history.sizeBefore, attempt: history.sentOnce ? 1 : 0 };
  const renewed = { ...step, state: record.state, record: { ...record, history }, undo: null };
  await updateStep(trx, step.stepId, renewed, now);
}

/** An undoing begins, or is tried anew; one that is over stays so. */
async function renewUndo({ trx, now }: Deciding, step: StepRow): Promise<void> {
  if (decodeUndo(step.undo)?.state === 'done') return;
  await updateStep(trx, step.stepId, { ...step, record: step.record as object, undo: newEffect }, now);
}
