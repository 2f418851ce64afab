/** What the provider asks for one unit of a billing kind, at its published prices in USD. */
export interface ProviderPrice {
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
 * DigitalOcean's published prices, dated, without discounts. Where it has several, the least: what
 * is below it loses money on every unit. Droplets: the smallest size of $4 a month, over 672 hours.
 */
export const providerPrices: readonly ProviderPrice[] = [
  { kind: 'droplet_hours', from: '2026-01-01', unitPrice: '0.00595', what: 'an hour of the smallest droplet' },
  {
    kind: 'droplet_provisioned_hours',
    from: '2026-01-01',
    unitPrice: '0.00595',
    what: 'an hour of the smallest droplet',
  },
  { kind: 'snapshot_gb_month', from: '2026-01-01', unitPrice: '0.06', what: 'a GiB of snapshots' },
  { kind: 'droplet_backup_gb_month', from: '2026-01-01', unitPrice: '0.04', what: 'a GiB of weekly backups' },
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
