import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import { getResource } from '../../src/inventory/resources.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// Absence is evidence per id and per collection: one item or one neighbouring collection that was
// not understood keeps nothing else alive, and hides nothing.

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

const droplets = (...ids: number[]): FleetEventInput[] =>
  ids.map((id) => ({ type: 'create_droplet', id, name: `web-${id}` }));
const destroy = (kind: 'droplet' | 'reserved_ip' | 'snapshot', ...ids: (number | string)[]): FleetEventInput[] =>
  ids.map((id) => ({ type: 'destroy', kind, id }));

const endOf = async (ref: string) => (await getResource(database.db, ref)).states.at(-1)?.validTo ?? null;
const last = async (ref: string) => (await getResource(database.db, ref)).states.at(-1)!;

const day = (text: string) => Temporal.PlainDate.from(text);

/** What all of the fleet used in the first nine days of May, of which nothing is owned. */
async function usage(): Promise<Record<string, string>> {
  const range = { from: day('2026-05-01'), to: day('2026-05-10') };
  await meterRange(database.db, { ...range, now: cloud.simulator.now() });
  return (await usageForPeriod(database.db, 'unattributed', range.from, range.to)).usage;
}

describe('a new droplet that is not understood', () => {
  const damages: [string, object][] = [
    ['a size that is null', { field: 'size_slug', value: null }],
    ['memory that is null', { field: 'memory', value: null }],
    ['vcpus that are a word', { field: 'vcpus', value: 'two' }],
    ['a disk that is missing', { field: 'disk' }],
    ['no name', { field: 'name' }],
    ['a region that is empty', { field: 'region', value: {} }],
    ['no status', { field: 'status', value: null }],
  ];

  test.each(damages)('for %s ends no one and keeps no one alive', async (_, damage) => {
    await cloud.happen(...droplets(7001, 7002, 7003, 7004, 7005, 7006));
    await cloud.sync();
    await cloud.advance({ hours: 12 });
    await cloud.happen(...droplets(7007));
    await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7007, ...damage });
    await cloud.advance({ hours: 12 });
    const gone = cloud.simulator.now();
    await cloud.happen(...destroy('droplet', 7001, 7002));
    const field = (damage as { field: string }).field;
    expect(await cloud.syncKind('droplet')).toMatchObject({
      outcome: 'complete',
      reason: expect.stringMatching(new RegExp(`/v2/droplets: 7007: ${field}`)),
      seen: 5,
      new: 1,
      ended: 2,
    });
    expect(await endOf('droplet:7001')).toEqual(gone);
    await cloud.advance({ days: 8 });
    await cloud.sync();
    // 4 x 216 + 2 x 24 + 204
    expect((await usage()).droplet_hours).toBe('1116');
  });

  test('for an unreadable time of creation lives from its creation as soon as that is told', async () => {
    await cloud.happen(...droplets(7001, 7002, 7003));
    await cloud.sync();
    await cloud.advance({ hours: 12 });
    await cloud.happen(...droplets(7007));
    await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7007, field: 'created_at', value: 'yesterday' });
    await cloud.advance({ hours: 12 });
    await cloud.happen(...destroy('droplet', 7001));
    expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', new: 1, ended: 1 });
    await cloud.calm();
    await cloud.advance({ days: 8 });
    await cloud.sync();
    // 2 x 216 + 24 + 204
    expect((await usage()).droplet_hours).toBe('660');
  });
});

test('a snapshot whose size is null keeps the size that it had, and no other alive', async () => {
  await cloud.happen(...droplets(7001));
  const [one, two, three] = await cloud.happen(
    ...[10, 14, 24].map(
      (sizeGb): FleetEventInput => ({
        type: 'create_snapshot',
        resourceType: 'droplet',
        resourceId: 7001,
        name: 's',
        sizeGb,
      }),
    ),
  );
  await cloud.sync();
  await cloud.advance({ days: 1 });
  await cloud.happen(...destroy('snapshot', String(three)));
  const gone = cloud.simulator.now();
  await cloud.upset({ fault: 'field', path: '/v2/snapshots', id: String(one), field: 'size_gigabytes', value: null });
  expect(await cloud.syncKind('snapshot')).toMatchObject({
    outcome: 'complete',
    reason: expect.stringContaining(`${one}: size_gigabytes: missing`),
    changed: 0,
    ended: 1,
  });
  expect(await last(`snapshot:${one}`)).toMatchObject({ attributes: { size_gb: 10 }, validTo: null });
  expect(await last(`snapshot:${two}`)).toMatchObject({ validTo: null });
  expect(await endOf(`snapshot:${three}`)).toEqual(gone);
});

