import type { Act, MadeKind, Markers } from '../cloud/index.ts';
import { type Attempt, Held, type Step } from './attempt.ts';
import { actOf, bringAbout, carryOut, destructionOf, isAtRest } from './carry-out.ts';
import { idsNamed } from './deferred.ts';
import { newEffect } from './effect-step.ts';
import { endAll, unprotect } from './note-down.ts';
import type { StepWork } from './proposal-document.ts';
import { protectionOf } from './protection.ts';
import type { UndoRecord } from './records.ts';

type Creation = Extract<StepWork, { do: 'create' }>;

/** What is not destroyed, and why. */
interface Stay {
  readonly key: string;
  readonly reason: string;
}

/** What an undoing leaves there. */
export function stays(steps: readonly Step[]): readonly Stay[] {
  return steps.flatMap(({ key, undo }) => (undo?.state === 'stays' ? [{ key, reason: undo.reason }] : []));
}

/**
 * Undoes the last step that is not undone yet, as far as can be done now.
 * @returns false: all are
 */
export async function undoNext(attempt: Attempt): Promise<boolean> {
  const step = attempt.steps.findLast(({ undo }) => undo?.state !== 'done' && undo?.state !== 'stays');
  if (step === undefined) return false;
  attempt.parts.report(`undo of ${step.key}`);
  await undoStep(attempt, step);
  const undone = attempt.steps.find(({ stepId }) => stepId === step.stepId)?.undo;
  if (undone?.state === 'held' || undone?.state === 'failed') throw new Held(`undo of ${step.key}: ${undone.reason}`);
  return true;
}

const over: UndoRecord = { state: 'done', made: null, sent: false, sizeBefore: null };

async function undoStep(attempt: Attempt, step: Step): Promise<void> {
  const { work, undo } = step.proposed;
  if (work.do === 'record') {
    if (step.record.state === 'done') {
      if (work.what === 'deployment') await endAll(attempt, subscribedFrom(attempt));
      // What may hold data stays protected.
      const mayBeInUse = idsNamed(work).some((key) => mayHoldData(attempt, key));
      if (work.what === 'protection' && !mayBeInUse) await unprotect(attempt, step, work);
    }
    await attempt.keep(step, { undo: over });
    return;
  }
  // What may have been sent is followed to its end first: what it made has to be known by its id.
  if (!isAtRest(step) && step.record.history.sentOnce) {
    await carryOut(attempt, step, 'following');
    return;
  }
  if (undo === 'destroy' && work.do === 'create' && step.externalId !== null) return destroy(attempt, step, work);
  if (undo === 'reverse' && work.do === 'act' && wasSent(step)) return turnBack(attempt, step);
  await attempt.keep(step, { undo: over });
}

/** Whether the rollout has, or may have, brought about what a step does: not somebody before it. */
function wasSent({ record }: Step): boolean {
  return record.history.sentOnce;
}

/** What it is about being gone, there is nothing to turn back; what the provider refuses stays as it is. */
async function turnBack(attempt: Attempt, step: Step): Promise<void> {
  const reversed = reverse(attempt, step);
  if (reversed === null) {
    await attempt.keep(step, { undo: { state: 'stays', reason: 'it cannot be turned back' } });
    return;
  }
  const doing = actOf(attempt, reversed);
  await bringAboutUndo(attempt, step, {
    ...doing,
    async look(signal) {
      const effect = await doing.look(signal);
      return effect.is === 'absent' ? { is: 'there', reached: true, locked: false, made: null, size: null } : effect;
    },
  });
  const undone = attempt.steps.find(({ stepId }) => stepId === step.stepId) ?? step;
  if (undone.undo?.state === 'failed')
    await attempt.keep(undone, { undo: { state: 'stays', reason: undone.undo.reason } });
}

/** From when on the rollout has put the deployment on a plan; null: it has not. */
function subscribedFrom({ steps }: Attempt): string | null {
  for (const { proposed, record } of steps) {
    const { work } = proposed;
    if (work.do === 'record' && work.what === 'subscription' && record.state === 'done') return work.from;
  }
  return null;
}

/** Destroys what a step created: what it adopted, what is protected, and what may hold data stays. */
async function destroy(attempt: Attempt, step: Step, work: Creation): Promise<void> {
  const externalId = step.externalId as string;
  const reason = await whyItStays(attempt, step, work, externalId);
  if (reason !== null) {
    await attempt.keep(step, { undo: { state: 'stays', reason } });
    return;
  }
  const doing = destructionOf(attempt, work.kind, externalId);
  await leaving(attempt, step, async () => {
    if (await attempt.learn(step)) await bringAboutUndo(attempt, step, doing, () => assertMarked(attempt, step, work));
    // Whose address it names is gone: what is left of it is its id.
    else await bringAboutUndo(attempt, step, doing);
  });
}

