import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { declarationSchema } from '../../src/drift/declaration.ts';
import { applyDeclaration, endDeclaration, previewDeclaration } from '../../src/drift/declarations.ts';
import { openFindings } from '../../src/drift/findings.ts';
import { selectFindings } from '../../src/drift/findings.store.ts';
import { sweep } from '../../src/drift/sweep/sweep.ts';
import { importDocument } from '../../src/drift/terraform/import-document.ts';
import { readTerraform } from '../../src/drift/terraform/read-terraform.ts';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// States of Terraform against a fleet: exactly the findings that each must give, and their money.

let database: TestDatabase;
let cloud: SimulatedAccount;

const fixture = (name: string) => readFileSync(new URL(`../fixtures/terraform/${name}`, import.meta.url));

beforeAll(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { fleet: 'pilot' });
  const { events } = JSON.parse(fixture('fleet-events.json').toString()) as { events: FleetEventInput[] };
  await cloud.happen(...events);
  await cloud.advance({ days: 1 });
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, cloud.simulator.now());
});
afterAll(async () => {
  await cloud.close();
  await database.close();
});

const now = () => cloud.simulator.now();

/** The hours of backups are the simulator's own choice, and no event sets them. */
const ignore = [{ fields: ['backup_policy/weekday', 'backup_policy/hour'], reason: 'chosen by the provider' }];

function declared(name: string, covers?: string) {
  const options = { declaration: 'imported', account: cloud.account.slug, covers };
  const document = importDocument(readTerraform(fixture(`${name}.tfstate`)), options);
  return declarationSchema.parse({ ...document, ignore });
}

/** Declares a state, looks again, and ends it: what differed meanwhile, as `changed app[1] size 28.80`. */
async function findingsOf(name: string, covers?: string): Promise<string[]> {
  const { db } = database;
  await applyDeclaration(db, declared(name, covers), { by: 'test', now: now(), force: true });
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  await sweep(db, now());
  const rows = await selectFindings(
    db,
    { now: now(), declaration: 'imported', parts: true },
    { limit: 1000, cursor: null, sort: 'name', order: 'asc' },
  );
  await endDeclaration(db, 'imported', 'test', now());
  return rows
    .filter(({ state }) => state !== 'ignored')
    .map((one) =>
      [
        one.category,
        one.address?.replace(/^.*digitalocean_/, '') ?? one.name,
        one.field,
        one.monthly === null ? 'unknown' : Number(one.monthly).toFixed(2),
        one.severity,
      ]
        .filter((part) => part !== null)
        .join(' '),
    )
    .sort();
}

test('a state that agrees gives nothing, however it is written', async () => {
  expect(await findingsOf('1-clean')).toEqual([]);
});

test('changed fields, priced so that they sum', async () => {
  expect(await findingsOf('2-changed')).toEqual([
    'changed droplet.app[1] backups -9.60 high',
    'changed droplet.app[1] size 28.80 medium',
    'changed droplet.app[1] tags 0.00 low',
  ]);
});

test('a firewall that was opened is one finding, as severe as the rule', async () => {
  expect(await findingsOf('3-network')).toEqual([
    'changed firewall.edge inbound/tcp/22 0.00 medium',
    'changed loadbalancer.lb nodes 12.00 medium',
  ]);
});

test('modules, aliases, deposed and tainted instances make nothing differ', async () => {
  expect(await findingsOf('4-structure')).toEqual([]);
});

test('a state full of secrets is compared as any, and agrees', async () => {
  expect(await findingsOf('6-secrets')).toEqual([]);
});

test('what is gone, with its money, and never what nobody can tell', async () => {
  // The pool scales by itself, as this state says and the others do not.
  const cluster = '0a000000-0000-4000-8000-0000000000c1';
  const pool = { name: 'default-pool', droplets: [481000011, 481000012, 481000013], autoScale: { min: 2, max: 5 } };
  await cloud.happen({ type: 'set_node_pools', cluster, pools: [pool] });
  const found = await findingsOf('5-gone');
  expect(found).toEqual([
    'changed database_cluster.pg nodes unknown medium',
    'changed kubernetes_cluster.k8s auto_upgrade 0.00 medium',
    'changed reserved_ip.vip droplet 5.00 medium',
    'changed volume.data droplet 0.00 medium',
    'changed volume.data size_gb 5.00 medium',
    'missing droplet.lost -24.00 high',
    'missing kubernetes_cluster.k8s pool/batch -42.00 high',
  ]);
});

test('what a project covers and is not declared is found, the workers of a cluster are not', async () => {
  const found = await findingsOf('5-gone', 'project:468044f6-fa15-4711-bb9a-fce00e663ed3');
  const unmanaged = found.filter((line) => line.startsWith('unmanaged'));
  expect(unmanaged).toContain('unmanaged tmp-debug 6.00 medium');
  expect(unmanaged.filter((line) => line.includes('pool-acme'))).toEqual([]);
});

test('a preview says what would be found, and finds nothing', async () => {
  const preview = await previewDeclaration(database.db, declared('2-changed'), { by: 'test', now: now() });
  expect(preview).toMatchObject({ changed: true, findings: 3 });
  expect(await openFindings(database.db, { now: now(), declaration: 'imported' }, 10)).toEqual({ items: [], total: 0 });
});
