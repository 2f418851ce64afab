import { sql } from 'kysely';
import { requestDatabase } from '../src/http/access/request-database.ts';
import { usageForPeriod } from '../src/metering/usage.ts';
import { type Database, openPool } from '../src/platform/database/database.ts';
import type { Role } from '../src/platform/declare/operation.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

// What row-level security costs a customer's reads, and why deployments are compared with an array.

const resources = 100_000;
const deployments = 20_000;
const customers = 2_000;
const days = 30;
const runs = 300;

const from = Temporal.PlainDate.from('2026-05-01');
const to = from.add({ days });

/** Three million usage records of 20,000 deployments of 2,000 customers. */
async function seed(db: Database): Promise<void> {
  await sql`
    INSERT INTO customers (external_id, name, currency, created_at)
    SELECT 'c' || i, 'c', 'USD', '2026-01-01' FROM generate_series(1, ${customers}::int) AS i`.execute(db);
  await sql`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT 'd' || i, 'd', first + i % ${customers}::int, '2026-01-01', '2026-01-01'
    FROM (SELECT min(customer_id) AS first FROM customers) AS c, generate_series(1, ${deployments}::int) AS i`.execute(
    db,
  );
  for (let day = from; Temporal.PlainDate.compare(day, to) < 0; day = day.add({ days: 1 })) {
    const partition = sql.table(`usage_records_day_${day.toString().replaceAll('-', '')}`);
    await sql`CREATE TABLE ${partition} (LIKE usage_records)`.execute(db);
    await sql`
      INSERT INTO ${partition}
      SELECT first + i % ${deployments}::int, i, ${`${day}T00:00Z`}::timestamptz, 1, 1, 'day', 24
      FROM (SELECT min(deployment_id) AS first FROM deployments WHERE customer_id IS NOT NULL) AS d,
           generate_series(1, ${resources}::int) AS i`.execute(db);
    await sql`
      ALTER TABLE ${partition} ADD PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`.execute(
      db,
    );
    const bounds = [day, day.add({ days: 1 })].map((bound) => sql.lit(`${bound}T00:00Z`));
    await sql`
      ALTER TABLE usage_records_day ATTACH PARTITION ${partition} FOR VALUES FROM (${bounds[0]}) TO (${bounds[1]})`.execute(
      db,
    );
  }
  await sql`VACUUM ANALYZE`.execute(db);
}

/** What a policy adds is a part of each run, not a matter of the slowest. */
async function median(runs: number, work: (run: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await timed(() => work(run)));
  times.sort((a, b) => a - b);
  return times[Math.floor(runs / 2)] ?? Number.NaN;
}

const usageOfAll = (db: Database) =>
  sql`
    SELECT deployment_id, sum(quantity) FROM usage_records
    WHERE period_start >= '2026-05-01Z' AND period_start < '2026-05-31Z' GROUP BY 1`.execute(db);

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db, connectionString) => {
    say(`Seeding ${resources * days} usage records ...`);
    await seed(db);
    const pool = openPool({ connectionString, max: 2 });
    const as = (role: Role, customerId: number | null) =>
      requestDatabase(pool, { principal: { subject: 'bench', role, customerId }, requestId: 'r', address: '::1' });
    const rows: Row[] = [];
    try {
      const { rows: owners } = await sql<{ slug: string; id: number }>`
        SELECT slug, customer_id AS id FROM deployments WHERE customer_id IS NOT NULL ORDER BY deployment_id LIMIT ${runs}`.execute(
        db,
      );
      const owner = (run: number) => owners[run % owners.length] as { slug: string; id: number };
      const month = (on: Database, run: number) => usageForPeriod(on, owner(run).slug, from, to);
      const plain = await median(runs, (run) => month(db, run));
      const staff = await median(runs, (run) => month(as('viewer', null), run));
      const customer = await median(runs, (run) => month(as('customer', owner(run).id), run));
      rows.push(row("row security: one deployment's month as staff, median", staff, 'the owner, without', plain, null));
      rows.push(
        row(
          "row security: one deployment's month as its customer, median",
          customer,
          'the owner, without',
          plain,
          null,
        ),
      );

      const wholeOwn = sql`
        SELECT deployment_id, sum(quantity) FROM usage_records
        WHERE period_start >= '2026-05-01Z' AND period_start < '2026-05-31Z'
          AND deployment_id = ANY (ARRAY(SELECT deployment_id FROM deployments WHERE customer_id = ${owner(0).id})) GROUP BY 1`;
      const asked = await median(50, () => wholeOwn.execute(db));
      const byArray = await median(50, (run) => usageOfAll(as('customer', owner(run).id)));
      const spelled = 'the owner, the condition spelled out';
      rows.push(row("row security: a customer's month of all deployments, median", byArray, spelled, asked, 2));

      await sql`
        ALTER POLICY customer ON usage_records USING (deployment_id IN (
          SELECT deployment_id FROM deployments WHERE customer_id = (SELECT current_customer())))`.execute(db);
      const bySubplan = await timed(() => usageOfAll(as('customer', owner(0).id)));
      rows.push(row('row security: the same with IN (SELECT ...) for a policy', bySubplan, spelled, asked, null));
      const oneBySubplan = await median(runs, (run) => month(as('customer', owner(run).id), run));
      rows.push(row("row security: one deployment's month with that", oneBySubplan, 'the owner, without', plain, null));
    } finally {
      await pool.end();
    }
    return rows;
  });
}
