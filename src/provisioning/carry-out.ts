import type { Act, Effect, Look, MadeKind, Markers, Specs } from '../cloud/index.ts';
import { type Attempt, Held, requestIdOf, type Step } from './attempt.ts';
import { afterSend, newStep, nextMove, nothingObserved, type Observed, type StepRecord } from './create-step.ts';
import {
  afterEffectSend,
  type EffectRecord,
  nextEffectMove,
  nothingSeen,
  type ObservedEffect,
  shutdownSeconds,
} from './effect-step.ts';
import type { StepWork } from './proposal-document.ts';
import {
  afterFirstRefusal,
  afterSending,
  type History,
  type NoteRecord,
  type Stored,
  type UndoRecord,
} from './records.ts';
import { noteDown } from './note-down.ts';
import { assertUnprotected } from './protection.ts';

/** How often a thing that came to nothing is tried under another mark. */
const RENEWALS_MAX = 3;

const underWay: Look = { is: 'there', status: 'new', locked: true, address: null };

type Creation = Extract<StepWork, { do: 'create' }>;

/**
 * Carries a step out as far as can be done now.
 * @param mode `following`: nothing is sent any more, and what is under way is followed to its end
 * @throws SnoozeJob; Held; Overtaken; what asking the provider throws
 */
export async function carryOut(attempt: Attempt, step: Step, mode: 'running' | 'following'): Promise<void> {
  const { work } = step.proposed;
  attempt.parts.report(step.key);
  if (!(await attempt.learn(step))) throw new Held(`${step.key}: what it needs the address of is gone`);
  switch (work.do) {
    case 'create':
      return create(attempt, step, work, mode);
    case 'act': {
      const act = attempt.resolve<Act>(step, work.act);
      return effectOfStep(attempt, step, mode, actOf(attempt, act));
    }
    case 'destroy':
      if (mode === 'running') await assertUnprotected(attempt, work.kind, work.externalId);
      return effectOfStep(attempt, step, mode, destructionOf(attempt, work.kind, work.externalId));
    case 'record':
      if (mode === 'following') return;
      await noteDown(attempt, step, work);
      await attempt.keep(step, {
        record: { state: 'done', history: step.record.history } satisfies Stored<NoteRecord>,
      });
  }
}

/** Creates one thing at most once: see create-step.ts. */
async function create(attempt: Attempt, begun: Step, work: Creation, mode: 'running' | 'following'): Promise<void> {
  const { signal } = attempt.parts;
  const { kind } = work;
  let step = begun;
  let observed: Observed = nothingObserved;
  for (;;) {
    const record = step.record as Stored<StepRecord>;
    const now = await attempt.now();
    const move = nextMove(record, observed, now, work.mayAdopt);
    switch (move.do) {
      case 'find': {
        const marker = attempt.resolve<Markers[MadeKind]>(step, work.marker);
        observed = {
          ...observed,
          found: { askedAt: now, things: await attempt.provisioner.find(kind, marker, signal) },
        };
        break;
      }
      case 'look': {
        const { externalId, actionId } = move;
        const action = actionId === null ? null : await attempt.provisioner.action(actionId, signal);
        // What is in progress is not ready, whatever it shows.
        const isUnderWay = action === 'in-progress';
        const look = isUnderWay ? underWay : await attempt.provisioner.look(kind, externalId, signal);
        observed = { ...observed, look, action };
        break;
      }
      case 'wait':
        return attempt.wait(move.seconds, `${step.key}: looked at again`);
      case 'send':
        if (mode === 'following') {
          const reason = 'it was cancelled, and nothing has come of it';
          await keepCreation(attempt, step, { state: 'failed', reason, renewable: true });
          return;
        }
        step = await send(attempt, step, work, move.record);
        observed = nothingObserved;
        break;
      case 'keep':
        step = await keepCreation(attempt, step, move.record);
        observed = nothingObserved;
        if (move.record.state === 'failed' && move.record.renewable && mode === 'running')
          step = await renew(attempt, step, move.record.reason);
        break;
      case 'end':
        return;
    }
  }
}

async function send(attempt: Attempt, step: Step, work: Creation, intent: StepRecord & { state: 'intended' }) {
  const spec = attempt.resolve<Specs[MadeKind]>(step, work.spec);
  const history = afterSending(step.record.history);
  const intended = await attempt.intend(step, { record: { ...intent, history } }, 'running');
  const sent = await attempt.provisioner.create(work.kind, spec, intended.window);
  await attempt.flush(requestIdOf(sent));
  const record = afterSend(intent, sent, await attempt.now());
  return keepCreation(attempt, intended.step, record, isRefusal(intent, record) ? afterFirstRefusal(history) : history);
}

/** Whether an answer has ended the first attempt for good. */
function isRefusal({ attempt }: { readonly attempt: number }, { state }: { readonly state: string }): boolean {
  return attempt === 1 && (state === 'held' || state === 'failed');
}

