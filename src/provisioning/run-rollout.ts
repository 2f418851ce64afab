import { isBuiltInSimulator, openProvisioner } from '../cloud/index.ts';
import { type Account, identifyAccount, listAccounts, openAccount, openSecretKey } from '../inventory/index.ts';
import { assertClocksAgree, followSimulatedClock } from '../platform/clock.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { CancelJob, type JobRun, SnoozeJob } from '../platform/declare/job.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { Attempt, type AttemptParts, Held, Overtaken, type Step, UNANSWERED_MAX } from './attempt.ts';
import { carryOut, isAtRest } from './carry-out.ts';
import { creationsToCome } from './first-uses.ts';
import { readWriteToken } from './grants.ts';
import { getProposal, type OpenedProposal, reopenProposal } from './proposals.ts';
import { staleness } from './proposing.ts';
import { assertUnprotected } from './protection.ts';
import { decodeStep, decodeUndo } from './records.ts';
import {
  hasAnotherMoved,
  isPlaceTaken,
  lockPlace,
  lockRollout,
  type RolloutRow,
  type RolloutState,
  selectRollouts,
  selectSteps,
  updateRollout,
} from './rollouts.store.ts';
import { settleRollout } from './settle.ts';
import { stays, undoNext } from './undo.ts';

/** How long a rollout waits for another one of its account, and for a provider that does not answer. */
const PLACE_SECONDS = 15;
const UNANSWERED_SECONDS = 30;

/** What a person does not have to do anything about. */
const passing: ReadonlySet<string> = new Set([
  'provider_unreachable',
  'provider_failed',
  'provider_rate_limited',
  'clock_skewed',
  'clock_behind',
]);

/** What a job has, without what only this one's is told. */
export type RolloutRun = Pick<JobRun, 'db' | 'clock' | 'config' | 'signal' | 'log' | 'report'> & {
  /** Has the inventory read the account, in this transaction. */
  read(trx: UnitOfWork, account: string): Promise<void>;
};

/**
 * Does of a rollout what can be done now, and stores how far it has come. Killed anywhere it goes on from there.
 * @throws SnoozeJob while something is waited for; what the database says, and what ends the attempt
 */
export async function runRollout(run: RolloutRun, rolloutId: number): Promise<void> {
  const { db, clock } = run;
  const [rollout] = await selectRollouts(db, { rolloutId });
  if (rollout === undefined || rollout.endedAt !== null || rollout.state === 'held') return;
  let place = await takePlace(db, rollout, await clock.now(), rollout.begunAt);
  if (place === 'moved') {
    const askedAt = await clock.now();
    try {
      if (!(await isStillFresh(run, rollout))) return;
    } catch (error) {
      return settleError(run, rollout, error);
    }
    place = await takePlace(db, rollout, await clock.now(), askedAt);
  }
  if (place === 'taken' || place === 'moved')
    throw new SnoozeJob(PLACE_SECONDS, 'another rollout of the account is under way');
  const state = place;
  try {
    await attemptRollout(run, { ...rollout, state });
  } catch (error) {
    await settleError(run, { ...rollout, state }, error);
  }
  await db.transaction().execute((trx) => run.read(trx, rollout.account));
}

/**
 * Takes the account's place, if it is free.
 * @param freshAt when its proposal was known to be fresh
 * @returns the state in which it goes on; `taken`: another one of the account has the place; `moved`: another one has had
 *   it since its proposal was fresh
 */
async function takePlace(
  db: Database,
  { rolloutId, accountId }: RolloutRow,
  now: Temporal.Instant,
  freshAt: Temporal.Instant,
): Promise<RolloutState | 'taken' | 'moved'> {
  return db.transaction().execute(async (trx) => {
    await lockPlace(trx, accountId);
    const current = await lockRollout(trx, rolloutId);
    const state = current?.state ?? 'cancelled';
    if (state !== 'waiting') return state;
    if (await isPlaceTaken(trx, accountId, rolloutId)) return 'taken';
    if (await hasAnotherMoved(trx, accountId, rolloutId, freshAt)) return 'moved';
    await updateRollout(trx, rolloutId, { state: 'running', reason: null, endedAt: null }, now);
    return 'running';
  });
}

