import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  applyRules,
  bringAttributionsUpToDate,
  createCustomer,
  createDeployment,
} from '../../src/deployments/index.ts';
import { adoptDeployment } from '../../src/drift/declarations.ts';
import { findingGroups } from '../../src/drift/findings.ts';
import { categories, selectFindings } from '../../src/drift/findings.store.ts';
import { sweep, verifyFindings } from '../../src/drift/sweep/sweep.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// An agency after 90 days: all of it adopted, nothing differs; one change of each sort is found, and nothing else.

let database: TestDatabase;
let cloud: SimulatedAccount;

const declared = categories.slice(0, 6);
const now = () => cloud.simulator.now();

async function look(): Promise<void> {
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, now());
  await sweep(database.db, now(), { full: true });
}

const told = async () =>
  (
    await selectFindings(
      database.db,
      { now: now(), category: declared, parts: true },
      { limit: 1000, cursor: null, sort: 'name', order: 'asc' },
    )
  )
    .map(({ category, kind, name, field }) => `${category} ${kind} ${name}${field === null ? '' : ` ${field}`}`)
    .sort();

beforeAll(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { fleet: 'agency' });
  await cloud.advance({ days: 90 });
  await cloud.sync();
});
afterAll(async () => {
  await cloud.close();
  await database.close();
});

test('adopted whole, nothing differs; one change of each sort is found and nothing else', async () => {
  const { db } = database;
  const { rows: projects } = await sql<{ id: string }>`
    SELECT r.external_id AS id FROM inventory_states s JOIN inventory_resources r USING (resource_id)
    WHERE s.kind = 'project' AND s.valid_to = 'infinity' AND (s.attributes ->> 'is_default')::boolean IS NOT TRUE ORDER BY 1`.execute(
    db,
  );
  const start = now();
  await createCustomer(db, { externalId: 'all', name: 'All', currency: 'USD' }, start);
  for (const [index] of projects.entries())
    await createDeployment(db, { slug: `d-${index}`, name: `D ${index}`, customer: 'all', startsAt: start }, start);
  const rules = projects.map(({ id }, index) => ({ project: id, deployment: `d-${index}` }));
  await applyRules(db, { rules }, 'test', start);
  await look();
  let adopted = 0;
  for (const [index] of projects.entries()) {
    const { resources } = await adoptDeployment(db, `d-${index}`, `d-${index}`, { by: 'test', now: now() }).catch(
      () => ({
        resources: { added: 0 },
      }),
    );
    adopted += resources.added;
  }
  expect(adopted).toBeGreaterThan(100);
  await sweep(db, now(), { full: true });
  expect(await told()).toEqual([]);
  await look();
  expect(await told()).toEqual([]);
  const groups = await findingGroups(db, { now: now() });
  expect(groups.length).toBeGreaterThan(5);

  const { rows } = await sql<{ kind: string; id: string; name: string }>`
    SELECT DISTINCT ON (d.kind) d.kind, d.external_id AS id, s.name
    FROM declared_resources d JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
    JOIN inventory_states s ON s.resource_id = r.resource_id AND s.valid_to = 'infinity'
    WHERE d.superseded_at = 'infinity' AND (d.kind <> 'droplet' OR s.status = 'active') ORDER BY d.kind, d.external_id`.execute(
    db,
  );
  const one = Object.fromEntries(rows.map((row) => [row.kind, row]));
  // Of each kind one change, each of a resource of its own.
  const [tagged, resized, lost] = await dropletsOf(db);
  const firewall = one['firewall']!;
  const rule = { protocol: 'tcp' as const, ports: '5432', addresses: ['0.0.0.0/0'] };
  const { rows: memberships } = await sql<{ project: string }>`
    SELECT p.external_id AS project FROM inventory_memberships m JOIN inventory_resources p ON p.resource_id = m.project_id
    JOIN inventory_resources r ON r.resource_id = m.resource_id
    WHERE r.kind = 'droplet' AND r.external_id = ${tagged!.id} AND m.valid_to = 'infinity'`.execute(db);
  await cloud.happen(
    { type: 'tag', kind: 'droplet', id: Number(tagged!.id), tags: ['by-hand'] },
    { type: 'resize_droplet', droplet: Number(resized!.id), size: 's-8vcpu-16gb' },
    { type: 'destroy', kind: 'droplet', id: Number(lost!.id) },
    { type: 'destroy', kind: 'domain', id: one['dns_zone']!.id },
    { type: 'resize_volume', volume: one['volume']!.id, sizeGb: 9_999 },
    { type: 'set_firewall_rules', firewall: firewall.id, inbound: [rule], outbound: [] },
    { type: 'create_droplet', id: 990_001, name: 'tmp-debug', project: memberships[0]!.project },
  );
  for (let looks = 0; looks < 3; looks += 1) await look();
  const injected = (await told()).filter((line) => !line.startsWith(`changed firewall ${firewall.name} `));
  expect(injected).toEqual(
    [
      `changed droplet ${tagged!.name} tags`,
      `changed droplet ${resized!.name} size`,
      `missing droplet ${lost!.name}`,
      `missing dns_zone ${one['dns_zone']!.name}`,
      `changed volume ${one['volume']!.name} size_gb`,
      'unmanaged droplet tmp-debug',
    ].sort(),
  );
  expect(await told()).toContain(`changed firewall ${firewall.name} inbound/tcp/5432`);
  expect(await verifyFindings(db, now())).toBeNull();
}, 600_000);

/** Three that live, with no volumes, addresses or others that would go or change with them. */
async function dropletsOf(db: TestDatabase['db']) {
  const { rows } = await sql<{ id: string; name: string }>`
    SELECT d.external_id AS id, s.name FROM declared_resources d JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
    JOIN inventory_states s ON s.resource_id = r.resource_id AND s.valid_to = 'infinity'
    WHERE d.kind = 'droplet' AND d.superseded_at = 'infinity' AND s.status = 'active' AND s.attributes ->> 'size_slug' <> 's-8vcpu-16gb'
      AND NOT EXISTS (SELECT FROM inventory_states o WHERE 'droplet:' || d.external_id = ANY (o.parents) AND o.valid_to = 'infinity')
    ORDER BY d.external_id LIMIT 3`.execute(db);
  return rows;
}
