import { Random } from '../random.ts';
import { DAY, instantOf, ms } from '../time.ts';
import type { FleetDeployment, Script } from '../timeline.ts';
import { companies, customerOf } from './companies.ts';
import { ScriptWriter } from './script.ts';

const START = ms('2026-05-01T00:00:00Z');
const END = ms('2026-07-01T00:00:00Z');
const FAMILIES = 20;

/** How an agency names its servers when nobody has told it how. `#` is the number. */
const styles: readonly { readonly name: (s: string, n: string) => string; readonly pattern: (s: string) => string }[] =
  [
    { name: (s, n) => `${s}-web-${n}`, pattern: (s) => `${s}-*` },
    { name: (s, n) => `web${n}.${s}.example`, pattern: (s) => `*.${s}.example` },
    { name: (s, n) => `prod-${s}-${n}`, pattern: (s) => `prod-${s}-*` },
    { name: (s, n) => `${s.replaceAll('-', '')}${n}`, pattern: (s) => `${s.replaceAll('-', '')}??` },
  ];

const oddWords = ['test', 'tmp', 'old', 'copy', 'new', 'jump', 'backup', 'mail', 'ns', 'vpn'];

/**
 * An agency without projects and tags: 400 droplets (or `resources`) in the default project,
 * nine tenths of them in 20 families of names, the rest named as it came.
 */
export function bare(seed: number, resources = 400): Script {
  const key = ['bare', seed] as const;
  const script = new ScriptWriter(470_000_000, ...key);
  const random = new Random(...key);
  const born = START - 600 * DAY;
  script.at(born, { type: 'create_project', id: script.uuid(), name: 'My first project', isDefault: true });

  const names: string[] = [];
  const deployments: FleetDeployment[] = [];
  const perFamily = Math.floor((resources * 9) / 10 / FAMILIES);
  for (const [i, company] of companies(random, FAMILIES).entries()) {
    const style = styles[i % styles.length] as (typeof styles)[number];
    for (let n = 1; n <= perFamily; n++) names.push(style.name(company.slug, String(n).padStart(2, '0')));
    deployments.push({
      slug: company.slug,
      name: company.name,
      customer: customerOf(company),
      namePattern: style.pattern(company.slug),
      startsAt: instantOf(START),
      plan: 'grand',
    });
  }
  for (let i = names.length; i < resources; i++) {
    names.push(
      random.chance(0.5) ? `ubuntu-s-1vcpu-1gb-fra1-${i}` : `${random.pick(oddWords)}${random.int(1, 9)}_${i}`,
    );
  }
  const times = names.map(() => born + DAY + random.int(0, 590 * 86_400) * 1000);
  for (const [i, name] of random.shuffle(names).entries()) {
    script.at(times[i] as number, {
      type: 'create_droplet',
      id: script.number(),
      name,
      size: random.pick(['s-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb']),
      region: random.pick(['fra1', 'ams3']),
      seconds: random.int(30, 60),
    });
  }
  return { events: script.finish(END), start: START, end: END, deployments, shared: [] };
}
