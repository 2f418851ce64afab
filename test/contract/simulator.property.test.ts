import { soakRuns } from '../soak.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routesOf } from '../../src/simulator/routes.ts';
import type { FleetName } from '../../src/simulator/server.ts';
import { ascending, open, type Opened } from './simulator-client.ts';

const fleet = fc.constantFrom<FleetName>('pilot', 'agency', 'hoster', 'bare');
const seed = fc.integer({ min: 0, max: 1_000_000 });
/** How far into the history, in thousandths. */
const moment = fc.integer({ min: 0, max: 1_000 });

const listings = routesOf('any').filter((route) => route.type === 'list' && !route.path.includes('{'));

const start = (name: FleetName, number: number) =>
  open({ fleet: name, seed: number, ...(name === 'hoster' && { resources: 500 }) });

function instant({ simulator }: Opened, thousandths: number): Temporal.Instant {
  const seconds = Math.floor((simulator.start.until(simulator.end).total('seconds') * thousandths) / 1000);
  return simulator.start.add({ seconds });
}

/** Every byte that the API shows at this instant. */
async function everything(opened: Opened): Promise<string[]> {
  await opened.control('limits', { perHour: null, perMinute: null });
  const texts: string[] = [];
  for (const { path } of listings) {
    for (let page = 1, last = 1; page <= last; page++) {
      const { text, body } = await opened.send(`${path}?per_page=200&page=${page}`);
      texts.push(text);
      if (body.meta !== undefined) last = Math.ceil(body.meta.total / 200);
    }
  }
  for (const project of await opened.all('/v2/projects', 'projects')) {
    texts.push((await opened.send(`/v2/projects/${project.id}/resources?per_page=200`)).text);
  }
  texts.push((await opened.send('/v2/account')).text, (await opened.send('/v2/customers/my/balance')).text);
  return texts;
}

test('the same fleet and seed at the same instant are the same bytes: started there, or come there in steps', async () => {
  await fc.assert(
    fc.asyncProperty(fleet, seed, fc.array(moment, { minLength: 1, maxLength: 6 }), async (name, number, steps) => {
      const walked = await start(name, number);
      for (const step of steps.toSorted((a, b) => a - b)) walked.simulator.advanceTo(instant(walked, step));
      const jumped = await open({
        fleet: name,
        seed: number,
        at: walked.simulator.now(),
        ...(name === 'hoster' && { resources: 500 }),
      });
      const [a, b] = [await everything(walked), await everything(jumped)];
      await Promise.all([walked.close(), jumped.close()]);
      expect(a).toEqual(b);
    }),
    { numRuns: soakRuns(20) },
  );
});

test('another seed is another fleet', async () => {
  await fc.assert(
    fc.asyncProperty(fleet, seed, async (name, number) => {
      const [a, b] = [await start(name, number), await start(name, number + 1)];
      const [one, other] = [await everything(a), await everything(b)];
      await Promise.all([a.close(), b.close()]);
      expect(one).not.toEqual(other);
    }),
    { numRuns: soakRuns(8) },
  );
});

const handWork = fc.array(
  fc.record({
    pick: fc.nat(10_000),
    what: fc.constantFrom(
      'destroy',
      'move',
      'power_off',
      'resize',
      'create',
      'snapshot',
      'attach',
      'detach',
      'assign',
      'remove_project',
    ),
    hours: fc.integer({ min: 0, max: 60 }),
    seconds: fc.constantFrom(0, 40, 600),
  }),
  { maxLength: 12 },
);

test('what the listings say of each other agrees, whatever is done by hand in between', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<FleetName>('agency', 'hoster'),
      seed,
      moment,
      handWork,
      async (name, number, begin, work) => {
        const opened = await start(name, number);
        await opened.control('limits', { perHour: null, perMinute: null });
        opened.simulator.advanceTo(instant(opened, begin));
        for (const { pick, what, hours, seconds } of work) {
          await opened.control('fleet', { events: [await handEvent(opened, pick, what, seconds)] });
          await opened.control('clock', { advanceBy: `PT${hours}H7S` });
        }
        await agree(opened);
        await opened.close();
      },
    ),
    { numRuns: soakRuns(15) },
  );
});

