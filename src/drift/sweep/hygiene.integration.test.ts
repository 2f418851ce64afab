import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../../test/scenarios/simulated-account.ts';
import {
  applyRules,
  assign,
  bringAttributionsUpToDate,
  createCustomer,
  createDeployment,
} from '../../deployments/index.ts';
import { createTemporaryTableAs } from '../../platform/database/temporary-table.ts';
import { rewriteHistory } from '../../platform/history.ts';
import { declarationSchema } from '../declaration.ts';
import { applyDeclaration } from '../declarations.ts';
import { decide, findingGroups } from '../findings.ts';
import { selectFindings } from '../findings.store.ts';
import { changeRule, listRules, resetRule } from '../rules.ts';
import { sweep } from './sweep.ts';

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

const now = () => cloud.simulator.now();

async function look(after: Temporal.DurationLike = { minutes: 15 }) {
  await cloud.advance(after);
  await cloud.sync();
  await bringAttributionsUpToDate(database.db, now());
  return sweep(database.db, now());
}

const page = { limit: 1000, cursor: null, sort: 'name', order: 'asc' } as const;

/** `idle_volume data 5.00 medium`, parts with `+` before them. */
async function told(...rules: string[]): Promise<string[]> {
  const asked = { now: now(), parts: true };
  const rows = await selectFindings(database.db, asked, page);
  return rows
    .filter(({ rule }) => rules.length === 0 || rules.includes(rule))
    .map((one) => {
      const what = [
        one.rule,
        one.name,
        one.field,
        one.monthly === null ? 'unknown' : Number(one.monthly).toFixed(2),
        one.severity,
      ];
      return `${one.partOf === null ? '' : '+'}${what.filter((part) => part !== null).join(' ')}`;
    })
    .sort();
}

const world = { protocol: 'tcp' as const, ports: '22', addresses: ['0.0.0.0/0'] };

test('a firewall that lets the world in: by port and severity, and not where it is for nothing', async () => {
  const [fw, idle] = await cloud.happen(
    { type: 'create_firewall', name: 'fw', tags: ['web'] },
    { type: 'create_firewall', name: 'idle' },
    { type: 'create_droplet', id: 7001, name: 'web', tags: ['web'] },
  );
  for (const firewall of [String(fw), String(idle)]) {
    await cloud.happen({
      type: 'set_firewall_rules',
      firewall,
      inbound: [
        world,
        { ...world, ports: '443' },
        { ...world, ports: '3000-3400', addresses: ['::/0'] },
        { ...world, ports: '6379', addresses: ['10.0.0.0/8'] },
        { ...world, ports: 'all', protocol: 'udp' },
      ],
      outbound: [],
    });
  }
  await look();
  await look();
  await look();
  expect(await told('exposed_ports', 'orphaned_firewall', 'unprotected_firewall')).toEqual([
    'exposed_ports fw inbound/tcp/22 0.00 medium',
    'exposed_ports fw inbound/tcp/3000-3400 0.00 critical',
    'exposed_ports fw inbound/udp/all 0.00 high',
    'orphaned_firewall idle 0.00 low',
  ]);
});

test('opened to the world where it is declared is one finding, as severe as the rule', async () => {
  const [fw] = await cloud.happen(
    { type: 'create_firewall', name: 'fw', droplets: [7001] },
    { type: 'create_droplet', id: 7001, name: 'web' },
  );
  const set = (addresses: string[], ports = '3306') =>
    cloud.happen({
      type: 'set_firewall_rules',
      firewall: String(fw),
      inbound: [{ ...world, ports, addresses }],
      outbound: [],
    });
  await set(['203.0.113.0/24']);
  await look();
  const declaration = declarationSchema.parse({
    declaration: 'edge',
    account: cloud.account.slug,
    resources: [
      { address: 'fw', kind: 'firewall', id: String(fw), fields: { 'inbound/': { 'tcp/3306': ['203.0.113.0/24'] } } },
    ],
  });
  await applyDeclaration(database.db, declaration, { by: 'test', now: now() });
  expect(await told('changed', 'exposed_ports')).toEqual([]);
  await set(['0.0.0.0/0', '::/0']);
  // Critical is told at once.
  await look();
  expect(await told('changed', 'exposed_ports')).toEqual(['changed fw inbound/tcp/3306 0.00 critical']);
  await set(['203.0.113.0/24'], '3307');
  for (let looks = 0; looks < 3; looks += 1) await look();
  // The declared rule is gone, and one is there that is not declared.
  expect(await told('changed', 'exposed_ports')).toEqual([
    'changed fw inbound/tcp/3306 0.00 medium',
    'changed fw inbound/tcp/3307 0.00 medium',
  ]);
});

