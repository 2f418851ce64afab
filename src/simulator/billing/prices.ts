import { HOUR, ms } from '../time.ts';
import type { Dated } from './dated.ts';

/**
 * What the simulated provider charges, in cents a month: a table of its own, so that whoever reads
 * the bill is held against a second opinion.
 */

export interface Price {
  readonly cents: number;
  /** So many seconds in a month cost all of it; more cost nothing. */
  readonly seconds: number;
}

/** A month of billing is at most 672 hours. */
export const CAP_SECONDS = (672 * HOUR) / 1000;

/** What can be on a bill. */
export type ChargedKind =
  | 'droplet'
  | 'node'
  | 'droplet_snapshot'
  | 'volume_snapshot'
  | 'custom_image'
  | 'volume'
  | 'reserved_ip'
  | 'load_balancer'
  | 'database'
  | 'app'
  | 'spaces'
  | 'bucket'
  | 'subscription';

const BEGINNING = Number.NEGATIVE_INFINITY;
/** When most prices rose. */
const RISE = ms('2022-07-01T00:00:00Z');

/** Cents since July 2022, and before where it was another price. */
const monthly: Readonly<Record<string, number | readonly [since: number, before: number]>> = {
  's-1vcpu-512mb-10gb': 400,
  's-1vcpu-1gb': [600, 500],
  's-1vcpu-2gb': [1200, 1000],
  's-2vcpu-2gb': [1800, 1500],
  's-2vcpu-4gb': [2400, 2000],
  's-4vcpu-8gb': [4800, 4000],
  's-8vcpu-16gb': [9600, 8000],
  'c-2': 4200,
  'c-4': 8400,
  'g-2vcpu-8gb': 6300,
  'g-4vcpu-16gb': 12600,
  'm-2vcpu-16gb': 8400,
  // By the GiB.
  droplet_snapshot: [6, 5],
  volume_snapshot: [6, 5],
  custom_image: [6, 5],
  volume: 10,
  // By the node.
  REGIONAL: [1200, 1000],
  REGIONAL_NETWORK: 1500,
  GLOBAL: 1500,
  'db-s-1vcpu-1gb': 1515,
  'db-s-1vcpu-2gb': 3045,
  'db-s-2vcpu-4gb': 6090,
  'db-s-4vcpu-8gb': 12210,
  reserved_ip: [500, 400],
  'apps-s-1vcpu-0.5gb': 500,
  spaces: 500,
  registry_basic: 500,
  registry_professional: 2000,
  uptime_check: 100,
  support_developer: 2400,
  support_standard: 9900,
};

/** What has another limit than 672 hours: a GPU by the hour, to the end of the longest month. */
const others: Readonly<Record<string, Price>> = {
  'gpu-4000adax1-20gb': { cents: 56544, seconds: (744 * HOUR) / 1000 },
};

/** What a database of a size that is not in the table costs for each GB of memory in its name. */
const DATABASE_GB_CENTS = 1515;

/** Plans that have no resource of their own. */
export const subscriptions = {
  registry_basic: ['Container Registry Subscription', 'Basic plan'],
  registry_professional: ['Container Registry Subscription', 'Professional plan'],
  uptime_check: ['Uptime Health Check', 'Uptime check'],
  support_developer: ['Support', 'Developer support plan'],
  support_standard: ['Support', 'Standard support plan'],
} as const;
export type Subscription = keyof typeof subscriptions;
export const subscriptionPlans = Object.keys(subscriptions) as [Subscription, ...Subscription[]];

/** What an item has cost, in the order of time. */
export function listPrices(item: string): readonly Dated<Price>[] {
  const other = others[item];
  if (other !== undefined) return [{ at: BEGINNING, value: other }];
  const listed = monthly[item] ?? DATABASE_GB_CENTS * Math.max(1, Number(/(\d+)gb/.exec(item)?.[1] ?? 1));
  const price = (cents: number): Price => ({ cents, seconds: CAP_SECONDS });
  if (typeof listed === 'number') return [{ at: BEGINNING, value: price(listed) }];
  const [since, before] = listed;
  return [
    { at: BEGINNING, value: price(before) },
    { at: RISE, value: price(since) },
  ];
}

