import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 1_000;
const everyMsMax = 60_000;

interface KeepAliveOptions {
  isAlive(): boolean;
  /** Starts the server again; also when somebody else has done so meanwhile. */
  start(signal: AbortSignal): Promise<void>;
  /** Told after each attempt: null when the server is up again, else why it is not. */
  report(error: Error | null): void;
  readonly signal: AbortSignal;
}

/**
 * Looks every second whether the server runs, and starts it again where it does not; what fails is tried again
 * after a second, two, four, up to a minute. Returns when the signal aborts.
 */
export async function keepAlive({ isAlive, start, report, signal }: KeepAliveOptions): Promise<void> {
  let waitMs = everyMs;
  for (;;) {
    await sleep(waitMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    if (isAlive()) {
      waitMs = everyMs;
      continue;
    }
    try {
      await start(signal);
      report(null);
    } catch (error) {
      if (signal.aborted) return;
      report(error as Error);
      waitMs = Math.min(2 * waitMs, everyMsMax);
    }
  }
}
