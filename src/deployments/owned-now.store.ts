import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../platform/database/database.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { statement } from '../platform/database/statement.ts';

// What deployments own now, over all of a customer's.

interface OwnedNowFilter {
  /** A customer, by our id: what they may see; null: one of our own people asks. */
  readonly customerId: number | null;
  readonly deployment?: string | undefined;
  readonly kind?: string | undefined;
  readonly q: string | null;
}

interface OwnedNowRow extends Sorted {
  readonly deployment: string;
  readonly deploymentName: string;
  readonly resourceId: number;
  readonly kind: string;
  readonly name: string;
  readonly status: string | null;
  /** Since when it is theirs in these shares. */
  readonly from: Temporal.Instant;
  readonly weight: number;
  readonly weightTotal: number;
}

/** A row `f` for each deployment and resource that it owns, or a share of. */
function owned({ customerId, deployment, kind, q }: OwnedNowFilter): RawBuilder<unknown> {
  const conditions: RawBuilder<unknown>[] = [sql`d.customer_id IS NOT NULL`, holds(q, sql`s.name`, sql`d.name`)];
  if (customerId !== null) conditions.push(sql`d.customer_id = ${customerId}`);
  if (deployment !== undefined) conditions.push(sql`d.slug = ${deployment}`);
  if (kind !== undefined) conditions.push(sql`s.kind = ${kind}`);
  return sql`(
    SELECT d.slug AS deployment, d.name AS deployment_name, a.resource_id, s.kind, s.name, s.status,
           a.valid_from, w.weight, w.weight_total
    FROM deployments_list d JOIN deployments_owners w USING (deployment_id)
    JOIN deployments_attributions a ON a.owner_set_id = w.owner_set_id AND a.valid_to = 'infinity'
    JOIN inventory_states s ON s.resource_id = a.resource_id AND s.valid_to = 'infinity'
    WHERE ${sql.join(conditions, sql` AND `)}) AS f`;
}

const tie: SortKey = { of: sql`(f.deployment || ' ' || f.resource_id) COLLATE "C"`, type: 'text' };
const sorts = {
  name: { of: sql`lower(f.name) COLLATE "C"`, type: 'text' },
  kind: { of: sql`f.kind COLLATE "C"`, type: 'text' },
  deployment: { of: sql`f.deployment COLLATE "C"`, type: 'text' },
  from: { of: sql`f.valid_from`, type: 'timestamptz' },
} as const satisfies Record<string, SortKey>;

type OwnedNowSort = keyof typeof sorts;

/** A page of them, `limit` at most. */
export async function selectOwnedNow(
  db: Queryable,
  filter: OwnedNowFilter,
  { sort, limit, ...request }: Omit<PageRequest<OwnedNowSort>, 'q'>,
): Promise<OwnedNowRow[]> {
  const { columns, beyond, by } = keyset(sorts[sort], tie, request);
  const { rows } = await statement<OwnedNowRow>('deployments.selectOwnedNow')`
    SELECT f.deployment, f.deployment_name AS "deploymentName", f.resource_id AS "resourceId", f.kind, f.name, f.status,
           f.valid_from AS "from", f.weight, f.weight_total AS "weightTotal", ${columns}
    FROM ${owned(filter)} WHERE ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

/** How many there are, by kind. */
export async function countOwnedNow(
  db: Queryable,
  filter: OwnedNowFilter,
): Promise<{ readonly kind: string; readonly resources: number }[]> {
  const { rows } = await statement<{ kind: string; resources: number }>('deployments.countOwnedNow')`
    SELECT f.kind, count(*)::int AS resources FROM ${owned(filter)} GROUP BY f.kind ORDER BY f.kind COLLATE "C"`.execute(
    db,
  );
  return rows;
}