test('an app without its specification, a cluster without its pools, and a project without its kind stay what they were', async () => {
  const [project] = await cloud.happen({ type: 'create_project', name: 'Acme' });
  const [app, cluster] = await cloud.happen(
    { type: 'create_app', name: 'shop' },
    { type: 'create_kubernetes_cluster', name: 'prod', droplets: [] },
  );
  await cloud.sync();
  await cloud.upset(
    { fault: 'field', path: '/v2/apps', field: 'spec' },
    { fault: 'field', path: '/v2/kubernetes/clusters', field: 'node_pools', value: null },
    { fault: 'field', path: '/v2/projects', id: String(project), field: 'is_default' },
  );
  await cloud.advance({ minutes: 15 });
  const results = await cloud.sync();
  for (const [kind, fault] of [
    ['app', 'spec: missing'],
    ['kubernetes_cluster', 'node_pools: missing'],
    ['project', 'is_default: missing'],
  ]) {
    expect(results.find((result) => result.kind === kind)).toMatchObject({
      outcome: 'complete',
      reason: expect.stringContaining(fault!),
      changed: 0,
      ended: 0,
    });
  }
  expect(await last(`app:${app}`)).toMatchObject({ name: 'shop' });
  expect(await last(`kubernetes_cluster:${cluster}`)).toMatchObject({ attributes: { nodes: 0 } });
  expect(await last(`project:${project}`)).toMatchObject({ attributes: { is_default: false } });
});

test('an item without an id may be anyone: who seems to be missing is asked for', async () => {
  await cloud.happen(...droplets(7001, 7002, 7003, 7004));
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  await cloud.happen(...destroy('droplet', 7001));
  const gone = cloud.simulator.now();
  await cloud.upset({ fault: 'field', path: '/v2/droplets', id: 7002, field: 'id', value: null });
  expect(await cloud.syncKind('droplet')).toMatchObject({
    outcome: 'partial',
    reason: expect.stringContaining('item 1 of page 1: id: missing'),
    ended: 1,
  });
  expect(await endOf('droplet:7001')).toEqual(gone);
  expect(await endOf('droplet:7002')).toBeNull();
});

