import { Random } from '../random.ts';
import { DAY, HOUR, instantOf, MINUTE, ms, type Ms } from '../time.ts';
import type { FleetDeployment, Script, TimedEvent } from '../timeline.ts';

const START = ms('2026-05-01T00:00:00Z');
const END = ms('2026-07-01T00:00:00Z');
const BORN = START - 700 * DAY;
/** One project is one customer's. Memberships are read project by project, so there are not thousands. */
const RESOURCES_PER_PROJECT = 250;
const PROJECTS_MAX = 300;
/** Of the droplets, each day: this many in a thousand are replaced, resized, or off for a while. */
const CHURN_PER_MILLE = 1;

const plans = ['studio', 'atelier', 'grand'] as const;
const dropletSizes = ['s-1vcpu-512mb-10gb', 's-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb'] as const;

/**
 * A host of many small sites: `resources` of them, mostly steady. The events are made while they
 * are read, so that a hundred thousand are never held at once.
 */
export function hoster(seed: number, resources = 10_000): Script {
  const projectCount = Math.max(1, Math.min(PROJECTS_MAX, Math.ceil(resources / RESOURCES_PER_PROJECT)));
  const random = new Random('hoster', seed);
  const projects = Array.from({ length: projectCount }, (_, i) => ({
    id: random.uuid(),
    slug: `site-${String(i + 1).padStart(4, '0')}`,
  }));
  const deployments = projects.map(
    ({ id, slug }, i): FleetDeployment => ({
      slug,
      name: `Site ${i + 1}`,
      customer: { externalId: `cus_${slug.replace('-', '_')}`, name: `Customer ${i + 1}`, currency: 'USD' },
      projectId: id,
      startsAt: instantOf(START),
      plan: plans[i % plans.length] as (typeof plans)[number],
    }),
  );
  return {
    events: {
      *[Symbol.iterator]() {
        const droplets: number[] = [];
        yield* population(seed, resources, projects, droplets);
        yield* churn(seed, droplets, projects);
      },
    },
    start: START,
    end: END,
    deployments,
    shared: [],
  };
}

type ProjectName = { readonly id: string; readonly slug: string };

/** In every twenty: ten droplets, four snapshots, three zones, two volumes and a reserved IP. */
function* population(
  seed: number,
  resources: number,
  projects: readonly ProjectName[],
  droplets: number[],
): Generator<TimedEvent> {
  const random = new Random('hoster', seed, 'population');
  yield { at: BORN, event: { type: 'create_project', id: random.uuid(), name: 'hosting', isDefault: true } };
  for (const { id, slug } of projects) yield { at: BORN, event: { type: 'create_project', id, name: slug } };
  const step = Math.floor((START - BORN - 2 * DAY) / resources / 1000) * 1000;
  let id = 300_000_000;
  for (let i = 0; i < resources; i++) {
    const at = BORN + DAY + i * step;
    const project = projects[Math.floor(i / 20) % projects.length] as ProjectName;
    const name = `${project.slug}-${i.toString(36)}`;
    id += random.int(1, 9);
    const place = i % 20;
    if (place < 10) {
      droplets.push(id);
      const size = random.pick(dropletSizes);
      yield { at, event: { type: 'create_droplet', id, name, size, project: project.id } };
    } else if (place < 14) {
      const sizeGb = random.size(1, 12);
      const resourceId = droplets[droplets.length - random.int(1, 10)] as number;
      yield { at, event: { type: 'create_snapshot', id, resourceType: 'droplet', resourceId, name, sizeGb } };
    } else if (place < 17) {
      yield { at, event: { type: 'create_domain', name: `${name}.example`, project: project.id } };
    } else if (place < 19) {
      yield {
        at,
        event: { type: 'create_volume', id: random.uuid(), name, sizeGb: 10 * random.int(1, 20), project: project.id },
      };
    } else {
      yield { at, event: { type: 'reserve_ip', droplet: droplets.at(-1) as number, project: project.id } };
    }
  }
}

function* churn(seed: number, droplets: readonly number[], projects: readonly ProjectName[]): Generator<TimedEvent> {
  const gone = new Set<number>();
  let id = 400_000_000;
  for (let day = START; day < END; day += DAY) {
    const random = new Random('hoster', seed, 'day', day);
    const events: TimedEvent[] = [];
    const count = Math.ceil((droplets.length * CHURN_PER_MILLE) / 1000);
    for (let i = 0; i < count; i++) {
      const droplet = random.pick(droplets);
      // Early enough for what follows to end on the same day.
      const at = day + random.int(1, 80_000) * 1000;
      if (gone.has(droplet)) continue;
      const what = random.next();
      if (what < 0.5) {
        gone.add(droplet);
        const project = random.pick(projects);
        id += random.int(1, 9);
        const name = `${project.slug}-n${id.toString(36)}`;
        events.push({ at, event: { type: 'destroy', kind: 'droplet', id: droplet, seconds: 5 } });
        events.push({
          at,
          event: {
            type: 'create_droplet',
            id,
            name,
            size: random.pick(dropletSizes),
            project: project.id,
            seconds: 45,
          },
        });
      } else if (what < 0.8) {
        const back: Ms = Math.min(at + random.int(5, 600) * MINUTE, day + 23 * HOUR);
        events.push({ at, event: { type: 'power', droplet, action: 'power_off', seconds: 8 } });
        events.push({ at: back, event: { type: 'power', droplet, action: 'power_on', seconds: 8 } });
      } else {
        events.push({ at, event: { type: 'resize_droplet', droplet, size: random.pick(dropletSizes), seconds: 70 } });
      }
    }
    yield* events.sort((a, b) => a.at - b.at);
  }
}
