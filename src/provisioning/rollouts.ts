import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { referToJob } from '../platform/declare/job.ts';
import type { OperationCall } from '../platform/declare/operation.ts';
import { notFound } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { newStep } from './create-step.ts';
import { openProposal } from './proposals.ts';
import { insertRollout, insertSteps, type RolloutRow, selectRolloutOf, selectRollouts } from './rollouts.store.ts';

const runRolloutJob = referToJob('run_rollout');

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
 * before.
 * @param hash whole
 * @returns `begun` false: there was one already
 * @throws ArcadiaError as `openProposal` does
 */
export async function beginRollout(
  { trx, enqueue, secretKey, by, now, approvalsNeeded = 1 }: Beginning,
  hash: string,
): Promise<{ readonly rolloutId: number; readonly begun: boolean }> {
  const proposal = await openProposal(trx, hash, { secretKey, now, approvalsNeeded });
  const made = await insertRollout(trx, proposal, by, now);
  if (made === null) {
    const rolloutId = await selectRolloutOf(trx, proposal.proposalId);
    if (rolloutId === undefined) throw notFound('rollout of proposal', hash);
    return { rolloutId, begun: false };
  }
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
