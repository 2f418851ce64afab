import { z } from 'zod';

/**
 * How the simulated provider counts. Of some rules nobody has published which holds: each has its
 * variants, and the first is what is believed.
 */
export const ruleVariants = {
  /** Everything until the end of 2025: whole hours rounded down and at least one, or exact. */
  duration_before_2026: ['floor_hours', 'exact'],
  /** Droplets, Kubernetes nodes and apps since: to the second, at least 60 seconds and one cent. */
  duration_from_2026: ['seconds'],
  /** Volumes, load balancers, reserved IPs, snapshots, the Spaces fee since: by the 672nd of a month, or the month's own hours. */
  monthly_from_2026: ['floor_hours', 'seconds', 'month_hours'],
  /** A droplet of several sizes in a month: 672 hours of each, or of all, the dearest or the first counted. */
  droplet_cap: ['each_line', 'highest', 'first'],
  /** The nodes of a pool: the 672 hours that had most of them. */
  pool: ['highest'],
  /** A GPU by its hour, at most what its month says. */
  gpu_cap: ['price_monthly'],
  /** The exact 672nd of a month, or the hour's price of five digits that is printed. */
  rate_digits: ['exact', 'five'],
  /** A GB of a droplet's snapshot is what the API shows, or 10^9 bytes. */
  snapshot_unit: ['gib', 'gb'],
  /** Lines of their own, or in the amount and the summary only. */
  tax_and_credits: ['item', 'header'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

const billingRules = z.strictObject({
  duration_before_2026: z.enum(ruleVariants.duration_before_2026),
  duration_from_2026: z.enum(ruleVariants.duration_from_2026),
  monthly_from_2026: z.enum(ruleVariants.monthly_from_2026),
  droplet_cap: z.enum(ruleVariants.droplet_cap),
  pool: z.enum(ruleVariants.pool),
  gpu_cap: z.enum(ruleVariants.gpu_cap),
  rate_digits: z.enum(ruleVariants.rate_digits),
  snapshot_unit: z.enum(ruleVariants.snapshot_unit),
  tax_and_credits: z.enum(ruleVariants.tax_and_credits),
});

export type BillingRules = z.infer<typeof billingRules>;

/** As a request writes them: what is left out stays as it is. */
export const rulesInput = billingRules.partial();

export const believedRules: BillingRules = billingRules.parse(
  Object.fromEntries(Object.entries(ruleVariants).map(([rule, [believed]]) => [rule, believed])),
);
