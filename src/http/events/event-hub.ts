import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../platform/database/database.ts';
import { eventsChannel, type Event, publishEvents, readEventRange, readEvents } from '../../platform/events.ts';
import { type Listener, listen } from '../../platform/listen.ts';
import type { Logger } from '../../platform/log.ts';

// The events of the database, once per process, for any number who watch here.
//
// A notification, or the poll, begins a pass: publish what has been told, then read on from the
// last id seen. Whoever publishes, this process or another, holds the same row meanwhile; so after
// a pass nothing with a lower id can appear, and a watcher misses nothing.

/** Between passes, so that what comes in a burst is published together. */
const passMsMin = 200;
/** What no notification told of. */
const pollMs = 5_000;
const readBatch = 1_000;

/** What a watcher hears: an event, or that some are gone and everything is to be looked at again. */
type Received = Event | 'reset';

export interface EventHub {
  /** Where the events of all are kept. */
  readonly db: Database;
  /** The last event that every watcher has received. */
  readonly position: number;
  /** Hears everything after `position`, at once and in order, until the function returned is called. */
  watch(listener: (received: Received) => void): () => void;
  close(): Promise<void>;
}

interface EventHubOptions {
  /** Sees the events of all. */
  readonly db: Database;
  readonly connectionString: string;
  readonly log: Logger;
}

export async function openEventHub(options: EventHubOptions): Promise<EventHub> {
  await publishEvents(options.db);
  const { last } = await readEventRange(options.db);
  return new RunningHub(options, last);
}

class RunningHub implements EventHub {
  readonly db: Database;
  readonly #log: Logger;
  readonly #watchers = new Set<(received: Received) => void>();
  readonly #closing = new AbortController();
  readonly #listener: Listener;
  readonly #polling: Promise<void>;
  #position: number;
  #asked = Promise.withResolvers<void>();
  #failing = false;

  constructor({ db, connectionString, log }: EventHubOptions, position: number) {
    this.db = db;
    this.#log = log;
    this.#position = position;
    const ask = () => this.#asked.resolve();
    this.#listener = listen(connectionString, eventsChannel, ask, ask);
    this.#polling = this.#poll();
  }

  get position(): number {
    return this.#position;
  }

  watch(listener: (received: Received) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#asked.resolve();
    await this.#listener.close();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const waiting = new AbortController();
      await Promise.race([this.#asked.promise, sleep(pollMs, undefined, { signal: waiting.signal, ref: false })]);
      waiting.abort();
      if (signal.aborted) return;
      this.#asked = Promise.withResolvers();
      try {
        await this.#pass();
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) this.#log.warn({ err: error }, 'cannot read events; trying again');
        this.#failing = true;
      }
      await sleep(passMsMin, undefined, { signal }).catch(() => {});
    }
  }

  async #pass(): Promise<void> {
    await publishEvents(this.db);
    const { last, prunedThrough } = await readEventRange(this.db);
    // Too much at once to keep it all, or a database that was put back to what it was.
    if (this.#position < prunedThrough || this.#position > last) {
      this.#position = last;
      this.#publish('reset');
      return;
    }
    while (this.#position < last) {
      const events = await readEvents(this.db, this.#position, last, readBatch);
      for (const event of events) {
        this.#position = event.id;
        this.#publish(event);
      }
      if (events.length < readBatch) this.#position = last;
    }
  }

  #publish(received: Received): void {
    for (const listener of this.#watchers) listener(received);
  }
}
