import { sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { type Rewritten, rewriteHistory } from '../platform/history.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTable, createTemporaryTableAs } from '../platform/database/temporary-table.ts';

export interface CustomerRow {
  readonly customerId: number;
  readonly externalId: string;
  readonly name: string;
  readonly currency: string;
  readonly deployments: number;
  /** From when on all its deployments have ended; null: one has not, or there is none. */
  readonly closedAt: Temporal.Instant | null;
}

export interface DeploymentRow {
  readonly deploymentId: number;
  readonly slug: string;
  readonly name: string;
  /** null: the beginning of time (only `unattributed`). */
  readonly startsAt: Temporal.Instant | null;
  /** From when on nothing of it is billed; null: it runs. */
  readonly endsAt: Temporal.Instant | null;
  readonly customerExternalId: string | null;
  readonly customerName: string | null;
  readonly currency: string | null;
}

/** Adds a customer; false if one with this external id is there already. */
export async function insertCustomer(
  trx: UnitOfWork,
  customer: { externalId: string; name: string; currency: string },
  now: Temporal.Instant,
): Promise<boolean> {
  const { rows } = await statement('deployments.insertCustomer')`
    INSERT INTO customers (external_id, name, currency, created_at)
    VALUES (${customer.externalId}, ${customer.name}, ${customer.currency}, ${now})
    ON CONFLICT (external_id) DO NOTHING RETURNING customer_id`.execute(trx);
  return rows.length === 1;
}

export async function readCustomerId(db: Queryable, externalId: string): Promise<number | null> {
  const { rows } = await statement<{ customer_id: number }>('deployments.readCustomerId')`
    SELECT customer_id FROM customers WHERE external_id = ${externalId}`.execute(db);
  return rows[0]?.customer_id ?? null;
}

export async function readCustomerName(
  db: Queryable,
  customerId: number,
): Promise<{ customer: string; name: string } | null> {
  const { rows } = await statement<{ customer: string; name: string }>('deployments.readCustomerName')`
    SELECT external_id AS customer, name FROM customers WHERE customer_id = ${customerId}`.execute(db);
  return rows[0] ?? null;
}

const customerColumns = sql`
  c.customer_id AS "customerId", c.external_id AS "externalId", c.name, c.currency,
  (SELECT count(*) FROM deployments d WHERE d.customer_id = c.customer_id) AS deployments,
  (SELECT CASE WHEN bool_and(d.ends_at IS NOT NULL) THEN max(d.ends_at) END
   FROM deployments d WHERE d.customer_id = c.customer_id) AS "closedAt"`;

/** By external id: all customers, or those asked for. */
export async function readCustomers(db: Queryable, externalIds: readonly string[] | null): Promise<CustomerRow[]> {
  const { rows } = await statement<CustomerRow>('deployments.readCustomers')`
    SELECT ${customerColumns}
    FROM customers c WHERE (${externalIds}::text[] IS NULL OR c.external_id = ANY (${externalIds}::text[]))
    ORDER BY c.external_id`.execute(db);
  return rows;
}

const customerSorts = {
  customer: { of: sql`c.external_id`, type: 'text' },
  name: { of: sql`lower(c.name)`, type: 'text' },
  currency: { of: sql`c.currency`, type: 'text' },
} as const satisfies Record<string, SortKey>;

export type CustomerSort = keyof typeof customerSorts;

const isCustomerFound = (q: string | null) => holds(q, sql`c.external_id`, sql`c.name`);

/** A page of customers, `limit` at most: those that hold `q`. */
export async function readCustomerPage(
  db: Queryable,
  { q, sort, limit, ...request }: PageRequest<CustomerSort>,
): Promise<(CustomerRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(customerSorts[sort], customerSorts.customer, request);
  const { rows } = await statement<CustomerRow & Sorted>('deployments.readCustomerPage')`
    SELECT ${customerColumns}, ${columns} FROM customers c
    WHERE ${isCustomerFound(q)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countCustomers(db: Queryable, q: string | null): Promise<number> {
  const { rows } = await statement<{ total: number }>('deployments.countCustomers')`
    SELECT count(*) AS total FROM customers c WHERE ${isCustomerFound(q)}`.execute(db);
  return rows[0]?.total ?? 0;
}

export interface DeploymentFilters {
  readonly slugs?: readonly string[] | undefined;
  /** A customer's external id. */
  readonly customer?: string | undefined;
  /** Our id of a customer. */
  readonly customerId?: number | undefined;
  readonly q?: string | null;
}

const deploymentColumns = sql`
  deployment_id AS "deploymentId", slug, name, starts_at AS "startsAt", ends_at AS "endsAt",
  customer_external_id AS "customerExternalId", customer_name AS "customerName", currency`;

const isDeploymentFound = (only: DeploymentFilters) => sql`
  (${only.slugs ?? null}::text[] IS NULL OR slug = ANY (${only.slugs ?? null}::text[]))
  AND (${only.customer ?? null}::text IS NULL OR customer_external_id = ${only.customer ?? null})
  AND (${only.customerId ?? null}::bigint IS NULL OR customer_id = ${only.customerId ?? null})
  AND ${holds(only.q ?? null, sql`slug`, sql`name`, sql`customer_external_id`, sql`customer_name`)}`;

/** Deployments by slug, `unattributed` among them. */
export async function readDeployments(db: Queryable, only: DeploymentFilters = {}): Promise<DeploymentRow[]> {
  const { rows } = await statement<DeploymentRow>('deployments.readDeployments')`
    SELECT ${deploymentColumns} FROM deployments_list WHERE ${isDeploymentFound(only)} ORDER BY slug`.execute(db);
  return rows;
}

const deploymentSorts = {
  deployment: { of: sql`slug`, type: 'text' },
  name: { of: sql`lower(name)`, type: 'text' },
  customer: { of: sql`coalesce(customer_external_id, '')`, type: 'text' },
  customerName: { of: sql`lower(coalesce(customer_name, ''))`, type: 'text' },
  startsAt: { of: sql`starts_at`, type: 'timestamptz' },
  endsAt: { of: sql`coalesce(ends_at, 'infinity')`, type: 'timestamptz' },
} as const satisfies Record<string, SortKey>;

export type DeploymentSort = keyof typeof deploymentSorts;

/** A page of deployments, `limit` at most. */
export async function readDeploymentPage(
  db: Queryable,
  only: DeploymentFilters,
  { sort, limit, ...request }: PageRequest<DeploymentSort>,
): Promise<(DeploymentRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(deploymentSorts[sort], deploymentSorts.deployment, request);
  const { rows } = await statement<DeploymentRow & Sorted>('deployments.readDeploymentPage')`
    SELECT ${deploymentColumns}, ${columns} FROM deployments_list
    WHERE ${isDeploymentFound(only)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countDeployments(db: Queryable, only: DeploymentFilters): Promise<number> {
  const { rows } = await statement<{ total: number }>('deployments.countDeployments')`
    SELECT count(*) AS total FROM deployments_list WHERE ${isDeploymentFound(only)}`.execute(db);
  return rows[0]?.total ?? 0;
}

/** Adds deployments of customers that are there, and skips slugs that are there; returns the new slugs. */
export async function insertDeployments(
  trx: UnitOfWork,
  deployments: readonly { slug: string; name: string; customer: string; startsAt: Temporal.Instant }[],
  now: Temporal.Instant,
): Promise<string[]> {
  const { rows } = await statement<{ slug: string }>('deployments.insertDeployments')`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT d.slug, d.name, c.customer_id, d.starts_at, ${now}
    FROM ROWS FROM (jsonb_to_recordset(${JSON.stringify(deployments)}::jsonb)
                      AS (slug text, name text, customer text, "startsAt" timestamptz))
         WITH ORDINALITY AS d(slug, name, customer, starts_at, place)
    JOIN customers c ON c.external_id = d.customer
    ORDER BY d.place
    ON CONFLICT (slug) DO NOTHING RETURNING slug`.execute(trx);
  const slugs = rows.map((row) => row.slug);
  const started = sql`
    SELECT deployment_id AS subject, starts_at AS valid_from, 'infinity'::timestamptz AS valid_to
    FROM deployments WHERE slug = ANY (${slugs}::text[])`;
  await appendChanges(trx, 'deployment', 'created', now, started);
  return slugs;
}

/** What carries the tag deployment:<slug> of one of these, for new deployments that tags already name. */
export async function appendTaggedChanges(
  trx: UnitOfWork,
  slugs: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  const tagged = sql`
    SELECT s.resource_id AS subject, min(s.valid_from) AS valid_from, max(s.valid_to) AS valid_to
    FROM unnest(${slugs}::text[]) AS slug
    JOIN inventory_states s ON s.tags <> '{}' AND without_case(s.tags) @> ARRAY['deployment:' || slug]
    GROUP BY s.resource_id`;
  await appendChanges(trx, 'resource', 'rule', now, tagged);
}

/** Returns how many were called otherwise. */
export async function updateDeploymentNames(
  trx: UnitOfWork,
  names: readonly { slug: string; name: string }[],
): Promise<string[]> {
  const { rows } = await statement<{ slug: string }>('deployments.updateDeploymentNames')`
    UPDATE deployments d SET name = w.name
    FROM jsonb_to_recordset(${JSON.stringify(names)}::jsonb) AS w(slug text, name text)
    WHERE d.slug = w.slug AND d.name <> w.name RETURNING d.slug`.execute(trx);
  return rows.map(({ slug }) => slug);
}

/**
 * Moves deployments' starts and appends what is different between the old start and the new one: of the
 * deployment, and of what it owns there. Returns how many did not start then already.
 */
export async function updateDeploymentStarts(
  trx: UnitOfWork,
  starts: readonly { slug: string; startsAt: Temporal.Instant }[],
  now: Temporal.Instant,
): Promise<number> {
  const movedStarts = await createTemporaryTable(
    trx,
    { statement: 'deployments.updateDeploymentStarts', table: 'moved_starts' },
    sql`deployment_id bigint, since timestamptz, until timestamptz`,
  );
  const moved = await statement('deployments.updateDeploymentStarts.insert_moved_starts')`
    WITH wanted AS (
      SELECT d.deployment_id, d.starts_at AS before, w."startsAt" AS after
      FROM jsonb_to_recordset(${JSON.stringify(starts)}::jsonb) AS w(slug text, "startsAt" timestamptz)
      JOIN deployments d USING (slug)
      WHERE d.starts_at <> w."startsAt"
      ORDER BY d.deployment_id FOR UPDATE OF d
    ), moved AS (
      UPDATE deployments d SET starts_at = w.after FROM wanted w WHERE d.deployment_id = w.deployment_id
      RETURNING d.deployment_id, least(w.before, w.after) AS since, greatest(w.before, w.after) AS until
    )
    INSERT INTO ${movedStarts} SELECT deployment_id, since, until FROM moved`.execute(trx);
  const starting = sql`SELECT deployment_id AS subject, since AS valid_from, until AS valid_to FROM ${movedStarts}`;
  await appendChanges(trx, 'deployment', 'start', now, starting);
  const owned = sql`
    SELECT a.resource_id AS subject, greatest(a.valid_from, w.since) AS valid_from, least(a.valid_to, w.until) AS valid_to
    FROM ${movedStarts} w JOIN owner_set_members m USING (deployment_id) JOIN attributions a USING (owner_set_id)
    WHERE a.superseded_at = 'infinity' AND a.valid_from < w.until AND a.valid_to > w.since`;
  await appendChanges(trx, 'resource', 'deployment_start', now, owned);
  return Number(moved.numAffectedRows ?? 0n);
}

/** Says from when on a customer's deployment has ended; null: that it has not. Whether that is new. */
export async function updateDeploymentEnd(
  trx: UnitOfWork,
  deploymentId: number,
  endsAt: Temporal.Instant | null,
): Promise<boolean> {
  const done = await statement('deployments.updateDeploymentEnd')`
    UPDATE deployments SET ends_at = ${endsAt}::timestamptz
    WHERE deployment_id = ${deploymentId} AND ends_at IS DISTINCT FROM ${endsAt}::timestamptz`.execute(trx);
  return (done.numAffectedRows ?? 0n) > 0n;
}

interface NamedCustomer {
  readonly externalId: string;
  readonly name: string;
  readonly currency: string;
}

/** Adds those customers who are new; returns how many. */
export async function insertCustomers(
  trx: UnitOfWork,
  customers: readonly NamedCustomer[],
  now: Temporal.Instant,
): Promise<number> {
  const { numAffectedRows = 0n } = await statement('deployments.insertCustomers')`
    INSERT INTO customers (external_id, name, currency, created_at)
    SELECT "externalId", name, currency, ${now}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(customers)}::jsonb) AS c("externalId" text, name text, currency text)
    ON CONFLICT (external_id) DO NOTHING`.execute(trx);
  return Number(numAffectedRows);
}

/** Brings customers' names and currencies in line; returns how many differed. */
export async function updateCustomers(trx: UnitOfWork, customers: readonly NamedCustomer[]): Promise<number> {
  const { numAffectedRows = 0n } = await statement('deployments.updateCustomers')`
    UPDATE customers c SET name = w.name, currency = w.currency
    FROM jsonb_to_recordset(${JSON.stringify(customers)}::jsonb) AS w("externalId" text, name text, currency text)
    WHERE c.external_id = w."externalId" AND (c.name, c.currency) <> (w.name, w.currency)`.execute(trx);
  return Number(numAffectedRows);
}

/** The ids of these slugs that are deployments of a customer. */
export async function readDeploymentIds(db: Queryable, slugs: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await statement<{ slug: string; deployment_id: number }>('deployments.readDeploymentIds')`
    SELECT slug, deployment_id FROM deployments
    WHERE slug = ANY (${slugs}::text[]) AND customer_id IS NOT NULL`.execute(db);
  return new Map(rows.map((row) => [row.slug, row.deployment_id]));
}

export interface OwnerSet {
  /** `17:1,18:2`: the deployments' ids in order, with their weights. */
  readonly signature: string;
  readonly weightTotal: number;
  readonly members: readonly { deploymentId: number; weightBefore: number; weight: number }[];
}

/** The ids of owner sets by their signatures; those that are new are made. */
export async function upsertOwnerSets(trx: UnitOfWork, sets: readonly OwnerSet[]): Promise<Map<string, number>> {
  await statement('deployments.upsertOwnerSets.insert_owner_sets')`
    WITH wanted AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(sets)}::jsonb) AS w(signature text, "weightTotal" int, members jsonb)
    ), made AS (
      INSERT INTO owner_sets (weight_total, signature) SELECT "weightTotal", signature FROM wanted
      ON CONFLICT (signature) DO NOTHING RETURNING owner_set_id, signature
    )
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT made.owner_set_id, m."deploymentId", m."weightBefore", m.weight
    FROM made JOIN wanted USING (signature),
         jsonb_to_recordset(wanted.members) AS m("deploymentId" bigint, "weightBefore" int, weight int)`.execute(trx);
  // By a statement of its own: it sees what another transaction made meanwhile.
  const { rows } = await statement<{ owner_set_id: number; signature: string }>('deployments.upsertOwnerSets.select')`
    SELECT owner_set_id, signature FROM owner_sets
    WHERE signature = ANY (${sets.map(({ signature }) => signature)}::text[])`.execute(trx);
  return new Map(rows.map((row) => [row.signature, row.owner_set_id]));
}

/** Makes the owner set of one for each of these deployments, in their order of making. */
export async function insertSingleOwnerSets(trx: UnitOfWork, slugs: readonly string[]): Promise<void> {
  await statement('deployments.insertSingleOwnerSets')`
    WITH made AS (
      INSERT INTO owner_sets (weight_total, signature)
      SELECT 1, deployment_id || ':1' FROM deployments WHERE slug = ANY (${slugs}::text[]) ORDER BY deployment_id
      RETURNING owner_set_id, signature
    )
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT owner_set_id, split_part(signature, ':', 1)::bigint, 0, 1 FROM made`.execute(trx);
}

/** Which of these are not resources. */
export async function findUnknownResources(db: Queryable, resourceIds: readonly number[]): Promise<number[]> {
  const { rows } = await statement<{ resource_id: number }>('deployments.findUnknownResources')`
    SELECT wanted AS resource_id FROM unnest(${resourceIds}::bigint[]) AS wanted
    WHERE NOT EXISTS (SELECT FROM inventory_resources r WHERE r.resource_id = wanted)`.execute(db);
  return rows.map((row) => row.resource_id);
}

/**
 * Makes manual assignments say, over [from, to), that the owner set owns these resources (null:
 * that nobody was assigned); writes where they say otherwise only.
 */
export async function rewriteAssignments(
  trx: UnitOfWork,
  resourceIds: readonly number[],
  ownerSetId: number | null,
  range: { from: Temporal.Instant | null; to: Temporal.Instant | null },
  by: string,
  now: Temporal.Instant,
): Promise<Rewritten> {
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'deployments.rewriteAssignments', table: 'assignment_changes' },
    sql`
      WITH wanted AS (
        SELECT DISTINCT resource_id,
               tstzrange(coalesce(${range.from}::timestamptz, '-infinity'), coalesce(${range.to}::timestamptz, 'infinity')) AS held
        FROM unnest(${resourceIds}::bigint[]) AS resource_id
      ), believed AS (
        SELECT m.resource_id, range_agg(tstzrange(m.valid_from, m.valid_to)) AS assigned,
               range_agg(tstzrange(m.valid_from, m.valid_to)) FILTER (WHERE m.owner_set_id = ${ownerSetId}) AS same
        FROM wanted w JOIN manual_assignments m USING (resource_id)
        WHERE m.superseded_at = 'infinity' GROUP BY m.resource_id
      )
      SELECT w.resource_id, ${ownerSetId}::bigint AS owner_set_id, ${by}::text AS recorded_by,
             lower(part) AS valid_from, upper(part) AS valid_to, ${ownerSetId}::bigint IS NOT NULL AS asserted
      FROM wanted w LEFT JOIN believed b USING (resource_id),
           unnest(CASE WHEN ${ownerSetId}::bigint IS NULL THEN tstzmultirange(w.held) * coalesce(b.assigned, '{}')
                       ELSE tstzmultirange(w.held) - coalesce(b.same, '{}') END) AS part`,
  );
  return rewriteHistory(
    trx,
    {
      table: 'manual_assignments',
      id: 'manual_assignment_id',
      key: ['resource_id'],
      values: ['owner_set_id', 'recorded_by'],
    },
    staged,
    now,
    { topic: 'resource', cause: 'assignment' },
  );
}

export interface OwnedRow {
  readonly resourceId: number;
  readonly account: string;
  readonly kind: string;
  readonly externalId: string;
  /** null: the sync runs that showed it were reverted. */
  readonly name: string | null;
  readonly from: Temporal.Instant;
  /** null: still so. */
  readonly to: Temporal.Instant | null;
  readonly weight: number;
  readonly weightTotal: number;
  readonly ruleId: number | null;
  readonly rule: string | null;
  /** How many intervals there are beyond `after`. */
  readonly total: number;
}

/** What a deployment owned over which intervals, newest first; at most `limit` of them, beyond `after`. */
export async function readOwned(
  db: Queryable,
  deploymentId: number,
  limit: number,
  after: Pick<OwnedRow, 'from' | 'resourceId'> | null = null,
  reader: 'staff' | 'customer' = 'staff',
): Promise<OwnedRow[]> {
  const isStaff = reader === 'staff';
  const { rows } = await statement<OwnedRow>('deployments.readOwned')`
    WITH owned AS (
      SELECT a.resource_id, m.weight, s.weight_total, a.rule_id,
             unnest(range_agg(tstzrange(a.valid_from, a.valid_to))) AS held
      FROM owner_set_members m JOIN owner_sets s USING (owner_set_id) JOIN attributions a USING (owner_set_id)
      WHERE m.deployment_id = ${deploymentId} AND a.superseded_at = 'infinity'
      GROUP BY a.resource_id, m.weight, s.weight_total, a.rule_id
    ), page AS (
      SELECT *, count(*) OVER () AS total FROM owned
      WHERE ${after === null ? sql`true` : sql`(lower(held) < ${after.from} OR (lower(held) = ${after.from} AND resource_id > ${after.resourceId}))`}
      ORDER BY lower(held) DESC, resource_id LIMIT ${limit}
    )
    SELECT p.resource_id AS "resourceId", c.slug AS account, r.kind, r.external_id AS "externalId", n.name,
           lower(p.held) AS "from", upper(p.held) AS "to", p.weight, p.weight_total AS "weightTotal",
           p.rule_id AS "ruleId", u.kind || coalesce(' ' || u.pattern, '') AS rule, p.total
    FROM page p JOIN inventory_resources r USING (resource_id) JOIN inventory_accounts c USING (account_id)
    LEFT JOIN LATERAL (
      SELECT s.name FROM inventory_states s WHERE s.resource_id = p.resource_id
        AND (${isStaff} OR tstzrange(s.valid_from, s.valid_to) && p.held)
      ORDER BY s.valid_from DESC LIMIT 1) n ON true
    LEFT JOIN LATERAL (
      SELECT o.kind, o.pattern FROM ownership_rules o WHERE ${isStaff} AND o.rule_id = p.rule_id
      ORDER BY o.recorded_at DESC, o.ownership_rule_id DESC LIMIT 1) u ON true
    ORDER BY lower(p.held) DESC, p.resource_id`.execute(db);
  return rows;
}
