import type { ActionState, Found, Look, Sent } from '../cloud/index.ts';
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

/** A write leaves within so long of the moment at which its intent was committed, or not at all. */
export const SEND_WITHIN_MS = 5_000;
/** How long a thing may answer 404 by its id after the provider accepted it. */
const NOT_YET_SECONDS = 600;

interface Counts {
  /** Intents that may have been carried out: of one that is under way, it too. */
  readonly attempt: number;
  /** Intents in a row of which nothing can have come: they were not sent, or were one too many for the provider. */
  readonly unsent: number;
}

interface Intended extends Counts {
  readonly state: 'intended';
  readonly intentAt: Temporal.Instant;
  /** The provider has said once that it is to be tried again. */
  readonly triedAgain: boolean;
}

/** What is stored of the creation of one thing: all that a process knows of it that takes over. */
export type StepRecord =
  | (Counts & {
      readonly state: 'new';
      /** null: nothing is waited for. */
      readonly notBefore: Temporal.Instant | null;
    })
  | Intended
  | {
      readonly state: 'accepted';
      readonly externalId: string;
      /** null: none, or it got lost with an answer. */
      readonly actionId: string | null;
      readonly acceptedAt: Temporal.Instant;
      /** It was there before anything was intended. */
      readonly adopted: boolean;
    }
  | { readonly state: 'done'; readonly externalId: string; readonly adopted: boolean }
  | {
      readonly state: 'failed';
      readonly reason: string;
      /** Nothing carries the marker, and another may be tried. */
      readonly renewable: boolean;
    }
  | { readonly state: 'held'; readonly reason: string };

type Fresh = Extract<StepRecord, { state: 'new' }>;
type Accepted = Extract<StepRecord, { state: 'accepted' }>;

/** Of a step that nothing has been done about. */
export const newStep: Fresh = { state: 'new', attempt: 0, unsent: 0, notBefore: null };

/** What has been looked at since the last move; null: not looked at. */
export interface Observed {
  /** What carries the marker, and when the question was asked. */
  readonly found: { readonly askedAt: Temporal.Instant; readonly things: readonly Found[] } | null;
  readonly look: Look | null;
  readonly action: ActionState | null;
}

export const nothingObserved: Observed = { found: null, look: null, action: null };

export type Move =
  /** Ask for what carries the marker. */
  | { readonly do: 'find' }
  /** Ask for one thing by its id, and for its action where there is one. */
  | { readonly do: 'look'; readonly externalId: string; readonly actionId: string | null }
  /** Begin anew after so long, with nothing observed. */
  | { readonly do: 'wait'; readonly seconds: number }
  /** Store the record, commit, and send once within SEND_WITHIN_MS of that. */
  | { readonly do: 'send'; readonly record: Intended }
  /** Store the record, and go on from it with nothing observed. */
  | { readonly do: 'keep'; readonly record: StepRecord }
  | { readonly do: 'end' };

const keep = (record: StepRecord): Move => ({ do: 'keep', record });
const hold = (reason: string): Move => keep({ state: 'held', reason });

function secondsBetween(from: Temporal.Instant, to: Temporal.Instant): number {
  return from.until(to).total('seconds');
}

/**
 * What to do next about one thing that is to exist once. Pure: the same record, observations and instant are the same
 * move.
 * @param mayAdopt whether what was there before may be taken for it
 */
export function nextMove(record: StepRecord, observed: Observed, now: Temporal.Instant, mayAdopt = false): Move {
  switch (record.state) {
    case 'new':
      return beforeIntent(record, observed, now, mayAdopt);
    case 'intended':
      return afterIntent(record, observed, now);
    case 'accepted':
      return untilReady(record, observed, now);
    default:
      return { do: 'end' };
  }
}

function beforeIntent(record: Fresh, { found }: Observed, now: Temporal.Instant, mayAdopt: boolean): Move {
  const { attempt, unsent, notBefore } = record;
  const left = notBefore === null ? 0 : secondsBetween(now, notBefore);
  if (left > 0) return { do: 'wait', seconds: left };
  if (found === null) return { do: 'find' };
  const { things } = found;
  const [first] = things;
  if (first === undefined) {
    if (unsent >= UNSENT_MAX) return hold(`${unsent} attempts in a row could not be sent`);
    return intend(record, now, false);
  }
  if (things.length > 1) return hold(moreThanOne(things));
  // Nothing was there before the first intent: what one of them may have made is this step's.
  if (attempt > 0 && first.marked !== 'no') return keep(accept(first.externalId, now, false));
  if (first.marked === 'yes' || mayAdopt) return keep(accept(first.externalId, now, true));
  return hold(`${first.externalId} is there already and does not carry the mark`);
}

