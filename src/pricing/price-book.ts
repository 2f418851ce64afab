import { listProviderPrices, type ProviderPrice } from '../inventory/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { selectSizesInUse } from './store.ts';
import { Decimal, roundHalfAwayFromZero } from '../platform/quantity.ts';

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

/** The subjects of the price book that a unit of a billing kind may be charged as, and the units in which they must be. */
const subjectsOfKind: Readonly<
  Record<string, { readonly kind: string; readonly of?: string; readonly units: readonly string[] }>
> = {
  droplet_snapshot_gb_month: { kind: 'snapshot', of: 'droplet', units: ['GB-month'] },
  volume_snapshot_gb_month: { kind: 'snapshot', of: 'volume', units: ['GiB-month'] },
  droplet_backup_gb_month: { kind: 'droplet_backup', units: ['GiB-month'] },
  custom_image_gb_month: { kind: 'custom_image', units: ['GB-month'] },
  volume_gb_month: { kind: 'volume', units: ['GiB-month'] },
  spaces_gb_month: { kind: 'spaces', units: ['GiB-month'] },
  load_balancer_hours: { kind: 'load_balancer', units: ['node-month'] },
};

/** What the provider asks for one unit of a billing kind. */
interface UnitPrice {
  readonly amount: Decimal;
  /** What it is of, for people: `a GiB-month of volume`. */
  readonly what: string;
  /** Who says so, for people. */
  readonly source: string;
}

/** A size of droplets, and what an hour of it costs. */
interface DropletSize {
  readonly slug: string;
  /** Facts by the names that billing kinds filter and weigh by: size_slug, vcpus, memory_mb, disk_gb, gpu. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly hourly: Decimal;
}

/** What the provider charges on a day, in one currency, as plans are compared with it. */
export interface PriceBook {
  readonly sizes: readonly DropletSize[];
  /** The least that a unit of a billing kind can cost: what is below it loses money on every unit; null: nobody says. */
  unitPriceOf(kind: string): UnitPrice | null;
}

/**
 * The price book of a day, in a currency. Sizes that are old are left out, for nobody can buy them, and those of
 * which only the price is known.
 */
export async function readPriceBook(db: Queryable, day: Temporal.PlainDate, currency: string): Promise<PriceBook> {
  const prices = await listProviderPrices(db, day);
  const inCurrency = prices.filter((price) => price.currency === currency);
  const sizes = inCurrency.flatMap(({ subject, old, attributes, ...price }) => {
    const [kind, slug = ''] = subject.split(':');
    const hourly = hourlyOf(price);
    return kind === 'droplet_size' && !old && attributes.vcpus !== undefined && hourly !== null
      ? [{ slug, attributes: { ...attributes, size_slug: slug }, hourly }]
      : [];
  });
  return {
    // The cheapest first, so that of several that lose as much the smallest is named.
    sizes: sizes.sort((a, b) => a.hourly.cmp(b.hourly) || (a.slug < b.slug ? -1 : 1)),
    unitPriceOf(kind) {
      const wanted = Object.hasOwn(subjectsOfKind, kind) ? subjectsOfKind[kind] : undefined;
      const found = inCurrency.flatMap((price) => {
        const [subjectKind, of] = price.subject.split(':');
        if (wanted === undefined || subjectKind !== wanted.kind || (wanted.of ?? of) !== of) return [];
        if (!wanted.units.includes(price.unit)) return [];
        const isHours = cappedKinds.has(kind);
        const amount = isHours ? hourlyOf(price) : new Decimal(price.amount);
        return amount === null ? [] : [{ amount, ...wordsOf(price, isHours) }];
      });
      return found.sort((a, b) => a.amount.cmp(b.amount))[0] ?? null;
    },
  };
}

/** The same, of only those sizes that a living droplet has: a plan loses nothing by a size that nobody uses. */
export async function readPriceBookInUse(db: Queryable, day: Temporal.PlainDate, currency: string): Promise<PriceBook> {
  const { sizes, ...book } = await readPriceBook(db, day, currency);
  const used = await selectSizesInUse(db);
  return { ...book, sizes: sizes.filter(({ slug }) => used.has(slug)) };
}

type Priced = Pick<ProviderPrice, 'subject' | 'unit' | 'source'>;

function wordsOf({ subject, unit, source }: Priced, isHours: boolean): Omit<UnitPrice, 'amount'> {
  const sources = { operator: 'by your own price', api: 'by its API', published: 'by its published price' };
  return { what: `${isHours ? 'an hour' : `a ${unit}`} of ${subject}`, source: sources[source] };
}

/** What an hour costs: as the provider says, or a month's part to the five digits that it has; null: it is not by time. */
function hourlyOf({ amount, unit, hourly }: Pick<ProviderPrice, 'amount' | 'unit' | 'hourly'>): Decimal | null {
  if (unit === 'hour') return new Decimal(amount);
  if (hourly !== null) return new Decimal(hourly);
  if (unit !== 'month' && unit !== 'node-month') return null;
  return roundHalfAwayFromZero(new Decimal(amount).div(cappedHours), 5);
}
