import { sql } from 'kysely';
import { assign } from '../src/deployments/assignments.ts';
import { meterDay } from '../src/metering/meter.ts';
import { usageForPeriod, usageOfAll } from '../src/metering/usage.ts';
import { moveUsage } from '../src/metering/records/move/move.ts';
import { openUsageStore, useClickHouse } from '../src/metering/records/open.ts';
import { stateChange, stateHistory } from '../src/inventory/sync.store.ts';
import type { Database } from '../src/platform/database/database.ts';
import { createTemporaryTableAs } from '../src/platform/database/temporary-table.ts';
import { rewriteHistory } from '../src/platform/history.ts';
import { startClickHouse } from '../test/clickhouse/server.ts';
import { deployments, resources, seedFleet } from './fleet.ts';
import { percentile99, type Row, row, say, timed, withBenchDatabase } from './support.ts';

// BENCH_RESOURCES=100000 npm run bench -- metering: a small run. Hourly metering writes 24 times as
// many rows; BENCH_HOURLY=0 leaves it out, as BENCH_CLICKHOUSE=0 does with ClickHouse.
//
// Reached on 2026-11-23 with a million resources, on two cores with no other work, in ratios: a day at
// rest 1.33, one in twenty changed 6.85, the same again 0.007, verified 1.74, 1,000 late facts 0.57, by the
// hour 1.06, all deployments' month 1.11, one deployment's 14.7 ms at p99, ClickHouse 3.85 of its own bare
// cost and 0.23 of PostgreSQL's time; 247 MB. What is missing of one in twenty and of late facts goes, in
// halves, to who owns what was touched and to its levels.
//
// Again on 2026-11-29: 1.45, 6.50, 0.010, 1.69, 0.52, by the hour 0.85, all deployments' month 1.10, one
// deployment's 8.3 ms at p99, ClickHouse 3.06 and 0.18; 265 MB. On 2026-12-01: 1.38, 4.77, 0.028, 1.73, 0.50, by the
// hour 0.82, all deployments' month 1.05, one deployment's 5.4 ms, ClickHouse 2.81 and 0.26 of a day at rest that takes
// less than before; 389 MB with ClickHouse, 158 MB with 200,000 and without it.
//
// Tried, and what came of it, on two cores with other work on them: compare within a line only.
// - the SQL function accrued() for 2,993 distinct levels: 800 ms, since it is not inlined; the same
//   arithmetic written out in the statement: 15 ms
// - written out, for each of 60,000 rows: 502, 729, 812, 856 ms; once per distinct level and looked
//   up by a hash join: 402, 466, 500, 724 ms
// - 200,000 records by INSERT into a new table: 2.9, 3.6, 1.6 s; by CREATE TABLE AS: 1.4, 3.1, 1.2 s
// - weight = weight_total has the planner expect a two-hundredth of the rows; weight >= weight_total
//   says the same and a third
// - ATTACH with a CHECK that says what the partition holds: 2 to 17 ms; without one it reads it all
//
// The same, in milliseconds of processor time of one backend, which other work disturbs less; for
// 100,000 levels at rest, where storing the rows alone takes 31 and their primary key 56 to 69:
// - all levels written out row by row: 225; distinct levels first, then a hash join: 152; a lateral
//   join that Memoize remembers by kind and level, in one pass: 130; of these, reading and storing
//   are 65. The levels that do not stand all day: 15 more
// - the same with a VALUES list of the kinds in place of the subquery, which can go parallel: 146; with
//   two workers no faster, since one backend stores all rows
// - levels of a fleet derived with one join for owner and unattributed, by LATERAL (VALUES): 4,650;
//   by a materialized CTE read twice: 2,400; with the join written twice 5,100 (elapsed)
// - weighed_level() is STRICT, and so not inlined: written out, 1,000 touched resources take 70 to 80
//   in place of 110
// - comparing a day: what should be stored and analysed first, 426; joined as it is computed, 285
// - 1,000 late moves of resources, 400 to 670: 200 to 350 for who owns them (of this 80 to 120 for the
//   exclusion constraint of attributions), 80 for levels, 70 to 90 to compare, 50 to write. Everything
//   is looked up by index, but for the day's partition, which is read whole while it is small
// - where a range is metered through: put together in SQL, 2.0, of which planning 1.4; small tables read
//   as they are and put together here, 1.3. The sums of a month in 31 partitions: 3.5, half of it planning
// - ClickHouse, of 280 to 480 elapsed: what should be is computed twice, to be counted and to be
//   inserted (68 each; bare 27), from levels that are read for what stands and for what is cut (36, 21).
//   Shipping levels is not among them: it is done before, and costs 5 us a level, by FETCH and as text

