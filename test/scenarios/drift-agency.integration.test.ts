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
import { sweep } from '../../src/drift/sweep/sweep.ts';
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
    WHERE d.superseded_at = 'infinity' AND s.status = 'active' ORDER BY d.kind, d.external_id`.execute(db);
  const one = Object.fromEntries(rows.map((row) => [row.kind, row]));
  const droplet = Number(one['droplet']!.id);
  await cloud.happen(
    { type: 'tag', kind: 'droplet', id: droplet, tags: ['by-hand'] },
    { type: 'destroy', kind: 'domain', id: one['dns_zone']!.id },
  );
  for (let looks = 0; looks < 3; looks += 1) await look();
  expect(await told()).toEqual([
    `changed droplet ${one['droplet']!.name} tags`,
    `missing dns_zone ${one['dns_zone']!.name}`,
  ]);
}, 600_000);