test('what is open to the world is exposed all the same where nobody would be shown that it changed', async () => {
  const { db } = database;
  const [fw] = await cloud.happen(
    { type: 'create_firewall', name: 'fw', droplets: [7001] },
    { type: 'create_droplet', id: 7001, name: 'web' },
  );
  const set = (addresses: string[]) =>
    cloud.happen({
      type: 'set_firewall_rules',
      firewall: String(fw),
      inbound: [{ ...world, ports: '3306', addresses }],
      outbound: [],
    });
  await set(['203.0.113.0/24']);
  await look();
  const apply = (ignore: { fields: string[]; reason: string }[]) =>
    applyDeclaration(
      db,
      declarationSchema.parse({
        declaration: 'edge',
        account: cloud.account.slug,
        resources: [
          { address: 'fw', kind: 'firewall', id: String(fw), fields: { 'inbound/tcp/3306': ['203.0.113.0/24'] } },
        ],
        ignore,
      }),
      { by: 'test', now: now() },
    );
  const changed = 'changed fw inbound/tcp/3306 0.00';
  const exposed = 'exposed_ports fw inbound/tcp/3306 0.00 critical';
  await apply([{ fields: ['inbound/*'], reason: 'the office moves' }]);
  await set(['0.0.0.0/0']);
  await look();
  expect(await told('changed', 'exposed_ports')).toEqual([`${changed} medium`, exposed]);
  await apply([]);
  expect(await told('changed', 'exposed_ports')).toEqual([`${changed} critical`]);
  await changeRule(db, { rule: 'changed', enabled: false }, 'test', now());
  await sweep(db, now());
  expect(await told('changed', 'exposed_ports')).toEqual([exposed]);
  await changeRule(db, { rule: 'changed', enabled: true }, 'test', now());
  await sweep(db, now());
  const rows = await selectFindings(db, { now: now(), rule: 'changed' }, page);
  const ignored = { decision: 'ignore', reason: 'the office moves', until: null } as const;
  await decide(db, rows[0]!.finding, ignored, 'test', now());
  await sweep(db, now());
  expect(await told('changed', 'exposed_ports')).toEqual([`${changed} medium`, exposed]);
});

test('a droplet rests on the settings of a firewall, also where these alone changed', async () => {
  await cloud.happen(
    { type: 'create_firewall', name: 'fw', tags: ['web'] },
    { type: 'create_droplet', id: 7001, name: 'web', tags: ['web'] },
  );
  await look({ hours: 10 });
  await look();
  expect(await told('unprotected_firewall')).toEqual([]);
  await cloud.advance({ minutes: 5 });
  await database.db.transaction().execute(async (trx) => {
    const staged = await createTemporaryTableAs(
      trx,
      { statement: 'test.settings', table: 'fixture_settings' },
      sql`
        SELECT resource_id, settings || '{"tags": []}' AS settings, hidden, source, ${now()}::timestamptz AS valid_from,
               'infinity'::timestamptz AS valid_to, true AS asserted
        FROM inventory_settings JOIN inventory_resources USING (resource_id) WHERE kind = 'firewall' AND valid_to = 'infinity'`,
    );
    const history = {
      table: 'resource_settings',
      id: 'resource_setting_id',
      key: ['resource_id'],
      values: ['settings', 'hidden', 'source'],
    };
    await rewriteHistory(trx, history, staged, now(), { topic: 'settings', cause: 'settings' });
  });
  expect(await sweep(database.db, now())).toMatchObject({ whole: false, skipped: false });
  expect(await told('unprotected_firewall')).toEqual(['unprotected_firewall web 0.00 low']);
});

test('what rests on settings of others that are hidden neither opens nor ends', async () => {
  await cloud.happen(
    { type: 'create_firewall', name: 'fw', tags: ['web'] },
    { type: 'create_droplet', id: 7001, name: 'open' },
  );
  await look();
  const rules = ['unprotected_firewall', 'orphaned_firewall'];
  const before = ['orphaned_firewall fw 0.00 low', 'unprotected_firewall open 0.00 low'];
  expect(await told(...rules)).toEqual(before);
  await cloud.upset({ fault: 'missing_scope', scopes: ['tag:read'], hidden: true });
  await look();
  await look({ days: 2 });
  expect(await told(...rules)).toEqual(before);
});

