import type { Db, PgBoss } from 'pg-boss';
import { setImmediate as turn } from 'node:timers/promises';
import type { AttemptKey } from './store.ts';

// Settling is the other half of a short job's cost. Attempts that complete while a statement is
// under way go together in the next one; nothing ever waits for company.

/** Records completed attempts of one queue. */
export class Completions {
  readonly #boss: PgBoss;
  readonly #db: Db;
  readonly #queue: string;
  #waiting: { attempt: AttemptKey; resolve: (held: boolean) => void; reject: (error: unknown) => void }[] = [];
  #busy = false;

  constructor(boss: PgBoss, db: Db, queue: string) {
    this.#boss = boss;
    this.#db = db;
    this.#queue = queue;
  }

  /** False: the lease was lost, and the completion is not recorded. */
  complete(attempt: AttemptKey): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attempt, resolve, reject });
      if (!this.#busy) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#busy = true;
    // Those that end in the same turn of the loop go together.
    await turn();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const attempts = batch.map(({ attempt }) => attempt);
        const held = settledIds(await this.#boss.complete(this.#queue, attempts, null, { db: this.#db }));
        for (const { attempt, resolve } of batch) resolve(held.has(attempt.id));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}

/** Which of the attempts a call of pg-boss found still leased. Its type hides what it returns. */
export function settledIds(response: object): ReadonlySet<string> {
  const { settled } = response as { settled?: readonly string[] };
  if (settled === undefined) throw new Error('pg-boss no longer tells which attempts it settled');
  return new Set(settled);
}
