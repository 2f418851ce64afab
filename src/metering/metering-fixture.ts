// For tests of this room: a small world of facts, and a second, slow and obvious metering of it.
import { sql } from 'kysely';
import { createCustomer } from '../deployments/customers.ts';
import { createDeployment } from '../deployments/deployments.ts';
import { at, insertAccount } from '../deployments/inventory-fixture.ts';
import type { Database } from '../platform/database.ts';
import { fromBillionths, toBillionths } from '../platform/quantity.ts';
import { type Accrual, accrued } from './accrual.ts';
import { daysOf, startOfDay } from './period.ts';
import { openUsageStore } from './usage-store.open.ts';
import { recordsMax, type UsageRecord } from './usage-store.ts';

export { at, insertAccount };

export async function createDeployments(
  db: Database,
  slugs: readonly string[],
  startsAt: Temporal.Instant,
): Promise<void> {
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, startsAt);
  for (const slug of slugs) await createDeployment(db, { slug, name: slug, customer: 'acme', startsAt }, startsAt);
}

/** One listing of a kind, as a sync that began at an instant would record it. */
export async function insertSync(
  db: Database,
  account: number,
  kind: string,
  startedAt: Temporal.Instant,
  outcome: 'complete' | 'partial' | 'failed' = 'complete',
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
    VALUES (${account}, ${kind}, ${startedAt}, ${startedAt}, ${outcome}) RETURNING sync_run_id AS id`.execute(db);
  return (rows[0] as { id: number }).id;
}

export async function setGranularity(db: Database, fromDay: string, granularity: 'day' | 'hour'): Promise<void> {
  await sql`
    INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
    SELECT billing_kind_id, ${fromDay}::date, enabled, ${granularity}, retention_days
    FROM metering_config WHERE from_day = '2000-01-01'
    ON CONFLICT (billing_kind_id, from_day) DO UPDATE SET granularity = excluded.granularity`.execute(db);
}

/** The records of a range of days, in whichever store they are. */
async function storedRecords(db: Database, from: string, to: string): Promise<UsageRecord[]> {
  const store = await openUsageStore(db);
  const range = { from: Temporal.PlainDate.from(from), to: Temporal.PlainDate.from(to) };
  const records: UsageRecord[] = [];
  for (;;) {
    const page = { after: records.at(-1), limit: recordsMax };
    const next = await store.listRecords(db, { scope: 'all', range }, {}, page);
    records.push(...next);
    if (next.length < recordsMax) return records;
  }
}

/** `deployment kind resource -> quantity` of a range of days, as stored. */
export async function storedUsage(db: Database, from: string, to: string): Promise<Record<string, string>> {
  const { rows } = await sql<{ id: number; slug: string }>`SELECT deployment_id AS id, slug FROM deployments`.execute(
    db,
  );
  const slugs = new Map(rows.map((row) => [row.id, row.slug]));
  const sums = new Map<string, bigint>();
  for (const record of await storedRecords(db, from, to)) {
    const key = `${slugs.get(record.deploymentId)} ${record.kind} ${record.resourceId}`;
    sums.set(key, (sums.get(key) ?? 0n) + toBillionths(record.quantity));
  }
  return Object.fromEntries([...sums].map(([key, value]) => [key, fromBillionths(value)] as const).sort(byKey));
}

/** Every stored byte of usage, revisions left out: they tell when, not what. */
export async function storedBytes(db: Database): Promise<string> {
  return (await storedRecords(db, '2020-01-01', '2110-01-01'))
    .map(({ revision: _, ...record }) => Object.values(record).join(' '))
    .join('\n');
}

interface Held {
  readonly resource: number;
  readonly kind: string;
  readonly accrual: Accrual;
  readonly level: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly deployment: string;
  readonly startsAt: Temporal.Instant;
  readonly before: number;
  readonly weight: number;
  readonly total: number;
}

/**
 * What `storedUsage` must say, computed in integers from states and attributions, day by day and
 * piece by piece. Deployments with the share of what they own before they start: unattributed.
 */
export async function expectedUsage(db: Database, from: string, to: string): Promise<Record<string, string>> {
  const { rows } = await sql<Held>`
    SELECT s.resource_id AS resource, k.slug AS kind, d.accrual, p.slug AS deployment,
           CASE WHEN k.slug = 'droplet_hours' AND s.status <> 'active' THEN '0'
                WHEN k.slug IN ('droplet_hours', 'dns_zones') THEN '1' ELSE s.attributes ->> 'size_gb' END AS level,
           greatest(s.valid_from, a.valid_from, c.metered_from) AS from, least(s.valid_to, a.valid_to) AS to,
           nullif(p.starts_at, '-infinity') AS "startsAt",
           m.weight_before AS before, m.weight, o.weight_total AS total
    FROM resource_states s
    JOIN accounts c USING (account_id)
    JOIN billing_kind_definitions d ON d.resource_kind = s.kind
    JOIN billing_kinds k ON k.billing_kind_id = d.billing_kind_id AND k.slug IN ('droplet_hours', 'dns_zones', 'snapshot_gb_month')
    JOIN attributions a ON a.resource_id = s.resource_id AND a.superseded_at = 'infinity'
    JOIN owner_sets o USING (owner_set_id) JOIN owner_set_members m USING (owner_set_id)
    JOIN deployments p USING (deployment_id)
    WHERE s.superseded_at = 'infinity' AND greatest(s.valid_from, a.valid_from, c.metered_from) < least(s.valid_to, a.valid_to)
  `.execute(db);
  const sums = new Map<string, bigint>();
  for (const held of rows) {
    for (const day of daysOf({ from: Temporal.PlainDate.from(from), to: Temporal.PlainDate.from(to) })) {
      const start = later(held.from, startOfDay(day));
      const end =
        held.to === null ? startOfDay(day.add({ days: 1 })) : earlier(held.to, startOfDay(day.add({ days: 1 })));
      const startsAt = held.startsAt ?? start;
      add(sums, held, held.deployment, later(start, startsAt), end);
      add(sums, held, 'unattributed', start, earlier(end, startsAt));
    }
  }
  return Object.fromEntries([...sums].map(([key, value]) => [key, fromBillionths(value)] as const).sort(byKey));
}

function add(
  sums: Map<string, bigint>,
  held: Held,
  deployment: string,
  from: Temporal.Instant,
  to: Temporal.Instant,
): void {
  if (Temporal.Instant.compare(from, to) >= 0) return;
  const key = `${deployment} ${held.kind} ${held.resource}`;
  const share = { before: held.before, weight: held.weight, total: held.total };
  sums.set(key, (sums.get(key) ?? 0n) + accrued(held.accrual, toBillionths(held.level), share, from, to));
}

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}

function later(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) > 0 ? a : b;
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}