test('an amount is at list price; at an own price only of what has no other', async () => {
  const [, db] = await cloud.happen(
    { type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1' },
    { type: 'create_database', name: 'db', size: 'db-s-1vcpu-2gb', region: 'fra1' },
  );
  for (const [subject, amount, unit] of [
    ['volume', 0.02, 'GiB-month'],
    ['database:db-s-1vcpu-1gb', 15, 'month'],
    ['database:db-s-1vcpu-2gb', 31, 'month'],
  ] as const)
    await sql`
      INSERT INTO own_prices (provider, subject, account_id, currency, amount, unit, evidence, recorded_by, valid_from, valid_to, recorded_at, superseded_at)
      VALUES ('digitalocean', ${subject}, 0, 'USD', ${amount}, ${unit}, 'contract', 'test', '2026-01-01', 'infinity', ${now()}, 'infinity')`.execute(
      database.db,
    );
  await look();
  const declaration = declarationSchema.parse({
    declaration: 'databases',
    account: cloud.account.slug,
    resources: [{ address: 'db', kind: 'database', id: String(db), fields: { size: 'db-s-1vcpu-1gb' } }],
  });
  await applyDeclaration(database.db, declaration, { by: 'test', now: now() });
  await look();
  await look({ days: 8 });
  expect((await told('idle_volume', 'changed')).map((each) => each.replace(/ \w+$/, ''))).toEqual([
    'changed db size 16.00',
    'idle_volume data 5.00',
  ]);
});

test('what is idle is found after its days, in full; what is seen by less is not found anew, and stays', async () => {
  const [volume, ip] = await cloud.happen(
    { type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1' },
    { type: 'reserve_ip', region: 'fra1' },
    { type: 'create_droplet', id: 7001, name: 'off' },
    { type: 'create_load_balancer', name: 'lb', nodes: 2 },
  );
  await cloud.happen({ type: 'power', droplet: 7001, action: 'power_off' });
  const idle = ['idle_volume', 'idle_reserved_ip', 'idle_droplet', 'idle_load_balancer'] as const;
  await look();
  expect(await told(...idle)).toEqual([]);
  await look({ hours: 25 });
  expect(await told(...idle)).toEqual(['idle_load_balancer lb 24.00 medium', `idle_reserved_ip ${ip} 5.00 medium`]);
  await look({ days: 7 });
  const all = [
    'idle_droplet off 6.00 medium',
    'idle_load_balancer lb 24.00 medium',
    `idle_reserved_ip ${ip} 5.00 medium`,
    'idle_volume data 5.00 medium',
  ];
  expect(await told(...idle)).toEqual(all);
  const groups = (await findingGroups(database.db, { now: now(), category: ['idle'] })).map(({ rule, monthly }) => [
    rule,
    monthly,
  ]);
  expect(groups).toContainEqual(['idle_volume', [{ currency: 'USD', amount: '5.00' }]]);
  // Without sight of droplets nobody knows what is attached: what was found stays.
  await cloud.upset(
    { fault: 'missing_scope', scopes: ['droplet:read'], hidden: true },
    { fault: 'missing_scope', scopes: ['droplet:read'] },
  );
  await cloud.happen(
    { type: 'attach_volume', volume: String(volume), droplet: 7001 },
    { type: 'create_volume', name: 'new', sizeGb: 10, region: 'fra1' },
  );
  await look({ days: 8 });
  expect(await told(...idle)).toEqual(all);
  await cloud.calm();
  await look();
  expect(await told('idle_volume')).toEqual(['idle_volume new 1.00 medium']);
});

test('what a dead cluster leaves behind, old snapshots, and those of what is gone; each amount once', async () => {
  const id = '0a000000-0000-4000-8000-0000000000c1';
  const tags = ['k8s', `k8s:${id}`];
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'worker', size: 's-2vcpu-4gb', tags: [...tags, 'k8s:worker'] },
    { type: 'create_kubernetes_cluster', id, name: 'k8s', droplets: [7001] },
    { type: 'create_volume', name: 'pvc', sizeGb: 100, region: 'fra1', tags },
    { type: 'create_droplet', id: 7002, name: 'web' },
    {
      type: 'create_snapshot',
      id: 9001,
      resourceType: 'droplet',
      resourceId: 7002,
      name: 'snap',
      sizeGb: 10,
      tags: [],
    },
  );
  await look();
  const orphaned = ['orphaned_leftover', 'orphaned_source', 'orphaned_snapshot', 'idle_volume'];
  await look({ days: 8 });
  expect(await told(...orphaned)).toEqual(['idle_volume pvc 10.00 medium']);
  await cloud.happen(
    { type: 'destroy', kind: 'kubernetes_cluster', id },
    { type: 'destroy', kind: 'droplet', id: 7001 },
    { type: 'destroy', kind: 'droplet', id: 7002 },
  );
  await look();
  expect(await told(...orphaned)).toEqual(['orphaned_leftover pvc 10.00 medium']);
  await look({ days: 31 });
  expect(await told(...orphaned)).toEqual(['orphaned_leftover pvc 10.00 medium', 'orphaned_source snap 0.60 low']);
});

