import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

export interface StayRow {
  readonly deployment_id: number;
  readonly plan_version_id: number;
  readonly valid_from: Temporal.Instant;
  readonly valid_to: Temporal.Instant | null;
  readonly paused: boolean;
}

/** Each plan version with the instants between which it is the plan's one. */
export const versionSpans: RawBuilder<unknown> = sql`
  (SELECT plan_version_id, plan_id, from_day::timestamp AT TIME ZONE 'UTC' AS version_from,
          coalesce(lead(from_day) OVER (PARTITION BY plan_id ORDER BY from_day)::timestamp AT TIME ZONE 'UTC',
                   'infinity') AS version_to
   FROM plan_versions)`;

/**
 * What deployments are believed to be on, cut where the plan has another version, from each one's
 * start on; what begins at `until` or later is left out. By deployment, in order of time.
 */
export async function selectStays(
  db: Queryable,
  deploymentIds: readonly number[],
  until: Temporal.Instant,
): Promise<StayRow[]> {
  const { rows } = await statement<StayRow>('pricing.selectStays')`
    SELECT s.deployment_id, v.plan_version_id, c.valid_from, c.valid_to, s.paused
    FROM subscriptions s
    JOIN deployments_list d USING (deployment_id)
    JOIN ${versionSpans} v ON v.plan_id = s.plan_id AND v.version_from < s.valid_to AND v.version_to > s.valid_from
    CROSS JOIN LATERAL (SELECT greatest(s.valid_from, v.version_from, d.starts_at) AS valid_from,
                               least(s.valid_to, v.version_to) AS valid_to) AS c
    WHERE s.superseded_at = 'infinity' AND s.deployment_id = ANY (${[...deploymentIds]}::bigint[])
      AND c.valid_from < c.valid_to AND c.valid_from < ${until}
    ORDER BY s.deployment_id, c.valid_from`.execute(db);
  return rows;
}

export interface RatedDeploymentRow {
  readonly deployment_id: number;
  readonly slug: string;
  readonly customer_id: number;
}

/** Deployments by id. What nobody owns has no customer and is not among them. */
export async function selectDeploymentsById(db: Queryable, ids: readonly number[]): Promise<RatedDeploymentRow[]> {
  const { rows } = await statement<RatedDeploymentRow>('pricing.selectDeploymentsById')`
    SELECT deployment_id, slug, customer_id FROM deployments_list
    WHERE deployment_id = ANY (${[...ids]}::bigint[]) AND customer_id IS NOT NULL ORDER BY deployment_id`.execute(db);
  return rows;
}
