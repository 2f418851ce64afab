import { sql } from 'kysely';
import { meterDay } from '../src/metering/meter.ts';
import { usageForPeriod } from '../src/metering/usage.ts';
import type { Database } from '../src/platform/database.ts';
import { percentile99, type Row, row, say, timed, withBenchDatabase } from './support.ts';

const resources = 1_000_000;
const deployments = 20_000;
/** One in twenty changes on the metered day: its level changes at some moment in it. */
const changedOneIn = 20;
const upsertSample = 20_000;

const day = (text: string) => Temporal.PlainDate.from(text);
const instant = (text: string) => Temporal.Instant.from(text);

/**
 * A million live resources of five kinds under 20,000 deployments. Written straight into the
 * tables; the exclusion constraints, which no reading uses, are left out of the loading.
 */
async function seed(db: Database): Promise<void> {
  await sql`ALTER TABLE resource_states DROP CONSTRAINT resource_states_resource_id_tstzrange_excl`.execute(db);
  await sql`ALTER TABLE attributions DROP CONSTRAINT attributions_resource_id_tstzrange_excl`.execute(db);
  await sql`ALTER TABLE manual_assignments DROP CONSTRAINT manual_assignments_resource_id_tstzrange_excl`.execute(db);
  await sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('bench', 'Bench', 'digitalocean', 'https://example.com', 'bench', false, '', '2026-01-01', '2026-01-01')`.execute(
    db,
  );
  await sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES ('bench', 'Bench', 'USD', '2026-01-01')`.execute(
    db,
  );
  await sql`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT 'd' || i, 'd' || i, customer_id, '2026-01-01', '2026-01-01' FROM customers, generate_series(1, ${deployments}::int) AS i`.execute(
    db,
  );
  await sql`
    INSERT INTO owner_sets (weight_total, signature)
    SELECT 1, deployment_id || ':1' FROM deployments WHERE slug <> 'unattributed'`.execute(db);
  await sql`
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT owner_set_id, split_part(signature, ':', 1)::bigint, 0, 1 FROM owner_sets
    WHERE owner_set_id NOT IN (SELECT owner_set_id FROM owner_set_members)`.execute(db);
  await sql`
    INSERT INTO resources (account_id, kind, external_id, first_seen_at)
    SELECT account_id, (ARRAY['droplet', 'droplet', 'droplet', 'snapshot', 'snapshot', 'droplet_backup', 'droplet_backup',
                              'droplet_backup', 'dns_zone', 'spaces_bucket'])[1 + i % 10], i::text, '2026-01-01'
    FROM accounts, generate_series(1, ${resources}::int) AS i`.execute(db);
  await sql`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, region, tags, parents, attributes,
                                 valid_from, valid_to, recorded_at, superseded_at, source)
    SELECT resource_id, account_id, kind, 'resource-' || resource_id, 'active', 'nyc3', '{}', '{}',
           jsonb_build_object('size_gb', resource_id % 997 / 10.0, 'vcpus', 2, 'memory_mb', 4096),
           '2026-01-01', 'infinity', '2026-01-01', 'infinity', 'listing'
    FROM resources`.execute(db);
  await sql`
    INSERT INTO attributions (resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at)
    SELECT resource_id, (SELECT min(owner_set_id) FROM owner_sets) + 1 + resource_id % ${deployments}::int,
           '2026-01-01', 'infinity', '2026-01-01', 'infinity'
    FROM resources`.execute(db);
  await sql`
    INSERT INTO manual_assignments (resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at, 'bench' FROM attributions`.execute(
    db,
  );
  await sql`UPDATE attributions SET rule_id = 1`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db);
}

/** Ends a twentieth of the states within the day and begins others there, as a day of syncs does. */
async function changeSome(db: Database, on: string): Promise<void> {
  const changed = sql`resource_id % ${changedOneIn}::int = 0 AND superseded_at = 'infinity' AND valid_to = 'infinity'`;
  const moment = sql`(${on}::timestamptz + make_interval(secs => 1 + resource_id % 86000))`;
  await sql`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, region, tags, parents, attributes,
                                 valid_from, valid_to, recorded_at, superseded_at, source)
    SELECT resource_id, account_id, kind, name, CASE status WHEN 'active' THEN 'off' ELSE 'active' END, region, tags, parents,
           attributes || jsonb_build_object('size_gb', (attributes ->> 'size_gb')::numeric + 1),
           ${moment}, 'infinity', ${on}::timestamptz, 'infinity', source
    FROM resource_states WHERE ${changed}`.execute(db);
  await sql`
    UPDATE resource_states SET valid_to = ${moment} WHERE ${changed} AND valid_from < ${on}::timestamptz`.execute(db);
  await sql`
    INSERT INTO fact_changes (resource_id, valid_from, valid_to, cause, recorded_at)
    SELECT resource_id, valid_from, valid_to, 'listing', ${on}::timestamptz FROM resource_states
    WHERE valid_from > ${on}::timestamptz`.execute(db);
}

/** The bare cost: the same rows stored once, then the same primary key; same server, same settings. */
async function bare(db: Database, on: string): Promise<number> {
  await sql`
    CREATE TABLE bare_source AS SELECT * FROM usage_records
    WHERE granularity = 'day' AND period_start = ${on}::timestamptz ORDER BY resource_id`.execute(db);
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

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db) => {
    say(`Seeding ${resources} live resources ...`);
    await seed(db);
    const now = instant('2026-06-01T00:00:00Z');
    const meter = (on: string, verify = false) => meterDay(db, day(on), { now, verify });
    const rows: Row[] = [];
    say('Metering the first day ever: levels are derived from scratch ...');
    const firstEver = await timed(() => meter('2026-05-01'));
    await changeSome(db, '2026-05-02');
    say('Metering the next day, on which one in twenty changed ...');
    const first = await timed(() => meter('2026-05-02'));
    const bareMs = await bare(db, '2026-05-02');
    const bareName = 'bare: CREATE TABLE AS of the same rows, then the same primary key';
    const atRest = await timed(() => meter('2026-05-03'));
    rows.push(row('metering: a day of 1,000,000 live resources, all at rest', atRest, bareName, bareMs, 3));
    rows.push(row('metering: a day of them, one in twenty changed', first, bareName, bareMs, 3));
    rows.push(row('metering: the first day ever, levels derived from scratch', firstEver, bareName, bareMs, null));
    rows.push(row('metering: the same day again', await timed(() => meter('2026-05-02')), bareName, bareMs, 0.1));
    rows.push(
      row('metering: the same day again, verified', await timed(() => meter('2026-05-02', true)), bareName, bareMs, 2),
    );
    say(`Upserting one by one, ${upsertSample} of them ...`);
    const upserts = `one upsert per resource, ${upsertSample} measured and scaled`;
    rows.push(row('metering: a day of them, one in twenty changed', first, upserts, await upsertEach(db), 0.01));
    const month = await percentile99(300, (run) =>
      usageForPeriod(db, `d${1 + run * 61}`, day('2026-05-01'), day('2026-06-01')),
    );
    rows.push(row("metering: one deployment's month, p99", month, 'goal of 5 ms', 5, 1));
    const memory = process.resourceUsage().maxRSS / 1024;
    rows.push(row('metering: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1));
    return rows;
  });
}