function afterIntent(record: Intended, { found }: Observed, now: Temporal.Instant): Move {
  if (found === null) return { do: 'find' };
  const { things, askedAt } = found;
  const [first] = things;
  if (things.length > 1) return hold(moreThanOne(things));
  if (first?.marked === 'no') return hold(`${first.externalId} has taken the name and does not carry the mark`);
  // Nothing was there before the intent: what cannot carry a mark is this step's too.
  if (first !== undefined) return keep(accept(first.externalId, now, false));
  const settled = secondsBetween(record.intentAt, askedAt);
  if (settled < SETTLE_SECONDS) return { do: 'wait', seconds: Math.min(LOOK_AGAIN_SECONDS, SETTLE_SECONDS - settled) };
  if (record.attempt >= ATTEMPTS_MAX) return hold(`${record.attempt} attempts got no clear answer and left nothing`);
  return intend(record, now, record.triedAgain);
}

function untilReady(record: Accepted, observed: Observed, now: Temporal.Instant): Move {
  const { externalId, actionId, acceptedAt } = record;
  const { look, action } = observed;
  if (look === null) return { do: 'look', externalId, actionId };
  const elapsed = secondsBetween(acceptedAt, now);
  const wait: Move = {
    do: 'wait',
    seconds: Math.min(LOOK_SECONDS_MAX, Math.max(LOOK_SECONDS_MIN, Math.floor(elapsed / 4))),
  };
  if (action === 'errored') return afterFailure(observed, `the creation of ${externalId} failed`, elapsed, wait);
  if (look.is === 'absent') {
    if (elapsed < NOT_YET_SECONDS) return wait;
    return afterFailure(observed, `${externalId} was accepted and is gone`, elapsed, wait);
  }
  const isReady = look.status === 'active' && !look.locked && action !== 'in-progress';
  if (isReady) return keep({ state: 'done', externalId, adopted: record.adopted });
  return elapsed < READY_SECONDS ? wait : hold(`${externalId} is not ready after ${READY_SECONDS / 60} minutes`);
}

/** Only what nothing carries any more may be tried again, under another marker. */
function afterFailure({ found }: Observed, reason: string, elapsed: number, wait: Move): Move {
  if (found === null) return { do: 'find' };
  if (found.things.length === 0) return keep({ state: 'failed', reason, renewable: true });
  return elapsed < READY_SECONDS ? wait : hold(`${reason}, and is still listed`);
}

/** What the answer to the one write makes of an intent. */
export function afterSend(record: Intended, sent: Sent, now: Temporal.Instant): StepRecord {
  switch (sent.answer) {
    case 'done':
      return { ...accept(sent.externalId, now, false), actionId: sent.actionId };
    case 'not_sent':
      return nothingCame(record, now.add({ seconds: UNSENT_SECONDS }));
    case 'rate_limited':
      return nothingCame(record, now.add({ milliseconds: Math.ceil(sent.afterMs ?? UNSENT_SECONDS * 1_000) }));
    case 'unclear':
      return { ...record, unsent: 0 };
    case 'refused':
      return afterRefusal(record, sent);
  }
}

function afterRefusal(record: Intended, { problem, reason, scope }: Extract<Sent, { answer: 'refused' }>): StepRecord {
  const { attempt, triedAgain } = record;
  if (problem === 'try_again' && !triedAgain) return { ...record, attempt: attempt - 1, unsent: 0, triedAgain: true };
  if (problem === 'limit') return { state: 'held', reason };
  if (problem === 'unauthorized') return { state: 'held', reason: `the write token is not valid: ${reason}` };
  if (problem === 'forbidden') return { state: 'held', reason: `the write token lacks ${scope}: ${reason}` };
  // An earlier one may have done it, and be what this one was refused for: it is looked for.
  if (attempt > 1) return { ...record, unsent: 0 };
  return { state: 'failed', reason, renewable: false };
}

/** Nothing has come of the intent: it does not count among those that may have been carried out. */
function nothingCame({ attempt, unsent }: Intended, notBefore: Temporal.Instant): StepRecord {
  return { state: 'new', attempt: attempt - 1, unsent: unsent + 1, notBefore };
}

function intend({ attempt, unsent }: Counts, now: Temporal.Instant, triedAgain: boolean): Move {
  return { do: 'send', record: { state: 'intended', attempt: attempt + 1, unsent, intentAt: now, triedAgain } };
}

function accept(externalId: string, acceptedAt: Temporal.Instant, adopted: boolean): Accepted {
  return { state: 'accepted', externalId, actionId: null, acceptedAt, adopted };
}

function moreThanOne(things: readonly Found[]): string {
  return `${things.length} carry the marker: ${things.map(({ externalId }) => externalId).join(', ')}`;
}
