import { eventsMax, type SentEvent } from './cloud-event.ts';
import type { Receipt } from './store-events.ts';

// Requests of one source that come at the same time are stored together: a commit costs what it costs however many events
// are in it. A request waits for the commit of its own events, and no longer than for one that began before it.

interface Waiting {
  readonly events: readonly SentEvent[];
  resolve(receipts: Receipt[]): void;
  reject(error: unknown): void;
}

/** Commits under way at a time: while one waits for the disk, the next is being put together. */
const underWayMax = 2;

export class Coalescer {
  readonly #store: (events: readonly SentEvent[]) => Promise<Receipt[]>;
  readonly #waiting: Waiting[] = [];
  #underWay = 0;
  #isScheduled = false;

  constructor(store: (events: readonly SentEvent[]) => Promise<Receipt[]>) {
    this.#store = store;
  }

  /** What became of each event, in their order. */
  add(events: readonly SentEvent[]): Promise<Receipt[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= underWayMax || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      const together = this.#take();
      this.#underWay += 1;
      void this.#storeTogether(together).finally(() => {
        this.#underWay -= 1;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #take(): Waiting[] {
    const together: Waiting[] = [];
    let count = 0;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (together.length > 0 && count + next.events.length > eventsMax) break;
      together.push(next);
      count += next.events.length;
      this.#waiting.shift();
    }
    return together;
  }

  async #storeTogether(together: readonly Waiting[]): Promise<void> {
    try {
      const receipts = await this.#store(together.flatMap(({ events }) => events));
      let from = 0;
      for (const { events, resolve } of together) {
        resolve(receipts.slice(from, from + events.length));
        from += events.length;
      }
    } catch (error) {
      if (together.length === 1 || !isOfData(error)) for (const { reject } of together) reject(error);
      // What one of them cannot do keeps no other from being stored.
      else for (const one of together) await this.#storeTogether([one]);
    }
  }
}

/** SQLSTATE classes 22 and 54: what was sent is wrong or too much, not where it was sent to. */
export function isOfData(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(22|54)[0-9A-Z]{3}$/.test(code);
}
