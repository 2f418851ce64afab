import type { ScopeReport } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { formatMoney, roundMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { listProviderPrices, type ProviderPrice } from './prices.ts';
import { selectResourceGroups } from './prices.store.ts';
import { chargeOf, type ResourceGroup } from './resource-charges.ts';
import type { Account } from './store.ts';

/** What a missing scope hides of a kind, and what those resources cost in a month as they were last known. */
export interface HiddenMoney {
  readonly kind: string;
  /** The field that is hidden; null: the resources themselves. */
  readonly field: string | null;
  /** How many of the kind are known, from earlier listings or from projects. */
  readonly resources: number;
  /** How many of them have no known price. */
  readonly unknown: number;
  /** What the others cost in a month by the price book of the day, by currency; exact decimals in the currency's digits. */
  readonly monthly: readonly { readonly currency: string; readonly amount: string }[];
}

/** Units of which a month of a resource is so many as it has. */
const unitsOfMonth = new Set(['month', 'GiB-month', 'GB-month', 'node-month']);

/** By each scope that is not granted: the money that hangs on what it hides, kinds first. */
export async function readHiddenMoney(
  db: Queryable,
  { accountId, slug }: Pick<Account, 'accountId' | 'slug'>,
  scopes: readonly ScopeReport[],
  day: Temporal.PlainDate,
): Promise<ReadonlyMap<string, readonly HiddenMoney[]>> {
  const hides = new Map(
    scopes
      .filter(({ granted }) => granted !== 'yes')
      .map(({ scope, kinds, fields }) => [
        scope,
        [...kinds.map((kind) => ({ kind, field: null })), ...fields.map(kindAndField)],
      ]),
  );
  const kinds = [...new Set([...hides.values()].flat().map(({ kind }) => kind))];
  if (kinds.length === 0) return new Map();
  const groups = Map.groupBy(await selectResourceGroups(db, accountId, kinds), ({ kind }) => kind);
  const prices = new Map((await listProviderPrices(db, day, { account: slug })).map((price) => [price.subject, price]));
  const money = new Map(kinds.map((kind) => [kind, moneyOf(groups.get(kind) ?? [], prices)]));
  return new Map(
    [...hides].map(([scope, hidden]) => [
      scope,
      hidden.map(({ kind, field }) => ({ kind, field, ...(money.get(kind) as Omit<HiddenMoney, 'kind' | 'field'>) })),
    ]),
  );
}

/** `volume.parents:droplet` names a field of volumes. */
function kindAndField(name: string): { kind: string; field: string } {
  const dot = name.indexOf('.');
  return { kind: name.slice(0, dot), field: name.slice(dot + 1) };
}

function moneyOf(
  groups: readonly ResourceGroup[],
  prices: ReadonlyMap<string, ProviderPrice>,
): Omit<HiddenMoney, 'kind' | 'field'> {
  const sums = new Map<string, Decimal>();
  let resources = 0;
  let unknown = 0;
  for (const group of groups) {
    resources += group.resources;
    const charge = chargeOf(group);
    if (charge === 'free') continue;
    const price = charge === null ? undefined : prices.get(charge.subject);
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
