import { setTimeout as sleep } from 'node:timers/promises';
import { ArcadiaError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { readEvents, type SentBody } from './cloud-event.ts';
import { isOfData } from './coalescer.ts';
import type { SentMessage, Settlement, Transport } from './transport.ts';

// Events that come through a broker's queues: each source's through its own. A message is settled once what it holds is
// stored, by the same intake as over HTTP; as long as that takes nothing, for whatever reason, it waits here, and with it the
// queue.

/** Which sources send through queues is looked at so often, and a queue that was lost is opened again. */
const lookMs = 2_000;
const retryMs = 1_000;
/** That queues are open is said so often. */
const openMs = 60_000;
/** Messages that are taken and not settled: of one queue, and about of all together, of each of which one is always. */
const ofQueueMax = 8;
const ofAllMax = 64;

/** A source that sends through a queue. */
interface QueuedSource {
  readonly source: string;
  readonly queue: string;
}

interface QueuesOptions {
  readonly transport: Transport;
  readonly bodyBytesMax: number;
  sources(): Promise<readonly QueuedSource[]>;
  /** Stores what a source has sent, which is read once the source takes anything. Errors: as over HTTP, and those of `read`. */
  store(source: string, read: () => SentBody): Promise<void>;
  /** Records that the queues of sources are open; called again and again while they are. */
  opened(sources: readonly string[]): Promise<void>;
  /** Records why the queue of a source is not open. */
  lost(source: string, problem: string): Promise<void>;
  /** Counts a message of a source that is rejected. */
  rejected(source: string, reason: string): Promise<void>;
  readonly log: Logger;
}

export class Queues {
  readonly #options: QueuesOptions;
  readonly #open = new Map<string, { readonly stopping: AbortController; readonly done: Promise<void> }>();
  /** Sources whose queues are open now. */
  readonly #read = new Set<string>();
  readonly #saying = new Set<Promise<void>>();
  #saidOpenAt = 0;
  readonly #closing = new AbortController();
  readonly #looking: Promise<void>;

  constructor(options: QueuesOptions) {
    this.#options = options;
    this.#looking = this.#look();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#looking;
    for (const { stopping } of this.#open.values()) stopping.abort();
    await Promise.all([...this.#open.values()].map(({ done }) => done));
    await Promise.all(this.#saying);
  }

  async #look(): Promise<void> {
    const { sources, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#follow(await sources());
        if (performance.now() - this.#saidOpenAt >= openMs) this.#sayOpen([...this.#read]);
      } catch (error) {
        log.warn({ err: error }, 'it was not found out which gateway sources send through queues');
      }
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  }

  /** Opens what is not open, and closes what no source sends through any more. */
  #follow(sources: readonly QueuedSource[]): void {
    const keyOf = ({ source, queue }: QueuedSource) => `${source} ${queue}`;
    const wanted = new Set(sources.map(keyOf));
    for (const [key, { stopping }] of this.#open) if (!wanted.has(key)) stopping.abort();
    for (const one of sources) {
      const key = keyOf(one);
      if (this.#open.has(key)) continue;
      const stopping = new AbortController();
      const done = this.#consume(one, stopping.signal).finally(() => this.#open.delete(key));
      this.#open.set(key, { stopping, done });
    }
  }

  #sayOpen(sources: readonly string[]): void {
    this.#saidOpenAt = performance.now();
    if (sources.length > 0) this.#say(() => this.#options.opened(sources));
  }

  /** What is said of queues keeps none of them from being read: where it cannot be recorded, the log has it. */
  #say(record: () => Promise<void>): void {
    const saying = record()
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'how the queues of gateway sources stand was not recorded'),
      )
      .finally(() => this.#saying.delete(saying));
    this.#saying.add(saying);
  }

  async #consume({ source, queue }: QueuedSource, signal: AbortSignal): Promise<void> {
    const { transport, log } = this.#options;
    const about = { source, queue, broker: transport.address };
    const messagesMax = () => Math.max(1, Math.min(ofQueueMax, Math.floor(ofAllMax / this.#open.size)));
    let isTold = false;
    const opened = () => {
      isTold = false;
      this.#read.add(source);
      this.#say(() => this.#options.opened([source]));
      log.info(about, 'gateway events come through a queue');
    };
    while (!signal.aborted) {
      const connection = new AbortController();
      const over = AbortSignal.any([signal, connection.signal]);
      try {
        await transport.consume(queue, (message) => this.#take(source, message, over), { signal, opened, messagesMax });
      } catch (error) {
        if (signal.aborted) return;
        // Once for as long as it stays so.
        if (!isTold) {
          log.warn({ err: error, ...about }, 'the queue of a gateway source is not open, and is tried again');
          this.#say(() => this.#options.lost(source, messageOf(error)));
        }
        isTold = true;
      } finally {
        // The broker sends again what is not settled: nobody waits to store it for a connection that is lost.
        connection.abort();
        this.#read.delete(source);
      }
      await sleep(lookMs, undefined, { signal }).catch(() => {});
    }
  }

  async #take(source: string, message: SentMessage, over: AbortSignal): Promise<Settlement> {
    const { log } = this.#options;
    for (;;) {
      try {
        return await this.#settle(source, message);
      } catch (error) {
        const { retryAfterSeconds } = (error instanceof ArcadiaError ? error.details : {}) as {
          readonly retryAfterSeconds?: number;
        };
        if (retryAfterSeconds === undefined) log.warn({ err: error, source }, 'gateway events were not stored yet');
        await sleep((retryAfterSeconds ?? 0) * 1_000 || retryMs, undefined, { signal: over });
      }
    }
  }

  /** Errors: what may pass, and is then tried again. */
  async #settle(source: string, message: SentMessage): Promise<Settlement> {
    const { store, rejected, log } = this.#options;
    try {
      await store(source, () => this.#eventsIn(message));
      return 'stored';
    } catch (error) {
      if (!(error instanceof NoEvents) && !isOfData(error)) throw error;
      // Before it is rejected: what the broker puts aside is known here.
      await rejected(source, messageOf(error));
      log.warn({ err: error, source }, 'a message of a gateway source is rejected: it cannot be stored');
      return 'unusable';
    }
  }

  /** Errors: NoEvents. */
  #eventsIn({ headers, body }: SentMessage): SentBody {
    const { bodyBytesMax } = this.#options;
    if (body.length > bodyBytesMax) throw new NoEvents(`It has ${body.length} bytes, and may have ${bodyBytesMax}.`);
    try {
      return readEvents(headers, body);
    } catch (cause) {
      if (!(cause instanceof ArcadiaError)) throw cause;
      throw new NoEvents(cause.message, { cause });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A message holds no events, and never will. */
class NoEvents extends Error {}
