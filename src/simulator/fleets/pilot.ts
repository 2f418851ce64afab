import { Random } from '../random.ts';
import { DAY, HOUR, instantOf, MINUTE, ms } from '../time.ts';
import type { Script } from '../timeline.ts';
import { ScriptWriter } from './script.ts';

const START = ms('2026-05-01T00:00:00Z');
const END = ms('2026-06-01T00:00:00Z');

/**
 * One customer and a month in which nothing happens, so that every figure can be had by hand:
 * 2 active droplets, 2 zones, and snapshots of 10, 14 and 24 GB, all older than the month.
 */
export function pilot(seed: number): Script {
  const key = ['pilot', seed] as const;
  const script = new ScriptWriter(480_000_000, ...key);
  const random = new Random(...key);
  const project = script.uuid();
  const born = START - random.int(60, 90) * DAY + 9 * HOUR;

  script.at(born - DAY, {
    type: 'create_project',
    id: script.uuid(),
    name: 'My first project',
    purpose: 'Just trying out DigitalOcean',
    isDefault: true,
  });
  script.at(born, { type: 'create_project', id: project, name: 'Acme Studio' });
  const droplets = ['web', 'db'].map((role, i) => {
    const id = script.number();
    script.at(born + (i + 1) * 5 * MINUTE, {
      type: 'create_droplet',
      id,
      name: `acme-studio-${role}-01`,
      size: role === 'web' ? 's-1vcpu-2gb' : 's-2vcpu-4gb',
      tags: ['deployment:acme-studio'],
      project,
      seconds: random.int(30, 60),
    });
    return id;
  });
  for (const [i, name] of ['acme-studio.example', 'acme-shop.example'].entries()) {
    script.at(born + HOUR + i * MINUTE, { type: 'create_domain', name, project });
  }
  for (const [i, sizeGb] of [10, 14, 24].entries()) {
    script.at(born + (20 + i * 7) * DAY, {
      type: 'create_snapshot',
      id: script.number(),
      resourceType: 'droplet',
      resourceId: droplets[i === 0 ? 0 : 1] as number,
      name: `acme-studio-before-release-${i + 1}`,
      sizeGb,
      seconds: random.int(90, 300),
    });
  }
  return {
    events: script.finish(END),
    start: START,
    end: END,
    deployments: [
      {
        slug: 'acme-studio',
        name: 'Acme Studio',
        customer: { externalId: 'cus_acme', name: 'Acme Studio', currency: 'USD' },
        projectId: project,
        tag: 'deployment:acme-studio',
        namePattern: 'acme-*',
        startsAt: instantOf(START),
        plan: 'studio',
      },
    ],
    shared: [],
  };
}
