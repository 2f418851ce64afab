import { ArcadiaError, type ErrorCode } from '../platform/errors.ts';
import { CancelJob, SnoozeJob } from '../platform/declare/job.ts';
import { LeaseLost } from './lease.ts';

/** What a handler's end means for its job. */
export type Verdict =
  | { readonly verdict: 'complete' }
  | { readonly verdict: 'fail'; readonly reason: string }
  | {
      readonly verdict: 'snooze';
      readonly seconds: number;
      readonly until: Temporal.Instant | null;
      readonly reason: string;
    }
  | { readonly verdict: 'cancel'; readonly reason: string }
  /** Given back because the worker stops. */
  | { readonly verdict: 'hand back'; readonly reason: string }
  /** A person has cancelled it already. */
  | { readonly verdict: 'cancelled'; readonly reason: string }
  /** Another worker has taken over. */
  | { readonly verdict: 'none'; readonly reason: string };

/** Errors that the same job would meet again, however often it is tried. */
const hopeless: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid_argument',
  'invalid_config',
  'not_found',
  'provider_unauthorized',
  'provider_forbidden',
  'secret_unreadable',
]);

/** How long a job waits whose account has no requests left. The provider's client has waited by itself before. */
const rateLimitSeconds = 60;

export class TimeUp extends Error {
  override readonly name = 'TimeUp';
  constructor(seconds: number) {
    super(`took longer than ${seconds} s`);
  }
}

export class CancelledByPerson extends Error {
  override readonly name = 'CancelledByPerson';
}

export class WorkerStops extends Error {
  override readonly name = 'WorkerStops';
  constructor() {
    super('the worker stopped');
  }
}

/** Why a running attempt was told to stop. */
export type AbortReason = TimeUp | CancelledByPerson | WorkerStops | LeaseLost;

/**
 * Reads a handler's error. Where its signal had been aborted, whatever it threw is the consequence
 * of that, and the reason of the abort decides.
 */
export function verdictOf(error: unknown, aborted: AbortReason | null): Verdict {
  const cause = aborted ?? error;
  if (cause instanceof CancelledByPerson) return { verdict: 'cancelled', reason: cause.message };
  if (cause instanceof LeaseLost) return { verdict: 'none', reason: cause.message };
  if (cause instanceof WorkerStops) return { verdict: 'hand back', reason: cause.message };
  if (cause instanceof SnoozeJob)
    return { verdict: 'snooze', seconds: cause.seconds, until: cause.until, reason: cause.message };
  if (cause instanceof CancelJob) return { verdict: 'cancel', reason: cause.message };
  if (cause instanceof ArcadiaError && cause.code === 'provider_rate_limited')
    return { verdict: 'snooze', seconds: rateLimitSeconds, until: null, reason: cause.message };
  if (cause instanceof ArcadiaError && hopeless.has(cause.code))
    return { verdict: 'cancel', reason: `${cause.code}: ${cause.message}` };
  if (cause instanceof ArcadiaError) return { verdict: 'fail', reason: `${cause.code}: ${cause.message}` };
  return { verdict: 'fail', reason: cause instanceof Error ? cause.message : String(cause) };
}
