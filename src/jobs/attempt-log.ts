import type { Queryable } from '../platform/database/database.ts';
import { type AttemptOutcome, type AttemptRecord, publishProgress, writeAttempts } from './attempts.store.ts';

// What a worker keeps of its attempts: of thousands of short jobs a second one statement, and a job that takes longer is
// seen while it runs. It is for whoever looks; nothing is decided by it.

/** More are let go of, the oldest first, while the database is away. */
const keptMax = 20_000;

type Begun = Pick<AttemptRecord, 'jobId' | 'claim' | 'attempt' | 'queue' | 'job' | 'worker' | 'startedAt'>;

interface Running extends Begun {
  readonly startedMs: number;
  progress: string | null;
  /** What it said is not kept yet. */
  hasNews: boolean;
  /** 0: begun since the last flush; 1: to be written by the next; 2: written. */
  age: 0 | 1 | 2;
}

/** The attempts of one worker, until they are written. */
export class AttemptLog {
  readonly #running = new Map<string, Running>();
  #ended: AttemptRecord[] = [];

  begin(attempt: Begun): void {
    const running: Running = { ...attempt, startedMs: performance.now(), progress: null, hasNews: false, age: 0 };
    this.#running.set(keyOf(attempt), running);
  }

  /** How far a running attempt is, in its handler's words. */
  say(attempt: Pick<Begun, 'jobId' | 'claim'>, text: string): void {
    const running = this.#running.get(keyOf(attempt));
    const progress = storable(text.slice(0, 500));
    if (running === undefined || running.progress === progress) return;
    running.progress = progress;
    running.hasNews = true;
  }

  end(attempt: Pick<Begun, 'jobId' | 'claim'>, outcome: AttemptOutcome, reason: string | null): void {
    const running = this.#running.get(keyOf(attempt));
    if (running === undefined) return;
    this.#running.delete(keyOf(attempt));
    const milliseconds = Math.round(performance.now() - running.startedMs);
    this.#ended.push({
      ...recordOf(running),
      endedAt: running.startedAt.add({ milliseconds }),
      outcome,
      reason: reason === null ? null : storable(reason),
    });
  }

  /** Writes what has ended, and what has run since the flush before; whatever the database refuses is tried again. */
  async flush(db: Queryable): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    const told = [...this.#running.values()].filter(({ hasNews }) => hasNews);
    const seen = [...this.#running.values()].filter(({ age, hasNews }) => age === 1 || hasNews);
    try {
      await writeAttempts(db, [...ended, ...seen.map(recordOf)]);
      await publishProgress(
        db,
        told.map(({ jobId }) => jobId),
      );
    } catch (error) {
      this.#ended = [...ended, ...this.#ended].slice(-keptMax);
      throw error;
    }
    for (const each of told) each.hasNews = false;
    for (const each of seen) each.age = 2;
    for (const each of this.#running.values()) if (each.age === 0) each.age = 1;
  }
}

/** Without what PostgreSQL takes in no text: one such character would refuse all that is written with it. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

function keyOf({ jobId, claim }: Pick<Begun, 'jobId' | 'claim'>): string {
  return `${jobId} ${claim}`;
}

function recordOf({ startedMs: _, hasNews: __, age: ___, ...begun }: Running): AttemptRecord {
  return { ...begun, endedAt: null, outcome: null, reason: null };
}
