import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Caller, Shares } from '../access/shares.ts';
import type { Limits } from './limits.ts';

// A process that has more to do than it can says so at once, before it does anything: late answers
// help nobody, and what is turned away can be sent again. Nobody gets all of its places, so that
// whoever asks too much at once is the one who is turned away.
//
// A request: arriving -> (its body is received ->) working -> done; or arriving -> anonymous -> done. Each has places
// of its own, so that who sends bodies slowly, or guesses tokens, keeps nobody from working.

export interface LoadShedder {
  /** A new request, to be held at once. Errors: overloaded, where the event loop is late. */
  enter(): Place;
  close(): void;
}

/** Of one request. It is free, for good, when everything that held it has let go. Errors of a free one: cancelled. */
export interface Place {
  /** Until the function that is returned is called. */
  hold(): () => void;
  /** Who sends it is being found out. Errors: overloaded. */
  arrive(): void;
  /** Nobody is asked who they are. Errors: overloaded. */
  serveAnybody(): void;
  /** It is this caller's, and its body is being received. Errors: rate_limited, overloaded. */
  receive(caller: Caller): void;
  /** It is this caller's, and all of it is there. Errors: rate_limited, overloaded. */
  work(caller: Caller): void;
  /** It takes no place any more, whoever still holds it. */
  vacate(): void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for what goes on until its client leaves. */
    place: Place | null;
  }
}

const measuredMs = 1_000;

type ShedderLimits = Pick<
  Limits,
  | 'requestsMax'
  | 'requestsOfOneMax'
  | 'bodiesMax'
  | 'bodiesOfOneMax'
  | 'arrivingMax'
  | 'anonymousMax'
  | 'eventLoopDelayMsMax'
>;

export function openLoadShedder(limits: ShedderLimits): LoadShedder {
  const delays = monitorEventLoopDelay({ resolution: 20 });
  delays.enable();
  let delayMs = 0;
  const timer = setInterval(() => {
    // The median: one long pause, such as a collection of garbage, is no overload.
    delayMs = delays.percentile(50) / 1e6;
    delays.reset();
  }, measuredMs).unref();
  const rooms = openRooms(limits);
  return {
    enter() {
      if (delayMs > limits.eventLoopDelayMsMax)
        throw new ArcadiaError('overloaded', 'This server cannot keep up just now.');
      return placeIn(rooms);
    },
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}

/** Takes one place, or throws that there is none; what is returned gives it back. */
interface Rooms {
  arriving(): () => void;
  anonymous(): () => void;
  bodies(caller: Caller): () => void;
  requests(caller: Caller): () => void;
}

function openRooms(limits: ShedderLimits): Rooms {
  const bodies = new Shares({ all: limits.bodiesMax, ofOne: limits.bodiesOfOneMax });
  const requests = new Shares({ all: limits.requestsMax, ofOne: limits.requestsOfOneMax });
  return {
    arriving: upTo(limits.arrivingMax),
    anonymous: upTo(limits.anonymousMax),
    bodies: (caller) => ofShares(bodies, caller, `${limits.bodiesOfOneMax} bodies of this caller are being received`),
    requests: (caller) =>
      ofShares(requests, caller, `${limits.requestsOfOneMax} requests of this caller are under way`),
  };
}

function upTo(most: number): () => () => void {
  let taken = 0;
  return () => {
    if (taken >= most) throw tooMany();
    taken += 1;
    return () => {
      taken -= 1;
    };
  };
}

function ofShares(shares: Shares, caller: Caller, own: string): () => void {
  const obstacle = shares.obstacleOf(caller);
  if (obstacle === 'own') throw new ArcadiaError('rate_limited', `${own} already.`);
  if (obstacle === 'all') throw tooMany();
  return shares.take(caller);
}

const tooMany = () => new ArcadiaError('overloaded', 'Too many requests are under way here.');

function placeIn(rooms: Rooms): Place {
  let holds = 0;
  let isFree = false;
  let leave = () => {};
  const vacate = () => {
    leave();
    leave = () => {};
  };
  const assertTaken = () => {
    if (isFree) throw new ArcadiaError('cancelled', 'The client has gone.');
  };
  const move = (enter: () => () => void) => {
    assertTaken();
    const left = enter();
    vacate();
    leave = left;
  };
  return {
    hold() {
      assertTaken();
      holds += 1;
      return () => {
        holds -= 1;
        if (holds > 0) return;
        isFree = true;
        vacate();
      };
    },
    arrive: () => move(rooms.arriving),
    serveAnybody: () => move(rooms.anonymous),
    receive: (caller) => move(() => rooms.bodies(caller)),
    work: (caller) => move(() => rooms.requests(caller)),
    vacate,
  };
}