const hourly = process.env.BENCH_HOURLY !== '0';
/** Fewer take less of the disk: ten million records of a day are two gigabytes. */
const copiedDays = Math.min(26, Number(process.env.BENCH_DAYS ?? 26));
/** One in twenty changes on the metered day: its level changes at some moment in it. */
const changedOneIn = 20;
const lateLots = 4;
const upsertSample = Math.min(20_000, resources);
/** So many facts come late, one lot after the other; the aim is of the thousand. */
const lateFacts = [10, 100, 1_000, 10_000].filter((facts) => facts * lateLots <= resources);

const day = (text: string) => Temporal.PlainDate.from(text);
const instant = (text: string) => Temporal.Instant.from(text);

/** Owners as they are stored everywhere: assignments are found by the constraint's index, and attributions maintain theirs. */
async function restoreExclusion(db: Database): Promise<void> {
  for (const table of ['attributions', 'manual_assignments']) {
    await sql`
      ALTER TABLE ${sql.table(table)}
        ADD EXCLUDE USING gist (resource_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (superseded_at = 'infinity')`.execute(db);
  }
}

/** Has a twentieth of the states be others from some moment of the day on, as a day of syncs does. */
async function changeSome(db: Database, on: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const staged = await createTemporaryTableAs(
      trx,
      { statement: 'bench.changeSome', table: 'bench_states', analyze: true },
      sql`
        SELECT resource_id, account_id, kind, name, CASE status WHEN 'active' THEN 'off' ELSE 'active' END AS status, region, tags, parents,
               attributes || jsonb_build_object('size_gb', (attributes ->> 'size_gb')::numeric + 1) AS attributes,
               source, sync_run_id, recorded_by, ${on}::timestamptz + make_interval(secs => 1 + resource_id % 86000) AS valid_from,
               valid_to, true AS asserted
        FROM resource_states
        WHERE resource_id % ${changedOneIn}::int = 0 AND superseded_at = 'infinity' AND valid_to = 'infinity'`,
    );
    await rewriteHistory(trx, stateHistory, staged, instant(`${on}T23:59:59Z`), stateChange);
  });
}

/** One upsert per resource, as a program that walks its inventory would; measured on a sample and scaled. */
async function upsertEach(db: Database): Promise<number> {
  await sql`CREATE TABLE one_by_one (LIKE bare_source)`.execute(db);
  await sql`
    ALTER TABLE one_by_one ADD PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`.execute(
    db,
  );
  const ms = await timed(async () => {
    for (let resource = 1; resource <= upsertSample; resource += 1) {
      await sql`
        INSERT INTO one_by_one SELECT * FROM (VALUES (${(resource % deployments) + 2}::bigint, ${resource}::bigint,
          '2026-05-01'::timestamptz, 1::bigint, 1::smallint, 'day', 24::numeric, NULL::jsonb)) AS v
        ON CONFLICT (deployment_id, billing_kind_id, resource_id, period_start, granularity)
        DO UPDATE SET quantity = excluded.quantity, revision = excluded.revision`.execute(db);
    }
  });
  return (ms / upsertSample) * resources;
}

/** The bare cost: the same rows stored once, then the same primary key; same server, same settings. */
async function bare(db: Database, on: string, granularity: 'day' | 'hour'): Promise<number> {
  await sql`DROP TABLE IF EXISTS bare_source`.execute(db);
  await sql`
    CREATE TABLE bare_source AS SELECT * FROM usage_records
    WHERE granularity = ${granularity} AND period_start >= ${on}::timestamptz
      AND period_start < ${on}::timestamptz + interval '1 day' ORDER BY resource_id`.execute(db);
  await sql`ANALYZE bare_source`.execute(db);
  const ms = await timed(async () => {
    await sql`CREATE TABLE bare AS SELECT * FROM bare_source`.execute(db);
    await sql`
      ALTER TABLE bare ADD PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`.execute(
      db,
    );
  });
  await sql`DROP TABLE bare`.execute(db);
  return ms;
}

