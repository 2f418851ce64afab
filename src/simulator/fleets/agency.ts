import { backupSchedule, nextBackupWindow } from '../backup-schedule.ts';
import { Random } from '../random.ts';
import { DAY, HOUR, instantOf, MINUTE, type Ms } from '../time.ts';
import type { FleetDeployment, Script } from '../timeline.ts';
import { lifeAfter } from './agency-life.ts';
import { tellStories } from './agency-stories.ts';
import { END, START, type Server, type Tenant } from './agency-tenants.ts';
import { type Company, companies, customerOf } from './companies.ts';
import { ScriptWriter } from './script.ts';

const CUSTOMERS = 30;
const DEPLOYMENTS = 40;
/** These deployments begin, or end, so many days into the history. */
const newcomers: Readonly<Record<number, number>> = { 11: 12, 17: 25, 23: 47, 29: 58, 37: 73 };
const leavers: Readonly<Record<number, number>> = { 8: 61, 19: 44 };

/** What a plan's customers run. */
const rolesByPlan = {
  studio: [['web'], ['web', 'db']],
  atelier: [
    ['web', 'web', 'db'],
    ['web', 'db', 'staging'],
  ],
  grand: [['web', 'web', 'web', 'db', 'worker', 'staging']],
} as const;
const sizesByRole = {
  web: ['s-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb'],
  db: ['s-2vcpu-4gb', 'g-2vcpu-8gb', 's-2vcpu-2gb'],
  worker: ['c-2', 's-2vcpu-4gb'],
  staging: ['s-1vcpu-1gb'],
} as const;

/**
 * An agency: 40 deployments of 30 customers over 90 days. Half has a project each, some are told
 * apart by tags, some by names only, and some things are nobody's.
 */
export function agency(seed: number): Script {
  const key = ['agency', seed] as const;
  const script = new ScriptWriter(430_000_000, ...key);
  const random = new Random(...key, 'cast');
  const first = START - 700 * DAY;
  script.at(first, {
    type: 'create_project',
    id: script.uuid(),
    name: 'Agency',
    purpose: 'Operational / Developer tooling',
    isDefault: true,
  });
  const customers = companies(random, CUSTOMERS);
  const tenants = Array.from({ length: DEPLOYMENTS }, (_, i) => {
    const tenant = introduce(script, new Random(...key, 'tenant', i), i, customers[i % CUSTOMERS] as Company);
    furnish(script, new Random(...key, 'furniture', i), tenant);
    keepUp(script, new Random(...key, 'routine', i), seed, tenant);
    if (tenant.until < END) leave(script, tenant);
    return tenant;
  });
  const shared = tellStories(script, new Random(...key, 'stories'), tenants);
  const history = script.finish(END);
  return {
    // Anew for each world: what goes on after the history has no end.
    events: {
      *[Symbol.iterator]() {
        yield* history;
        yield* lifeAfter(seed, tenants);
      },
    },
    start: START,
    end: END,
    deployments: tenants.map((tenant) => tenant.deployment),
    shared,
  };
}

/** The deployment, its project if it has one, and its servers. */
function introduce(script: ScriptWriter, random: Random, index: number, company: Company): Tenant {
  const second = index >= CUSTOMERS;
  const slug = second ? `shop-${company.slug}` : company.slug;
  const plan = index % 20 < 11 ? 'studio' : index % 20 < 17 ? 'atelier' : 'grand';
  const joined = newcomers[index];
  const born =
    (joined === undefined ? START - random.int(20, 500) * DAY : START + joined * DAY) + random.int(8, 16) * HOUR;
  const region = random.pick(['fra1', 'fra1', 'ams3', 'nyc3', 'lon1']);
  const style = (['project', 'tag', 'project', 'name', 'project'] as const)[index % 5] as 'project' | 'tag' | 'name';
  const tag = `deployment:${slug}`;
  const project = style === 'project' ? script.uuid() : undefined;
  if (project !== undefined) {
    script.at(born, { type: 'create_project', id: project, name: second ? `${company.name} shop` : company.name });
  }
  const tags = style === 'tag' ? [tag] : index % 3 === 0 ? ['client'] : [];
  const counts = new Map<string, number>();
  const servers = random.pick<readonly Server['role'][]>(rolesByPlan[plan]).map((role, i): Server => {
    const number = (counts.get(role) ?? 0) + 1;
    counts.set(role, number);
    return {
      id: script.number(),
      name: `${slug}-${role}-${String(number).padStart(2, '0')}`,
      role,
      size: random.pick<string>(sizesByRole[role]),
      region,
      born: born + (10 + i * 7) * MINUTE,
    };
  });
  const deployment: FleetDeployment = {
    slug,
    name: second ? `${company.name} shop` : company.name,
    customer: customerOf(company),
    ...(project !== undefined && { projectId: project }),
    ...(style === 'tag' && { tag }),
    // Zones and addresses carry no tags: most operators name them too.
    ...((style === 'name' || (style === 'tag' && index % 2 === 0)) && { namePattern: `${slug}*` }),
    startsAt: instantOf(Math.floor(born / DAY) * DAY),
    plan,
  };
  const left = leavers[index];
  const until = left === undefined ? END : START + left * DAY + 15 * HOUR;
  return { index, company, deployment, region, servers, tags, project, born, until };
}