/** What is accepted is known by its id from now on, whatever becomes of the record. */
async function keepCreation(
  attempt: Attempt,
  step: Step,
  record: StepRecord,
  history: History = step.record.history,
): Promise<Step> {
  const known =
    record.state === 'accepted' || record.state === 'done'
      ? { externalId: record.externalId, adopted: record.adopted }
      : record.state === 'failed'
        ? { externalId: null, adopted: false }
        : {};
  return attempt.keep(step, { record: { ...record, history }, ...known });
}

async function renew(attempt: Attempt, step: Step, reason: string): Promise<Step> {
  const { formerMarks } = step.record.history;
  if (formerMarks.length >= RENEWALS_MAX) throw new Held(`${reason}, ${formerMarks.length + 1} times`);
  attempt.parts.log.warn({ step: step.key, reason }, 'a step of a rollout is tried anew under another mark');
  return attempt.keep(step, {
    mark: crypto.randomUUID(),
    record: { ...newStep, history: { sentOnce: false, formerMarks: [...formerMarks, step.mark], sizeBefore: null } },
  });
}

/** Something that is done to what is there. */
interface Doing {
  readonly contentAfterSeconds: number | null;
  look(signal: AbortSignal): Promise<Effect>;
  send(window: Parameters<Attempt['provisioner']['act']>[1]): ReturnType<Attempt['provisioner']['act']>;
}

export function actOf(attempt: Attempt, act: Act): Doing {
  return {
    contentAfterSeconds: act.do === 'shutdown' ? shutdownSeconds : null,
    look: (signal) => attempt.provisioner.effect(act, signal),
    send: (window) => attempt.provisioner.act(act, window),
  };
}

export function destructionOf(attempt: Attempt, kind: MadeKind, externalId: string): Doing {
  return {
    contentAfterSeconds: null,
    async look(signal) {
      const look = await attempt.provisioner.look(kind, externalId, signal);
      const locked = look.is === 'there' && look.locked;
      return { is: 'there', reached: look.is === 'absent', locked, made: null, size: null };
    },
    send: (window) => attempt.provisioner.destroy(kind, externalId, window),
  };
}

function effectOfStep(attempt: Attempt, step: Step, mode: 'running' | 'following', doing: Doing): Promise<void> {
  return bringAbout(attempt, step, doing, {
    mode,
    recordOf: (of) => of.record as Stored<EffectRecord>,
    change(of, record, was) {
      const made = record.state === 'done' ? record.made : null;
      let { history } = of.record;
      if (record.state === 'intended') history = afterSending(history, record.sizeBefore);
      else if (was !== null && isRefusal(was, record)) history = afterFirstRefusal(history);
      return {
        record: { ...record, history },
        ...(made !== null && { externalId: made }),
      };
    },
    state: 'running',
  });
}

interface Keeping {
  readonly mode: 'running' | 'following';
  /** In which the rollout has to be for something to be sent. */
  readonly state: 'running' | 'undoing';
  recordOf(step: Step): EffectRecord;
  /** @param was the intent that an answer has made the record of; null: no answer has */
  change(
    step: Step,
    record: EffectRecord,
    was: { readonly attempt: number } | null,
  ): { record?: Step['record']; externalId?: string; undo?: UndoRecord };
  /** Right before it is sent. Throws Held. */
  check?(): Promise<void>;
}

/** Does one thing once, and waits until it shows: see effect-step.ts. */
export async function bringAbout(attempt: Attempt, begun: Step, doing: Doing, keeping: Keeping): Promise<void> {
  const { signal } = attempt.parts;
  let step = begun;
  let observed: ObservedEffect = nothingSeen;
  for (;;) {
    const now = await attempt.now();
    const move = nextEffectMove(keeping.recordOf(step), observed, now, doing);
    switch (move.do) {
      case 'look': {
        const action = move.actionId === null ? null : await attempt.provisioner.action(move.actionId, signal);
        observed = { effect: { askedAt: now, is: await doing.look(signal) }, action };
        break;
      }
      case 'wait':
        return attempt.wait(move.seconds, `${step.key}: ${move.why}`);
      case 'send': {
        if (keeping.mode === 'following') {
          const reason = 'it was cancelled, and nothing has come of it';
          await attempt.keep(step, keeping.change(step, { state: 'failed', reason }, null));
          return;
        }
        await keeping.check?.();
        const intended = await attempt.intend(step, keeping.change(step, move.record, null), keeping.state);
        const sent = await doing.send(intended.window);
        await attempt.flush(requestIdOf(sent));
        const record = afterEffectSend(move.record, sent, await attempt.now());
        step = await attempt.keep(intended.step, keeping.change(intended.step, record, move.record));
        observed = nothingSeen;
        break;
      }
      case 'keep':
        step = await attempt.keep(step, keeping.change(step, move.record, null));
        observed = nothingSeen;
        break;
      case 'end':
        return;
    }
  }
}

/** Whether a step has come to where nothing more is done about it. */
export function isAtRest({ record }: Step): boolean {
  return record.state === 'done' || record.state === 'failed' || record.state === 'held';
}
