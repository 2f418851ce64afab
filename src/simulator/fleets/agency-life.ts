import { Random } from '../random.ts';
import { DAY, HOUR, MINUTE } from '../time.ts';
import type { TimedEvent } from '../timeline.ts';
import { END, type Tenant } from './agency-tenants.ts';

/** Above the numbers of the history's own droplets; one for each day. */
const FIRST_ID = 445_000_000;
const STAYS_DAYS_MAX = 9;

/**
 * What goes on after the history, without end: every other day or so a customer's server for a preview, for some hours or
 * days. What happens on a day follows from the seed and the day alone.
 */
export function* lifeAfter(seed: number, tenants: readonly Tenant[]): Generator<TimedEvent> {
  const hosts = tenants.filter(({ project, until }) => project !== undefined && until === END);
  for (let day = 0; ; day++) {
    const begin = END + day * DAY;
    const recent = Array.from({ length: Math.min(day, STAYS_DAYS_MAX) + 1 }, (_, ago) => guest(seed, day - ago, hosts));
    yield* recent
      .flat()
      .filter(({ at }) => at >= begin && at < begin + DAY)
      .sort((a, b) => a.at - b.at);
  }
}

/** The server of a day, from its first moment to its last; none: nobody needs one. */
function guest(seed: number, day: number, hosts: readonly Tenant[]): TimedEvent[] {
  const random = new Random('agency', seed, 'life', day);
  if (!random.chance(0.6)) return [];
  const { deployment, region, tags, project } = random.pick(hosts);
  const born = END + day * DAY + random.int(7, 17) * HOUR + random.int(0, 59) * MINUTE;
  const gone = born + random.int(3, (STAYS_DAYS_MAX - 1) * 24) * HOUR;
  const id = FIRST_ID + day;
  const create = {
    type: 'create_droplet',
    id,
    name: `${deployment.slug}-preview-${day + 1}`,
    size: random.pick(['s-1vcpu-1gb', 's-1vcpu-2gb', 's-2vcpu-4gb']),
    region,
    tags,
    ...(project !== undefined && { project }),
    seconds: random.int(28, 65),
  } as const;
  return [
    { at: born, event: create },
    { at: gone, event: { type: 'destroy', kind: 'droplet', id, seconds: 6 } },
  ];
}
