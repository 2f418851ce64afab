import type { ActionState, Effect, Sent } from '../cloud/index.ts';
import {
  ATTEMPTS_MAX,
  LOOK_AGAIN_SECONDS,
  LOOK_SECONDS_MAX,
  LOOK_SECONDS_MIN,
  READY_SECONDS,
  SETTLE_SECONDS,
  UNSENT_MAX,
  UNSENT_SECONDS,
} from './patience.ts';

// What is done to something that is there: an act on it, or its end. What it is to bring about can be looked for, so that
// it is sent once and looked for after every answer that is not clear.

/** How long something may be locked, in use, or not empty. */
const BUSY_SECONDS_MAX = 1_800;
const BUSY_SECONDS = 10;

interface Counts {
  readonly attempt: number;
  readonly unsent: number;
  /** Since when it is locked or in use; null: it is not. */
  readonly busySince: Temporal.Instant | null;
  /** A droplet's size before anything was sent; null: it was not looked at, or has none. */
  readonly sizeBefore: string | null;
}

interface Intended extends Counts {
  readonly state: 'intended';
  readonly intentAt: Temporal.Instant;
}

/** What is stored of it. */
export type EffectRecord =
  | (Counts & { readonly state: 'new'; readonly notBefore: Temporal.Instant | null })
  | Intended
  | {
      readonly state: 'accepted';
      readonly actionId: string | null;
      readonly acceptedAt: Temporal.Instant;
      readonly sizeBefore: string | null;
    }
  | {
      readonly state: 'done';
      /** The provider's id of what it made; null: nothing. */
      readonly made: string | null;
      /** false: it was so before. */
      readonly sent: boolean;
      readonly sizeBefore: string | null;
    }
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'held'; readonly reason: string };

type Fresh = Extract<EffectRecord, { state: 'new' }>;

export const newEffect: Fresh = {
  state: 'new',
  attempt: 0,
  unsent: 0,
  busySince: null,
  sizeBefore: null,
  notBefore: null,
};

/** What has been looked at since the last move; null: not looked at. */
export interface ObservedEffect {
  readonly effect: { readonly askedAt: Temporal.Instant; readonly is: Effect } | null;
  readonly action: ActionState | null;
}

export const nothingSeen: ObservedEffect = { effect: null, action: null };

type EffectMove =
  /** Look for the effect, and for the action where there is one. */
  | { readonly do: 'look'; readonly actionId: string | null }
  | { readonly do: 'wait'; readonly seconds: number; readonly why: string }
  | { readonly do: 'send'; readonly record: Intended }
  | { readonly do: 'keep'; readonly record: EffectRecord }
  | { readonly do: 'end' };

const keep = (record: EffectRecord): EffectMove => ({ do: 'keep', record });
const hold = (reason: string): EffectMove => keep({ state: 'held', reason });
const secondsBetween = (from: Temporal.Instant, to: Temporal.Instant) => from.until(to).total('seconds');

interface Kindness {
  /** After so many seconds it is done, whether it shows or not; null: never. */
  readonly contentAfterSeconds: number | null;
}

/** A droplet that does not shut down within it is powered off. */
export const shutdownSeconds = 60;

/** What to do next. Pure: the same record, observations and instant are the same move. */
export function nextEffectMove(
  record: EffectRecord,
  observed: ObservedEffect,
  now: Temporal.Instant,
  kindness: Kindness = { contentAfterSeconds: null },
): EffectMove {
  switch (record.state) {
    case 'new':
      return beforeSending(record, observed, now);
    case 'intended':
      return afterSending(record, observed, now);
    case 'accepted':
      return untilReached(record, observed, now, kindness);
    default:
      return { do: 'end' };
  }
}

function beforeSending(record: Fresh, { effect }: ObservedEffect, now: Temporal.Instant): EffectMove {
  const { attempt, unsent, busySince, notBefore, sizeBefore } = record;
  const left = notBefore === null ? 0 : secondsBetween(now, notBefore);
  if (left > 0) return { do: 'wait', seconds: left, why: 'it is tried again' };
  if (effect === null) return { do: 'look', actionId: null };
  const { is } = effect;
  if (is.is === 'absent') return keep({ state: 'failed', reason: 'what it is about is gone' });
  if (is.reached === true) return keep({ state: 'done', made: is.made, sent: attempt > 0, sizeBefore });
  if (is.locked) return whileBusy(record, now);
  if (unsent >= UNSENT_MAX) return hold(`${unsent} attempts in a row could not be sent`);
  return {
    do: 'send',
    record: {
      state: 'intended',
      attempt: attempt + 1,
      unsent,
      busySince,
      sizeBefore: sizeBefore ?? is.size,
      intentAt: now,
    },
  };
}

/** It has another action in progress: it is asked again, and not for ever. */
function whileBusy(record: Fresh, now: Temporal.Instant): EffectMove {
  if (record.busySince === null) return keep({ ...record, busySince: now });
  if (secondsBetween(record.busySince, now) >= BUSY_SECONDS_MAX) return hold(busyTooLong('another action on it'));
  return { do: 'wait', seconds: BUSY_SECONDS, why: 'another action on it is in progress' };
}