test('rules are dated data: off for an account, other days, and what is of all again', async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_volume', name: 'data', sizeGb: 50, region: 'fra1' });
  await look();
  await look({ days: 3 });
  expect(await told('idle_volume')).toEqual([]);
  await changeRule(db, { rule: 'idle_volume', parameters: { days: 2 }, severity: 'high' }, 'test', now());
  await sweep(db, now());
  expect(await told('idle_volume')).toEqual(['idle_volume data 5.00 high']);
  const account = cloud.account.slug;
  await changeRule(db, { rule: 'idle_volume', account, enabled: false }, 'test', now());
  await sweep(db, now());
  expect(await told('idle_volume')).toEqual([]);
  await resetRule(db, { rule: 'idle_volume', account }, 'test', now());
  await sweep(db, now());
  expect(await told('idle_volume')).toEqual(['idle_volume data 5.00 high']);
  const bad = (parameters: Record<string, unknown>) =>
    changeRule(db, { rule: 'idle_volume', parameters }, 'test', now());
  await expect(bad({ days: -1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  await expect(bad({ weeks: 1 })).rejects.toMatchObject({ code: 'invalid_argument' });
  const ends = (day: string) =>
    changeRule(db, { rule: 'ending_database', parameters: { pg: { '13': day } } }, 'test', now());
  for (const day of ['2025-13-45', '0000-01-01', '2025-02-30'])
    await expect(ends(day)).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(await ends('2025-11-14')).toMatchObject({ rule: 'ending_database' });
  await expect(changeRule(db, { rule: 'nothing' }, 'test', now())).rejects.toMatchObject({ code: 'not_found' });
  expect((await listRules(db)).filter(({ rule }) => rule === 'idle_volume')).toMatchObject([
    { account: null, deployment: null, severity: 'high', parameters: { days: 2 } },
  ]);
});

test('a project and a tag that name different deployments are a finding, until somebody decides or one gives way', async () => {
  const { db } = database;
  await createCustomer(db, { externalId: 'c', name: 'C', currency: 'USD' }, now());
  for (const slug of ['acme', 'globex'])
    await createDeployment(db, { slug, name: slug, customer: 'c', startsAt: now() }, now());
  const project = '0d000000-0000-4000-8000-000000000001';
  await cloud.happen({ type: 'create_project', id: project, name: 'acme' });
  await cloud.happen(
    { type: 'create_droplet', id: 7001, name: 'web', project, tags: ['deployment:globex'] },
    { type: 'create_droplet', id: 7002, name: 'db', project, tags: ['deployment:acme'] },
    { type: 'create_droplet', id: 7003, name: 'cache', project, tags: ['deployment:globex'] },
  );
  await look();
  await applyRules(db, { rules: [{ project, deployment: 'acme' }] }, 'test', now());
  await look();
  expect(await told('disputed_owner')).toEqual(['disputed_owner cache 6.00 medium', 'disputed_owner web 6.00 medium']);
  await cloud.happen({ type: 'untag', kind: 'droplet', id: 7001, tags: ['deployment:globex'] });
  const { rows } = await sql<{ id: number }>`
    SELECT resource_id AS id FROM inventory_resources WHERE external_id = '7003'`.execute(db);
  await assign(db, { resourceIds: [rows[0]!.id], owners: [{ slug: 'globex', weight: 1 }], from: now() }, 'test', now());
  await look();
  expect(await told('disputed_owner')).toEqual([]);
});

test('what would mend that a droplet has no backups is priced, and what a rule that is switched on finds is a baseline', async () => {
  const { db } = database;
  await changeRule(db, { rule: 'unprotected_backups', enabled: false }, 'test', now());
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', size: 's-2vcpu-4gb' });
  await look();
  await look({ hours: 30 });
  await changeRule(db, { rule: 'unprotected_backups', enabled: true }, 'test', now());
  await cloud.happen({ type: 'create_droplet', id: 7002, name: 'late' });
  await look();
  const published = async () =>
    (
      await sql<{ count: number }>`SELECT count(*) AS count FROM drift_notices JOIN drift_findings USING (finding_key)
      WHERE rule = 'unprotected_backups' AND NOT baseline`.execute(db)
    ).rows[0]!.count;
  const rows = await selectFindings(db, { now: now(), rule: 'unprotected_backups' }, page);
  expect(rows).toMatchObject([{ name: 'web', monthly: '0.00', remedyMonthly: '4.80' }]);
  expect(await published()).toBe(0);
  await look({ hours: 30 });
  expect(await published()).toBe(1);
});

test('values of a kind that can no longer be listed open nothing', async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web' });
  await look();
  await cloud.upset({ fault: 'missing_scope', scopes: ['droplet:read'] });
  await look();
  const declaration = declarationSchema.parse({
    declaration: 'stale',
    account: cloud.account.slug,
    resources: [{ address: 'web', kind: 'droplet', id: '7001', fields: { size: 's-8vcpu-16gb' } }],
  });
  await applyDeclaration(db, declaration, { by: 'test', now: now() });
  expect(await told('changed')).toEqual([]);
  await cloud.calm();
  await look();
  expect(await told('changed')).toEqual(['changed web size -90.00 medium']);
});

test('what becomes due by time alone is found by a sweep of what changed', async () => {
  await look({ hours: 10 });
  const [ip] = await cloud.happen({ type: 'reserve_ip', region: 'fra1' });
  await look();
  // The first sweep of a day compares all.
  expect(await look({ hours: 23, minutes: 30 })).toMatchObject({ whole: true });
  expect(await told('idle_reserved_ip')).toEqual([]);
  await cloud.advance({ minutes: 40 });
  expect(await sweep(database.db, now())).toMatchObject({ whole: false, skipped: false, found: 1 });
  expect(await told('idle_reserved_ip')).toEqual([`idle_reserved_ip ${ip} 5.00 medium`]);
  expect(await sweep(database.db, now())).toMatchObject({ whole: false, skipped: true });
});

test('a snapshot becomes old, and an owner one that was named before, at their hour and not with the next day', async () => {
  const { db } = database;
  const volume = '0a000000-0000-4000-8000-00000000000a';
  await cloud.advance({ hours: 10 });
  await cloud.happen(
    { type: 'create_volume', id: volume, name: 'data', region: 'fra1', sizeGb: 50 },
    { type: 'create_snapshot', resourceType: 'volume', resourceId: volume, name: 'kept', sizeGb: 10 },
  );
  await look();
  await createCustomer(db, { externalId: 'c', name: 'C', currency: 'USD' }, now());
  for (const slug of ['a', 'b'])
    await createDeployment(db, { slug, name: slug, customer: 'c', startsAt: now() }, now());
  const declaration = declarationSchema.parse({
    declaration: 'a',
    deployment: 'a',
    resources: [{ address: 'v', kind: 'volume', id: volume, fields: { size_gb: 50 } }],
  });
  await applyDeclaration(db, declaration, { by: 'test', now: now() });
  const from = now().add({ hours: 90 * 24 - 1 });
  const { rows } = await sql<{
    id: number;
  }>`SELECT resource_id AS id FROM inventory_resources WHERE external_id = ${volume}`.execute(db);
  await assign(db, { resourceIds: [rows[0]!.id], owners: [{ slug: 'b', weight: 1 }], from }, 'test', now());
  // The first sweep of a day compares all.
  expect(await look({ hours: 90 * 24 - 2 })).toMatchObject({ whole: true });
  expect(await told('orphaned_snapshot', 'misattributed')).toEqual([]);
  await cloud.advance({ minutes: 90 });
  expect(await sweep(db, now())).toMatchObject({ whole: false });
  expect(await told('orphaned_snapshot', 'misattributed')).toEqual(['misattributed data 5.00 high']);
  await cloud.advance({ minutes: 60 });
  expect(await sweep(db, now())).toMatchObject({ whole: false });
  expect(await told('orphaned_snapshot', 'misattributed')).toHaveLength(2);
});