/** Whether what a waiting rollout was proposed from is still so; it is cancelled where it is not. */
async function isStillFresh({ db, clock, config, signal }: RolloutRun, rollout: RolloutRow): Promise<boolean> {
  const { rolloutId, hash } = rollout;
  const secretKey = await openSecretKey(db, config);
  const now = await clock.now();
  const changed = await staleness({ db, secretKey, signal }, await getProposal(db, hash), now);
  if (changed.length === 0) return true;
  await db.transaction().execute(async (trx) => {
    const current = await lockRollout(trx, rolloutId);
    if (current?.state !== 'waiting') return;
    const reason = `its proposal has become stale while it waited: ${changed.join('; ')}`;
    await settleRollout(trx, rollout, { state: 'cancelled', reason }, now);
  });
  return false;
}

async function attemptRollout(run: RolloutRun, rollout: RolloutRow): Promise<void> {
  await withAttempt(run, rollout, (attempt) => goOn(attempt, rollout.state));
}

/**
 * Opens what an attempt at a rollout needs, and closes it again.
 * @throws ArcadiaError write_not_granted; secret_unreadable; clock_skewed; what asking the provider throws
 */
export async function withAttempt(
  run: Omit<RolloutRun, 'read'>,
  rollout: RolloutRow,
  work: (attempt: Attempt) => Promise<void>,
): Promise<void> {
  const { db, clock, config, signal, log, report } = run;
  const secretKey = await openSecretKey(db, config);
  const account = await accountOf(db, rollout);
  const token = await readWriteToken(db, account, secretKey);
  await catchUp(run, account, secretKey);
  const proposal = await reopenProposal(db, rollout.proposalId, secretKey);
  const steps = await readSteps(db, rollout, proposal);
  const parts: AttemptParts = { db, clock, signal, log, rollout, proposal, account, secretKey, steps, report };
  const now = await clock.now();
  const attempt = new Attempt(parts, now);
  const { provisioner, close } = await openProvisioner({
    token,
    apiUrl: account.apiUrl,
    onRequest: attempt.note,
    ...(account.simulated && { simulatedAt: now }),
  });
  attempt.use(provisioner);
  try {
    await work(attempt);
  } finally {
    try {
      await attempt.flush();
    } finally {
      await close();
    }
  }
}

async function accountOf(db: Database, { account: slug }: RolloutRow): Promise<Account> {
  const account = (await listAccounts(db)).find((one) => one.slug === slug);
  if (account === undefined) throw new Held(`account ${slug} is not there`);
  return account;
}

/** A clock that is off dates everything wrong; a simulator's, which others move, is the clock of all. */
async function catchUp(
  { db, clock, signal }: Omit<RolloutRun, 'read'>,
  account: Account,
  secretKey: SecretKey,
): Promise<void> {
  await assertClocksAgree(db);
  if (!account.simulated || isBuiltInSimulator(account.apiUrl)) return;
  const provider = await openAccount(db, account, secretKey);
  try {
    const { simulatedAt } = await identifyAccount(account, provider, await clock.now(), signal);
    if (simulatedAt !== null) await followSimulatedClock(db, simulatedAt);
  } finally {
    await provider.close();
  }
}

async function readSteps(db: Database, { rolloutId }: RolloutRow, { document }: OpenedProposal): Promise<Step[]> {
  const proposed = new Map(document.steps.map((step) => [step.key, step]));
  return (await selectSteps(db, rolloutId)).map((row) => {
    const step = proposed.get(row.key);
    if (step === undefined) throw new RangeError(`step ${row.key} is not in the proposal`);
    return { ...row, proposed: step, record: decodeStep(row.record), undo: decodeUndo(row.undo) };
  });
}