interface Product {
  readonly name: string;
  readonly category: 'iaas' | 'paas';
  /** The middle of its SKUs. */
  readonly sku: string;
  /** Where a line tells what it is for. */
  readonly id: 'resource_id' | 'resource_uuid' | null;
}

const products: Readonly<Record<Exclude<ChargedKind, 'subscription'>, Product>> = {
  droplet: { name: 'Droplets', category: 'iaas', sku: 'DO-DROP', id: 'resource_id' },
  node: { name: 'Kubernetes Clusters', category: 'paas', sku: 'KS-K8SWN', id: 'resource_uuid' },
  droplet_snapshot: { name: 'Droplet Snapshots', category: 'iaas', sku: 'DO-SNAP', id: 'resource_id' },
  volume_snapshot: { name: 'Volume Snapshots', category: 'iaas', sku: 'BS-SNAP', id: 'resource_uuid' },
  custom_image: { name: 'Custom Images', category: 'iaas', sku: 'DO-IMG', id: 'resource_id' },
  volume: { name: 'Volumes', category: 'iaas', sku: 'BS-VOL', id: 'resource_uuid' },
  reserved_ip: { name: 'Floating IPs', category: 'iaas', sku: 'DO-FLIP', id: null },
  load_balancer: { name: 'Load Balancers', category: 'paas', sku: 'LB-NODE', id: 'resource_uuid' },
  database: { name: 'Database Clusters', category: 'paas', sku: 'DB-NODE', id: 'resource_uuid' },
  app: { name: 'Apps', category: 'paas', sku: 'AP-COMP', id: 'resource_uuid' },
  spaces: { name: 'Spaces Subscription', category: 'iaas', sku: 'SP-SUB', id: null },
  bucket: { name: 'Spaces Storage', category: 'iaas', sku: 'SP-STOR', id: null },
};

/** What an item is called on a bill. */
export function productOf(kind: ChargedKind, item: string): Product {
  if (kind === 'subscription')
    return { name: subscriptions[item as Subscription][0], category: 'paas', sku: 'SU-PLAN', id: null };
  if (kind === 'droplet' && item in others) return { ...products.droplet, name: 'GPU Droplets', sku: 'DO-GPU' };
  return products[kind];
}

/** In the order of a bill. */
const ranks: ReadonlyMap<string, number> = new Map(
  [
    'Droplets',
    'GPU Droplets',
    'Droplet Backups',
    'Droplet Snapshots',
    'Volume Snapshots',
    'Custom Images',
    'Volumes',
    'Floating IPs',
    'Load Balancers',
    'Kubernetes Clusters',
    'Database Clusters',
    'Apps',
    'Spaces Subscription',
  ].map((name, rank) => [name, rank]),
);

/** Where a product's lines come on a bill; those that are not known, last. */
export function rankOf(product: string): number {
  return ranks.get(product) ?? ranks.size;
}

/** Where a product's lines tell what they are for. */
export function idOf(product: string): Product['id'] | undefined {
  return Object.values(products).find(({ name }) => name === product)?.id;
}

/** What tells the SKUs of a product apart. */
const numbers: ReadonlyMap<string, string> = new Map(
  [...Object.keys(monthly), ...Object.keys(others)].map((item, i) => [item, String(101 + i).padStart(4, '0')]),
);

/** `1-DO-DROP-0101`: the same for an item, whoever has it. */
export function skuOf({ sku }: Pick<Product, 'sku'>, item: string): string {
  return `1-${sku}-${numbers.get(item) ?? '0100'}`;
}

export const SPACES_GIB = 250;
export const SPACES_STORAGE_CENTS = 2;
export const SPACES_TRANSFER_GIB = 1024;
export const TRANSFER_CENTS = 1;
/** A plan of 1 TB of transfer. */
export const TRANSFER_GIB_PER_TB = 1000;
