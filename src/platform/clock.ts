import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from './database/database.ts';
import { preparedStatement, statement } from './database/statement.ts';
import { ArcadiaError, declareError } from './errors.ts';

export const notSimulated = declareError({
  code: 'not_simulated',
  status: 409,
  todo: 'Only the clock of a demonstration, or of another simulated account, is set.',
});

/**
 * The one source of "now". Only surfaces (cli, http, jobs) read it; domain functions take the
 * instant as a parameter, and SQL never calls now().
 */
export interface Clock {
  now(): Promise<Temporal.Instant>;
  /** The same within a statement on the database whose clock it is; a clock of its own has none. */
  readonly inStatement?: () => RawBuilder<unknown>;
}

/** The instant of a clock for a statement, which reads it itself where that is the clock of its database. */
export async function instantFor(clock: Clock): Promise<RawBuilder<unknown>> {
  return clock.inStatement?.() ?? instantOf(await clock.now());
}

/** An instant for a statement. */
export function instantOf(instant: Temporal.Instant): RawBuilder<unknown> {
  return sql`${instant}::timestamptz`;
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
  const realNow = () => toMicroseconds(Temporal.Now.instant());
  return {
    inStatement: () =>
      isReal ? instantOf(realNow()) : sql`coalesce((SELECT instant FROM simulated_clock), ${realNow()}::timestamptz)`,
    async now() {
      if (!isReal) {
        const { rows } = await preparedStatement<{ instant: Temporal.Instant | null; real: boolean }>(
          'platform.databaseClock',
        )`
          SELECT (SELECT instant FROM simulated_clock) AS instant,
                 EXISTS (SELECT FROM inventory_accounts WHERE NOT simulated) AS real`.execute(db);
        const instant = rows[0]?.instant ?? null;
        if (instant !== null) return instant;
        isReal = rows[0]?.real === true;
      }
      return realNow();
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

/** Where a simulated clock stands and where it goes. */
export interface SimulatedClock {
  readonly instant: Temporal.Instant;
  /** Until when the history of a demonstration is being created; null: it is there. */
  readonly runsTo: Temporal.Instant | null;
  /** Simulated seconds in a second, while somebody watches the dashboard; 0: it stands still. */
  readonly pace: number;
}

/** The simulated clock whole; null where the accounts are real, or there are none. */
export async function readSimulation(db: Queryable): Promise<SimulatedClock | null> {
  const { rows } = await statement<SimulatedClock>(
    'platform.readSimulation',
  )`SELECT instant, runs_to AS "runsTo", pace FROM simulated_clock`.execute(db);
  return rows[0] ?? null;
}

/** Says until when history is being created; null: it is there. Does nothing where the clock is real. */
export async function announceHistory(db: Queryable, runsTo: Temporal.Instant | null): Promise<void> {
  await statement('platform.announceHistory')`
    WITH changed AS (
      UPDATE simulated_clock SET runs_to = ${runsTo} WHERE runs_to IS DISTINCT FROM ${runsTo} RETURNING 1)
    SELECT publish_event('clock.changed', '') FROM changed`.execute(db);
}

/** What moves a simulated clock looks twice a second, and moves it by a quarter of an hour: faster it cannot go. */
export const paceMax = 1_800;

/** Sets how fast a simulated clock goes, up to `paceMax`. Errors: not_simulated. */
export async function setPace(db: Queryable, pace: number): Promise<void> {
  const { rows } = await statement('platform.setPace')`
    WITH changed AS (UPDATE simulated_clock SET pace = ${pace} RETURNING 1)
    SELECT publish_event('clock.changed', '') FROM changed`.execute(db);
  if (rows.length === 0) throw notSimulated('No account of this database is simulated: its clock is the real one.');
}

/** Moves a simulated clock on by `seconds`, and publishes that it has moved. */
export async function moveSimulatedClock(db: Queryable, seconds: number): Promise<void> {
  await statement('platform.moveSimulatedClock')`
    WITH changed AS (
      UPDATE simulated_clock SET instant = instant + make_interval(secs => ${seconds}) RETURNING 1)
    SELECT publish_event('clock.changed', '') FROM changed`.execute(db);
}

/** Clocks that differ by more than this many seconds do not agree: neither is believed. */
export const clockSkewSecondsMax = 120;

/**
 * Keeps how far this machine's clock is ahead of a real provider's, which has just answered. What differs by less than a
 * minute from what is known is not written.
 */
export async function noteProviderClock(db: Queryable, aheadSeconds: number): Promise<void> {
  await statement('platform.noteProviderClock')`
    INSERT INTO provider_clock (ahead_seconds) VALUES (${aheadSeconds})
    ON CONFLICT (singleton) DO UPDATE SET ahead_seconds = excluded.ahead_seconds
    WHERE abs(provider_clock.ahead_seconds - excluded.ahead_seconds) >= 60
       OR (abs(provider_clock.ahead_seconds) > ${clockSkewSecondsMax}) <> (abs(excluded.ahead_seconds) > ${clockSkewSecondsMax})`.execute(
    db,
  );
}

/**
 * Refuses to go on by a clock that is minutes off: the database's differs from this machine's, or the provider's did when
 * it was read last. A simulated clock is what it says it is.
 *
 * Errors: clock_skewed.
 */
export async function assertClocksAgree(db: Queryable): Promise<void> {
  const before = Temporal.Now.instant();
  const { rows } = await statement<{
    database: Temporal.Instant;
    aheadOfProvider: number;
    simulated: boolean;
  }>('platform.assertClocksAgree')`
    SELECT clock_timestamp() AS database, EXISTS (SELECT FROM simulated_clock) AS simulated,
           coalesce((SELECT ahead_seconds FROM provider_clock), 0) AS "aheadOfProvider"`.execute(db);
  const [{ database, aheadOfProvider, simulated }] = rows as [(typeof rows)[number]];
  if (simulated) return;
  if (Math.abs(aheadOfProvider) > clockSkewSecondsMax) throw skewed(aheadOfProvider, "the provider's");
  const aheadOfDatabase = secondsAhead(database, before, Temporal.Now.instant());
  if (Math.abs(aheadOfDatabase) > clockSkewSecondsMax) throw skewed(aheadOfDatabase, "the database's");
}

/** Seconds that our clock is ahead of another, which showed `instant` at some moment between `from` and `to` of ours. */
function secondsAhead(instant: Temporal.Instant, from: Temporal.Instant, to: Temporal.Instant): number {
  const atLeast = Math.round(from.since(instant).total('seconds'));
  const atMost = Math.round(to.since(instant).total('seconds'));
  return atLeast > 0 ? atLeast : Math.min(atMost, 0);
}

function skewed(aheadSeconds: number, whose: string): ArcadiaError {
  return new ArcadiaError('clock_skewed', `${describeSkew(aheadSeconds, whose)} Nothing is done by it.`);
}

/** `This machine's clock is 2 hours ahead of the provider's.` */
export function describeSkew(aheadSeconds: number, whose: string): string {
  const off = Temporal.Duration.from({ seconds: Math.abs(aheadSeconds) }).round({ largestUnit: 'days' });
  return `This machine's clock is ${off.toLocaleString('en', { style: 'long' })} ${aheadSeconds > 0 ? 'ahead of' : 'behind'} ${whose}.`;
}
