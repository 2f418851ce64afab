import { sql } from 'kysely';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { soakRuns } from '../soak.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// Any one field of any one item is missing, null or of another type, or any one scope is missing, while one
// of a kind has really gone: nothing else ends, nothing is kept alive, no tag, parent or project is lost, and
// the run names it.

let database: TestDatabase;
let cloud: SimulatedAccount;

const tags = ['deployment:acme'];
const droplet = (id: number): FleetEventInput => ({
  type: 'create_droplet',
  id,
  name: `web-${id}`,
  tags,
  backups: 'weekly',
});

beforeAll(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  await cloud.happen(...[7001, 7002, 7003, 7004].map(droplet));
  // Of each kind four: of fewer, two that seem to be missing are suspicious.
  for (const name of ['one', 'two', 'three', 'four']) {
    const [volume] = await cloud.happen({ type: 'create_volume', name, sizeGb: 10, tags });
    await cloud.happen(
      { type: 'attach_volume', volume: String(volume), droplet: 7001 },
      { type: 'reserve_ip', droplet: 7001 },
      { type: 'create_firewall', name, droplets: [7001], tags },
      { type: 'create_load_balancer', name, nodes: 3, droplets: [7001] },
      { type: 'create_database', name, nodes: 2, tags },
      { type: 'create_snapshot', resourceType: 'droplet', resourceId: 7001, name, sizeGb: 5, tags },
      { type: 'create_backup', droplet: 7001, sizeGb: 2 },
      { type: 'create_app', name: `${name}-app` },
    );
  }
  await cloud.sync();
});
afterAll(async () => {
  await cloud.close();
  await database.close();
});

/** The fields that are read of each kind, where it is listed, and how it is destroyed. */
const kinds = {
  droplet: {
    path: '/v2/droplets',
    fields: [
      'id',
      'name',
      'status',
      'created_at',
      'region',
      'region.slug',
      'tags',
      'size_slug',
      'vcpus',
      'memory',
      'disk',
      'image',
    ],
  },
  volume: {
    path: '/v2/volumes',
    fields: ['id', 'name', 'size_gigabytes', 'droplet_ids', 'region', 'created_at', 'tags'],
  },
  reserved_ip: { path: '/v2/reserved_ips', fields: ['ip', 'region'] },
  firewall: { path: '/v2/firewalls', fields: ['id', 'name', 'status', 'created_at', 'droplet_ids', 'tags'] },
  load_balancer: { path: '/v2/load_balancers', fields: ['id', 'name', 'status', 'created_at', 'type', 'size_unit'] },
  database: {
    path: '/v2/databases',
    fields: ['id', 'name', 'engine', 'size', 'num_nodes', 'region', 'status', 'created_at', 'tags'],
  },
  snapshot: {
    path: '/v2/snapshots',
    fields: ['id', 'name', 'size_gigabytes', 'resource_id', 'resource_type', 'regions', 'created_at', 'tags'],
  },
  droplet_backup: {
    path: '/v2/images',
    fields: ['id', 'name', 'size_gigabytes', 'status', 'regions', 'created_at', 'tags', 'type'],
  },
  app: { path: '/v2/apps', fields: ['id', 'spec', 'spec.name', 'created_at'] },
} as const;

type KindName = keyof typeof kinds;

/** How another one of a kind is made, which is destroyed meanwhile; null: none is. */
const another: Readonly<Record<KindName, FleetEventInput | null>> = {
  droplet: { type: 'create_droplet', name: 'another' },
  volume: { type: 'create_volume', name: 'another', sizeGb: 1 },
  reserved_ip: { type: 'reserve_ip' },
  firewall: { type: 'create_firewall', name: 'another' },
  load_balancer: { type: 'create_load_balancer', name: 'another' },
  database: { type: 'create_database', name: 'another' },
  snapshot: { type: 'create_snapshot', resourceType: 'droplet', resourceId: 7002, name: 'another', sizeGb: 1 },
  // A droplet's own go with it.
  droplet_backup: null,
  app: { type: 'create_app', name: 'another' },
};

interface Living {
  readonly externalId: string;
  readonly state: string;
}

/** Everything alive of a kind, with all that is believed of it. */
async function living(kind: string): Promise<Living[]> {
  const { rows } = await sql<Living>`
    SELECT r.external_id AS "externalId",
           concat_ws(' ', s.name, s.status, s.region, s.tags::text, s.parents::text, s.attributes::text) AS state
    FROM inventory_states s JOIN resources r USING (resource_id)
    WHERE s.kind = ${kind} AND s.valid_to = 'infinity' ORDER BY r.external_id`.execute(database.db);
  return rows;
}

const kindNames = Object.keys(kinds) as KindName[];
const damage = fc.constantFrom(...kindNames).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    field: fc.constantFrom<string>(...kinds[kind].fields),
    as: fc.constantFrom<object>({}, { value: null }, { value: { odd: 1 } }),
    item: fc.nat(3),
  }),
);

test('one field that is not told hides no one, keeps no one alive, takes nothing from anyone, and is named', async () => {
  await fc.assert(
    fc.asyncProperty(damage, async ({ kind, field, as, item }) => {
      const { path } = kinds[kind];
      const before = await living(kind);
      const externalId = before[item]!.externalId;
      const event = another[kind];
      if (event !== null) {
        const [made] = await cloud.happen(event);
        expect(await cloud.syncKind(kind)).toMatchObject({ outcome: 'complete', reason: null, new: 1 });
        await cloud.happen({ type: 'destroy', kind: kind as Exclude<KindName, 'droplet_backup'>, id: made! });
      }
      await cloud.upset({ fault: 'field', path, id: externalId, field, ...as });
      await cloud.advance({ minutes: 15 });
      const result = await cloud.syncKind(kind);
      await cloud.calm();
      expect(await living(kind)).toEqual(before);
      expect(result).toMatchObject({ changed: 0, ended: event === null ? 0 : 1 });
      expect(result.reason).toContain(field.split('.')[0]);
      // And nothing is left to say afterwards.
      expect(await cloud.syncKind(kind)).toMatchObject({ outcome: 'complete', reason: null, changed: 0, ended: 0 });
    }),
    { numRuns: soakRuns(25), seed: 7 },
  );
});

const fieldScopes = ['tag:read', 'vpc:read', 'project:read', 'block_storage:read', 'reserved_ip:read', 'firewall:read'];

test('one scope that is missing takes nothing from anyone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...fieldScopes), fc.boolean(), async (scope, hidden) => {
      const all = async () =>
        Object.fromEntries(await Promise.all(kindNames.map(async (kind) => [kind, await living(kind)])));
      const before = await all();
      await cloud.upset({ fault: 'missing_scope', scopes: [scope], hidden });
      await cloud.advance({ minutes: 15 });
      const results = await cloud.sync();
      await cloud.calm();
      expect(await all()).toEqual(before);
      expect(results.every(({ ended, changed }) => ended === 0 && changed === 0)).toBe(true);
      if (scope === 'tag:read' && hidden) expect(results.some(({ reason }) => reason?.includes(scope))).toBe(true);
      await cloud.sync();
      expect(await all()).toEqual(before);
    }),
    { numRuns: soakRuns(4), seed: 7 },
  );
});
