import type { ScopeReport } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { sumPrices } from './monthly-prices.ts';
import { listProviderPrices } from './prices.ts';
import { selectResourceGroups } from './prices.store.ts';
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
  const money = new Map(
    kinds.map((kind) => [kind, sumPrices(groups.get(kind) ?? [], (_, subject) => prices.get(subject))]),
  );
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
