import type { Journal } from './journal.ts';
import { httpDate, type Ms, rfc3339 } from './time.ts';
import { type Script, Timeline } from './timeline.ts';

/** The simulator's clock: it stands still until it is moved, and moves the fleet along. */
export class SimulatedClock {
  readonly timeline: Timeline;
  /** On the machine's own monotonic clock. */
  readonly #startedAt = performance.now();
  readonly #marked: boolean;
  #headers: { at: number; headers: Readonly<Record<string, string>> } = { at: Number.NaN, headers: {} };

  /** @param marked whether answers tell that they are a simulator's */
  constructor(script: Script, seed: number, at: Ms, marked: boolean, journal: Journal | null) {
    this.#marked = marked;
    this.timeline = new Timeline(script, seed, at, journal?.happened, journal?.add);
  }

  get now(): Ms {
    return this.timeline.now;
  }

  /** What every answer tells of the instant: by it a client knows a simulator. Made once per instant. */
  get headers(): Readonly<Record<string, string>> {
    const { now } = this;
    if (this.#headers.at !== now) {
      const mark = this.#marked ? { 'x-simulated-clock': rfc3339(now) } : {};
      this.#headers = { at: now, headers: { date: httpDate(now), ...mark } };
    }
    return this.#headers.headers;
  }

  /** Throws RangeError for an instant that has passed. */
  advanceTo(to: Ms): void {
    this.timeline.advanceTo(to);
  }

  /**
   * What rate limits are counted by: the clock, and all the real time since the start. So a budget
   * that is spent comes back to a client that waits, and to one that moves the clock on.
   */
  get limiterNow(): Ms {
    return this.now + Math.floor(performance.now() - this.#startedAt);
  }
}
