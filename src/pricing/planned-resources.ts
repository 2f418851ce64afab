import { z } from 'zod';
import type { Kind } from '../metering/index.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { Decimal, formatQuantity, roundQuantity } from '../platform/quantity.ts';
import { recordOf } from '../platform/declare/schemas.ts';
import { decimalText } from './rating/decimal.ts';
import { monthSpan } from './rating/proration.ts';

/** A resource that is not there yet, as a file or a request lists it. */
export const plannedResource = z.strictObject({
  kind: z.string().min(1).max(63).describe('A resource kind such as droplet or volume.'),
  size: z
    .union([decimalText, z.string().min(1).max(100)])
    .optional()
    .describe(
      'A size by name (s-2vcpu-4gb), or the number by which the kind is weighed: GiB of a volume, nodes of a load balancer.',
    ),
  count: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{1,6}$/)
        .transform(Number),
    ])
    .pipe(z.int().min(1).max(100_000))
    .default(1)
    .describe('How many of them.'),
  hours: decimalText.optional().describe('How many hours of the month it exists; all of them if left out.'),
  status: z.string().min(1).max(63).default('active').describe('off: it exists, and does not run.'),
  attributes: recordOf(z.string().min(1).max(63), z.union([decimalText, z.string().max(200), z.boolean()]), 100)
    .default({})
    .describe('What meters filter and weigh by, such as vcpus; of sizes by name vcpus and memory_mb are known.'),
});
export type PlannedResource = z.output<typeof plannedResource>;

/** At most as many lines as a person writes. */
export const plannedResources = z.array(plannedResource).min(1).max(1000);

/** Billing kind to decimal quantity. */
type PlannedUsage = ReadonlyMap<string, string>;

/**
 * What resources would use in a calendar month, by the definitions of the billing kinds: level
 * (weight, or 1) times hours, or times the part of the month; of a peak or a percentile the level, if it is held for
 * longer than what is discarded of the month.
 * @param kinds the billing kinds to reckon: those that are enabled, or that a plan prices
 * @throws ArcadiaError invalid_argument: no billing kind meters such a resource, more hours than the
 *   month has, or a weight that is not given
 */
export function usageOfPlanned(
  resources: readonly PlannedResource[],
  kinds: readonly Kind[],
  month: Temporal.PlainYearMonth,
): PlannedUsage {
  const { from, to } = monthSpan(month);
  const monthHours = new Decimal(from.until(to, { largestUnit: 'hours' }).hours);
  const usage = new Map<string, Decimal>();
  for (const [index, resource] of resources.entries()) {
    const refuse = (reason: string): never => {
      throw new ArcadiaError('invalid_argument', `Resource ${index + 1} (${resource.kind}): ${reason}`);
    };
    const hours = resource.hours === undefined ? monthHours : new Decimal(resource.hours);
    if (hours.gt(monthHours)) refuse(`${month} has ${monthHours.toFixed()} hours, not ${resource.hours}.`);
    const ofKind = kinds.filter((kind) => kind.resourceKind === resource.kind);
    if (ofKind.length === 0) {
      refuse(
        `no meter counts it; there are some for ${[...new Set(kinds.map((kind) => kind.resourceKind))].sort().join(', ')}.`,
      );
    }
    let met = false;
    for (const kind of ofKind) {
      const attributes = attributesOf(resource, kind);
      if (!Object.entries(kind.filter).every(([name, value]) => String(attributes[name]) === String(value))) continue;
      met = true;
      const counts = kind.statuses === null || kind.statuses.includes(resource.status);
      const level = counts ? levelOf(kind, attributes, refuse) : new Decimal(0);
      const one = roundQuantity(oneOf(kind, level, hours, monthHours));
      usage.set(kind.kind, (usage.get(kind.kind) ?? new Decimal(0)).plus(one.times(resource.count)));
    }
    if (!met) refuse(`no meter counts one like it; ${ofKind.map(wordsOfFilter).join(', ')}.`);
  }
  return new Map([...usage].map(([kind, quantity]) => [kind, formatQuantity(quantity)]));
}

/** What a kind asks of the attributes of a resource, for people. */
function wordsOfFilter({ kind, filter }: Kind): string {
  const asked = Object.entries(filter).map(([name, value]) => `${name}: ${String(value)}`);
  return `${kind} counts attributes: { ${asked.join(', ')} }`;
}

const hourUs = 3_600_000_000;

/** What a level that is held for some hours of a month comes to. */
function oneOf(
  { accrual, aggregation, percentile }: Kind,
  level: Decimal,
  hours: Decimal,
  monthHours: Decimal,
): Decimal {
  // How many events there will be, nobody plans as a level.
  if (accrual === 'events') return new Decimal(0);
  if (aggregation !== 'sum') {
    const share = new Decimal(100).minus(percentile ?? 100).div(100);
    return hours.times(hourUs).gt(monthHours.times(hourUs).times(share).floor()) ? level : new Decimal(0);
  }
  return accrual === 'hours' ? level.times(hours) : level.times(hours).div(monthHours);
}

type Attributes = Readonly<Record<string, string | boolean>>;

function attributesOf({ size, attributes }: PlannedResource, kind: Kind): Attributes {
  if (size === undefined) return attributes;
  if (/^\d+(\.\d+)?$/.test(size))
    return kind.weight === null ? attributes : { [kind.weight.attribute]: size, ...attributes };
  // DigitalOcean's names of sizes say what they hold: s-2vcpu-4gb, s-1vcpu-512mb-10gb, m-2vcpu-16gb.
  const [, vcpus, memory, unit] = /(\d+)vcpu-(\d+)(mb|gb)/.exec(size) ?? [];
  const named = vcpus && memory ? { vcpus, memory_mb: unit === 'gb' ? String(Number(memory) * 1024) : memory } : {};
  return { size_slug: size, ...named, ...attributes };
}

function levelOf({ kind, weight }: Kind, attributes: Attributes, refuse: (reason: string) => never): Decimal {
  if (weight === null) return new Decimal(1);
  const value = String(attributes[weight.attribute] ?? '');
  if (!/^\d+(\.\d+)?$/.test(value)) {
    return refuse(`${kind} is weighed by ${weight.attribute}: give size, or attributes: { ${weight.attribute}: 1 }.`);
  }
  return roundQuantity(new Decimal(value).div(weight.divisor));
}