function busyTooLong(what: string): string {
  return `${what} has kept it busy for ${BUSY_SECONDS_MAX / 60} minutes`;
}

function afterSending(record: Intended, { effect }: ObservedEffect, now: Temporal.Instant): EffectMove {
  if (effect === null) return { do: 'look', actionId: null };
  const { is, askedAt } = effect;
  if (is.is === 'absent') return keep({ state: 'failed', reason: 'what it is about is gone' });
  const { attempt, unsent, busySince, sizeBefore, intentAt } = record;
  if (is.reached === true) return keep({ state: 'done', made: is.made, sent: true, sizeBefore });
  const settled = secondsBetween(intentAt, askedAt);
  if (settled < SETTLE_SECONDS)
    return {
      do: 'wait',
      seconds: Math.min(LOOK_AGAIN_SECONDS, SETTLE_SECONDS - settled),
      why: 'its answer was unclear',
    };
  if (is.locked) {
    return settled >= READY_SECONDS
      ? hold(`no clear answer, and it is locked for ${READY_SECONDS / 60} minutes`)
      : { do: 'wait', seconds: LOOK_AGAIN_SECONDS, why: 'its answer was unclear, and it is locked' };
  }
  if (attempt >= ATTEMPTS_MAX) return hold(`${attempt} attempts got no clear answer and changed nothing`);
  return {
    do: 'send',
    record: { state: 'intended', attempt: attempt + 1, unsent, busySince, sizeBefore, intentAt: now },
  };
}

function untilReached(
  { actionId, acceptedAt, sizeBefore }: Extract<EffectRecord, { state: 'accepted' }>,
  { effect, action }: ObservedEffect,
  now: Temporal.Instant,
  { contentAfterSeconds }: Kindness,
): EffectMove {
  if (effect === null) return { do: 'look', actionId };
  const { is } = effect;
  const elapsed = secondsBetween(acceptedAt, now);
  const isContent = contentAfterSeconds !== null && (elapsed >= contentAfterSeconds || action === 'errored');
  if (is.is === 'absent') return keep({ state: 'failed', reason: 'what it is about is gone' });
  const isOver = action !== 'in-progress' && !is.locked;
  if (isContent || (isOver && action !== 'errored' && is.reached !== false))
    return keep({ state: 'done', made: is.made, sent: true, sizeBefore });
  if (action === 'errored' && !is.locked) return hold('the provider says that it failed');
  if (elapsed >= READY_SECONDS) return hold(`it is not done after ${READY_SECONDS / 60} minutes: it is stuck`);
  const seconds = Math.min(LOOK_SECONDS_MAX, Math.max(LOOK_SECONDS_MIN, Math.floor(elapsed / 4)));
  return { do: 'wait', seconds, why: 'it is in progress' };
}

/** What the answer to the one write makes of an intent. */
export function afterEffectSend(record: Intended, sent: Sent, now: Temporal.Instant): EffectRecord {
  switch (sent.answer) {
    case 'done':
      return { state: 'accepted', actionId: sent.actionId, acceptedAt: now, sizeBefore: record.sizeBefore };
    case 'not_sent':
      return nothingCame(record, now.add({ seconds: UNSENT_SECONDS }));
    case 'rate_limited':
      return nothingCame(record, now.add({ milliseconds: Math.ceil(sent.afterMs ?? UNSENT_SECONDS * 1_000) }));
    case 'unclear':
      return { ...record, unsent: 0 };
    case 'refused':
      return afterRefusal(record, sent, now);
  }
}

function afterRefusal(
  record: Intended,
  { problem, reason, scope }: Extract<Sent, { answer: 'refused' }>,
  now: Temporal.Instant,
): EffectRecord {
  // A network with members is refused as if a scope were missing.
  const isInUse = problem === 'conflict' || (problem === 'forbidden' && /\bmember/i.test(reason));
  if (isInUse || problem === 'locked' || problem === 'try_again') return busy(record, reason, now);
  if (problem === 'limit') return { state: 'held', reason };
  if (problem === 'unauthorized') return { state: 'held', reason: `the write token is not valid: ${reason}` };
  if (problem === 'forbidden') return { state: 'held', reason: `the write token lacks ${scope}: ${reason}` };
  // An earlier one may have done it, and be what this one was refused for: it is looked for.
  if (record.attempt > 1) return { ...record, unsent: 0 };
  return { state: 'failed', reason };
}

function busy({ attempt, sizeBefore, busySince }: Intended, reason: string, now: Temporal.Instant): EffectRecord {
  const since = busySince ?? now;
  if (secondsBetween(since, now) >= BUSY_SECONDS_MAX) return { state: 'held', reason: busyTooLong(reason) };
  return {
    state: 'new',
    attempt: attempt - 1,
    unsent: 0,
    busySince: since,
    sizeBefore,
    notBefore: now.add({ seconds: BUSY_SECONDS }),
  };
}

function nothingCame({ attempt, unsent, busySince, sizeBefore }: Intended, notBefore: Temporal.Instant): EffectRecord {
  return { state: 'new', attempt: attempt - 1, unsent: unsent + 1, busySince, sizeBefore, notBefore };
}
