import { Random } from '../../src/simulator/random.ts';
import type { Fault } from './simulated-account.ts';

// All faults of the simulator at random, by a seed: which, where and for how long.

/** A moment of a disturbed week: what is wrong, and whether it goes on after the next sync. */
export interface Disturbance {
  readonly faults: readonly Fault[];
  readonly lasts: boolean;
}

const paths = [
  '/v2/account',
  '/v2/actions',
  '/v2/apps',
  '/v2/domains',
  '/v2/droplets',
  '/v2/images',
  '/v2/kubernetes/clusters',
  '/v2/load_balancers',
  '/v2/projects',
  '/v2/reserved_ips',
  '/v2/snapshots',
  '/v2/volumes',
  '/',
];
const scopes = [
  'tag:read',
  'vpc:read',
  'project:read',
  'block_storage:read',
  'reserved_ip:read',
  'droplet:read',
  'image:read',
  'snapshot:read',
  'domain:read',
  'actions:read',
];
const fields = ['name', 'size_slug', 'size_gigabytes', 'region', 'created_at', 'tags', 'status', 'droplet_ids', 'id'];

/** Each sort of fault, with a seed's choice of what it leaves open. */
const sorts: readonly ((random: Random) => Fault)[] = [
  () => ({ fault: 'burst_limit' }),
  () => ({ fault: 'hour_limit' }),
  () => ({ fault: 'reset_in_past' }),
  (random) => ({ fault: 'server_error', status: random.pick([500, 502, 503, 504, 520, 522, 524]), ...page(random) }),
  (random) => ({ fault: 'refuse', status: random.pick([400, 404, 410]), query: random.pick(['', '', 'type=gpus']) }),
  (random) => ({ fault: 'drop', when: random.pick(['before', 'within']), ...page(random) }),
  (random) => ({ fault: 'truncate', ...page(random) }),
  (random) => ({ fault: 'empty', what: random.pick(['body', 'items']) }),
  (random) => ({ fault: 'empty_shape', as: random.pick(['absent', 'null', 'object']) }),
  (random) => ({ fault: 'field', field: random.pick(fields), ...random.pick([{}, { value: null }, { value: {} }]) }),
  (random) => ({ fault: 'shift', by: random.pick([1, -1]) }),
  (random) => ({ fault: 'missing_scope', scopes: [random.pick(scopes)], hidden: random.int(0, 1) === 1 }),
  () => ({ fault: 'bad_token' }),
  () => ({ fault: 'reservedip_urns' }),
  (random) => ({ fault: 'lagging_actions', path: '/v2/actions', bySeconds: random.int(60, 86_400) }),
  () => ({ fault: 'unordered_actions' }),
  (random) => ({ fault: 'late_actions', bySeconds: random.int(60, 14_400) }),
  (random) => ({ fault: 'clock_skew', seconds: random.int(-7_200, 7_200) }),
  () => ({ fault: 'time_skewed' }),
  () => ({ fault: 'no_next_page' }),
];

const page = (random: Random) => ({ afterPage: random.pick([0, 0, 1]) });

/** So many steps, of which every other is undisturbed, by and large. */
export function disturbances(seed: number, steps: number): Disturbance[] {
  const random = new Random(seed, 'disturbances');
  return Array.from({ length: steps }, () => {
    const faults = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => {
      const about = { path: random.pick(paths), ...(random.int(0, 2) === 0 && { count: random.int(1, 4) }) };
      return { ...about, ...random.pick(sorts)(random) };
    });
    return { faults, lasts: random.int(0, 3) === 0 };
  });
}
