import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { pruneSyncRuns } from '../../src/inventory/sync-prune.ts';
import { sumDays } from '../../src/metering/day-sums.ts';
import { meterOutstanding } from '../../src/metering/meter.ts';
import { applyRetention } from '../../src/metering/retention/retention.ts';
import { usageOfAll } from '../../src/metering/usage.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { at, createDeployments, insertAccount, insertSync } from '../fixtures/metering.ts';
import { soaking, timeoutOf } from '../soak.ts';

// Day after day: what the schedule does each night, on a fleet of which some changes. What is kept for a time must not grow
// once that time is over, and autovacuum must keep up. A year in the soak, four months in `npm test`.

const days = soaking ? 400 : 125;
const resources = soaking ? 3_000 : 30;
const changesADay = soaking ? 60 : 2;
/** Kept so long: records by configuration, sync runs by what is asked. */
const recordDays = 31;
const runDays = 30;
/** Once a month is over, past its retention and final, all that is kept for a time has been removed once. */
const settledAfterDays = 100;

const kinds = ['droplet', 'snapshot'] as const;
const start = Temporal.PlainDate.from('2027-01-01');
const instantOf = (day: Temporal.PlainDate) => at(day.toString());

let opened: TestDatabase;
let db: Database;
let superuser: Database;
let account: number;
const ids: number[] = [];

beforeAll(async () => {
  opened = await openTestDatabase();
  ({ db } = opened);
  superuser = connect({ connectionString: opened.superuserConnectionString, max: 1 });
  // A day passes in a second here: autovacuum looks twice a simulated day in place of each minute of it.
  if (soaking) {
    await sql`ALTER SYSTEM SET autovacuum_naptime = 1`.execute(superuser);
    await sql`SELECT pg_reload_conf()`.execute(superuser);
  }
  account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = ${start.toString()}`.execute(db);
  await sql`UPDATE metering_config SET retention_days = ${recordDays}`.execute(db);
  await createDeployments(db, ['ash', 'birch', 'cedar'], at('2026-12-01'));
  for (let number = 0; number < resources; number += 1) {
    const kind = kinds[number % 2] ?? 'droplet';
    const state = { attributes: kind === 'droplet' ? {} : { size_gb: 1 + (number % 50) } };
    ids.push(await insertLiving(db, account, kind, `${number}`, state, at('2026-12-01')));
  }
  const owners = [{ slug: 'ash', weight: 1 }];
  await assign(db, { resourceIds: ids, owners, from: at('2026-12-01') }, 'test', instantOf(start));
}, timeoutOf(120_000));

afterAll(async () => {
  if (soaking) {
    await sql`ALTER SYSTEM RESET autovacuum_naptime`.execute(superuser);
    await sql`SELECT pg_reload_conf()`.execute(superuser);
  }
  await superuser.destroy();
  await opened.close();
});

interface Kept {
  readonly partitions: number;
  readonly records: number;
  readonly runs: number;
  readonly levels: number;
}

/** How much there is of what is kept for a time. */
async function kept(): Promise<Kept> {
  const { rows } = await sql<Kept>`
    SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage_records_day'::regclass) AS partitions,
           (SELECT count(*) FROM usage_records) AS records, (SELECT count(*) FROM sync_runs) AS runs,
           (SELECT count(*) FROM metered_levels WHERE valid_to = 'infinity') AS levels`.execute(db);
  return rows[0]!;
}

/** The next resource that changes: all in turn. */
let turn = 0;

async function liveThrough(day: Temporal.PlainDate): Promise<void> {
  // Between two listings: of a run that a change is dated by, history refers to it, and it stays.
  const noon = instantOf(day).add({ hours: 12, minutes: 30 });
  const night = instantOf(day.add({ days: 1 })).add({ hours: 2 });
  for (const kind of kinds)
    for (const hours of [0, 6, 12, 18]) await insertSync(db, account, kind, instantOf(day).add({ hours }));
  for (let change = 0; change < changesADay; change += 1) {
    turn += 1;
    const id = ids[turn % ids.length]!;
    if (turn % 5 === 0) {
      const owners = [{ slug: ['ash', 'birch', 'cedar'][turn % 3] ?? 'ash', weight: 1 }];
      await assign(db, { resourceIds: [id], owners, from: noon }, 'test', noon);
    } else {
      const state =
        id % 2 === 0 ? { attributes: { size_gb: 1 + (turn % 50) } } : { status: turn % 2 === 0 ? 'off' : 'active' };
      await writeState(db, id, state, noon, null, noon);
    }
  }
  await meterOutstanding(db, { now: night });
  await sumDays(db);
  await applyRetention(db, { now: night });
  await pruneSyncRuns(db, night.subtract({ hours: 24 * runDays }));
}

test(
  `${days} days of changes, metering and retention: what is kept for a time stays as much, sums stay, and vacuum keeps up`,
  async () => {
    const peaks: Kept[] = [];
    const firstMonth = { from: start, to: start.add({ months: 1 }) };
    let usage: unknown = null;
    for (let index = 0; index < days; index += 1) {
      const day = start.add({ days: index });
      await liveThrough(day);
      if (day.equals(firstMonth.to)) usage = await usageOfAll(db, firstMonth.from, firstMonth.to);
      if (index >= settledAfterDays) peaks.push(await kept());
    }
    // A month is retired as a whole, once its last day is past its retention: two months and some days are there at most.
    const most = peaks.reduce((a, b) => (a.records >= b.records ? a : b));
    expect(most.partitions).toBeLessThanOrEqual(recordDays + 31 + 31);
    expect(most.records).toBeLessThanOrEqual((recordDays + 31 + 31) * (resources + changesADay));
    // Of the runs that are pruned, those that history refers to stay; here none does.
    expect(Math.max(...peaks.map(({ runs }) => runs))).toBeLessThanOrEqual((runDays + 2) * 8 + 2 * 8);
    expect(new Set(peaks.map(({ levels }) => levels)).size).toBe(1);
    expect(await usageOfAll(db, firstMonth.from, firstMonth.to)).toEqual(usage);
    const { rows: retired } = await sql<{ months: number }>`
      SELECT count(DISTINCT month) AS months FROM usage_retired_months`.execute(db);
    expect(retired[0]?.months).toBeGreaterThanOrEqual(Math.floor((days - 2 * 31 - recordDays) / 31));
    if (soaking) await expectVacuumed();
  },
  timeoutOf(180_000),
);

/** Of no table more is dead than alive for long, but for what autovacuum takes for too little to look at. */
async function expectVacuumed(): Promise<void> {
  const tooLittle = 1_000;
  const unkept = async () => {
    const { rows } = await sql<{ relname: string; dead: number; alive: number }>`
      SELECT relname, n_dead_tup AS dead, n_live_tup AS alive FROM pg_stat_user_tables
      WHERE n_dead_tup > n_live_tup + ${tooLittle}::int ORDER BY n_dead_tup DESC`.execute(db);
    return rows;
  };
  for (let looks = 0; looks < 60 && (await unkept()).length > 0; looks += 1) await sleep(1_000);
  expect(await unkept()).toEqual([]);
}
