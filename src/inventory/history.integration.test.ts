import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { type Fault, openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import type { FleetEventInput } from '../simulator/events.ts';
import type { Database } from '../platform/database/database.ts';

// Random fleets: whatever happens between listings, and however some of them fail, history says of
// the instant of every complete listing exactly what that listing showed.

const dropletIds = [9001, 9002, 9003, 9004, 9005];
const zones = ['a.example', 'b.example', 'c.example'];
const sizes = ['s-1vcpu-1gb', 's-2vcpu-4gb', 's-4vcpu-8gb'] as const;
const kinds = ['project', 'droplet', 'dns_zone', 'snapshot', 'action'];

const droplet = fc.constantFrom(...dropletIds);
const seconds = fc.constantFrom(0, 40, 900);
const effect: fc.Arbitrary<FleetEventInput> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('create_droplet' as const),
      id: droplet,
      name: fc.constantFrom('web', 'db'),
      seconds,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('destroy' as const),
      kind: fc.constant('droplet' as const),
      id: droplet,
      seconds: fc.constantFrom(0, 40),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('power' as const),
      droplet,
      action: fc.constantFrom('power_off' as const, 'shutdown' as const, 'power_on' as const, 'reboot' as const),
      seconds,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('resize_droplet' as const),
      droplet,
      size: fc.constantFrom(...sizes),
      seconds,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('rename_droplet' as const),
      droplet,
      name: fc.constantFrom('web', 'cache'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('create_domain' as const), name: fc.constantFrom(...zones) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('destroy' as const),
      kind: fc.constant('domain' as const),
      id: fc.constantFrom(...zones),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('create_snapshot' as const),
      resourceType: fc.constant('droplet' as const),
      resourceId: droplet,
      name: fc.constant('s'),
      sizeGb: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('move' as const),
      urn: droplet.map((id) => `do:droplet:${id}`),
      project: fc.constantFrom('first', 'second'),
    }),
  },
);
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault[]>(
  { fault: 'server_error', path: '/v2/droplets' },
  { fault: 'empty', path: '/v2/droplets', what: 'items' },
  { fault: 'empty', path: '/v2/domains', what: 'items' },
  { fault: 'missing_scope', scopes: ['droplet:read'], hidden: true },
  { fault: 'truncate', path: '/v2/projects' },
  { fault: 'unknown_status', path: '/v2/droplets' },
  { fault: 'server_error', path: '/v2/actions' },
  { fault: 'late_actions', bySeconds: 1800 },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('happen' as const), event: effect }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.integer({ min: 1, max: 2400 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sync' as const), upset: fc.option(fault, { freq: 4 }) }) },
);

interface Shown {
  readonly kind: string;
  readonly at: Temporal.Instant;
  /** By external id: what the listing showed; of projects' resources, the project. */
  readonly items: ReadonlyMap<string, string>;
}

/** What the listing shows at this instant, asked for once more. */
async function look(cloud: SimulatedAccount, kind: string): Promise<Map<string, string>> {
  const items = new Map<string, string>();
  for await (const event of cloud.provider.list(kind)) {
    if (event.type === 'end') break;
    for (const item of event.items) {
      const { externalId, name, status, region, tags, parents, attributes } = item;
      const settings = cloud.provider.settings(item)?.values ?? {};
      items.set(
        externalId,
        JSON.stringify([name, status, region, tags, parents, sorted(attributes), sorted(settings)]),
      );
    }
  }
  return items;
}

async function lookIntoProjects(cloud: SimulatedAccount): Promise<Map<string, string>> {
  const projects = [...(await look(cloud, 'project')).keys()];
  const items = new Map<string, string>();
  for await (const event of cloud.provider.listMemberships(projects)) {
    if (event.type === 'end') break;
    for (const { kind, externalId, projectExternalId } of event.items)
      items.set(`${kind}:${externalId}`, projectExternalId);
  }
  return items;
}

/** Without what no listing tells. */
const listed = (settings: object) =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => !/^(record|backup_policy)\//.test(key)));

const sorted = (attributes: object) => Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));

