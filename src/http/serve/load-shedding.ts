import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Limits } from './limits.ts';

// A process that has more to do than it can says so at once, before it does anything: late answers
// help nobody, and what is turned away can be sent again. Nobody gets all of its places, so that
// whoever asks too much at once is the one who is turned away.

export interface LoadShedder {
  /** A place, to be held at once. Errors: overloaded. */
  enter(): Place;
  close(): void;
}

/** Of one request. It is free, for good, when everything that held it has let go. Errors of a free one: cancelled. */
interface Place {
  /** Until the function that is returned is called. */
  hold(): () => void;
  /** It is one of this caller's places as well. Errors: rate_limited. */
  claim(caller: string): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for what goes on until its client leaves. */
    place: Place | null;
  }
}

const measuredMs = 1_000;

export function openLoadShedder({
  requestsMax,
  requestsOfOneMax,
  eventLoopDelayMsMax,
}: Pick<Limits, 'requestsMax' | 'requestsOfOneMax' | 'eventLoopDelayMsMax'>): LoadShedder {
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  let delayMs = 0;
  const timer = setInterval(() => {
    // The median: one long pause, such as a collection of garbage, is no overload.
    delayMs = delays.percentile(50) / 1e6;
    delays.reset();
  }, measuredMs).unref();
  let taken = 0;
  const byCaller = new Map<string, number>();

  function free(caller: string | null): void {
    taken -= 1;
    if (caller === null) return;
    const left = (byCaller.get(caller) ?? 1) - 1;
    if (left > 0) byCaller.set(caller, left);
    else byCaller.delete(caller);
  }

  return {
    enter() {
      if (taken >= requestsMax) throw new ArcadiaError('overloaded', 'Too many requests are under way here.');
      if (delayMs > eventLoopDelayMsMax) throw new ArcadiaError('overloaded', 'This server cannot keep up just now.');
      taken += 1;
      let holds = 0;
      let isFree = false;
      let claimedBy: string | null = null;
      const assertTaken = () => {
        if (isFree) throw new ArcadiaError('cancelled', 'The client has gone.');
      };
      return {
        hold() {
          assertTaken();
          holds += 1;
          return () => {
            holds -= 1;
            if (holds > 0) return;
            isFree = true;
            free(claimedBy);
          };
        },
        claim(caller) {
          assertTaken();
          const own = byCaller.get(caller) ?? 0;
          if (own >= requestsOfOneMax)
            throw new ArcadiaError(
              'rate_limited',
              `${requestsOfOneMax} requests of this caller are under way already.`,
            );
          byCaller.set(caller, own + 1);
          claimedBy = caller;
        },
      };
    },
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
