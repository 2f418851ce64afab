import { Readable } from 'node:stream';
import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';
import { ArcadiaError } from '../platform/errors.ts';
import type { Event } from '../platform/events.ts';
import { metric } from '../platform/metrics.ts';
import { declareDocument, type Principal, type RouteDeclaration, roleNames } from '../platform/route.ts';
import { eventStream } from './event-stream.ts';
import type { EventHub } from './event-hub.ts';
import { eventTypes, mayHear } from './event-types.ts';

/** Streams that this process serves at once: beyond, somebody has to come back later. */
const streamsMax = 1_000;
/** Of one token's subject: a browser's few tabs, not a loop that forgets to close. */
const streamsOfOneMax = 10;
/**
 * The heartbeat sees to it that there is always something to take. A reader that takes nothing for
 * so long holds a place and a buffer for nobody: it is cut off, and comes back with the last id.
 */
const stalledMsMax = 60_000;
const timerMsMax = 2_147_483_647;

export interface EventLimits {
  readonly streamsMax: number;
  readonly streamsOfOneMax: number;
  readonly stalledMsMax: number;
}

export interface EventRouteOptions {
  readonly hub: EventHub;
  readonly registry: Registry;
  readonly limits?: Partial<EventLimits>;
}

const described = Object.entries(eventTypes)
  .map(([type, { subject, tells }]) => `| \`${type}\` | ${subject} | ${tells} |`)
  .join('\n');

const description = `Server-sent events. Each has an id and a type, and its data is
\`{ "type", "subject", "at" }\`: a hint at what to ask for again, never the thing itself. An empty subject stands for
more than could be named. Whoever comes back with \`Last-Event-ID\` hears what they missed; where that is no longer
kept, they hear \`reset\` and ask for everything anew. \`bye\` says why a stream ends: the token has expired, the
reader is too slow, or the server stops. Customers hear of their own deployments, and of metered days.

| type | subject | tells |
| --- | --- | --- |
${described}`;

/** The stream of events; without a hub only what the API's document needs of it. */
export function eventRoutes(options: EventRouteOptions | null): readonly RouteDeclaration[] {
  const open = options === null ? null : openStreams(options);
  return [
    declareDocument({
      path: '/events',
      operationId: 'streamEvents',
      tag: 'events',
      summary: 'What changes, as it changes',
      description,
      roles: roleNames,
      query: z.object({
        after: z
          .int()
          .min(0)
          .optional()
          .meta({ description: 'The last id seen, for clients that cannot send the header Last-Event-ID' }),
      }),
      produces: ['text/event-stream'],
      endless: true,
      async run({ principal, query, lastEventId, signal, log }) {
        if (open === null) throw new ArcadiaError('internal', 'This server has no events.');
        const after = readId(lastEventId) ?? query.after ?? null;
        return {
          type: 'text/event-stream; charset=utf-8',
          body: open(principal, after, signal, (error) => log.warn({ err: error }, 'a stream of events broke off')),
        };
      },
    }),
  ];
}

/** The header as some reader sends it: what is no id of ours counts as none. */
function readId(header: string | null): number | null {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null;
}

function openStreams({ hub, registry, limits }: EventRouteOptions) {
  const most: EventLimits = { streamsMax, streamsOfOneMax, stalledMsMax, ...limits };
  const bySubject = new Map<string, number>();
  const streams = metric(
    registry,
    'arcadia_event_streams',
    (name) => new Gauge({ name, help: 'Streams of events that are open', registers: [registry] }),
  );
  let count = 0;

  /** Errors: overloaded, rate_limited. */
  function enter(subject: string): () => void {
    if (count >= most.streamsMax) throw new ArcadiaError('overloaded', 'Too many streams of events are open here.');
    const own = bySubject.get(subject) ?? 0;
    if (own >= most.streamsOfOneMax)
      throw new ArcadiaError('rate_limited', `More than ${most.streamsOfOneMax} streams of events of one subject.`);
    count += 1;
    bySubject.set(subject, own + 1);
    streams.set(count);
    return () => {
      count -= 1;
      const left = (bySubject.get(subject) ?? 1) - 1;
      if (left > 0) bySubject.set(subject, left);
      else bySubject.delete(subject);
      streams.set(count);
    };
  }

  return (
    principal: Principal,
    lastEventId: number | null,
    signal: AbortSignal,
    onError: (error: unknown) => void,
  ): Readable => {
    const leave = enter(`${principal.role} ${principal.customerId ?? ''} ${principal.subject}`);
    const hears = (event: Event) => mayHear(principal, event);
    const text = eventStream({ hub, mayHear: hears, lastEventId, signal, expired: expiryOf(principal) });
    const timer = setTimeout(() => body.destroy(new Error('its reader takes nothing')), most.stalledMsMax).unref();
    const body = Readable.from(
      onEach(text, () => timer.refresh()),
      { objectMode: false, highWaterMark: 65_536 },
    );
    body.once('close', () => clearTimeout(timer));
    body.once('close', leave);
    body.once('error', onError);
    return body;
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
