import { setTimeout as sleep } from 'node:timers/promises';
import { moveSimulatedClock, paceMax, readSimulation } from '../platform/clock.ts';
import { type Database, inSession } from '../platform/database/database.ts';
import { isRollingOut } from '../provisioning/index.ts';
import { tryLockClock, unlockClock } from './demonstration.store.ts';

/** It moves by so much at a time: as often as the schedule reads an account. */
const stepSeconds = 900;
/** How soon it is seen that somebody watches, or that the pace is another one. */
const pollMs = (1_000 * stepSeconds) / paceMax;

interface LivingClock {
  /** How many watch: while nobody does, and no rollout goes on, the clock stands still. */
  readonly watchers: () => number;
  readonly signal: AbortSignal;
  /** What went wrong once; it is tried again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Moves a simulated clock on while somebody watches or a rollout goes on, at the pace that is set (`clock set`), until the
 * signal aborts. One process does: others on the same database wait for their turn.
 */
export async function keepClockGoing(db: Database, { watchers, signal, onError }: LivingClock): Promise<void> {
  while (!signal.aborted) {
    try {
      await inSession(db, async (conn) => {
        while (!(await tryLockClock(conn))) {
          await pause(10 * pollMs, signal);
          if (signal.aborted) return;
        }
        try {
          await goOn(db, { watchers, signal });
        } finally {
          await unlockClock(conn).catch(() => {});
        }
      });
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
      await pause(10 * pollMs, signal);
    }
  }
}

async function goOn(db: Database, { watchers, signal }: Pick<LivingClock, 'watchers' | 'signal'>): Promise<void> {
  let movedAt = performance.now();
  while (!signal.aborted) {
    await pause(pollMs, signal);
    const isWanted = watchers() > 0 || (await isRollingOut(db));
    const simulation = isWanted ? await readSimulation(db) : null;
    if (simulation === null || simulation.pace === 0 || simulation.runsTo !== null) {
      movedAt = performance.now();
      continue;
    }
    const stepMs = (stepSeconds / simulation.pace) * 1_000;
    const lateMs = performance.now() - movedAt - stepMs;
    if (lateMs < 0) continue;
    // What a look came late is made up for, by one step at most.
    movedAt = performance.now() - Math.min(lateMs, stepMs);
    await moveSimulatedClock(db, stepSeconds);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
