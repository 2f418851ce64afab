import type { Queryable } from '../../platform/database/database.ts';
import { type Event, readEventRange, readEvents } from '../../platform/events.ts';
import type { EventHub } from './event-hub.ts';

// One connection's stream of server-sent events, as text.
//
//   retry, then what came after Last-Event-ID, then what comes
//
// It ends when its reader does not keep up, its token ends, or the server stops: `bye` says which,
// and the reader comes back with the last id. Where what it missed is no longer kept, or was too
// much to keep for it, it is told to `reset`: to ask for everything anew.

const retryMs = 3_000;
/** Below the minute after which many proxies cut a silent connection. */
const heartbeatMs = 15_000;
/** Events kept for a reader that does not take them. */
const behindMax = 1_000;
const replayBatch = 500;

interface EventStreamOptions {
  readonly hub: EventHub;
  readonly mayReceive: (event: Event) => boolean;
  /** The last id that the reader has seen; null: none. */
  readonly lastEventId: number | null;
  /** Aborts when the reader has gone, or the server stops. */
  readonly signal: AbortSignal;
  /** Aborts when the reader's token has ended. */
  readonly expired: AbortSignal;
}

export async function* eventStream(options: EventStreamOptions): AsyncGenerator<string, void, undefined> {
  const { hub, mayReceive, lastEventId, signal, expired } = options;
  const waiting: Event[] = [];
  let wake = Promise.withResolvers<void>();
  let behind = false;
  let reset = false;
  // First of all: what comes while the past is read waits its turn.
  const joinedAt = hub.position;
  const leave = hub.watch((received) => {
    if (received === 'reset') reset = true;
    else if (mayReceive(received) && !behind) behind = waiting.push(received) > behindMax;
    wake.resolve();
  });
  const stop = () => wake.resolve();
  const stops = [signal, expired];
  for (const each of stops) each.addEventListener('abort', stop);
  try {
    yield `retry: ${retryMs}\n\n`;
    if (lastEventId !== null) yield* replay(hub.db, mayReceive, lastEventId, joinedAt);
    // Now it has a place to come back to, even if nothing is ever for it.
    yield place(joinedAt);
    for (;;) {
      // To a reader that has gone it is said in vain.
      if (signal.aborted) return yield bye('the server stops');
      if (expired.aborted) return yield bye('the token has expired');
      if (behind) return yield bye('too slow');
      if (reset) {
        reset = false;
        waiting.length = 0;
        yield resetTo(hub.position);
      } else if (waiting.length > 0) yield waiting.splice(0).map(format).join('');
      else if (!(await waits(wake.promise))) yield place(hub.position);
      else wake = Promise.withResolvers();
    }
  } finally {
    leave();
    for (const each of stops) each.removeEventListener('abort', stop);
  }
}

/** False: nothing came in time. */
async function waits(woken: Promise<void>): Promise<boolean> {
  const timeUp = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeUp.resolve(false), heartbeatMs);
  try {
    return await Promise.race([woken.then(() => true), timeUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function* replay(
  db: Queryable,
  mayReceive: (event: Event) => boolean,
  after: number,
  through: number,
): AsyncGenerator<string, void, undefined> {
  const { prunedThrough } = await readEventRange(db);
  if (after < prunedThrough || after > through) {
    yield resetTo(through);
    return;
  }
  for (let position = after; position < through; ) {
    const events = await readEvents(db, position, through, replayBatch);
    const text = events.filter(mayReceive).map(format).join('');
    if (text !== '') yield text;
    position = events.length < replayBatch ? through : (events.at(-1)?.id ?? through);
  }
}

function format({ id, type, subject, at }: Event): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ type, subject, at: at.toString() })}\n\n`;
}

/** An id without data is no event, but a reader remembers it. It keeps the connection alive as well. */
function place(id: number): string {
  return `id: ${id}\n\n`;
}

function resetTo(id: number): string {
  const data = { type: 'reset', reason: 'what happened in between is no longer kept: ask for everything anew' };
  return `id: ${id}\nevent: reset\ndata: ${JSON.stringify(data)}\n\n`;
}

function bye(reason: string): string {
  return `event: bye\ndata: ${JSON.stringify({ type: 'bye', reason })}\n\n`;
}
