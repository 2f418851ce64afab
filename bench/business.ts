import { sql } from 'kysely';
import { updateEntity } from '../src/invoices/entities.ts';
import type { Database } from '../src/platform/database/database.ts';

/** What the customers are on, and how they are billed: the plans to begin with in turn, and VAT. */
export async function seedBusiness(db: Database, month: Temporal.PlainDate): Promise<void> {
  await sql`
    INSERT INTO subscriptions (deployment_id, plan_id, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT d.deployment_id, p.plan_id, ${month}::date, 'infinity', ${month}::date, 'infinity', 'bench'
    FROM deployments d JOIN (SELECT plan_id, row_number() OVER (ORDER BY plan_id) - 1 AS n FROM plans) p ON p.n = d.deployment_id % 3
    WHERE d.customer_id IS NOT NULL`.execute(db);
  await sql`
    INSERT INTO customer_billing (customer_id, address, tax_ids, tax_category, tax_treatment, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT customer_id, '{2 Hill Road}', '{}', 'standard', 'taxed', '-infinity', 'infinity', ${month}::date, 'infinity', 'bench' FROM customers`.execute(
    db,
  );
  await sql`
    INSERT INTO tax_rates (legal_entity_id, category, title, percent, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT legal_entity_id, 'standard', 'VAT', 20, '-infinity', 'infinity', ${month}::date, 'infinity', 'bench' FROM legal_entities`.execute(
    db,
  );
  await updateEntity(
    db,
    'default',
    { name: 'Bench Ltd', address: ['1 Quay Street'], taxIds: ['VAT 1'], graceDays: 0 },
    { by: 'bench', now: month.toZonedDateTime('UTC').toInstant() },
  );
}
