import type { UnitOfWork, Queryable, Database } from '../../../platform/database/database.ts';
import { ArcadiaError } from '../../../platform/errors.ts';
import { lockDay } from '../../store.ts';
import { type MoveDirection, nameOf, toClickHouse, toPostgres } from './move-day.ts';
import type { ClickHouse } from '../clickhouse/connection.ts';
import * as store from './move.store.ts';
import { openClickHouse } from '../open.ts';

/** How often days are copied again that were metered meanwhile, before the move gives up. */
const roundsMax = 100;
const daysAtOnce = 1_000;

interface MoveOptions {
  readonly now: Temporal.Instant;
  readonly signal?: AbortSignal;
  readonly onProgress?: (day: Temporal.PlainDate, done: number, of: number) => void;
}

interface Moved {
  /** Where usage is now; the address is host:port/database of a ClickHouse, '' of PostgreSQL. */
  readonly engine: 'postgresql' | 'clickhouse';
  readonly address: string;
  /** Days that this run copied; earlier runs' stay where they are. */
  readonly days: number;
  /** With every version of their records. */
  readonly records: number;
  /** Usage was there already. */
  readonly already: boolean;
}

/**
 * Moves all usage from PostgreSQL to a ClickHouse, or back: copies each day with all versions of its
 * records, compares counts and sums by deployment, kind and day, and then switches every process over
 * with one row. Metering goes on meanwhile; what it touches is copied again. A move that was stopped
 * anywhere goes on from there. What is where usage came from stays.
 * @throws ArcadiaError conflict, usage_store_mismatch, usage_store_failed, usage_store_unreachable, cancelled
 */
export async function moveUsage(db: Database, target: ClickHouse | 'postgresql', options: MoveOptions): Promise<Moved> {
  const direction = await directionOf(db, target);
  if ('already' in direction) return { ...direction.already, days: 0, records: 0, already: true };
  const { to } = direction;
  await db.transaction().execute(async (trx) => {
    assertAt(direction.from, await store.lockCurrentStore(trx));
    await direction.begin(trx);
  });

  let days = 0;
  let records = 0;
  for (let round = 0; round < roundsMax; round += 1) {
    for (;;) {
      const behind = await store.selectDaysToCopy(db, to.address, daysAtOnce);
      if (behind.length === 0) break;
      const of = days + (await store.countDaysToCopy(db, to.address));
      for (const day of behind) {
        if (options.signal?.aborted) {
          throw new ArcadiaError('cancelled', `Stopped before ${day}; ${days} of ${of} days were copied.`);
        }
        records += await db.transaction().execute((trx) => copyDay(trx, direction, day));
        days += 1;
        options.onProgress?.(day, days, of);
      }
    }
    if (await db.transaction().execute((trx) => switchOver(trx, direction, options.now))) {
      return { ...to, days, records, already: false };
    }
  }
  throw new ArcadiaError('conflict', `Days are metered as fast as they are copied to ${nameOf(to)}; ${days} were.`);
}

async function directionOf(
  db: Queryable,
  target: ClickHouse | 'postgresql',
): Promise<MoveDirection | { readonly already: store.CurrentStore }> {
  const current = await store.selectCurrentStore(db);
  if (current.address === (target === 'postgresql' ? '' : target.address)) return { already: current };
  if (target === 'postgresql') {
    const clickHouse = await openClickHouse(db);
    return clickHouse === null ? { already: { engine: 'postgresql', address: '' } } : toPostgres(clickHouse);
  }
  if (current.engine === 'postgresql') return toClickHouse(target);
  throw new ArcadiaError(
    'conflict',
    `Usage is in ${nameOf(current)}. To another ClickHouse it goes by way of PostgreSQL: move it there first.`,
  );
}

function assertAt(expected: store.CurrentStore, current: store.CurrentStore): void {
  if (current.address === expected.address) return;
  throw new ArcadiaError('conflict', `Usage has been moved meanwhile, and is in ${nameOf(current)}.`);
}

async function copyDay(trx: UnitOfWork, direction: MoveDirection, day: Temporal.PlainDate): Promise<number> {
  assertAt(direction.from, await store.holdCurrentStore(trx));
  await lockDay(trx, day);
  const revision = await store.selectLastRevision(trx, day);
  const figures = await direction.copyDay(trx, day);
  await store.upsertMovedDay(trx, direction.to.address, day, { revision, ...figures });
  return figures.records;
}

/**
 * Switches, unless something was metered since it was copied. What PostgreSQL knows of a ClickHouse
 * stays when usage leaves it: a process that has just asked where usage is may still read there.
 */
async function switchOver(trx: UnitOfWork, { from, to }: MoveDirection, now: Temporal.Instant): Promise<boolean> {
  assertAt(from, await store.lockCurrentStore(trx));
  if ((await store.countDaysToCopy(trx, to.address)) > 0) return false;
  await store.resetPurged(trx);
  await store.deleteMoves(trx);
  await store.updateCurrentStore(trx, to, now);
  return true;
}
