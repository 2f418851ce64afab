import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import { program } from '../../src/modules.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { declareJob } from '../../src/platform/declare/job.ts';
import type { Program } from '../../src/platform/declare/program.ts';

// Jobs for breaking. Each leaves its effects with the process that made them, without a constraint
// that could hide a second one: only the lease stands between them and doing things twice.

export async function createFaultTables(db: Database): Promise<void> {
  await sql`
    CREATE TABLE effects (effect_id bigint GENERATED ALWAYS AS IDENTITY, pid int NOT NULL, n int NOT NULL, step int NOT NULL, at timestamptz NOT NULL)
  `.execute(db);
}

const pid = process.pid;

/**
 * Writes its steps one by one, each in a transaction, from where the last attempt got to.
 * The read goes to the same transaction: what another wrote since is seen, if the lease lets us.
 */
export const stepsJob = declareJob({
  name: 'steps',
  queue: 'metering',
  title: 'Writes steps one by one',
  arguments: z.object({ n: z.number(), steps: z.number(), pause_ms: z.number() }),
  timeoutSeconds: 120,
  attemptsMax: 10,
  async run(job) {
    const { n, steps, pause_ms } = job.arguments;
    for (let more = true; more; ) {
      more = await job.db.transaction().execute(async (trx) => {
        const { rows } = await sql<{
          step: number;
        }>`SELECT coalesce(max(step), 0) AS step FROM effects WHERE n = ${n}`.execute(trx);
        const step = (rows[0]?.step ?? 0) + 1;
        if (step > steps) return false;
        await sql`INSERT INTO effects (pid, n, step, at) VALUES (${pid}, ${n}, ${step}, clock_timestamp())`.execute(
          trx,
        );
        return true;
      });
      await sleep(pause_ms);
    }
  },
});

/** Holds a lock on the table of effects in an open transaction, for as long as it is let. */
export const holdJob = declareJob({
  name: 'hold',
  queue: 'metering',
  title: 'Holds a lock',
  arguments: z.object({ n: z.number(), hold_ms: z.number() }),
  timeoutSeconds: 120,
  attemptsMax: 10,
  async run(job) {
    const { n, hold_ms } = job.arguments;
    await job.db.transaction().execute(async (trx) => {
      await sql`LOCK TABLE effects IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
      const { rows } = await sql`SELECT FROM effects WHERE n = ${n}`.execute(trx);
      if (rows.length > 0) return;
      process.stdout.write(`holding ${n}\n`);
      await sleep(hold_ms);
      await sql`INSERT INTO effects (pid, n, step, at) VALUES (${pid}, ${n}, 1, clock_timestamp())`.execute(trx);
    });
  },
});

/** Brings days up to date: writes each complete day of the clock since the last one written. */
export const daysJob = declareJob({
  name: 'days',
  queue: 'default',
  title: 'Brings days up to date',
  arguments: z.object({}),
  timeoutSeconds: 120,
  attemptsMax: 10,
  async run(job) {
    const today = Math.floor((await job.clock.now()).epochMilliseconds / 86_400_000);
    await job.db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ day: number | null }>`SELECT max(n) AS day FROM effects`.execute(trx);
      for (let day = (rows[0]?.day ?? today - 2) + 1; day < today; day += 1) {
        await sql`INSERT INTO effects (pid, n, step, at) VALUES (${pid}, ${day}, 1, clock_timestamp())`.execute(trx);
      }
    });
  },
});

/** These jobs in place of the program's, on its queues. */
export const faultProgram: Program = {
  ...program,
  jobs: [stepsJob, holdJob, daysJob],
  schedule: [{ name: 'days', cron: '10 1 * * *', job: daysJob, arguments: {} }],
};
