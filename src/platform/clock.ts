import type { Queryable } from './database/database.ts';
import { statement } from './database/statement.ts';

/**
 * The one source of "now". Only surfaces (cli, http, jobs) read it; domain functions take the
 * instant as a parameter, and SQL never calls now().
 */
export interface Clock {
  now(): Promise<Temporal.Instant>;
}

/** Microseconds, as PostgreSQL stores them, so that an instant survives a round trip. */
export function toMicroseconds(instant: Temporal.Instant): Temporal.Instant {
  return instant.round({ smallestUnit: 'microsecond', roundingMode: 'trunc' });
}

/**
 * The clock of a database: real time, unless its accounts are simulated; then the virtual
 * instant that is stored in it, so that every process that uses the database agrees.
 *
 * Real and simulated accounts never meet in one database (see connectAccount), so once a real one
 * is there, its clock is real for good, and the database need not be asked any more.
 */
export function databaseClock(db: Queryable): Clock {
  let isReal = false;
  return {
    async now() {
      if (!isReal) {
        const { rows } = await statement<{ instant: Temporal.Instant | null; real: boolean }>('platform.databaseClock')`
          SELECT (SELECT instant FROM simulated_clock) AS instant,
                 EXISTS (SELECT FROM inventory_accounts WHERE NOT simulated) AS real`.execute(db);
        const instant = rows[0]?.instant ?? null;
        if (instant !== null) return instant;
        isReal = rows[0]?.real === true;
      }
      return toMicroseconds(Temporal.Now.instant());
    },
  };
}

/** Where the clock of the database's simulated accounts stands; null where there are none. */
export async function readSimulatedClock(db: Queryable): Promise<Temporal.Instant | null> {
  const { rows } = await statement<{ instant: Temporal.Instant }>(
    'platform.readSimulatedClock',
  )`SELECT instant FROM simulated_clock`.execute(db);
  return rows[0]?.instant ?? null;
}

/**
 * Brings a simulated database's clock up to what its simulator says. It never goes back: a
 * simulator that was started anew is the one that is wrong.
 */
export async function followSimulatedClock(db: Queryable, instant: Temporal.Instant): Promise<void> {
  await statement('platform.followSimulatedClock')`
    INSERT INTO simulated_clock (instant) VALUES (${instant})
    ON CONFLICT (singleton) DO UPDATE SET instant = greatest(simulated_clock.instant, excluded.instant)
  `.execute(db);
}