/** It stays, and why. */
class Left extends Error {
  override readonly name = 'Left';
}

/** How long the provider may take to show the mark of what has just been made, and how often it is asked. */
const SHOWN = { minutes: 2 };
const SHOWN_SECONDS = 15;

/** Throws Left where what a step created does not carry its mark any more: somebody else has made use of it. */
async function assertMarked(attempt: Attempt, step: Step, work: Creation): Promise<void> {
  const marker = attempt.resolve<Markers[MadeKind]>(step, work.marker);
  const things = await attempt.provisioner.find(work.kind, marker, attempt.parts.signal);
  const own = things.find((thing) => thing.externalId === step.externalId);
  if (own !== undefined && own.marked !== 'no') return;
  const until = step.changedAt.add(SHOWN);
  if (Temporal.Instant.compare(await attempt.now(), until) < 0)
    await attempt.wait(SHOWN_SECONDS, `undo of ${step.key}: its mark does not show`);
  throw new Left(`${step.externalId} does not carry the mark any more`);
}

async function leaving(attempt: Attempt, step: Step, undoing: () => Promise<void>): Promise<void> {
  try {
    await undoing();
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    await attempt.keep(step, { undo: { state: 'stays', reason: error.message } });
  }
}

async function whyItStays(attempt: Attempt, step: Step, work: Creation, externalId: string): Promise<string | null> {
  if (hasBegun(step.undo)) return null;
  if (step.adopted) return 'it was there before';
  const protection = await protectionOf(attempt, work.kind, externalId);
  if (protection !== null) return `it is protected: ${protection}`;
  if (work.kind === 'volume' && mayHoldData(attempt, step.key)) return 'it was in use, and may hold data';
  const held = stays(attempt.steps).filter(({ key }) => isInside(attempt, key, step.key));
  if (held.length > 0) return `it holds ${held.map(({ key }) => key).join(', ')}`;
  return null;
}

/** Something may have been sent to undo it. */
function hasBegun(undo: UndoRecord | null): boolean {
  return undo !== null && (undo.state !== 'new' || undo.attempt > 0 || undo.busySince !== null);
}

/** How long nobody can have written to a system that is being created: it is not handed over yet. */
const EMPTY = { hours: 1 };

/** A volume that was attached to a droplet, whatever has become of the rest: somebody may have written to it. */
function mayHoldData({ steps, parts: { rollout }, lastLook }: Attempt, key: string): boolean {
  const isAttached = steps.some(({ proposed: { work }, record, externalId }) => {
    if (work.do === 'create')
      return work.kind === 'droplet' && externalId !== null && idsNamed(work.spec).includes(key);
    return work.do === 'act' && work.act.do === 'attach' && record.state === 'done' && idsNamed(work.act).includes(key);
  });
  const isNew = rollout.purpose === 'create' && Temporal.Instant.compare(rollout.begunAt.add(EMPTY), lastLook) > 0;
  return isAttached && !isNew;
}

/** Whether what stays keeps a step's project or network from going: the step is named by it, or holds all that there is. */
function isInside({ steps }: Attempt, key: string, holder: string): boolean {
  const held = steps.find((one) => one.key === key)?.proposed.work;
  const holding = steps.find((one) => one.key === holder)?.proposed.work;
  if (held?.do !== 'create' || holding?.do !== 'create' || key === holder) return false;
  return holding.kind === 'project' || idsNamed(held.spec).includes(holder);
}

/** The act that turns one back; null: there is none. */
function reverse(attempt: Attempt, step: Step): Act | null {
  const { work } = step.proposed;
  if (work.do !== 'act') return null;
  const act = attempt.resolve<Act>(step, work.act);
  const { sizeBefore } = step.record.history;
  switch (act.do) {
    case 'power_on':
      return { on: 'droplet', id: act.id, do: 'power_off' };
    case 'power_off':
    case 'shutdown':
      return { on: 'droplet', id: act.id, do: 'power_on' };
    case 'attach':
      return { ...act, do: 'detach' };
    case 'detach':
      return { ...act, do: 'attach' };
    case 'assign':
      return act.on === 'reserved_ip' ? { on: 'reserved_ip', id: act.id, do: 'unassign' } : null;
    case 'resize':
      // A disk that has grown does not shrink.
      return act.growsDisk || sizeBefore === null ? null : { ...act, size: sizeBefore };
    default:
      return null;
  }
}

async function bringAboutUndo(
  attempt: Attempt,
  step: Step,
  doing: Parameters<typeof bringAbout>[2],
  check: () => Promise<void> = async () => {},
): Promise<void> {
  await bringAbout(attempt, step, doing, {
    mode: 'running',
    state: 'undoing',
    check,
    recordOf: ({ undo }) => (undo === null || undo.state === 'stays' ? newEffect : undo),
    change: (_, record) => ({ undo: record }),
  });
}
