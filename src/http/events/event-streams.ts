import { Readable } from 'node:stream';
import { Gauge, type Registry } from 'prom-client';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Event } from '../../platform/events.ts';
import { metric } from '../../platform/metrics.ts';
import type { Logger } from '../../platform/log.ts';
import type { ProgramEvent } from '../../platform/declare/program.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import { eventStream } from './event-stream.ts';
import type { EventHub } from './event-hub.ts';
import { audienceOf } from './audience.ts';
import { subjectOf } from '../access/request-database.ts';
import { Shares, sharerOf } from '../access/shares.ts';

/** Streams that this process serves at once: beyond, somebody has to come back later. */
const streamsMax = 1_000;
/** Of one customer, all users together, and of one member of staff. */
const streamsOfOneMax = 100;
/** Of one token's subject: a browser's few tabs, not a loop that forgets to close. */
const streamsOfSubjectMax = 10;
/**
 * The heartbeat sees to it that there is always something to take. A reader that takes nothing for
 * so long holds a place and a buffer for nobody: it is cut off, and comes back with the last id.
 */
const stalledMsMax = 60_000;
const timerMsMax = 2_147_483_647;

interface EventLimits {
  readonly streamsMax: number;
  readonly streamsOfOneMax: number;
  readonly streamsOfSubjectMax: number;
  readonly stalledMsMax: number;
}

interface EventStreamsOptions {
  readonly hub: EventHub;
  /** What the modules declare: who receives what. */
  readonly events: readonly ProgramEvent[];
  readonly log: Logger;
  readonly registry: Registry;
  readonly limits?: Partial<EventLimits>;
}

export interface EventStreams {
  /** What a principal may receive, after an id or from now on. Errors: overloaded, rate_limited. */
  open(principal: Principal, lastEventId: number | null, signal: AbortSignal): Readable;
  /** How many are open. */
  count(): number;
}

/** The header Last-Event-ID: what is no id of ours counts as none. */
export function readEventId(header: string | string[] | undefined): number | null {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : null;
}

export function openEventStreams({ hub, events, log, registry, limits }: EventStreamsOptions): EventStreams {
  const most: EventLimits = { streamsMax, streamsOfOneMax, streamsOfSubjectMax, stalledMsMax, ...limits };
  const isFor = audienceOf(events);
  const bySubject = new Map<string, number>();
  const streams = metric(
    registry,
    'arcadia_event_streams',
    (name) => new Gauge({ name, help: 'Streams of events that are open', registers: [registry] }),
  );
  const shares = new Shares({ all: most.streamsMax, ofOne: most.streamsOfOneMax });
  let count = 0;

  /** Errors: overloaded, rate_limited. */
  function enter(principal: Principal): () => void {
    const [subject, sharer] = [subjectOf(principal), sharerOf(principal)];
    const obstacle = shares.obstacleOf(sharer);
    if (obstacle === 'all') throw new ArcadiaError('overloaded', 'Too many streams of events are open here.');
    if (obstacle === 'own')
      throw new ArcadiaError('rate_limited', `More than ${most.streamsOfOneMax} streams of events of one caller.`);
    const own = bySubject.get(subject) ?? 0;
    if (own >= most.streamsOfSubjectMax)
      throw new ArcadiaError('rate_limited', `More than ${most.streamsOfSubjectMax} streams of events of one subject.`);
    const free = shares.take(sharer);
    count += 1;
    bySubject.set(subject, own + 1);
    streams.set(count);
    return () => {
      free();
      count -= 1;
      const left = (bySubject.get(subject) ?? 1) - 1;
      if (left > 0) bySubject.set(subject, left);
      else bySubject.delete(subject);
      streams.set(count);
    };
  }

  return {
    count: () => count,
    open(principal, lastEventId, signal) {
      const leave = enter(principal);
      const hears = (event: Event) => isFor(principal, event);
      const text = eventStream({ hub, mayReceive: hears, lastEventId, signal, expired: expiryOf(principal) });
      const timer = setTimeout(() => body.destroy(new Error('its reader takes nothing')), most.stalledMsMax).unref();
      const body = Readable.from(
        onEach(text, () => timer.refresh()),
        { objectMode: false, highWaterMark: 65_536 },
      );
      body.once('error', (error) =>
        log.warn({ err: error, subject: principal.subject }, 'a stream of events broke off'),
      );
      body.once('close', () => {
        clearTimeout(timer);
        leave();
      });
      return body;
    },
  };
}

/** Aborts at the end of the token; real time, as tokens are. */
function expiryOf({ expiresAt }: Principal): AbortSignal {
  if (expiresAt === undefined) return new AbortController().signal;
  const leftMs = Temporal.Now.instant().until(expiresAt).total('milliseconds');
  return AbortSignal.timeout(Math.min(Math.max(0, Math.ceil(leftMs)), timerMsMax));
}

/** The same, and `taken` is called whenever more is asked for. */
async function* onEach(text: AsyncIterable<string>, taken: () => void): AsyncGenerator<string, void, undefined> {
  for await (const chunk of text) {
    yield chunk;
    taken();
  }
}