/** What a deployment has from its first day on. */
function furnish(script: ScriptWriter, random: Random, tenant: Tenant): void {
  const { servers, region, project, tags, born, deployment, index } = tenant;
  const place = { region, ...(project !== undefined && { project }) };
  for (const server of servers) {
    const backups = server.role === 'db' || (server.role === 'web' && index % 3 === 1) ? 'weekly' : null;
    const { id, name, size } = server;
    script.at(server.born, {
      type: 'create_droplet',
      id,
      name,
      size,
      tags,
      backups,
      ...place,
      seconds: random.int(28, 65),
    });
  }
  const zones = index % 4 === 0 ? ['', 'mail.'] : [''];
  for (const zone of zones) {
    script.at(born + HOUR, {
      type: 'create_domain',
      name: `${deployment.slug}.${zone}example`,
      ...(project && { project }),
    });
  }
  const db = servers.find((server) => server.role === 'db');
  if (db !== undefined && index % 2 === 0) {
    const volume = script.uuid();
    const sizeGb = 10 * random.int(2, 20);
    script.at(born + 2 * HOUR, {
      type: 'create_volume',
      id: volume,
      name: `${deployment.slug}-data`,
      sizeGb,
      tags,
      ...place,
    });
    script.at(born + 2 * HOUR + MINUTE, { type: 'attach_volume', volume, droplet: db.id, seconds: 7 });
    if (index % 8 === 2)
      script.at(START + random.int(10, 80) * DAY, { type: 'resize_volume', volume, sizeGb: sizeGb + 50 });
  }
  const web = servers.filter((server) => server.role === 'web').map((server) => server.id);
  if (index % 3 === 0) script.at(born + 3 * HOUR, { type: 'reserve_ip', droplet: web[0] as number, ...place });
  if (index % 3 !== 2) {
    const target = tags[0]?.startsWith('deployment:') ? { tags } : { droplets: servers.map((server) => server.id) };
    script.at(born + 4 * HOUR, {
      type: 'create_firewall',
      id: script.uuid(),
      name: `${deployment.slug}-firewall`,
      ...target,
    });
  }
  if (deployment.plan === 'grand') {
    const id = script.uuid();
    script.at(born + 5 * HOUR, {
      type: 'create_load_balancer',
      id,
      name: `${deployment.slug}-lb`,
      droplets: web,
      ...place,
    });
    if (index % 2 === 0) script.at(START + 33 * DAY, { type: 'resize_load_balancer', loadBalancer: id, nodes: 3 });
  }
}

