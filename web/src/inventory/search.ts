import { listOf, textOf } from '../app/address.ts';

// The filters of the inventory, as the address has them: what the API's list of resources takes, by the same names.

export const facetNames = ['kind', 'owner', 'status', 'region', 'account'] as const;
export type FacetName = (typeof facetNames)[number];

export const sorts = ['resourceId', 'name', 'kind', 'since', 'createdAt'] as const;
export type Sort = (typeof sorts)[number];

export interface InventorySearch {
  readonly kind?: readonly string[];
  readonly account?: readonly string[];
  readonly status?: readonly string[];
  readonly region?: readonly string[];
  readonly q?: string;
  readonly owner?: string;
  readonly ended?: 'true';
  readonly sort?: Sort;
  readonly order?: 'desc';
  readonly cursor?: string;
}

/** What an address says, without what the list has not. */
export function inventorySearch(search: Record<string, unknown>): InventorySearch {
  const [kind, account, status, region] = (['kind', 'account', 'status', 'region'] as const).map((name) =>
    listOf(search[name]).slice(0, 50),
  );
  const [q, owner, cursor] = (['q', 'owner', 'cursor'] as const).map((name) => textOf(search[name]));
  const sort = sorts.find((each) => each === search.sort);
  return {
    ...(kind?.length ? { kind } : {}),
    ...(account?.length ? { account } : {}),
    ...(status?.length ? { status } : {}),
    ...(region?.length ? { region } : {}),
    ...(q === undefined ? {} : { q }),
    ...(owner !== undefined && /^[a-z0-9][a-z0-9-]{0,62}$/.test(owner) ? { owner } : {}),
    ...(search.ended === 'true' ? { ended: 'true' } : {}),
    ...(sort === undefined || sort === 'resourceId' ? {} : { sort }),
    ...(search.order === 'desc' ? { order: 'desc' } : {}),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** The filters alone, as the API takes them. */
export function filtersOf({ kind, account, status, region, q, owner, ended }: InventorySearch) {
  return {
    ...(kind === undefined ? {} : { kind: [...kind] }),
    ...(account === undefined ? {} : { account: [...account] }),
    ...(status === undefined ? {} : { status: [...status] }),
    ...(region === undefined ? {} : { region: [...region] }),
    ...(q === undefined ? {} : { q }),
    ...(owner === undefined ? {} : { owner }),
    ...(ended === undefined ? {} : { ended: true }),
  };
}

/** The values of a facet that are chosen. */
export function chosenOf(search: InventorySearch, name: FacetName): readonly string[] {
  return listOf(search[name]);
}

/** With a value of a facet chosen, or no longer. From another page of the list one goes back to the first. */
export function toggled(search: InventorySearch, name: FacetName, value: string): InventorySearch {
  const { cursor: _cursor, [name]: _before, ...rest } = search;
  const chosen = chosenOf(search, name);
  if (name === 'owner') return chosen.includes(value) ? rest : { ...rest, owner: value };
  const next = chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value];
  return next.length === 0 ? rest : { ...rest, [name]: next };
}
