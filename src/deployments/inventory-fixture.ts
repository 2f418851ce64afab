// For tests of this room: writes inventory facts as a sync would, straight into its tables.
import { sql } from 'kysely';
import type { Database } from '../platform/database.ts';
import { rewriteHistory } from '../platform/history.ts';

export interface FixtureState {
  readonly name?: string;
  readonly status?: string;
  readonly tags?: readonly string[];
  /** As kind:external_id, or tag:name. */
  readonly parents?: readonly string[];
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export function at(text: string): Temporal.Instant {
  return Temporal.Instant.from(text.length === 10 ? `${text}T00:00:00Z` : text);
}

export async function insertAccount(db: Database, slug = 'team'): Promise<number> {
  const { rows } = await sql<{ account_id: number }>`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES (${slug}, ${slug}, 'digitalocean', 'https://api.example.com', ${slug}, false, '', '2026-01-01', '2026-01-01')
    RETURNING account_id`.execute(db);
  return (rows[0] as { account_id: number }).account_id;
}

/** A resource without any state yet. */
export async function insertResource(
  db: Database,
  account: number,
  kind: string,
  externalId: string,
  firstSeenAt: Temporal.Instant,
): Promise<number> {
  const { rows } = await sql<{ resource_id: number }>`
    INSERT INTO resources (account_id, kind, external_id, first_seen_at)
    VALUES (${account}, ${kind}, ${externalId}, ${firstSeenAt}) RETURNING resource_id`.execute(db);
  return (rows[0] as { resource_id: number }).resource_id;
}

/** Makes a resource's state so over [from, to), or not existing there (null). */
export async function writeState(
  db: Database,
  resourceId: number,
  state: FixtureState | null,
  from: Temporal.Instant,
  to: Temporal.Instant | null,
  now: Temporal.Instant,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`
      CREATE TEMPORARY TABLE fixture_states ON COMMIT DROP AS
      SELECT resource_id, account_id, kind, ${state?.name ?? ''}::text AS name, ${state?.status ?? 'active'}::text AS status, NULL::text AS region,
             ${state?.tags ?? []}::text[] AS tags, ${state?.parents ?? []}::text[] AS parents, ${JSON.stringify(state?.attributes ?? {})}::jsonb AS attributes,
             'listing' AS source, ${from}::timestamptz AS valid_from, coalesce(${to}::timestamptz, 'infinity') AS valid_to,
             ${state !== null}::boolean AS asserted
      FROM resources WHERE resource_id = ${resourceId}`.execute(trx);
    await rewriteHistory(
      trx,
      {
        table: 'resource_states',
        id: 'resource_state_id',
        key: ['resource_id'],
        values: ['account_id', 'kind', 'name', 'status', 'region', 'tags', 'parents', 'attributes', 'source'],
      },
      'fixture_states',
      now,
      'state',
    );
  });
}

/** Puts a resource into a project over [from, to), or into none (null). */
export async function writeMembership(
  db: Database,
  resourceId: number,
  projectId: number | null,
  from: Temporal.Instant,
  to: Temporal.Instant | null,
  now: Temporal.Instant,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`
      CREATE TEMPORARY TABLE fixture_memberships ON COMMIT DROP AS
      SELECT ${resourceId}::bigint AS resource_id, ${projectId}::bigint AS project_id, 'listing' AS source,
             ${from}::timestamptz AS valid_from, coalesce(${to}::timestamptz, 'infinity') AS valid_to,
             ${projectId !== null}::boolean AS asserted`.execute(trx);
    await rewriteHistory(
      trx,
      {
        table: 'project_memberships',
        id: 'project_membership_id',
        key: ['resource_id'],
        values: ['project_id', 'source'],
      },
      'fixture_memberships',
      now,
      'membership',
    );
  });
}

/** A resource with one state from `from` on. */
export async function insertLiving(
  db: Database,
  account: number,
  kind: string,
  externalId: string,
  state: FixtureState,
  from: Temporal.Instant,
): Promise<number> {
  const resourceId = await insertResource(db, account, kind, externalId, from);
  await writeState(db, resourceId, state, from, null, from);
  return resourceId;
}

export interface OwnedInterval {
  readonly from: string;
  readonly to: string;
  /** `slug` or `slug:weight,slug:weight`. */
  readonly owner: string;
  readonly rule: string | null;
}

/** Who owns a resource when, adjoining intervals of the same owner and rule as one. */
export async function readOwnership(db: Database, resourceId: number): Promise<OwnedInterval[]> {
  const { rows } = await sql<OwnedInterval>`
    SELECT to_char(lower(held), 'YYYY-MM-DD HH24:MI') AS "from",
           coalesce(to_char(nullif(upper(held), 'infinity'), 'YYYY-MM-DD HH24:MI'), 'infinity') AS "to", owner, rule
    FROM (
      SELECT unnest(range_agg(tstzrange(a.valid_from, a.valid_to))) AS held, o.owner,
             (SELECT u.kind FROM ownership_rules u WHERE u.rule_id = a.rule_id LIMIT 1) AS rule
      FROM attributions a CROSS JOIN LATERAL (
        SELECT string_agg(d.slug || CASE WHEN s.weight_total = 1 THEN '' ELSE ':' || m.weight END, ',' ORDER BY d.slug) AS owner
        FROM owner_set_members m JOIN owner_sets s USING (owner_set_id) JOIN deployments d USING (deployment_id)
        WHERE m.owner_set_id = a.owner_set_id) o
      WHERE a.resource_id = ${resourceId} AND a.superseded_at = 'infinity'
      GROUP BY o.owner, a.rule_id
    ) x ORDER BY lower(held)`.execute(db);
  return rows;
}
