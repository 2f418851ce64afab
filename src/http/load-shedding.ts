import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ArcadiaError } from '../platform/errors.ts';
import type { Limits } from './limits.ts';

// A process that has more to do than it can says so at once, before it does anything: late answers
// help nobody, and what is turned away can be sent again.

export interface LoadShedder {
  /** Errors: overloaded. What it lets in must leave. */
  enter(): void;
  leave(): void;
  readonly underWay: number;
  close(): void;
}

const measuredMs = 1_000;

export function openLoadShedder({
  requestsMax,
  eventLoopDelayMsMax,
}: Pick<Limits, 'requestsMax' | 'eventLoopDelayMsMax'>): LoadShedder {
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  let delayMs = 0;
  const timer = setInterval(() => {
    // The median: one long pause, such as a collection of garbage, is no overload.
    delayMs = delays.percentile(50) / 1e6;
    delays.reset();
  }, measuredMs).unref();
  let underWay = 0;
  return {
    enter() {
      if (underWay >= requestsMax) throw new ArcadiaError('overloaded', 'Too many requests are under way here.');
      if (delayMs > eventLoopDelayMsMax) throw new ArcadiaError('overloaded', 'This server cannot keep up just now.');
      underWay += 1;
    },
    leave() {
      underWay -= 1;
    },
    get underWay() {
      return underWay;
    },
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
