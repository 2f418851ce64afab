import { afterEach, beforeEach, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { readOverview } from '../../src/flows/overview.ts';
import { checkAccount } from '../../src/inventory/accounts.ts';
import { getResource, getResourceSettings } from '../../src/inventory/resources.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// Scopes are by field too: a listing succeeds without the fields that the token may not see. What is
// hidden keeps what was known, and is named.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

const last = async (ref: string) => (await getResource(database.db, ref)).states.at(-1)!;

test('a token that loses tag:read takes no droplet from its deployment', async () => {
  const { db } = database;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
  const tags = ['deployment:acme'];
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', tags },
    { type: 'create_droplet', id: 7002, name: 'db', tags },
  );
  await cloud.sync();
  await cloud.advance({ days: 4 });
  await cloud.upset({
    fault: 'missing_scope',
    scopes: ['tag:read', 'vpc:read', 'project:read', 'block_storage:read'],
    hidden: true,
  });
  expect(await cloud.syncKind('droplet')).toMatchObject({
    outcome: 'complete',
    reason:
      'the token may not see tags and parents:kubernetes_cluster (tag:read), vpc (vpc:read): 2 of droplet keep what was known',
    changed: 0,
  });
  await cloud.happen({ type: 'rename_droplet', droplet: 7001, name: 'web-1' });
  await cloud.advance({ days: 2 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ changed: 1 });
  expect(await last('droplet:7001')).toMatchObject({ name: 'web-1', tags });
  const now = cloud.simulator.now();
  await bringAttributionsUpToDate(db, now);
  const range = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-05-07') };
  await meterRange(db, { ...range, now });
  // Two droplets for six days.
  expect((await usageForPeriod(db, 'acme', range.from, range.to)).usage.droplet_hours).toBe('288');
});

test('a tag that is taken off is gone, where tags can be seen', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', tags: ['one'] });
  await cloud.syncKind('droplet');
  await cloud.happen({ type: 'untag', kind: 'droplet', id: 7001, tags: ['one'] });
  await cloud.advance({ minutes: 15 });
  // Two collections, and the tags once.
  expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', reason: null, changed: 1, requests: 3 });
  expect(await last('droplet:7001')).toMatchObject({ tags: [] });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('droplet')).toMatchObject({ changed: 0, requests: 2 });
});

test('a firewall keeps the tags that it was for, and lets go of a droplet', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web' },
    { type: 'create_droplet', id: 7002, name: 'db' },
  );
  const [firewall] = await cloud.happen({ type: 'create_firewall', name: 'fw', droplets: [7001, 7002], tags: ['web'] });
  await cloud.sync();
  await cloud.upset({ fault: 'missing_scope', scopes: ['tag:read'], hidden: true });
  await cloud.happen({ type: 'set_firewall_droplets', firewall: String(firewall), droplets: [7002] });
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('firewall')).toMatchObject({ changed: 1, reason: expect.stringContaining('tag:read') });
  expect(await last(`firewall:${firewall}`)).toMatchObject({ parents: ['droplet:7002', 'tag:web'] });
});

test('the check of an account names what each missing scope hides, and what no listing shows', async () => {
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web' },
    { type: 'create_bucket', name: 'far-away', region: 'ams3' },
    { type: 'create_bucket', name: 'near-by', region: 'fra1' },
    { type: 'create_other', urn: 'do:genai:one' },
  );
  const since = cloud.simulator.now();
  await cloud.sync();
  const check = () => checkAccount(database.db, cloud.account, cloud.provider);
  // The account's keys are for one region.
  const unlisted = [
    { kind: 'genai', hidden: 1, urns: ['do:genai:one'], since },
    { kind: 'spaces_bucket', hidden: 1, urns: ['do:space:far-away'], since },
  ];
  expect((await check()).unlisted).toEqual(unlisted);
  const overview = await readOverview(database.db, { now: cloud.simulator.now() });
  expect(overview.unlisted).toEqual(unlisted.map((each) => ({ account: cloud.account.slug, ...each })));
  await cloud.upset(
    { fault: 'missing_scope', scopes: ['tag:read'], hidden: true },
    { fault: 'missing_scope', scopes: ['droplet:read'] },
  );
  const { scopes } = await check();
  expect(scopes.filter(({ granted }) => granted !== 'yes')).toEqual([
    {
      scope: 'droplet:read',
      granted: 'no',
      kinds: ['droplet', 'droplet_backup'],
      others: [],
      fields: [
        'volume.parents:droplet',
        'reserved_ip.parents:droplet',
        'reserved_ip.assigned',
        'reserved_ip.droplet',
        'firewall.parents:droplet',
        'firewall.droplets',
        'load_balancer.parents:droplet',
        'load_balancer.droplets',
      ],
      hidden: [{ kind: 'droplet', hidden: 1 }],
      money: expect.arrayContaining([
        { kind: 'droplet', field: null, resources: 1, unknown: 0, monthly: [{ currency: 'USD', amount: '6.00' }] },
      ]),
    },
    {
      scope: 'tag:read',
      granted: 'no',
      kinds: [],
      others: [],
      fields: expect.arrayContaining(['droplet.tags', 'firewall.parents:tag']),
      hidden: [],
      money: expect.arrayContaining([
        { kind: 'droplet', field: 'tags', resources: 1, unknown: 0, monthly: [{ currency: 'USD', amount: '6.00' }] },
        { kind: 'volume', field: 'tags', resources: 0, unknown: 0, monthly: [] },
      ]),
    },
  ]);
});

test('settings of firewalls, databases, clusters and apps keep what a scope hides, and name it', async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', tags: ['web'] });
  const [firewall, cluster, kubernetes, app] = await cloud.happen(
    { type: 'create_firewall', name: 'fw', droplets: [7001], tags: ['web'] },
    { type: 'create_database', name: 'db', tags: ['db'] },
    { type: 'create_kubernetes_cluster', name: 'k8s' },
    { type: 'create_app', name: 'shop' },
  );
  await cloud.sync();
  const refs = [`firewall:${firewall}`, `database:${cluster}`, `kubernetes_cluster:${kubernetes}`, `app:${app}`];
  const settings = () =>
    Promise.all(
      refs.map(async (ref) => {
        const phase = (await getResourceSettings(db, ref, null)).phases.at(-1)!;
        return { settings: phase.settings, hidden: phase.hidden };
      }),
    );
  const before = await settings();
  expect(before.map(({ hidden }) => hidden)).toEqual([[], [], [], []]);
  const scopes = ['tag:read', 'vpc:read', 'project:read', 'droplet:read'];
  await cloud.upset({ fault: 'missing_scope', scopes, hidden: true }, { fault: 'missing_scope', scopes });
  await cloud.advance({ minutes: 15 });
  await cloud.sync({ kinds: ['firewall', 'database', 'kubernetes_cluster', 'app'] });
  const hidden = [['droplets', 'tags'], ['project', 'tags', 'vpc'], ['tags', 'vpc'], ['project']];
  expect(await settings()).toEqual(before.map((phase, index) => ({ ...phase, hidden: hidden[index] })));
  // And the check of the account says so, before anything is hidden.
  const fields = (await checkAccount(db, cloud.account, cloud.provider)).scopes
    .filter(({ granted }) => granted === 'no')
    .flatMap((each) => each.fields);
  expect(fields).toEqual(
    expect.arrayContaining([
      'firewall.droplets',
      'firewall.tags',
      'database.vpc',
      'kubernetes_cluster.vpc',
      'app.project',
    ]),
  );
  await cloud.calm();
  await cloud.advance({ minutes: 15 });
  await cloud.sync();
  expect(await settings()).toEqual(before);
});
