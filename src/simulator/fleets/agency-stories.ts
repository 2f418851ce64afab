import type { Random } from '../random.ts';
import { DAY, HOUR, MINUTE, type Ms } from '../time.ts';
import type { SharedResource } from '../timeline.ts';
import { END, START, type Server, type Tenant } from './agency-tenants.ts';
import type { ScriptWriter } from './script.ts';

/** The day of the history, and the time of that day. */
function on(day: number, hour: number, minute = 0): Ms {
  return START + day * DAY + hour * HOUR + minute * MINUTE;
}

/** What happened once, each told by itself. Returns what is shared. */
export function tellStories(script: ScriptWriter, random: Random, tenants: readonly Tenant[]): SharedResource[] {
  growing(script, random, tenants);
  tooShortToSee(script, tenants);
  moved(script, tenants);
  managed(script, tenants);
  wandering(script, tenants);
  strange(script, tenants);
  nobodys(script, random, tenants);
  return [sharedServer(script, tenants)];
}

const withRole = (tenants: readonly Tenant[], role: Server['role']) =>
  tenants
    .filter((tenant) => tenant.born < START && tenant.until === END)
    .flatMap((tenant) => tenant.servers.filter((server) => server.role === role).map((server) => ({ tenant, server })));

const bigger: Readonly<Record<string, string>> = {
  's-2vcpu-2gb': 's-2vcpu-4gb',
  's-2vcpu-4gb': 's-4vcpu-8gb',
  'g-2vcpu-8gb': 'g-4vcpu-16gb',
};

/** Databases outgrow their size: off, resized, on again. One goes back after two weeks. */
function growing(script: ScriptWriter, random: Random, tenants: readonly Tenant[]): void {
  for (const [i, { server }] of withRole(tenants, 'db').slice(0, 12).entries()) {
    const resize = (at: Ms, size: string) => {
      const seconds = random.int(60, 240);
      script.at(at, { type: 'power', droplet: server.id, action: 'shutdown', seconds: 14 });
      script.at(at + MINUTE, { type: 'resize_droplet', droplet: server.id, size, seconds });
      script.at(at + 2 * MINUTE + seconds * 1000, {
        type: 'power',
        droplet: server.id,
        action: 'power_on',
        seconds: 6,
      });
    };
    const at = on(4 + i * 7, random.int(1, 5), random.int(0, 59));
    resize(at, bigger[server.size] as string);
    if (i === 3) resize(at + 14 * DAY, server.size);
  }
}

/** Maintenance between two listings a quarter of an hour apart: only the action log knows. */
function tooShortToSee(script: ScriptWriter, tenants: readonly Tenant[]): void {
  for (const [i, { server }] of withRole(tenants, 'web').slice(0, 6).entries()) {
    for (let week = 0; week < 12; week++) {
      const at = on(2 + 7 * week, 3, 1 + i);
      script.at(at, { type: 'power', droplet: server.id, action: 'power_off', seconds: 6 });
      script.at(at + (3 + i) * MINUTE, { type: 'power', droplet: server.id, action: 'power_on', seconds: 5 });
    }
  }
  for (const [i, { server }] of withRole(tenants, 'worker').entries()) {
    script.at(on(15 + i, 10, 20), { type: 'power', droplet: server.id, action: 'power_cycle', seconds: 20 });
  }
  // A server that lives for six minutes.
  const { deployment, region, project, tags } = tenants[5] as Tenant;
  const id = script.number();
  const place = { region, tags, ...(project !== undefined && { project }) };
  script.at(on(50, 10, 4), {
    type: 'create_droplet',
    id,
    name: `${deployment.slug}-restore-test`,
    size: 's-2vcpu-4gb',
    ...place,
    seconds: 35,
  });
  script.at(on(50, 10, 10), { type: 'destroy', kind: 'droplet', id, seconds: 5 });
}

/** A server changes hands in the middle of May, and a customer's second server is retired. */
function moved(script: ScriptWriter, tenants: readonly Tenant[]): void {
  const [from, to] = tenants.filter((tenant) => tenant.project !== undefined && tenant.deployment.plan === 'atelier');
  const server = from?.servers[1];
  if (server === undefined || to?.project === undefined) throw new Error('the agency has two ateliers with projects');
  script.at(on(56, 13, 37), { type: 'move', urn: `do:droplet:${server.id}`, project: to.project });
  script.at(on(57, 9, 12), {
    type: 'rename_droplet',
    droplet: server.id,
    name: `${to.deployment.slug}-web-09`,
    seconds: 3,
  });
}