/** What goes on week after week: backups, nightly snapshots, buckets that grow, servers switched off. */
function keepUp(script: ScriptWriter, random: Random, seed: number, tenant: Tenant): void {
  const { servers, region, project, born, until, deployment, index } = tenant;
  for (const server of servers) {
    if (server.role === 'db' || (server.role === 'web' && index % 3 === 1)) {
      const policy = { plan: 'weekly' as const, ...backupSchedule(seed, server.id) };
      let sizeGb = random.size(1.5, 9);
      for (let after = Math.max(server.born, START - 29 * DAY); ; ) {
        const { start } = nextBackupWindow(policy, after);
        if (start >= until - DAY) break;
        const at = start + random.int(2, 180) * MINUTE;
        sizeGb = Math.round((sizeGb + random.size(0, 0.12)) * 100) / 100;
        script.at(at, {
          type: 'create_backup',
          id: script.number(),
          droplet: server.id,
          sizeGb,
          seconds: random.int(60, 900),
        });
        after = start;
      }
    }
    // Staging is off at night and on weekends.
    if (server.role === 'staging' && index % 2 === 1) {
      for (let day = Math.max(START, Math.ceil(server.born / DAY) * DAY); day < until - 2 * DAY; day += DAY) {
        const weekday = instantOf(day).toZonedDateTimeISO('UTC').dayOfWeek;
        if (weekday > 5) continue;
        const evening = day + 19 * HOUR + random.int(0, 59) * MINUTE;
        const morning = day + (weekday === 5 ? 3 : 1) * DAY + 5 * HOUR + random.int(0, 59) * MINUTE;
        script.at(evening, { type: 'power', droplet: server.id, action: 'shutdown', seconds: random.int(8, 25) });
        script.at(morning, { type: 'power', droplet: server.id, action: 'power_on', seconds: random.int(4, 9) });
      }
    }
  }
  const main = servers[0] as Server;
  if (index % 10 === 3) nightlySnapshots(script, random, main, until);
  if (index % 10 === 6 || index % 10 === 0) releaseSnapshots(script, random, main, until);
  if (index % 3 === 0) {
    const bucket = `${deployment.slug}-media`;
    // Few and large objects: a listing reads each of them, at every sync.
    const objectBytes = 2_147_483_648;
    script.at(born + 6 * HOUR, {
      type: 'create_bucket',
      name: bucket,
      region: random.pick(['fra1', 'ams3']),
      objectBytes,
      ...(project && { project }),
    });
    let bytes = index === 3 ? 3_800_000_000 : random.int(2, 90) * 1_000_000_000;
    for (let at = Math.max(born + 7 * HOUR, START - DAY); at < until - DAY; at += DAY) {
      const cleanUp = random.chance(0.02);
      bytes = cleanUp ? Math.floor(bytes * 0.8) : bytes + random.int(0, 9_000) * (index === 3 ? 2_000 : 60_000);
      script.at(at + random.int(0, 300) * MINUTE, { type: 'set_bucket_size', bucket, bytes });
    }
  }
  // Renamed by somebody who tidies up: it must not matter.
  if (index === 2 && project !== undefined) {
    script.at(START + 40 * DAY + 11 * HOUR, {
      type: 'rename_project',
      id: project,
      name: `${deployment.name} (${region})`,
    });
  }
}

/** Every night one, kept for three days. */
function nightlySnapshots(script: ScriptWriter, random: Random, server: Server, until: Ms): void {
  for (let day = Math.max(START - 4 * DAY, Math.ceil(server.born / DAY) * DAY); day < until - 4 * DAY; day += DAY) {
    const id = script.number();
    const at = day + 2 * HOUR + random.int(0, 40) * MINUTE;
    const name = `nightly-${instantOf(day).toString().slice(0, 10)}`;
    script.at(at, {
      type: 'create_snapshot',
      id,
      resourceType: 'droplet',
      resourceId: server.id,
      name,
      sizeGb: random.size(3, 8),
      seconds: random.int(60, 600),
    });
    script.at(at + 3 * DAY + HOUR, { type: 'destroy', kind: 'snapshot', id, seconds: 4 });
  }
}

/** One before each release, kept for a while; the last ones are forgotten. */
function releaseSnapshots(script: ScriptWriter, random: Random, server: Server, until: Ms): void {
  let release = 1;
  for (let day = Math.max(START, server.born) + 3 * DAY; day < until - 8 * DAY; day += random.int(9, 17) * DAY) {
    const id = script.number();
    const at = Math.floor(day / DAY) * DAY + random.int(9, 17) * HOUR + random.int(0, 59) * MINUTE;
    const name = `${server.name}-before-release-${release++}`;
    script.at(at, {
      type: 'create_snapshot',
      id,
      resourceType: 'droplet',
      resourceId: server.id,
      name,
      sizeGb: random.size(4, 30),
      seconds: random.int(90, 900),
    });
    if (release < 4) script.at(at + random.int(2, 12) * DAY, { type: 'destroy', kind: 'snapshot', id, seconds: 5 });
  }
}

/** A customer goes: the servers within an hour, the rest with them; the project stays, empty. */
function leave(script: ScriptWriter, tenant: Tenant): void {
  const { servers, until, deployment } = tenant;
  for (const [i, server] of servers.entries()) {
    script.at(until + i * 4 * MINUTE, { type: 'destroy', kind: 'droplet', id: server.id, seconds: 6 });
  }
  script.at(until + HOUR, { type: 'destroy', kind: 'domain', id: `${deployment.slug}.example` });
}
