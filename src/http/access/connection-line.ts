import { type Caller, Shares } from './shares.ts';

interface Waiting {
  readonly caller: Caller;
  admit(): void;
}

/**
 * Who may have a connection to the database next. A caller who has as many as one may have waits in a line of
 * their own, and holds up nobody else; the lines take turns.
 */
export class ConnectionLine {
  readonly #shares: Shares;
  /** By caller, the one whose turn comes next first. */
  readonly #lines = new Map<string, Waiting[]>();

  constructor(limits: { readonly all: number; readonly ofOne: number }) {
    this.#shares = new Shares(limits);
  }

  get waitingCount(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  /**
   * Waits until this caller may have one more connection, which is theirs until the function that is returned is called.
   * @throws the signal's reason, when it aborts meanwhile
   */
  async enter(caller: Caller, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const waiting: Waiting = { caller, admit: () => resolve(this.#take(caller)) };
    const line = this.#lines.get(caller.name) ?? [];
    this.#lines.set(caller.name, line);
    line.push(waiting);
    const giveUp = () => {
      this.#remove(waiting);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#admit();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  #take(caller: Caller): () => void {
    const free = this.#shares.take(caller);
    return () => {
      free();
      this.#admit();
    };
  }

  #admit(): void {
    // By a copy: whoever is admitted goes to the end of the lines.
    for (const [name, line] of Array.from(this.#lines)) {
      const [first] = line;
      if (first === undefined || this.#shares.obstacleOf(first.caller) !== null) continue;
      this.#remove(first);
      const rest = this.#lines.get(name);
      if (rest !== undefined) {
        this.#lines.delete(name);
        this.#lines.set(name, rest);
      }
      first.admit();
    }
  }

  #remove(waiting: Waiting): void {
    const { name } = waiting.caller;
    const line = this.#lines.get(name);
    const place = line?.indexOf(waiting) ?? -1;
    if (line === undefined || place < 0) return;
    line.splice(place, 1);
    if (line.length === 0) this.#lines.delete(name);
  }
}
