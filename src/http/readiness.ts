import type { Database } from '../platform/database.ts';
import { ArcadiaError, toArcadiaError } from '../platform/errors.ts';
import { migrationStatus } from '../platform/migrate.ts';
import { readLongestLag } from '../jobs/load.ts';

// Whether this process should be sent work. It says no first when it stops: whoever balances load
// over several takes it out before it closes.

/** A worker whose queues are this late is not keeping up. */
const lagSecondsMax = 900;
const checkMsMax = 5_000;

export interface ReadinessOptions {
  readonly db: Database;
  /** The queues that this process works; none: how late queues are is told and decides nothing. */
  readonly queues?: readonly string[];
  readonly stopping: AbortSignal;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly report: { readonly status: 'ok' | 'unavailable'; readonly checks: Readonly<Record<string, string>> };
}

export interface Readiness {
  /** Never throws. */
  check(): Promise<ReadinessReport>;
}

export function openReadiness({ db, queues, stopping }: ReadinessOptions): Readiness {
  async function status() {
    try {
      return await migrationStatus(db);
    } catch (error) {
      throw toArcadiaError(error, 'The database');
    }
  }

  const checks: Readonly<Record<string, () => Promise<string>>> = {
    async process() {
      if (stopping.aborted) throw new ArcadiaError('cancelled', 'This process is stopping.');
      return 'ok';
    },
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
    async queues() {
      const late = await readLongestLag(db, queues);
      const said = late === null ? 'ok' : `ok: in ${late.queue} the oldest job has waited ${late.seconds} s`;
      if (late === null || queues === undefined || late.seconds <= lagSecondsMax) return said;
      throw new ArcadiaError('conflict', `In ${late.queue} the oldest job has waited ${late.seconds} s.`);
    },
  };

  return {
    async check() {
      const found = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => ({ name, ...(await outcome(check)) })),
      );
      const ready = found.every(({ holds }) => holds);
      const said = Object.fromEntries(found.map(({ name, says }) => [name, says]));
      return { ready, report: { status: ready ? 'ok' : 'unavailable', checks: said } };
    },
  };
}

/** `ok`, or what is wrong: a message of ours, never a database's own with its address in it. */
async function outcome(check: () => Promise<string>): Promise<{ holds: boolean; says: string }> {
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