async function believed(db: Database, kind: string, at: Temporal.Instant): Promise<Map<string, string>> {
  const { rows } = await sql<{
    id: string;
    name: string;
    status: string;
    region: string;
    tags: string[];
    parents: string[];
    attributes: object;
    settings: object;
  }>`
    SELECT r.external_id AS id, s.name, s.status, s.region, s.tags, s.parents, s.attributes, k.settings
    FROM inventory_states s JOIN resources r USING (resource_id)
    JOIN inventory_settings k ON k.resource_id = s.resource_id AND k.valid_from <= ${at} AND k.valid_to > ${at}
    WHERE s.kind = ${kind} AND s.valid_from <= ${at} AND s.valid_to > ${at}`.execute(db);
  return new Map(
    rows.map(({ id, name, status, region, tags, parents, attributes, settings }) => [
      id,
      JSON.stringify([name, status, region, tags, parents, sorted(attributes), sorted(listed(settings))]),
    ]),
  );
}

async function believedProjects(db: Database, at: Temporal.Instant): Promise<Map<string, string>> {
  const { rows } = await sql<{ id: string; project: string }>`
    SELECT r.kind || ':' || r.external_id AS id, p.external_id AS project
    FROM inventory_memberships m JOIN resources r ON r.resource_id = m.resource_id JOIN resources p ON p.resource_id = m.project_id
    WHERE m.valid_from <= ${at} AND m.valid_to > ${at}`.execute(db);
  return new Map(rows.map(({ id, project }) => [id, project]));
}

const entries = (items: ReadonlyMap<string, string>) => JSON.stringify([...items].sort(([a], [b]) => (a < b ? -1 : 1)));

test('history says of every listing what it showed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 45 }), async (steps) => {
      const { db, close } = await openTestDatabase();
      const cloud = await openSimulatedAccount(db);
      try {
        const [first, second] = await cloud.happen(
          { type: 'create_project', name: 'first' },
          { type: 'create_project', name: 'second' },
        );
        const projects: Record<string, string> = { first: String(first), second: String(second) };
        const shown: Shown[] = [];
        const sync = async (upset: Fault | null) => {
          // Of one instant, what happened last is so; the property is about instants that are told apart.
          await cloud.advance({ seconds: 1 });
          const at = cloud.simulator.now();
          if (upset !== null) await cloud.upset(upset);
          const outcomes = new Map((await cloud.sync({ kinds })).map(({ kind, outcome }) => [kind, outcome]));
          // A listing that hides what is there and says that it is whole shows nothing to go by.
          const lies = upset !== null && ('hidden' in upset || upset.what === 'items');
          for (const kind of lies ? [] : ['droplet', 'dns_zone', 'snapshot']) {
            if (outcomes.get(kind) === 'complete') shown.push({ kind, at, items: await look(cloud, kind) });
          }
          if (outcomes.get('project') === 'complete')
            shown.push({ kind: 'membership', at, items: await lookIntoProjects(cloud) });
          await cloud.calm();
          await cloud.advance({ seconds: 1 });
        };
        for (const each of steps) {
          if (each.do === 'advance') await cloud.advance({ seconds: each.seconds });
          else if (each.do === 'sync') await sync(each.upset);
          else
            await cloud.happen(
              each.event.type === 'move' ? { ...each.event, project: projects[each.event.project]! } : each.event,
            );
        }
        // Twice: the project of a resource that came back is found by the sync after the one that found it.
        await sync(null);
        await sync(null);
        for (const { kind, at, items } of shown) {
          if (kind !== 'membership') {
            const found = await believed(db, kind, at);
            if (entries(found) !== entries(items))
              throw new Error(`${kind} at ${at}: showed ${entries(items)}, believed ${entries(found)}`);
            continue;
          }
          const found = await believedProjects(db, at);
          for (const [id, project] of items) {
            const [memberKind] = id.split(':');
            // A resource that was listed as gone a moment before is in no project, whatever projects show.
            if (found.get(id) !== project && (await believed(db, memberKind!, at)).has(id.slice(id.indexOf(':') + 1))) {
              throw new Error(`${id} at ${at}: was in ${project}, believed in ${found.get(id)}`);
            }
          }
        }
      } finally {
        await cloud.close();
        await close();
      }
    }),
    { numRuns: soakRuns(10) },
  );
});
