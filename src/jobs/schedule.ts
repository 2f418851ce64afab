import type { Clock } from '../platform/clock.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { JobArguments, JobDeclaration } from '../platform/declare/job.ts';
import type { ScheduleDeclaration } from '../platform/declare/module.ts';
import { isDue, nextRun } from './cron.ts';
import * as store from './store.ts';

// Times are UTC, by the database's clock (a simulated one, where there is one).

interface ScheduledRun {
  readonly name: string;
  readonly cron: string;
  readonly job: string;
  readonly arguments: JobArguments;
  readonly queue: string;
  /** In the past while no worker runs. */
  readonly next: Temporal.Instant;
  readonly last: Temporal.Instant | null;
}

/**
 * The table with an operator's own times in it; null takes an entry out.
 * Errors: invalid_config for a name that is not in the table, or no cron expression.
 */
export function overrideSchedule(
  entries: readonly ScheduleDeclaration[],
  overrides: Readonly<Record<string, string | null>>,
): ScheduleDeclaration[] {
  const names = entries.map((entry) => entry.name);
  for (const [name, cron] of Object.entries(overrides)) {
    if (!names.includes(name))
      throw new ArcadiaError('invalid_config', `The schedule has no entry "${name}"; it has ${names.join(', ')}.`);
    if (cron !== null) nextRun(cron, Temporal.Instant.fromEpochMilliseconds(0));
  }
  return entries.flatMap((entry) => {
    const cron = overrides[entry.name];
    return cron === null ? [] : [{ ...entry, cron: cron ?? entry.cron }];
  });
}

/** Keeps the schedule that a worker starts with, for whoever asks: also what it leaves out of the declared one. */
export function writeSchedule(
  db: Queryable,
  declared: readonly ScheduleDeclaration[],
  entries: readonly ScheduleDeclaration[],
  now: Temporal.Instant,
): Promise<void> {
  const crons = new Map(entries.map(({ name, cron }) => [name, cron]));
  return store.writeSchedule(
    db,
    declared.map(({ name }) => ({ name, cron: crons.get(name) ?? null })),
    now,
  );
}

/** The schedule of the worker that started last; as it is declared, where none has started yet. */
export async function readSchedule(
  db: Queryable,
  clock: Clock,
  declared: readonly ScheduleDeclaration[],
): Promise<ScheduledRun[]> {
  const ticks = await store.readTicks(db);
  const now = await clock.now();
  return declared.flatMap((entry) => {
    const { cron = entry.cron, tickedAt = now, lastRunAt = null } = ticks.get(entry.name) ?? {};
    if (cron === null) return [];
    const after = Temporal.Instant.compare(tickedAt, now) <= 0 ? tickedAt : now;
    const { name, job } = entry;
    return {
      name,
      cron,
      job: job.name,
      arguments: entry.arguments,
      queue: job.queue,
      next: nextRun(cron, after),
      last: lastRunAt,
    };
  });
}

/**
 * Enqueues what is due, each entry once however many occurrences were missed. Any number of
 * processes may call it at any time: the tick moves in the transaction that enqueues, and only one
 * of them moves it. Returns the names that it found due.
 */
export async function tick(
  db: Database,
  clock: Clock,
  entries: readonly ScheduleDeclaration[],
  enqueue: (trx: UnitOfWork, job: JobDeclaration, args: JobArguments) => Promise<unknown>,
): Promise<string[]> {
  const now = await clock.now();
  const ticks = await store.readTicks(db);
  const unknown = entries.filter((entry) => !ticks.has(entry.name)).map(({ name, cron }) => ({ name, cron }));
  if (unknown.length > 0) await store.writeSchedule(db, unknown, now);

  const ticked: string[] = [];
  for (const entry of entries) {
    const tickedAt = ticks.get(entry.name)?.tickedAt;
    if (tickedAt === undefined || !isDue(entry.cron, tickedAt, now)) continue;
    await db.transaction().execute(async (trx) => {
      if (!(await store.moveTick(trx, entry.name, tickedAt, now))) return;
      await enqueue(trx, entry.job, entry.arguments);
      ticked.push(entry.name);
    });
  }
  return ticked;
}
