import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connect, type Database } from '../src/platform/database/database.ts';
import { dropDatabase } from '../src/platform/database/databases.ts';
import { defaultDataDir, openEmbeddedDatabase } from '../src/platform/embedded/embedded.ts';
import { migrate } from '../src/platform/database/migrate.ts';

/** One claim, measured: `ratio` is ms / baselineMs, both from this run; `aim` is what it should be at most. */
export interface Row {
  readonly name: string;
  readonly ms: number;
  /** What the claim is held against, in words. */
  readonly baseline: string;
  readonly baselineMs: number;
  readonly ratio: number;
  readonly aim: number | null;
}

export function row(name: string, ms: number, baseline: string, baselineMs: number, aim: number | null): Row {
  const round = (value: number) => Math.round(value * 1000) / 1000;
  return {
    name,
    ms: round(ms),
    baseline,
    baselineMs: round(baselineMs),
    ratio: round(ms / baselineMs),
    aim: aim === null ? null : round(aim),
  };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs `work` on a database of its own on the embedded server, with ordinary settings, and drops it after. */
export async function withBenchDatabase<T>(work: (db: Database, connectionString: string) => Promise<T>): Promise<T> {
  const name = `bench_${randomBytes(4).toString('hex')}`;
  const server = await openEmbeddedDatabase({ dataDir: join(defaultDataDir(), 'bench'), database: name });
  const owner = connect({ connectionString: server.connectionString(name), max: 1 });
  try {
    await migrate(owner);
  } finally {
    await owner.destroy();
  }
  // Fleets are loaded past the triggers, which only a superuser may do.
  const address = server.superuserConnectionString(name);
  const db = connect({ connectionString: address, max: 4, applicationName: 'arcadia bench' });
  try {
    return await work(db, server.connectionString(name));
  } finally {
    await db.destroy();
    await dropDatabase(server.superuserConnectionString('postgres'), name);
    await server.release();
  }
}

/** The 99th percentile of many short runs, in ms. */
export async function percentile99(runs: number, work: (run: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await timed(() => work(run)));
  times.sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? Number.NaN;
}
