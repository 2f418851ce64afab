import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

/** A deployment with its customer; of one without, the customer alone. */
interface ExportedRow {
  readonly customer: string;
  readonly customerName: string;
  readonly currency: string;
  /** Empty: the customer alone. */
  readonly slug: string;
  readonly name: string | null;
  readonly startsAt: Temporal.Instant | null;
  readonly plan: string | null;
  /** The first UTC day on which it is on the plan. */
  readonly planFrom: string | null;
}

/** Customers and their deployments that have not ended, by their ids, after one; `limit` at most. */
export async function selectExported(
  db: Queryable,
  now: Temporal.Instant,
  after: Pick<ExportedRow, 'customer' | 'slug'>,
  limit: number,
): Promise<ExportedRow[]> {
  const { rows } = await statement<ExportedRow>('flows.selectExported')`
    SELECT e.customer, e.customer_name AS "customerName", e.currency, e.slug, e.name, e.starts_at AS "startsAt", s.plan,
           to_char(s.valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS "planFrom"
    FROM (
      SELECT c.external_id COLLATE "C" AS customer, c.name AS customer_name, c.currency, d.deployment_id,
             coalesce(d.slug, '') COLLATE "C" AS slug, d.name, d.starts_at
      FROM deployments_customers c
      LEFT JOIN deployments_list d ON d.customer_id = c.customer_id AND (d.ends_at IS NULL OR d.ends_at > ${now}::timestamptz)
    ) AS e
    LEFT JOIN LATERAL (
      SELECT p.plan, p.valid_from FROM pricing_subscriptions p
      WHERE p.deployment_id = e.deployment_id AND p.valid_to > ${now}::timestamptz ORDER BY p.valid_from LIMIT 1
    ) AS s ON true
    WHERE (e.customer, e.slug) > (${after.customer}, ${after.slug})
    ORDER BY e.customer, e.slug LIMIT ${limit}`.execute(db);
  return rows;
}