async function goOn(attempt: Attempt, state: RolloutState): Promise<void> {
  if (state === 'undoing') return undoAll(attempt);
  if (state === 'cancelled') return followToEnd(attempt);
  await assertNothingProtected(attempt);
  for (;;) {
    const step = attempt.steps.find(({ record }) => record.state !== 'done');
    if (step === undefined) return attempt.settle('running', 'done', null);
    await assertAllowed(attempt, step);
    await carryOut(attempt, step, 'running').catch((error: unknown) => {
      throw refusalOf(step, error);
    });
    const { record } = attempt.steps.find(({ stepId }) => stepId === step.stepId) ?? step;
    const reason = `${step.key}: ${(record as { reason?: string }).reason ?? ''}`;
    if (record.state === 'held') throw new Held(reason);
    if (record.state === 'failed') return attempt.settle('running', 'failed', reason);
  }
}

/** What no time mends is held, and names the step. */
function refusalOf({ key }: Step, error: unknown): unknown {
  return error instanceof ArcadiaError && !passing.has(error.code) ? new Held(`${key}: ${error.message}`) : error;
}

/** Of what is destroyed at the end nothing may be protected: half of a system is no use to anybody. */
async function assertNothingProtected(attempt: Attempt): Promise<void> {
  for (const { proposed, record } of attempt.steps) {
    const { work } = proposed;
    if (work.do === 'destroy' && record.state !== 'done') await assertUnprotected(attempt, work.kind, work.externalId);
  }
}

/** Before the first thing that costs: what comes later must not fail for want of a scope. */
async function assertAllowed(attempt: Attempt, step: Step): Promise<void> {
  const kinds = creationsToCome(attempt.steps, step);
  const lacking: string[] = [];
  for (const kind of kinds) {
    const answer = await attempt.provisioner.mayCreate(kind, attempt.parts.signal);
    if (!answer.granted) lacking.push(answer.scope);
  }
  await attempt.flush();
  if (lacking.length > 0) throw new Held(`${step.key}: the write token lacks ${lacking.join(', ')}`);
}

async function undoAll(attempt: Attempt): Promise<void> {
  while (await undoNext(attempt));
  const left = stays(attempt.steps).map(({ key, reason }) => `${key} stays: ${reason}`);
  await attempt.settle('undoing', 'undone', left.length === 0 ? null : left.join('; '));
}

/** Nothing is sent any more; what was sent is followed until it is known what came of it. */
async function followToEnd(attempt: Attempt): Promise<void> {
  for (const step of attempt.steps) {
    if (!isAtRest(step) && step.record.history.sentOnce) await carryOut(attempt, step, 'following');
  }
  await attempt.settle('cancelled', 'cancelled', null);
}

/** An error never loses a rollout: it waits for what passes, and else for a person. */
async function settleError(run: RolloutRun, rollout: RolloutRow, error: unknown): Promise<void> {
  const { signal, log } = run;
  // What a worker that stops, or lost its lease, threw is the consequence of that.
  signal.throwIfAborted();
  if (error instanceof SnoozeJob) throw error;
  if (error instanceof Overtaken) throw new SnoozeJob(0, error.message);
  if (error instanceof Held) return hold(run, rollout, error.message);
  if (error instanceof ArcadiaError && passing.has(error.code)) {
    const now = await run.clock.now();
    const [current] = await selectRollouts(run.db, { rolloutId: rollout.rolloutId });
    const since = current?.changedAt ?? now;
    if (Temporal.Instant.compare(since.add(UNANSWERED_MAX), now) < 0) return hold(run, rollout, error.message);
    throw new SnoozeJob(UNANSWERED_SECONDS, error.message);
  }
  if (error instanceof ArcadiaError || error instanceof RangeError || error instanceof CancelJob) {
    log.warn({ err: error, rollout: rollout.rolloutId }, 'a rollout is held');
    return hold(run, rollout, error.message);
  }
  throw error;
}

async function hold({ db, clock }: RolloutRun, rollout: RolloutRow, reason: string): Promise<void> {
  const { rolloutId, state } = rollout;
  const now = await clock.now();
  await db.transaction().execute(async (trx) => {
    const current = await lockRollout(trx, rolloutId);
    // Whoever has cancelled it is not waited for again: what is under way is shown as it was last known.
    if (current?.state !== state || current.endedAt !== null) return;
    await settleRollout(trx, rollout, { state: state === 'cancelled' ? 'cancelled' : 'held', reason }, now);
  });
}
