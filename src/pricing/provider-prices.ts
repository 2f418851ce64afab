import { Decimal, roundHalfAwayFromZero } from '../platform/quantity.ts';

/** What the provider asks for one unit of a billing kind, at its published prices in USD. */
interface ProviderPrice {
  readonly kind: string;
  /** The first day on which it holds. */
  readonly from: string;
  readonly unitPrice: string;
  /** What the price is of, for people. */
  readonly what: string;
}

/**
 * DigitalOcean stops counting a droplet's (or load balancer's) hours at 672 a month: 28 days cost
 * the whole monthly price, and the days after them nothing. So the price of an hour is the month's
 * over 672, never over 730.
 */
export const cappedHours = 672;

/** Kinds whose hours the provider counts up to `cappedHours` a month. */
export const cappedKinds: ReadonlySet<string> = new Set([
  'droplet_hours',
  'droplet_provisioned_hours',
  'load_balancer_hours',
]);

/**
 * DigitalOcean's published prices of what is not a droplet, dated, without discounts. Where it has
 * several, the least: what is below it loses money on every unit.
 */
const providerPrices: readonly ProviderPrice[] = [
  { kind: 'snapshot_gb_month', from: '2026-01-01', unitPrice: '0.06', what: 'a GiB of snapshots' },
  { kind: 'droplet_backup_gb_month', from: '2026-01-01', unitPrice: '0.01', what: 'a GiB of backups every four hours' },
  { kind: 'volume_gb_month', from: '2026-01-01', unitPrice: '0.10', what: 'a GiB of volumes' },
  {
    kind: 'spaces_gb_month',
    from: '2026-01-01',
    unitPrice: '0.02',
    what: 'a GiB in Spaces beyond the first 250 of an account',
  },
  {
    kind: 'load_balancer_hours',
    from: '2026-01-01',
    unitPrice: '0.01786',
    what: 'an hour of an HTTP load balancer node',
  },
];

/** The price of a kind on a day; null: none is published per unit, or none is known for that day. */
export function providerPriceOf(kind: string, day: Temporal.PlainDate): ProviderPrice | null {
  const held = providerPrices.filter(
    (price) => price.kind === kind && Temporal.PlainDate.compare(Temporal.PlainDate.from(price.from), day) <= 0,
  );
  return held.sort((a, b) => (a.from < b.from ? 1 : -1))[0] ?? null;
}

/** A size of droplets, and what a month of it costs, in USD. */
export interface DropletSize {
  readonly slug: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly monthly: string;
}

/** The first day on which the prices of `dropletSizes` hold. */
const dropletSizesFrom = Temporal.PlainDate.from('2026-01-01');

/** DigitalOcean's published sizes of droplets: Basic, CPU-Optimized, General Purpose, Memory-Optimized. */
const dropletSizes: readonly DropletSize[] = (
  [
    ['s-1vcpu-512mb-10gb', 1, 512, 10, '4'],
    ['s-1vcpu-1gb', 1, 1024, 25, '6'],
    ['s-1vcpu-1gb-amd', 1, 1024, 25, '7'],
    ['s-1vcpu-2gb', 1, 2048, 50, '12'],
    ['s-1vcpu-2gb-amd', 1, 2048, 50, '14'],
    ['s-2vcpu-2gb', 2, 2048, 60, '18'],
    ['s-2vcpu-2gb-amd', 2, 2048, 60, '21'],
    ['s-2vcpu-4gb', 2, 4096, 80, '24'],
    ['s-2vcpu-4gb-amd', 2, 4096, 80, '28'],
    ['s-4vcpu-8gb', 4, 8192, 160, '48'],
    ['s-4vcpu-8gb-amd', 4, 8192, 160, '56'],
    ['s-8vcpu-16gb', 8, 16384, 320, '96'],
    ['s-8vcpu-16gb-amd', 8, 16384, 320, '112'],
    ['c-2', 2, 4096, 25, '42'],
    ['c-4', 4, 8192, 50, '84'],
    ['c-8', 8, 16384, 100, '168'],
    ['c-16', 16, 32768, 200, '336'],
    ['c-32', 32, 65536, 400, '672'],
    ['g-2vcpu-8gb', 2, 8192, 25, '63'],
    ['g-4vcpu-16gb', 4, 16384, 50, '126'],
    ['g-8vcpu-32gb', 8, 32768, 100, '252'],
    ['g-16vcpu-64gb', 16, 65536, 200, '504'],
    ['g-32vcpu-128gb', 32, 131072, 400, '1008'],
    ['m-2vcpu-16gb', 2, 16384, 50, '84'],
    ['m-4vcpu-32gb', 4, 32768, 100, '168'],
    ['m-8vcpu-64gb', 8, 65536, 200, '336'],
    ['m-16vcpu-128gb', 16, 131072, 400, '672'],
  ] as const
).map(([slug, vcpus, memoryMb, diskGb, monthly]) => ({ slug, vcpus, memoryMb, diskGb, monthly }));

/** The sizes on sale on a day; none: what they cost then is not known. */
export function dropletSizesOn(day: Temporal.PlainDate): readonly DropletSize[] {
  return Temporal.PlainDate.compare(dropletSizesFrom, day) <= 0 ? dropletSizes : [];
}

/** The price of an hour, to the five digits that DigitalOcean has. */
export function hourlyOf({ monthly }: DropletSize): Decimal {
  return roundHalfAwayFromZero(new Decimal(monthly).div(cappedHours), 5);
}
