// For tests of this room against a database: deployments, plans and usage in a few words.
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Database } from '../platform/database.ts';
import { planSchema, type PlanVersion } from './plan.ts';
import { addPlanVersion } from './plans.ts';

const long = Temporal.Instant.from('2026-01-01T00:00:00Z');

/** A deployment of a customer of its own, from 2026-01-01 unless told. */
export async function makeDeployment(db: Database, slug: string, startsAt = '2026-01-01T00:00:00Z'): Promise<number> {
  const { rows } = await sql<{ deployment_id: number }>`
    WITH customer AS (
      INSERT INTO customers (external_id, name, currency, created_at) VALUES (${slug}, ${`Customer of ${slug}`}, 'USD', ${long})
      RETURNING customer_id)
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT ${slug}, ${slug}, customer_id, ${startsAt}::timestamptz, ${long} FROM customer RETURNING deployment_id`.execute(
    db,
  );
  return rows[0]?.deployment_id as number;
}

export async function makePlan(db: Database, change: Partial<z.input<typeof planSchema>>): Promise<PlanVersion> {
  const plan = planSchema.parse({
    plan: 'p',
    name: 'P',
    from: '2026-01-01',
    currency: 'USD',
    base: '30.00',
    items: [],
    ...change,
  });
  await addPlanVersion(db, plan, 'test', long);
  return plan;
}

/** Partitions for daily usage of 2026 and 2027, a month each. */
export async function makeUsagePartitions(db: Database): Promise<void> {
  for (let month = Temporal.PlainDate.from('2026-01-01'); month.year < 2028; month = month.add({ months: 1 })) {
    const name = `usage_records_day_${month.toString().slice(0, 7).replace('-', '')}`;
    await sql`CREATE TABLE ${sql.table(name)} PARTITION OF usage_records_day
      FOR VALUES FROM (${sql.lit(month.toString())}) TO (${sql.lit(month.add({ months: 1 }).toString())})`.execute(db);
  }
}

/** Daily records of one resource over days [from, to): the same quantity every day. */
export async function use(
  db: Database,
  deploymentId: number,
  kind: string,
  from: string,
  to: string,
  daily: string,
): Promise<void> {
  await sql`
    INSERT INTO usage_records (deployment_id, billing_kind_id, resource_id, period_start, granularity, quantity, revision)
    SELECT ${deploymentId}, billing_kind_id, 1, day, 'day', ${daily}::numeric, 1
    FROM billing_kinds, generate_series(${from}::date, ${to}::date - 1, interval '1 day') AS day
    WHERE slug = ${kind}`.execute(db);
}