describe('one of two collections of a kind', () => {
  test('that is not there keeps nothing of the other alive', async () => {
    await cloud.upset(
      { fault: 'refuse', path: '/v2/reserved_ipv6', status: 404 },
      { fault: 'refuse', path: '/v2/droplets', query: 'type=gpus', status: 400 },
    );
    await cloud.happen(...droplets(7001, 7002, 7003));
    const [ip] = await cloud.happen({ type: 'reserve_ip' }, { type: 'reserve_ip' });
    await cloud.sync();
    await cloud.advance({ minutes: 15 });
    await cloud.happen(...destroy('droplet', 7001), ...destroy('reserved_ip', String(ip)));
    const gone = cloud.simulator.now();
    const results = await cloud.sync({ kinds: ['droplet', 'reserved_ip'] });
    expect(results.map(({ outcome, ended }) => [outcome, ended])).toEqual([
      ['complete', 1],
      ['complete', 1],
    ]);
    expect(results.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('type=gpus'),
      expect.stringContaining('/v2/reserved_ipv6'),
    ]);
    expect([await endOf('droplet:7001'), await endOf(`reserved_ip:${ip}`)]).toEqual([gone, gone]);
  });

  test('that is no longer there ends nothing of its own, and its actions wait', async () => {
    await cloud.happen(
      ...droplets(7001, 7002),
      { type: 'create_droplet', id: 7009, name: 'gpu', size: 'gpu-4000adax1-20gb' },
      { type: 'reserve_ip', ip: '2001:db8::7' },
    );
    const [ip] = await cloud.happen({ type: 'reserve_ip' }, { type: 'reserve_ip' });
    await cloud.sync();
    await cloud.upset(
      { fault: 'refuse', path: '/v2/reserved_ipv6', status: 404 },
      { fault: 'refuse', path: '/v2/droplets', query: 'type=gpus', status: 400 },
    );
    await cloud.advance({ minutes: 5 });
    const off = cloud.simulator.now();
    await cloud.happen(
      { type: 'power', droplet: 7002, action: 'power_off' },
      { type: 'power', droplet: 7009, action: 'power_off' },
    );
    await cloud.advance({ minutes: 10 });
    await cloud.happen(...destroy('droplet', 7001), ...destroy('reserved_ip', String(ip)));
    const results = await cloud.sync({ kinds: ['droplet', 'reserved_ip', 'action'] });
    expect(results.map(({ outcome, ended }) => [outcome, ended])).toEqual([
      ['partial', 1],
      ['partial', 1],
      ['complete', 0],
    ]);
    expect(await endOf('reserved_ip:2001:db8::7')).toBeNull();
    // The listing could see this one, and not that one.
    const offSince = async (id: number) =>
      (await getResource(database.db, `droplet:${id}`)).states.find(({ status }) => status === 'off')?.validFrom;
    expect([await offSince(7002), await offSince(7009)]).toEqual([off, undefined]);
    await cloud.calm();
    await cloud.advance({ minutes: 15 });
    await cloud.sync({ kinds: ['droplet', 'action'] });
    expect([await offSince(7002), await offSince(7009)]).toEqual([off, off]);
  });
});

test('what is destroyed and made between two pages moves others, and ends none of them', async () => {
  await cloud.close();
  cloud = await openSimulatedAccount(database.db, { resources: 400 });
  await cloud.sync();
  const listed: string[] = [];
  for await (const event of cloud.provider.list('droplet')) {
    if (event.type === 'page') listed.push(...event.items.map(({ externalId }) => externalId));
  }
  expect(listed).toHaveLength(400);
  await cloud.advance({ minutes: 15 });
  await cloud.upset({
    fault: 'meanwhile',
    path: '/v2/droplets',
    events: [
      { type: 'destroy', kind: 'droplet', id: Number(listed[4]) },
      { type: 'create_droplet', id: 999_999, name: 'late' },
    ],
  });
  // The total is 400 all along; the 201st has moved to the page that was read already.
  expect(await cloud.syncKind('droplet')).toMatchObject({
    outcome: 'complete',
    seen: 400,
    new: 1,
    ended: 0,
    requests: 4,
  });
  expect(await endOf(`droplet:${listed[200]}`)).toBeNull();
  await cloud.advance({ minutes: 15 });
  const gone = cloud.simulator.now();
  expect(await cloud.syncKind('droplet')).toMatchObject({ outcome: 'complete', seen: 400, new: 0, ended: 1 });
  expect(await endOf(`droplet:${listed[4]}`)).toEqual(gone);
});

test('plans and droplets that cannot be read keep no backup alive', async () => {
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', backups: 'weekly' });
  const [first, second] = await cloud.happen(
    { type: 'create_backup', droplet: 7001, sizeGb: 2 },
    { type: 'create_backup', droplet: 7001, sizeGb: 3 },
  );
  await cloud.sync();
  await cloud.upset({ fault: 'refuse', path: '/v2/droplets/backups/policies', status: 404 });
  await cloud.advance({ minutes: 15 });
  await cloud.happen({ type: 'destroy', kind: 'backup', id: Number(first) });
  expect(await cloud.syncKind('droplet_backup')).toMatchObject({ outcome: 'partial', changed: 0, ended: 1 });
  expect(await last(`droplet_backup:${second}`)).toMatchObject({
    parents: ['droplet:7001'],
    attributes: { size_gb: 3, backup_plan: 'weekly' },
    validTo: null,
  });
  const { rows } = await sql`SELECT outcome FROM sync_runs WHERE kind = 'droplet_backup' AND unread IS NULL`.execute(
    database.db,
  );
  expect(rows).toEqual([]);
});