/** The first metered day again, as the records of the days up to the 27th, of the last `BENCH_DAYS` of them. */
async function copyDays(db: Database): Promise<void> {
  for (let date = 28 - copiedDays; date <= 27; date += 1) {
    const on = `2026-05-${String(date).padStart(2, '0')}`;
    const partition = sql.table(`usage_records_day_${on.replaceAll('-', '')}`);
    await sql`CREATE TABLE ${partition} (LIKE usage_records)`.execute(db);
    await sql`
      INSERT INTO ${partition}
      SELECT deployment_id, resource_id, ${on}::timestamptz, revision, billing_kind_id, granularity, quantity, sub_attribution
      FROM usage_records_day_20260501`.execute(db);
    await sql`
      ALTER TABLE ${partition}
        ADD PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`.execute(db);
    await sql`
      ALTER TABLE usage_records_day ATTACH PARTITION ${partition}
      FOR VALUES FROM (${sql.lit(on)}) TO (${sql.lit(day(on).add({ days: 1 }).toString())})`.execute(db);
    await sql`
      INSERT INTO metered_days SELECT ${on}::date, billing_kind_id, granularity, definition, change_id, revision, metered_at
      FROM metered_days WHERE day = '2026-05-01'`.execute(db);
  }
}

const rowsOf = (count: number) => count.toLocaleString('en-US');

async function inPostgres(db: Database, rows: Row[]): Promise<{ first: number }> {
  const now = instant('2026-06-01T00:00:00Z');
  const meter = (on: string, verify = false) => meterDay(db, day(on), { now, verify });
  const fleet = `${rowsOf(resources)} live resources`;
  const bareName = 'bare: CREATE TABLE AS of the same rows, then the same primary key';
  say('Metering the first day ever: levels are derived from scratch ...');
  const firstEver = await timed(() => meter('2026-05-01'));
  say('Copying it for the days up to the 27th ...');
  await copyDays(db);
  const atRest = await timed(() => meter('2026-05-28'));
  await changeSome(db, '2026-05-29');
  say('Metering the day on which one in twenty changed ...');
  const first = await timed(() => meter('2026-05-29'));
  const bareMs = await bare(db, '2026-05-28', 'day');
  rows.push(row(`metering: a day of ${fleet}, all at rest`, atRest, bareName, bareMs, 1.5));
  rows.push(row('metering: a day of them, one in twenty changed', first, bareName, bareMs, 1.5));
  rows.push(row('metering: the first day ever, levels derived from scratch', firstEver, bareName, bareMs, null));
  rows.push(row('metering: the same day again', await timed(() => meter('2026-05-29')), bareName, bareMs, 0.1));
  const verified = await timed(() => meter('2026-05-29', true));
  rows.push(row('metering: the same day again, verified', verified, bareName, bareMs, 2));

  // What changed on the day after is none of its facts, and is looked at once.
  await meter('2026-05-28');
  const late = { from: instant('2026-05-28T06:00:00Z'), to: instant('2026-05-28T18:00:00Z') };
  const ofLot = Math.floor(resources / lateLots);
  for (const [lot, facts] of lateFacts.entries()) {
    // Each lot is of other resources, from all over the fleet.
    const resourceIds = Array.from(
      { length: facts },
      (_, index) => 1 + lot + lateLots * Math.floor((index * ofLot) / facts),
    );
    await assign(db, { resourceIds, owners: [{ slug: 'd1', weight: 1 }], ...late }, 'bench', now);
    const withLate = await timed(() => meter('2026-05-28'));
    const aim = facts === 1_000 ? 0.05 : null;
    rows.push(row(`metering: a day with ${rowsOf(facts)} late facts`, withLate, bareName, bareMs, aim));
  }

  say(`Upserting one by one, ${upsertSample} of them ...`);
  const upserts = `one upsert per resource, ${rowsOf(upsertSample)} measured and scaled`;
  rows.push(row('metering: a day of them, one in twenty changed', first, upserts, await upsertEach(db), 0.01));

  await meter('2026-05-30');
  await meter('2026-05-31');
  await sql`VACUUM ANALYZE usage_records`.execute(db);
  const month = { from: day('2026-05-01'), to: day('2026-06-01') };
  const ofOne = await percentile99(300, (run) =>
    usageForPeriod(db, `d${1 + ((run * 61) % deployments)}`, month.from, month.to),
  );
  rows.push(row("metering: one deployment's month by kind, p99", ofOne, 'goal of 5 ms', 5, 1));
  const ofAll = await timed(() => usageOfAll(db, month.from, month.to));
  const grouped = await timed(() =>
    sql`SELECT deployment_id, billing_kind_id, sum(quantity) FROM usage_records
        WHERE period_start >= '2026-05-01' AND period_start < '2026-06-01' GROUP BY 1, 2`.execute(db),
  );
  rows.push(row("metering: all deployments' month", ofAll, 'bare GROUP BY of the same records', grouped, 1.2));

  if (hourly) {
    say('Metering a day by the hour ...');
    await sql`
      INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
      SELECT billing_kind_id, '2026-06-01', enabled, 'hour', retention_days FROM metering_config`.execute(db);
    const byHour = await timed(() => meterDay(db, day('2026-06-01'), { now: instant('2026-06-02T00:00:00Z') }));
    const bareHourly = await bare(db, '2026-06-01', 'hour');
    rows.push(
      row(`metering: a day of them by the hour, ${rowsOf(24 * resources)} rows`, byHour, bareName, bareHourly, 1.5),
    );
  }
  return { first: atRest };
}

