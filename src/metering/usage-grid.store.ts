import type { Queryable } from '../platform/database/database.ts';
import { sql } from 'kysely';
import { statement } from '../platform/database/statement.ts';
import type { DayRange } from './period.ts';
import type { Floors } from './retention/usage-months.ts';

export interface Named {
  readonly deploymentId: number;
  readonly slug: string;
  readonly name: string;
  /** null: of what is unassigned. */
  readonly customer: string | null;
  readonly customerName: string | null;
}

/** Deployments by their ids, with their customers; what row security hides is left out. */
export async function selectNames(db: Queryable, ids: readonly number[]): Promise<Named[]> {
  const { rows } = await statement<Named>('metering.selectNames')`
    SELECT deployment_id AS "deploymentId", slug, name, customer_external_id AS customer, customer_name AS "customerName"
    FROM deployments_list WHERE deployment_id = ANY (${[...ids]}::bigint[])`.execute(db);
  return rows;
}

/** Deployments of a customer, by the external id; none where `customerId` is another's. */
export async function selectDeploymentsOf(
  db: Queryable,
  customer: string,
  customerId: number | null,
): Promise<number[]> {
  const { rows } = await statement<{ id: number }>('metering.selectDeploymentsOf')`
    SELECT deployment_id AS id FROM deployments_list WHERE customer_external_id = ${customer} AND (${customerId}::bigint IS NULL OR customer_id = ${customerId})
    ORDER BY 1`.execute(db);
  return rows.map(({ id }) => id);
}

/**
 * A letter for each day of a range, by kind: `-` not metered, `r` rolled up, `.` metered, and `c` metered and not confirmed
 * by a complete listing of every account. Who confirms what is staff's alone: to others nothing is `c`.
 */
export async function selectMarks(
  db: Queryable,
  { from, to }: DayRange,
  floors: Floors,
  isStaff: boolean,
): Promise<Map<string, string>> {
  const observed = isStaff
    ? sql`SELECT resource_kind, min(coalesce(confirmed_through, '-infinity')) AS through FROM metering_observed GROUP BY 1`
    : sql`SELECT NULL::text AS resource_kind, NULL::timestamptz AS through WHERE false`;
  const { rows } = await statement<{ kind: string; marks: string }>('metering.selectMarks')`
    WITH observed AS MATERIALIZED (${observed}),
    floors AS (SELECT * FROM unnest(${[...floors.keys()]}::text[], ${[...floors.values()].map(String)}::date[]) AS f (kind, floor))
    SELECT k.slug AS kind, string_agg(CASE WHEN d.day < f.floor THEN 'r' WHEN m.day IS NULL THEN '-'
             WHEN o.through < (d.day + 1)::timestamp AT TIME ZONE 'UTC' THEN 'c' ELSE '.' END, '' ORDER BY d.day) AS marks
    FROM billing_kinds k
    CROSS JOIN (SELECT g::date AS day FROM generate_series(${from}::date::timestamp, ${to}::date::timestamp - interval '1 day', interval '1 day') g) d
    CROSS JOIN LATERAL (SELECT resource_kind FROM billing_kind_definitions b
                        WHERE b.billing_kind_id = k.billing_kind_id ORDER BY from_day DESC LIMIT 1) b
    LEFT JOIN metered_days m ON m.billing_kind_id = k.billing_kind_id AND m.day = d.day
    LEFT JOIN observed o USING (resource_kind)
    LEFT JOIN floors f ON f.kind = k.slug
    GROUP BY k.slug`.execute(db);
  return new Map(rows.map(({ kind, marks }) => [kind, marks]));
}