/** Managed services: databases, a cluster that scales up, an app. */
function managed(script: ScriptWriter, tenants: readonly Tenant[]): void {
  const owners = tenants.filter((tenant) => tenant.project !== undefined && tenant.born < START);
  for (const [i, engine] of (['pg', 'mysql', 'valkey', 'pg'] as const).entries()) {
    const { deployment, region, project } = owners[i * 3] as Tenant;
    const id = script.uuid();
    script.at(START - (40 + i) * DAY, {
      type: 'create_database',
      id,
      name: `${deployment.slug}-${engine}`,
      engine,
      region,
      nodes: i === 0 ? 2 : 1,
      project,
    });
    if (i === 1) script.at(on(37, 6), { type: 'resize_database', database: id, size: 'db-s-2vcpu-4gb', nodes: 2 });
  }
  const { deployment, region, project } = owners[4] as Tenant;
  const cluster = script.uuid();
  const nodes = [0, 1, 2].map(() => script.number());
  const addNode = (at: Ms, i: number) =>
    script.at(at, {
      type: 'create_droplet',
      id: nodes[i] as number,
      name: `pool-${deployment.slug}-${i}`,
      size: 's-2vcpu-4gb',
      region,
      tags: ['k8s', `k8s:${cluster}`, 'k8s:worker'],
      project,
      seconds: 60,
    });
  addNode(START - 30 * DAY, 0);
  addNode(START - 30 * DAY, 1);
  script.at(START - 30 * DAY, {
    type: 'create_kubernetes_cluster',
    id: cluster,
    name: `${deployment.slug}-k8s`,
    region,
    droplets: nodes.slice(0, 2),
    project,
  });
  addNode(on(64, 12), 2);
  script.at(on(64, 12, 2), { type: 'set_cluster_nodes', cluster, droplets: nodes });
  script.at(START - 100 * DAY, { type: 'subscribe', plan: 'registry_basic' });
  const app = owners[7] as Tenant;
  script.at(START - 12 * DAY, {
    type: 'create_app',
    id: script.uuid(),
    name: 'booking-form',
    region: 'fra1',
    project: app.project,
  });
}

/** Addresses that are given up and taken up again, and a volume that changes servers. */
function wandering(script: ScriptWriter, tenants: readonly Tenant[]): void {
  for (const [i, { tenant, server }] of withRole(tenants, 'web')
    .filter((_, n) => n % 7 === 3)
    .slice(0, 4)
    .entries()) {
    const ip = `100.80.0.${10 + i}`;
    const { region, project } = tenant;
    script.at(on(9 + i * 11, 8), { type: 'reserve_ip', ip, region, ...(project !== undefined && { project }) });
    script.at(on(9 + i * 11, 8, 30), { type: 'assign_ip', ip, droplet: server.id, seconds: 4 });
    script.at(on(30 + i * 11, 17), { type: 'unassign_ip', ip, seconds: 4 });
    if (i % 2 === 0) script.at(on(36 + i * 11, 9), { type: 'assign_ip', ip, droplet: server.id, seconds: 4 });
    else script.at(on(41 + i * 11, 9), { type: 'destroy', kind: 'reserved_ip', id: ip });
  }
  const { tenant } = withRole(tenants, 'staging')[0] as { tenant: Tenant };
  const [a, b] = tenant.servers as [Server, Server];
  const volume = script.uuid();
  const place = {
    region: tenant.region,
    tags: tenant.tags,
    ...(tenant.project !== undefined && { project: tenant.project }),
  };
  script.at(START - 5 * DAY, {
    type: 'create_volume',
    id: volume,
    name: `${tenant.deployment.slug}-scratch`,
    sizeGb: 80,
    ...place,
  });
  script.at(START - 5 * DAY + MINUTE, { type: 'attach_volume', volume, droplet: a.id, seconds: 8 });
  script.at(on(21, 14), { type: 'detach_volume', volume, seconds: 6 });
  script.at(on(21, 15, 10), { type: 'attach_volume', volume, droplet: b.id, seconds: 8 });
  script.at(on(23, 2), {
    type: 'create_snapshot',
    id: script.uuid(),
    resourceType: 'volume',
    resourceId: volume,
    name: 'scratch-archive',
    sizeGb: 31.5,
    tags: tenant.tags,
  });
  script.at(on(60, 16), { type: 'destroy', kind: 'volume', id: volume });
  script.at(on(20, 9), { type: 'reserve_ip', ip: '2001:db8:77::1', region: b.region, droplet: b.id });
}

