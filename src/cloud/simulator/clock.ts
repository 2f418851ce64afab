import type { Ms } from './time.ts';
import { Timeline } from './timeline.ts';
import type { Script } from './timeline.ts';

/** The simulator's clock: it stands still until it is moved, and moves the fleet along. */
export class SimulatedClock {
  readonly timeline: Timeline;
  /** When the clock was last moved, on the machine's own monotonic clock. */
  #movedAt = performance.now();
  #limiterNow: Ms = Number.NEGATIVE_INFINITY;

  constructor(script: Script, seed: number, at: Ms) {
    this.timeline = new Timeline(script, seed, at);
  }

  get now(): Ms {
    return this.timeline.now;
  }

  /** Throws RangeError for an instant that has passed. */
  advanceTo(to: Ms): void {
    this.timeline.advanceTo(to);
    this.#movedAt = performance.now();
  }

  /**
   * What rate limits are counted by: the clock, and the real time since it was last moved. So a
   * budget that is spent comes back to a client that waits, and to one that moves the clock on.
   */
  get limiterNow(): Ms {
    const now = this.now + Math.floor(performance.now() - this.#movedAt);
    this.#limiterNow = Math.max(this.#limiterNow, now);
    return this.#limiterNow;
  }
}
