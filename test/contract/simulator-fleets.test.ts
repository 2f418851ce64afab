import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FleetDeployment, startSimulator } from '../../src/simulator/server.ts';
import { ascending, open, type Opened } from './simulator-client.ts';

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
type Wire = any;

const at = (text: string) => Temporal.Instant.from(text);
const minutes = (a: string, b: string) => at(a).until(at(b)).total('minutes');

/** Whether a name fits a pattern with * and ?. */
function fits(name: string, pattern: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`).test(name);
}

describe('pilot', () => {
  test('is one deployment with 2 droplets, 2 zones and snapshots of 10, 14 and 24 GB, all of May', async () => {
    const opened = await open({ fleet: 'pilot', seed: 3 });
    const { simulator, all } = opened;
    const look = async () => ({
      projects: await all('/v2/projects', 'projects'),
      droplets: await all('/v2/droplets', 'droplets'),
      domains: await all('/v2/domains', 'domains'),
      snapshots: await all('/v2/snapshots', 'snapshots'),
    });
    const first = await look();
    expect(first.projects.map((project) => project.is_default)).toEqual([true, false]);
    expect(first.droplets.map((droplet) => droplet.status)).toEqual(['active', 'active']);
    expect(first.domains).toHaveLength(2);
    expect(first.snapshots.map((snapshot) => snapshot.size_gigabytes)).toEqual([10, 14, 24]);

    const [deployment, ...others] = simulator.deployments as [FleetDeployment];
    expect(others).toEqual([]);
    expect(deployment.projectId).toBe(first.projects[1].id);
    const urns = (await all(`/v2/projects/${deployment.projectId}/resources`, 'resources')).map((r) => r.urn);
    const expected = [
      ...first.droplets.map((d) => `do:droplet:${d.id}`),
      ...first.domains.map((d) => `do:domain:${d.name}`),
    ];
    expect(urns.toSorted(ascending)).toEqual(expected.toSorted(ascending));
    const ids = first.droplets.map((droplet) => String(droplet.id));
    for (const snapshot of first.snapshots) expect(ids).toContain(snapshot.resource_id);
    for (const born of [...first.droplets, ...first.snapshots]) {
      expect(Temporal.Instant.compare(at(born.created_at), simulator.start)).toBe(-1);
    }
    for (const day of ['2026-05-10T12:00:00Z', '2026-05-31T23:59:59Z', '2026-06-01T00:00:00Z']) {
      simulator.advanceTo(at(day));
      expect(await look()).toEqual(first);
    }
    await opened.close();
  });
});

describe('agency', () => {
  let opened: Opened;
  let actions: Wire[];
  beforeAll(async () => {
    opened = await open({ fleet: 'agency', seed: 1, at: at('2026-06-18T00:00:00Z') });
    await opened.control('limits', { perHour: null, perMinute: null });
    actions = (await opened.all('/v2/actions', 'actions')).filter(
      (action) => Temporal.Instant.compare(at(action.started_at), opened.simulator.start) >= 0,
    );
  });
  afterAll(() => opened.close());

  test('is about 40 deployments of 25 to 40 customers over 90 days, May among them', () => {
    const { deployments, start, end } = opened.simulator;
    expect(deployments).toHaveLength(40);
    expect(new Set(deployments.map((deployment) => deployment.slug)).size).toBe(40);
    const customers = new Set(deployments.map((deployment) => deployment.customer.externalId));
    expect(customers.size).toBeGreaterThanOrEqual(25);
    expect(start.until(end).total('hours')).toBe(90 * 24);
    expect(Temporal.Instant.compare(start, at('2026-05-01T00:00:00Z'))).toBe(-1);
    expect(Temporal.Instant.compare(end, at('2026-06-01T00:00:00Z'))).toBe(1);
    for (const { projectId, tag, namePattern } of deployments) expect(projectId ?? tag ?? namePattern).toBeDefined();
  });

  test("no deployment's name pattern takes in another's servers", async () => {
    const droplets = await opened.all('/v2/droplets', 'droplets');
    for (const { namePattern, slug } of opened.simulator.deployments) {
      if (namePattern === undefined) continue;
      const taken = droplets.filter((droplet) => fits(droplet.name, namePattern));
      expect(taken.every((droplet) => droplet.name.startsWith(`${slug}-`))).toBe(true);
    }
  });

  test('switches servers off for less than a listing apart, resizes them, and snapshots come and go', () => {
    const off = actions.filter((action) => action.type === 'power_off');
    const short = off.filter((action) => {
      const on = actions.findLast(
        (next) =>
          next.type === 'power_on' && next.resource_id === action.resource_id && next.started_at > action.started_at,
      );
      return on !== undefined && minutes(action.completed_at, on.completed_at) < 15;
    });
    expect(short.length).toBeGreaterThan(20);
    const count = (type: string) => actions.filter((action) => action.type === type).length;
    expect(count('resize')).toBeGreaterThan(10);
    expect(count('shutdown')).toBeGreaterThan(50);
    expect(count('snapshot') - count('image_destroy')).toBeGreaterThan(10);
    expect(count('image_destroy')).toBeGreaterThan(100);
    expect(count('backup')).toBeGreaterThan(300);
  });

  test('has a droplet that lives for minutes', () => {
    const lives = actions
      .filter((action) => action.type === 'destroy')
      .flatMap((destroy) => {
        const create = actions.find((action) => action.type === 'create' && action.resource_id === destroy.resource_id);
        return create === undefined ? [] : [minutes(create.started_at, destroy.completed_at)];
      });
    expect(Math.min(...lives)).toBeLessThan(15);
  });

  test('keeps four weekly backups of a droplet, and shows each at its droplet', async () => {
    const images = await opened.all('/v2/images?private=true', 'images');
    const backups = images.filter((image) => image.type === 'backup').map((image) => image.id);
    const droplets = await opened.all('/v2/droplets', 'droplets');
    const listed = droplets.flatMap((droplet) => droplet.backup_ids);
    expect(listed.toSorted(ascending)).toEqual(backups.toSorted(ascending));
    const enabled = droplets.filter(
      (droplet) => droplet.features.includes('backups') && droplet.created_at < '2026-05-01',
    );
    expect(enabled.length).toBeGreaterThan(20);
    for (const droplet of enabled) expect(droplet.backup_ids).toHaveLength(4);
  });

  test('moves a droplet between projects, grows buckets, and shows strange things for a while', async () => {
    const later = await open({ fleet: 'agency', seed: 1 });
    await later.control('limits', { perHour: null, perMinute: null });
    const seen = { gpu: 0, quantum: 0, hibernating: 0 };
    const homes = new Map<string, Set<string>>();
    for (let day = 0; day < 90; day += 1) {
      later.simulator.advanceTo(later.simulator.start.add({ hours: 24 * day + 12 }));
      seen.gpu += (await later.all('/v2/droplets?type=gpus', 'droplets')).length;
      seen.hibernating += (await later.all('/v2/droplets', 'droplets')).filter(
        (d) => d.status === 'hibernating',
      ).length;
      for (const project of await later.all('/v2/projects', 'projects')) {
        for (const { urn } of await later.all(`/v2/projects/${project.id}/resources`, 'resources')) {
          if (urn.startsWith('do:quantum:')) seen.quantum++;
          homes.set(urn, (homes.get(urn) ?? new Set()).add(project.id));
        }
      }
    }
    expect(seen).toEqual({ gpu: 6, hibernating: 1, quantum: 59 });
    const moved = [...homes].filter(([, projects]) => projects.size > 1);
    expect(moved).toHaveLength(1);
    expect(moved[0]?.[0]).toMatch(/^do:droplet:/);
    await later.close();
  });

  test('goes on after its history, the same in any steps: servers come for some days and go', async () => {
    const walked = await open({ fleet: 'agency', seed: 1, at: at('2026-06-18T00:00:00Z') });
    const ids = async (one: Opened) =>
      (await one.all('/v2/droplets', 'droplets')).map((droplet) => droplet.id).toSorted(ascending);
    const begin = await ids(walked);
    const guests = new Set<number>();
    for (let day = 1; day <= 30; day += 1) {
      walked.simulator.advanceTo(at('2026-06-18T00:00:00Z').add({ hours: 24 * day }));
      for (const id of await ids(walked)) if (!begin.includes(id)) guests.add(id);
    }
    const jumped = await open({ fleet: 'agency', seed: 1, at: walked.simulator.now() });
    expect(await ids(jumped)).toEqual(await ids(walked));
    expect(guests.size).toBeGreaterThan(8);
    expect(guests.size).toBeLessThan(25);
    const now = await ids(walked);
    expect([...guests].filter((id) => !now.includes(id)).length).toBeGreaterThan(5);
    expect(begin.every((id) => now.includes(id))).toBe(true);
    await Promise.all([walked.close(), jumped.close()]);
  });

  test('has things that nobody owns: in the default project, without tags', async () => {
    const project = (await opened.send('/v2/projects/default')).body.project;
    const urns = (await opened.all(`/v2/projects/${project.id}/resources`, 'resources')).map(
      (resource) => resource.urn,
    );
    const droplets = await opened.all('/v2/droplets', 'droplets');
    const patterns = opened.simulator.deployments.flatMap((deployment) => deployment.namePattern ?? []);
    const nobodys = droplets.filter(
      (droplet) =>
        urns.includes(`do:droplet:${droplet.id}`) &&
        droplet.tags.every((tag: string) => !tag.startsWith('deployment:')) &&
        !patterns.some((pattern) => fits(droplet.name, pattern)),
    );
    expect(nobodys.map((droplet) => droplet.name)).toContain('old-DO-NOT-DELETE');
    const volumes = await opened.all('/v2/volumes', 'volumes');
    expect(volumes.some((volume) => volume.droplet_ids.length === 0)).toBe(true);
    const ips = await opened.all('/v2/reserved_ips', 'reserved_ips');
    expect(ips.some((ip) => ip.droplet === null)).toBe(true);
    expect(ips.some((ip) => ip.droplet !== null)).toBe(true);
  });

  test('has a server that several deployments share', async () => {
    const [shared] = opened.simulator.sharedResources;
    const slugs = opened.simulator.deployments.map((deployment) => deployment.slug);
    expect(shared?.owners.length).toBeGreaterThan(1);
    for (const owner of shared?.owners ?? []) expect(slugs).toContain(owner.slug);
    expect((await opened.send(`/v2/droplets/${shared?.externalId}`)).body.droplet.name).toBe('shared-legacy-01');
  });
});

describe('bare', () => {
  test('is 400 droplets without projects or tags, nine tenths of them in 20 families of names', async () => {
    const opened = await open({ fleet: 'bare', seed: 9 });
    const droplets = await opened.all('/v2/droplets', 'droplets');
    expect(droplets).toHaveLength(400);
    expect(droplets.every((droplet) => droplet.tags.length === 0)).toBe(true);
    expect(await opened.all('/v2/projects', 'projects')).toHaveLength(1);
    const { deployments } = opened.simulator;
    expect(deployments).toHaveLength(20);
    const owners = droplets.map(
      (droplet) => deployments.filter((d) => fits(droplet.name, d.namePattern as string)).length,
    );
    expect(owners.filter((count) => count === 1)).toHaveLength(360);
    expect(owners.filter((count) => count > 1)).toEqual([]);
    await opened.close();
  });
});

describe('hoster', () => {
  test('is as many resources as were asked for, one hundred thousand too', async () => {
    const opened = await open({ fleet: 'hoster', seed: 1, resources: 100_000 });
    await opened.control('limits', { perHour: null, perMinute: null });
    const total = async (path: string) => (await opened.send(`${path}?per_page=1`)).body.meta.total as number;
    const kinds = ['droplets', 'snapshots', 'domains', 'volumes', 'reserved_ips'];
    const counts = await Promise.all(kinds.map((kind) => total(`/v2/${kind}`)));
    expect(counts.reduce((a, b) => a + b)).toBe(100_000);
    expect(await total('/v2/projects')).toBe(301);
    const last = (await opened.send('/v2/droplets?per_page=200&page=250')).body;
    expect(last.droplets).toHaveLength(200);
    expect(last.links.pages).not.toHaveProperty('next');

    opened.simulator.advanceTo(at('2026-05-08T00:00:00Z'));
    const churned = (await opened.send('/v2/actions?per_page=200')).body.actions as Wire[];
    expect(new Set(churned.map((action) => action.type))).toEqual(
      new Set(['create', 'destroy', 'power_off', 'power_on', 'resize']),
    );
    expect(await total('/v2/droplets')).toBe(50_000);
    await opened.close();
  });
});

test('a simulator that cannot listen says so', async () => {
  const first = await startSimulator({ fleet: 'pilot', seed: 1 });
  const port = Number(new URL(first.url).port);
  await expect(startSimulator({ fleet: 'pilot', seed: 1, port })).rejects.toThrow('EADDRINUSE');
  await first.close();
});

test('a fleet has no history before its start, and not any number of resources', async () => {
  await expect(startSimulator({ fleet: 'pilot', seed: 1, at: at('2026-04-30T23:59:59Z') })).rejects.toThrow(RangeError);
  for (const resources of [0, 1.5, 2_000_000]) {
    await expect(startSimulator({ fleet: 'hoster', seed: 1, resources })).rejects.toThrow(RangeError);
  }
});
