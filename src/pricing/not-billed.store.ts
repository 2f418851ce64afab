import { sql } from 'kysely';
import type { ChargedGroup } from '../inventory/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import { cappedHours } from './price-book.ts';

/** Why nobody pays for what runs. */
export type NotBilledReason = 'ended' | 'unassigned' | 'no_plan' | 'paused';

/** Resources of a deployment that run unbilled for one reason and are charged alike. */
export interface NotBilledRow extends Omit<ChargedGroup, 'resources' | 'sizeGb' | 'nodes'> {
  readonly reason: NotBilledReason;
  /** A slug; null: of what is unassigned. */
  readonly deployment: string | null;
  /** The customer's external id and name. */
  readonly customer: string | null;
  readonly customerName: string | null;
  readonly resources: number;
  /** How many of them stand at the end of the time. */
  readonly running: number;
  /** The share of them that is the deployment's: weight of weightTotal. */
  readonly weight: number;
  readonly weightTotal: number;
  /** Time that they ran, each one's summed, in microseconds; of one resource no more than the provider counts in a month. */
  readonly cappedUs: string;
  /** The same without that limit: of one, of its GiB, of its nodes. null: not known. */
  readonly timeUs: string;
  readonly sizeUs: string | null;
  /** With the limit. */
  readonly nodesUs: string | null;
}

/**
 * What ran over [from, to) and is on nobody's plan: of deployments that have ended or left their plan for good, of what
 * is unassigned, of those that are on no plan, and of those that are paused. Of kinds that some meter counts.
 * @param only of these deployments, by slug; null: of all
 */
export async function selectNotBilled(
  db: Queryable,
  { from, to }: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
  only: readonly string[] | null,
): Promise<NotBilledRow[]> {
  const span = sql`tstzrange(${from}::timestamptz, ${to}::timestamptz)`;
  const { rows } = await statement<NotBilledRow>('pricing.selectNotBilled')`
    WITH terms AS (
      SELECT deployment_id, coalesce(range_agg(tstzrange(valid_from, valid_to)) FILTER (WHERE NOT paused), '{}') AS active,
             coalesce(range_agg(tstzrange(valid_from, valid_to)) FILTER (WHERE paused), '{}') AS paused, max(valid_to) AS last_to
      FROM subscriptions WHERE superseded_at = 'infinity' GROUP BY deployment_id
    ), lives AS (
      SELECT d.deployment_id, coalesce(t.active, '{}') AS active, coalesce(t.paused, '{}') AS paused,
             CASE WHEN d.customer_id IS NULL THEN 'infinity' ELSE d.starts_at END AS starts_at,
             coalesce(least(d.ends_at, t.last_to), 'infinity') AS ends_at
      FROM deployments_list d LEFT JOIN terms t USING (deployment_id)
      WHERE ${only}::text[] IS NULL OR d.slug = ANY (${only}::text[])
    ), stretches AS (
      SELECT l.deployment_id, p.reason, p.stretch
      FROM lives l CROSS JOIN LATERAL (
        SELECT 'unassigned' AS reason, ${span} * tstzrange(NULL, l.starts_at) AS stretch
        UNION ALL
        SELECT 'ended', ${span} * tstzrange(greatest(l.starts_at, l.ends_at), 'infinity')
        UNION ALL
        SELECT 'paused', part FROM unnest(l.paused * tstzmultirange(${span})
          * tstzmultirange(tstzrange(l.starts_at, greatest(l.starts_at, l.ends_at)))) AS part
        UNION ALL
        SELECT 'no_plan', part FROM unnest(tstzmultirange(${span})
          * tstzmultirange(tstzrange(l.starts_at, greatest(l.starts_at, l.ends_at))) - l.active - l.paused) AS part
      ) AS p
      WHERE NOT isempty(p.stretch)
    ), pieces AS (
      SELECT p.reason, CASE WHEN p.reason <> 'unassigned' THEN p.deployment_id END AS deployment_id, s.resource_id, s.kind,
             coalesce(s.attributes ->> 'source', nullif(split_part(s.parents[1], ':', 1), '')) AS source,
             s.attributes ->> 'size_slug' AS size_slug, s.attributes ->> 'type' AS type,
             (s.attributes ->> 'assigned')::boolean AS assigned, (s.attributes ->> 'ip_version')::int AS ip_version,
             (s.attributes ->> 'size_gb')::numeric AS size_gb, (s.attributes ->> 'nodes')::numeric AS nodes, o.weight, o.weight_total,
             p.stretch * tstzrange(s.valid_from, s.valid_to) * tstzrange(a.valid_from, a.valid_to)
               * tstzrange(c.metered_from, NULL) AS held
      FROM stretches p
      JOIN deployments_owners o USING (deployment_id)
      JOIN deployments_attributions a ON a.owner_set_id = o.owner_set_id
       AND a.valid_from < upper(p.stretch) AND a.valid_to > lower(p.stretch)
      JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_from < upper(p.stretch) AND s.valid_to > lower(p.stretch)
      JOIN inventory_accounts c ON c.account_id = s.account_id
      WHERE s.kind IN (SELECT resource_kind FROM metering_kinds WHERE resource_kind <> 'gateway')
    ), timed AS (
      SELECT *, (extract(epoch FROM upper(held) - lower(held)) * 1000000)::numeric AS us FROM pieces WHERE NOT isempty(held)
    ), grouped AS (
      SELECT reason, deployment_id, kind, source, size_slug, type, assigned, ip_version, weight, weight_total,
             count(DISTINCT resource_id)::int AS resources,
             (count(DISTINCT resource_id) FILTER (WHERE upper(held) = ${to}::timestamptz))::int AS running,
             sum(least(us, ${cappedHours * 3_600_000_000}::numeric)) AS capped_us, sum(us) AS time_us, sum(us * size_gb) AS size_us,
             sum(least(us, ${cappedHours * 3_600_000_000}::numeric) * nodes) AS nodes_us
      FROM timed GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, size_gb IS NULL, nodes IS NULL
    )
    SELECT g.reason, d.slug AS deployment, d.customer_external_id AS customer, d.customer_name AS "customerName", g.kind, g.source,
           g.size_slug AS "sizeSlug", g.type, g.assigned, g.ip_version AS "ipVersion", g.weight, g.weight_total AS "weightTotal",
           g.resources, g.running, trim_scale(g.capped_us)::text AS "cappedUs", trim_scale(g.time_us)::text AS "timeUs",
           trim_scale(g.size_us)::text AS "sizeUs", trim_scale(g.nodes_us)::text AS "nodesUs"
    FROM grouped g LEFT JOIN deployments_list d USING (deployment_id)
    ORDER BY g.reason, d.slug COLLATE "C", g.kind, g.size_slug`.execute(db);
  return rows;
}