/** What a client was not written for: a GPU, a word and a kind that nobody has heard of. */
function strange(script: ScriptWriter, tenants: readonly Tenant[]): void {
  const owners = tenants.filter((tenant) => tenant.project !== undefined && tenant.until === END);
  const { deployment, project, tags } = owners[6] as Tenant;
  const gpu = script.number();
  script.at(on(52, 8), {
    type: 'create_droplet',
    id: gpu,
    name: `${deployment.slug}-training`,
    size: 'gpu-4000adax1-20gb',
    region: 'ams3',
    image: 'gpu-h100x1-base',
    tags,
    project,
    seconds: 150,
  });
  script.at(on(57, 18, 20), { type: 'destroy', kind: 'droplet', id: gpu, seconds: 8 });
  script.at(on(31, 10), {
    type: 'create_other',
    urn: `do:quantum:${script.uuid()}`,
    project: (owners[1] as Tenant).project,
  });
  const { server } = withRole(tenants, 'web')[8] as { server: Server };
  script.at(on(44, 9, 5), { type: 'show_status', droplet: server.id, status: 'hibernating' });
  script.at(on(44, 15, 35), { type: 'show_status', droplet: server.id, status: null });
}

/** In the default project, without tags, and nobody remembers. */
function nobodys(script: ScriptWriter, random: Random, tenants: readonly Tenant[]): void {
  const names = ['ubuntu-s-1vcpu-1gb-fra1-01', 'old-DO-NOT-DELETE', 'tmp-migration', 'test2', 'jumphost'];
  const ids = names.map((name, i) => {
    const id = script.number();
    const seconds = random.int(30, 60);
    script.at(START - (90 + 40 * i) * DAY, { type: 'create_droplet', id, name, region: 'fra1', seconds });
    return id;
  });
  script.at(START - 80 * DAY, { type: 'power', droplet: ids[1] as number, action: 'power_off', seconds: 9 });
  script.at(on(70, 11, 11), { type: 'destroy', kind: 'droplet', id: ids[3] as number, seconds: 5 });
  // A snapshot whose server went before the history begins.
  const gone = script.number();
  script.at(START - 300 * DAY, {
    type: 'create_droplet',
    id: gone,
    name: 'relaunch',
    size: 's-2vcpu-4gb',
    seconds: 40,
  });
  script.at(START - 200 * DAY, {
    type: 'create_snapshot',
    id: script.number(),
    resourceType: 'droplet',
    resourceId: gone,
    name: 'relaunch-final',
    sizeGb: 18.7,
    seconds: 400,
  });
  script.at(START - 199 * DAY, { type: 'destroy', kind: 'droplet', id: gone, seconds: 5 });
  script.at(START - 150 * DAY, { type: 'create_volume', id: script.uuid(), name: 'volume-fra1-01', sizeGb: 100 });
  script.at(START - 110 * DAY, { type: 'reserve_ip', region: 'fra1' });
  script.at(START - 400 * DAY, { type: 'create_domain', name: 'parked-domain.example' });
  script.at(START - 130 * DAY, {
    type: 'create_bucket',
    name: 'agency-dumps',
    region: 'fra1',
    objectBytes: 1_073_741_824,
  });
  script.at(START - 129 * DAY, { type: 'set_bucket_size', bucket: 'agency-dumps', bytes: 212_000_000_000 });
  const { servers } = tenants[0] as Tenant;
  script.at(START - 60 * DAY, {
    type: 'create_firewall',
    id: script.uuid(),
    name: 'office-only',
    droplets: [ids[4] as number, (servers[0] as Server).id],
  });
}

/** An old server that holds the sites of three customers. */
function sharedServer(script: ScriptWriter, tenants: readonly Tenant[]): SharedResource {
  const id = script.number();
  const at = START - 620 * DAY;
  const project = script.uuid();
  script.at(at, { type: 'create_project', id: project, name: 'Shared hosting' });
  script.at(at + HOUR, {
    type: 'create_droplet',
    id,
    name: 'shared-legacy-01',
    size: 's-4vcpu-8gb',
    region: 'fra1',
    project,
    seconds: 50,
  });
  const weights = [2, 1, 1];
  const owners = [1, 12, 14].map((i, n) => ({
    slug: (tenants[i] as Tenant).deployment.slug,
    weight: weights[n] as number,
  }));
  return { kind: 'droplet', externalId: String(id), owners };
}
