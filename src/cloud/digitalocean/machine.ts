import { setTimeout as sleepFor } from 'node:timers/promises';

/**
 * The machine's own time, for waits and deadlines: never domain time. Injected, so that a test
 * of an hour's waiting takes no time.
 */
export interface Machine {
  /** Milliseconds that only ever grow, from an arbitrary start. */
  monotonicMs(): number;
  /** Milliseconds since 1970 by the machine's clock: for comparing with what a server tells. */
  epochMs(): number;
  /** Resolves after `ms`; rejects as soon as the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** [0, 1), for jitter. */
  random(): number;
}

export const machine: Machine = {
  monotonicMs: () => performance.now(),
  epochMs: () => Temporal.Now.instant().epochMilliseconds,
  sleep: (ms, signal) => sleepFor(ms, undefined, signal === undefined ? {} : { signal }),
  random: Math.random,
};
