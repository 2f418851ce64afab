import type { Database } from '../../platform/database/database.ts';
import { ArcadiaError, toArcadiaError } from '../../platform/errors.ts';
import { hasAccess } from '../../platform/database/access.ts';
import { migrationStatus } from '../../platform/database/migrate.ts';
import { readLongestLag } from '../../jobs/index.ts';
import type { Program } from '../../platform/declare/program.ts';

// Whether this process should be sent work. It says no first when it stops: whoever balances load
// over several takes it out before it closes.
//
// Anybody may ask, and as often as they like, so the database is asked once for all who ask within
// a second; a check that it does not answer is waited for, never begun again beside itself.

/** A worker whose queues are this late is not keeping up. */
const lagSecondsMax = 900;
const checkMsMax = 5_000;
const keptMs = 1_000;

interface ReadinessOptions {
  readonly db: Database;
  readonly program: Program;
  /** The queues that this process works; none: how late queues are is told and decides nothing. */
  readonly queues?: readonly string[];
  readonly stopping: AbortSignal;
}

interface ReadinessReport {
  readonly ready: boolean;
  readonly report: { readonly status: 'ok' | 'unavailable'; readonly checks: Readonly<Record<string, string>> };
}

export interface Readiness {
  /** Never throws. */
  check(): Promise<ReadinessReport>;
}

interface Found {
  readonly holds: boolean;
  readonly says: string;
}

export function openReadiness({ db, program, queues, stopping }: ReadinessOptions): Readiness {
  const status = shared(async () => {
    try {
      return await migrationStatus(db);
    } catch (error) {
      throw toArcadiaError(error, 'The database');
    }
  });

  const looked = program.queues.filter(({ name }) => queues === undefined || queues.includes(name));

  const checks: Readonly<Record<string, () => Promise<string>>> = {
    async database() {
      await status();
      return 'ok';
    },
    async migrations() {
      const open = (await status()).filter((migration) => migration.state !== 'applied');
      if (open.length === 0) return 'ok';
      const named = open.map(({ name, state }) => `${name} ${state}`).join(', ');
      throw new ArcadiaError('conflict', `Not as this version needs it: ${named}.`);
    },
    roles: shared(async () => {
      if (await hasAccess(db)) return 'ok';
      throw new ArcadiaError('conflict', 'Database roles or rights are missing; db migrate restores them.');
    }),
    queues: shared(async () => {
      const late = await readLongestLag(db, looked);
      const said = late === null ? 'ok' : `ok: in ${late.queue} the oldest job has waited ${late.seconds} s`;
      if (late === null || queues === undefined || late.seconds <= lagSecondsMax) return said;
      throw new ArcadiaError('conflict', `In ${late.queue} the oldest job has waited ${late.seconds} s.`);
    }),
  };

  let found: Readonly<Record<string, Found>> = {};
  let foundAtMs = -Infinity;
  const look = shared(async () => {
    if (performance.now() - foundAtMs < keptMs) return;
    const outcomes = Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)] as const);
    found = Object.fromEntries(await Promise.all(outcomes));
    foundAtMs = performance.now();
  });
  /** Who stops says so at once, whatever the database is at. */
  async function lookUnlessStopped(): Promise<void> {
    if (stopping.aborted) return;
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    const stop = () => resolve();
    stopping.addEventListener('abort', stop, { once: true });
    await Promise.race([stopped, look()]);
    stopping.removeEventListener('abort', stop);
  }

  return {
    async check() {
      await lookUnlessStopped();
      const process = { holds: !stopping.aborted, says: stopping.aborted ? 'This process is stopping.' : 'ok' };
      const all = Object.entries({ process, ...found });
      const ready = all.every(([, { holds }]) => holds);
      const said = Object.fromEntries(all.map(([name, { says }]) => [name, says]));
      return { ready, report: { status: ready ? 'ok' : 'unavailable', checks: said } };
    },
  };
}

/** The same work, once at a time: who asks meanwhile gets what comes of it. */
function shared<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let underWay: Promise<Value> | null = null;
  return () => {
    underWay ??= work().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

/** `ok`, or what is wrong: a message of ours, never a database's own with its address in it. */
async function outcome(check: () => Promise<string>): Promise<Found> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), checkMsMax).unref();
  });
  try {
    return { holds: true, says: await Promise.race([check(), late]) };
  } catch (error) {
    return { holds: false, says: error instanceof ArcadiaError ? error.message : 'unavailable' };
  } finally {
    clearTimeout(timer);
  }
}