async function handEvent({ all }: Opened, pick: number, what: string, seconds: number): Promise<object> {
  const from = (items: { id: unknown }[]) => items[pick % items.length]?.id;
  const droplet = from(await all('/v2/droplets', 'droplets'));
  const volume = from(await all('/v2/volumes', 'volumes'));
  const project = from(await all('/v2/projects', 'projects'));
  const ips = await all('/v2/reserved_ips', 'reserved_ips');
  switch (what) {
    case 'destroy':
      return { type: 'destroy', kind: 'droplet', id: droplet, seconds };
    case 'move':
      return { type: 'move', urn: `do:volume:${volume}`, project };
    case 'power_off':
      return { type: 'power', droplet, action: 'power_off', seconds };
    case 'resize':
      return { type: 'resize_droplet', droplet, size: 's-8vcpu-16gb', seconds };
    case 'snapshot':
      return { type: 'create_snapshot', resourceType: 'droplet', resourceId: droplet, name: 'x', sizeGb: 1, seconds };
    case 'attach':
      return { type: 'attach_volume', volume, droplet, seconds };
    case 'detach':
      return { type: 'detach_volume', volume, seconds };
    case 'assign':
      return { type: 'assign_ip', ip: ips[pick % ips.length].ip, droplet, seconds };
    case 'remove_project':
      return { type: 'destroy', kind: 'project', id: project };
    default:
      return { type: 'create_droplet', name: 'by-hand', project, seconds };
  }
}

/** Each thing that projects hold is in one; each reference leads to what refers back. */
async function agree({ all, send }: Opened): Promise<void> {
  const gpus = await all('/v2/droplets?type=gpus', 'droplets');
  const droplets = [...(await all('/v2/droplets', 'droplets')), ...gpus];
  const volumes = await all('/v2/volumes', 'volumes');
  const ips = await all('/v2/reserved_ips', 'reserved_ips');
  const snapshots = await all('/v2/snapshots', 'snapshots');
  const images = await all('/v2/images?private=true', 'images');
  const kinds: [string, string, string][] = [
    ['/v2/domains', 'domains', 'domain'],
    ['/v2/load_balancers', 'load_balancers', 'loadbalancer'],
    ['/v2/kubernetes/clusters', 'kubernetes_clusters', 'kubernetes'],
    ['/v2/apps', 'apps', 'app'],
  ];
  const expected = [
    ...droplets.map(({ id }) => `do:droplet:${id}`),
    ...volumes.map(({ id }) => `do:volume:${id}`),
    ...ips.map(({ ip }) => `do:floatingip:${ip}`),
    ...(await send('/v2/databases')).body.databases.map(({ id }: { id: string }) => `do:dbaas:${id}`),
  ];
  for (const [path, key, type] of kinds) {
    expected.push(...(await all(path, key)).map((item) => `do:${type}:${item.id ?? item.name}`));
  }
  const held: string[] = [];
  for (const project of await all('/v2/projects', 'projects')) {
    held.push(...(await all(`/v2/projects/${project.id}/resources`, 'resources')).map((resource) => resource.urn));
  }
  const comparable = held.filter((urn) => !/^do:(space|quantum):/.test(urn));
  expect(comparable.toSorted(ascending)).toEqual(expected.toSorted(ascending));

  const attached = volumes.flatMap((volume) => volume.droplet_ids.map((id: number) => `${id} ${volume.id}`));
  expect(
    droplets.flatMap((droplet) => droplet.volume_ids.map((id: string) => `${droplet.id} ${id}`)).toSorted(ascending),
  ).toEqual(attached.toSorted(ascending));

  const alive = new Set(droplets.map((droplet) => droplet.id));
  const firewalls = await all('/v2/firewalls', 'firewalls');
  const named = [
    ...ips.flatMap((ip) => ip.droplet?.id ?? []),
    ...firewalls.flatMap((firewall) => firewall.droplet_ids),
  ];
  expect(named.filter((id) => !alive.has(id))).toEqual([]);

  const bySource = snapshots
    .filter((s) => s.resource_type === 'droplet' && alive.has(Number(s.resource_id)))
    .map((s) => Number(s.id));
  expect(droplets.flatMap((droplet) => droplet.snapshot_ids).toSorted(ascending)).toEqual(bySource.toSorted(ascending));
  const backups = images.filter((image) => image.type === 'backup').map((image) => image.id);
  expect(droplets.flatMap((droplet) => droplet.backup_ids).toSorted(ascending)).toEqual(backups.toSorted(ascending));
}
