import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../src/platform/database/database.ts';

// The fleet that several benches run on. BENCH_RESOURCES=100000 makes it smaller.

export const resources = Number(process.env.BENCH_RESOURCES ?? 1_000_000);
/** Fifty resources each. */
export const deployments = Math.max(2, 2 * Math.round(resources / 100));
/** Where history begins: twelve months before the metered days. */
const history = '2025-05-01T00:00:00Z';

/** Fills a table without its indexes, which are made after, and without asking whether each reference holds. */
export async function loadTable(db: Database, table: string, insert: RawBuilder<unknown>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { rows: indexes } = await sql<{ name: string; definition: string }>`
      SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
      WHERE indrelid = ${table}::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`.execute(
      trx,
    );
    for (const { name } of indexes) await sql`DROP INDEX ${sql.table(name)}`.execute(trx);
    const { rows: triggers } = await sql<{ name: string }>`
      SELECT tgname AS name FROM pg_trigger WHERE tgrelid = ${table}::regclass AND tgenabled = 'A'`.execute(trx);
    // Those of references too: the setting that replicas have does not stop ours, which fire always.
    await sql`ALTER TABLE ${sql.table(table)} DISABLE TRIGGER ALL`.execute(trx);
    await insert.execute(trx);
    await sql`ALTER TABLE ${sql.table(table)} ENABLE TRIGGER ALL`.execute(trx);
    for (const { name } of triggers)
      await sql`ALTER TABLE ${sql.table(table)} ENABLE ALWAYS TRIGGER ${sql.id(name)}`.execute(trx);
    for (const { definition } of indexes) await sql.raw(definition).execute(trx);
  });
}

/**
 * Live resources of five kinds, fifty to a deployment, of each kind some, with twelve months behind them in which each
 * of them changed 1.2 times. Written straight into the tables; the exclusion constraints, which no
 * reading uses, are left out of the loading. The deployments are those of `customers` customers in turn.
 */
export async function seedFleet(db: Database, customers = 1): Promise<void> {
  await sql`ALTER TABLE resource_states DROP CONSTRAINT resource_states_resource_id_tstzrange_excl`.execute(db);
  await sql`ALTER TABLE attributions DROP CONSTRAINT attributions_resource_id_tstzrange_excl`.execute(db);
  await sql`ALTER TABLE manual_assignments DROP CONSTRAINT manual_assignments_resource_id_tstzrange_excl`.execute(db);
  await sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('bench', 'Bench', 'digitalocean', 'https://example.com', 'bench', false, '', ${history}, ${history})`.execute(
    db,
  );
  await sql`
    INSERT INTO customers (external_id, name, currency, created_at)
    SELECT 'c' || i, 'Customer ' || i, 'USD', ${history}::timestamptz FROM generate_series(1, ${customers}::int) AS i`.execute(
    db,
  );
  await sql`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT 'd' || i, 'd' || i, customer_id, ${history}::timestamptz, ${history}::timestamptz
    FROM generate_series(1, ${deployments}::int) AS i JOIN customers c ON c.external_id = 'c' || (1 + i % ${customers}::int)`.execute(
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
                              'droplet_backup', 'dns_zone', 'spaces_bucket'])[1 + (i + i / ${deployments}::int) % 10], i::text, ${history}::timestamptz
    FROM accounts, generate_series(1, ${resources}::int) AS i`.execute(db);
  await loadTable(
    db,
    'resource_states',
    sql`
    INSERT INTO resource_states (resource_id, account_id, kind, name, status, region, tags, parents, attributes,
                                 valid_from, valid_to, recorded_at, superseded_at, source)
    SELECT resource_id, account_id, kind, 'resource-' || resource_id, 'active', 'nyc3', '{}', '{}',
           jsonb_build_object('source', 'droplet', 'size_gb', (resource_id % 997 + n) / 10.0, 'vcpus', 2, 'memory_mb', 4096),
           begins, coalesce(lead(begins) OVER (PARTITION BY resource_id ORDER BY begins), 'infinity'),
           begins, 'infinity', 'listing'
    FROM resources, LATERAL (
      SELECT ${history}::timestamptz AS begins, 0 AS n
      UNION ALL
      SELECT ${history}::timestamptz + m * interval '1 month' + (1 + resource_id % 600) * interval '1 hour', m
      FROM generate_series(0, 11) AS m WHERE (resource_id + m) % 10 = 0) AS changes`,
  );
  await loadTable(
    db,
    'attributions',
    sql`
    INSERT INTO attributions (resource_id, owner_set_id, rule_id, valid_from, valid_to, recorded_at, superseded_at)
    SELECT resource_id, (SELECT min(owner_set_id) FROM owner_sets) + 1 + resource_id % ${deployments}::int, 1,
           ${history}::timestamptz, 'infinity', ${history}::timestamptz, 'infinity'
    FROM resources`,
  );
  await loadTable(
    db,
    'manual_assignments',
    sql`
    INSERT INTO manual_assignments (resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at, 'bench' FROM attributions`,
  );
  await sql`VACUUM ANALYZE`.execute(db);
}

/**
 * A record of each resource on each day, as metering leaves them: a partition a day, filled, indexed,
 * attached. To be called after `seedFleet`.
 */
export async function seedUsage(db: Database, from: Temporal.PlainDate, days: number): Promise<void> {
  // One kind for each kind of resource, so that there are as many records a day as resources.
  await sql`
    CREATE TABLE bench_records AS
    SELECT m.deployment_id, a.resource_id, k.billing_kind_id
    FROM attributions a JOIN owner_set_members m USING (owner_set_id) JOIN resources r USING (resource_id)
    JOIN (SELECT resource_kind, min(billing_kind_id) AS billing_kind_id FROM billing_kind_definitions GROUP BY 1) AS k
      ON k.resource_kind = r.kind
    ORDER BY a.resource_id`.execute(db);
  for (let index = 0; index < days; index += 1) {
    const day = from.add({ days: index });
    const partition = sql.table(`usage_records_day_${day.toString().replaceAll('-', '')}`);
    const { rows } = await sql<{ revision: number }>`
      INSERT INTO metering_runs (day, cause, started_at, inserted, changed, deleted)
      VALUES (${day}, 'first', ${day}::date, ${resources}, 0, 0) RETURNING revision`.execute(db);
    const revision = rows[0]?.revision ?? 0;
    await sql`CREATE TABLE ${partition} (LIKE usage_records)`.execute(db);
    await sql`
      INSERT INTO ${partition} (deployment_id, resource_id, period_start, revision, billing_kind_id, granularity, quantity)
      SELECT deployment_id, resource_id, ${day}::date, ${revision}, billing_kind_id, 'day', 24 + resource_id % 997 / 1000.0
      FROM bench_records`.execute(db);
    await sql`
      ALTER TABLE ${partition} ADD PRIMARY KEY (deployment_id, billing_kind_id, resource_id, period_start, granularity)`.execute(
      db,
    );
    await sql`
      ALTER TABLE usage_records_day ATTACH PARTITION ${partition}
      FOR VALUES FROM (${sql.lit(`${day}T00:00:00Z`)}) TO (${sql.lit(`${day.add({ days: 1 })}T00:00:00Z`)})`.execute(
      db,
    );
    await sql`
      INSERT INTO metered_days (day, billing_kind_id, granularity, definition, change_id, revision, metered_at)
      SELECT ${day}::date, billing_kind_id, 'day', '', 0, ${revision}, ${day}::date FROM billing_kinds`.execute(db);
  }
  await sql`DROP TABLE bench_records`.execute(db);
  await sql`VACUUM ANALYZE`.execute(db);
}
