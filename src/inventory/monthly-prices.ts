import type { Queryable } from '../platform/database/database.ts';
import { formatMoney, roundMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { listProviderPrices, type ProviderPrice } from './prices.ts';
import { chargeOf, type ResourceGroup } from './resource-charges.ts';

/** Units of which a month of a resource is so many as it has: what has a price by another is not priced by the month. */
export const unitsOfMonth: ReadonlySet<string> = new Set(['month', 'GiB-month', 'GB-month', 'node-month']);

/** What resources cost in a month by the price book: not what the provider billed. */
export interface MonthlyPrices {
  readonly resources: number;
  /** Of how many of them nobody knows what they cost. */
  readonly unknown: number;
  /** What the others cost, by currency; exact decimals in the currency's digits. */
  readonly monthly: readonly { readonly currency: string; readonly amount: string }[];
}

export interface PricedGroup extends ResourceGroup {
  /** The account's slug. */
  readonly account: string;
}

/** What groups of resources cost in a month, all together, by the price book of a day. */
export async function priceGroups(
  db: Queryable,
  groups: readonly PricedGroup[],
  day: Temporal.PlainDate,
): Promise<MonthlyPrices> {
  const books = await priceBooks(db, new Set(groups.map(({ account }) => account)), day);
  return sumPrices(groups, ({ account }, subject) => books.get(account)?.get(subject));
}

/** The price books of accounts on a day: prices by subject. */
async function priceBooks(
  db: Queryable,
  accounts: Iterable<string>,
  day: Temporal.PlainDate,
): Promise<ReadonlyMap<string, ReadonlyMap<string, ProviderPrice>>> {
  const books = new Map<string, ReadonlyMap<string, ProviderPrice>>();
  for (const account of accounts) {
    const prices = await listProviderPrices(db, day, { account });
    books.set(account, new Map(prices.map((price) => [price.subject, price])));
  }
  return books;
}

/** Adds up what groups cost in a month; rounded once. */
export function sumPrices<Group extends ResourceGroup>(
  groups: readonly Group[],
  priceOf: (group: Group, subject: string) => ProviderPrice | undefined,
): MonthlyPrices {
  const sums = new Map<string, Decimal>();
  let resources = 0;
  let unknown = 0;
  for (const group of groups) {
    resources += group.resources;
    const charge = chargeOf(group);
    if (charge === 'free') continue;
    const price = charge === null ? undefined : priceOf(group, charge.subject);
    if (charge === null || price === undefined || !unitsOfMonth.has(price.unit)) {
      unknown += group.resources;
      continue;
    }
    const amount = new Decimal(price.amount).times(charge.quantity);
    sums.set(price.currency, (sums.get(price.currency) ?? new Decimal(0)).plus(amount));
  }
  const monthly = [...sums]
    .map(([currency, sum]) => ({ currency, amount: formatMoney(roundMoney(sum, currency), currency) }))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return { resources, unknown, monthly };
}

/** In which a provider charges: a price book has one. */
function currencyOf(book: ReadonlyMap<string, ProviderPrice> | undefined): string {
  return book?.values().next().value?.currency ?? 'USD';
}

/** What a resource is charged by: how a listing shows it. */
interface ChargedResource {
  readonly kind: string;
  readonly parents: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** One resource as it is charged. */
export function groupOfOne({ kind, parents, attributes }: ChargedResource): ResourceGroup {
  const text = (name: string) => factText(attributes[name]);
  const ipVersion = text('ip_version');
  return {
    kind,
    source: parents[0]?.split(':', 1)[0] ?? null,
    sizeSlug: text('size_slug'),
    type: text('type'),
    assigned: text('assigned') === null ? null : text('assigned') === 'true',
    ipVersion: ipVersion === null ? null : Number(ipVersion),
    resources: 1,
    sizeGb: text('size_gb'),
    nodes: text('nodes'),
  };
}

/** What single resources of some accounts cost in a month, by the price book of a day: 0 of what is free; null: nobody knows. */
export async function openMonthlyPrices(
  db: Queryable,
  accounts: Iterable<string>,
  day: Temporal.PlainDate,
): Promise<
  (
    resource: ChargedResource & { readonly account: string },
  ) => { readonly currency: string; readonly amount: string } | null
> {
  const books = await priceBooks(db, accounts, day);
  return ({ account, ...resource }) => {
    const group = groupOfOne(resource);
    const book = books.get(account);
    const { monthly, unknown } = sumPrices([group], (_, subject) => book?.get(subject));
    if (unknown > 0) return null;
    return monthly[0] ?? { currency: currencyOf(book), amount: formatMoney(new Decimal(0), currencyOf(book)) };
  };
}

/** A fact of a resource as text; null where there is none. */
export function factText(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