/** The same, with usage moved to a ClickHouse on this machine. */
async function inClickHouse(db: Database, rows: Row[], first: number): Promise<void> {
  const now = instant('2026-07-01T00:00:00Z');
  const server = await startClickHouse();
  const url = await server.createDatabase();
  const { clickHouse, close } = await useClickHouse(url);
  try {
    await sql`DELETE FROM metering_config WHERE from_day = '2026-06-01'`.execute(db);
    say('Moving the days that were metered to ClickHouse ...');
    await sql`DELETE FROM metering_runs WHERE day <> '2026-05-28'`.execute(db);
    const move = await timed(() => moveUsage(db, clickHouse, { now }));
    const shipped = await timed(async () => (await openUsageStore(db)).prepare(db));
    say(`Moved a day in ${Math.round(move)} ms, shipped all levels in ${Math.round(shipped)} ms.`);
    const metered = await timed(() => meterDay(db, day('2026-06-02'), { now }));
    await clickHouse.run(`CREATE TABLE bare AS usage_records`);
    const bareMs = await timed(() =>
      clickHouse.run(
        `INSERT INTO bare SELECT * FROM usage_records WHERE period_start = toDateTime('2026-06-02 00:00:00', 'UTC')`,
      ),
    );
    rows.push(
      row('metering: ClickHouse, a day all at rest', metered, 'bare INSERT SELECT of the same rows there', bareMs, 1.5),
    );
    rows.push(row('metering: ClickHouse, a day all at rest', metered, 'the same in PostgreSQL', first, 0.125));
    const verified = await timed(() => meterDay(db, day('2026-06-02'), { now, verify: true }));
    rows.push(row('metering: ClickHouse, the same day again, verified', verified, 'bare INSERT SELECT', bareMs, null));
    const ofOne = await percentile99(50, (run) =>
      usageForPeriod(db, `d${1 + ((run * 61) % deployments)}`, day('2026-06-01'), day('2026-07-01')),
    );
    rows.push(row("metering: ClickHouse, one deployment's month by kind, p99", ofOne, 'goal of 5 ms', 5, null));
  } finally {
    await close();
    await server.close();
  }
}

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db) => {
    say(`Seeding ${resources} live resources ...`);
    await seedFleet(db);
    await restoreExclusion(db);
    const rows: Row[] = [];
    const { first } = await inPostgres(db, rows);
    if (process.env.BENCH_CLICKHOUSE !== '0') await inClickHouse(db, rows, first);
    const memory = process.resourceUsage().maxRSS / 1024;
    rows.push(row('metering: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1));
    return rows;
  });
}
