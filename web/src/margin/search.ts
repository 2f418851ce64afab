import { textOf } from '../app/address.ts';
import { type ListSearch, listSearch } from '../lists/search.ts';

export const sorts = ['month', 'revenue', 'cost', 'margin'] as const;
export const groupings = ['deployment', 'customer', 'plan', 'kind', 'product'] as const;
export type Grouping = (typeof groupings)[number];

export interface MarginSearch extends Omit<ListSearch, 'q'> {
  readonly by?: Grouping;
  readonly basis?: 'billed';
  /** The margin that is wanted, in percent. */
  readonly target?: string;
  /** All in this one, by dated rates; each in its own unless given. */
  readonly currency?: string;
  readonly deployment?: string;
  readonly customer?: string;
  readonly plan?: string;
  readonly meter?: string;
  readonly product?: string;
}

export const filters = ['deployment', 'customer', 'plan', 'meter', 'product'] as const;

export function marginSearch(search: Record<string, unknown>): MarginSearch {
  const { q: _none, ...list } = listSearch(search, sorts);
  const by = groupings.find((each) => each === search.by);
  const target = textOf(search.target);
  const currency = textOf(search.currency);
  const given = filters.flatMap((name) => {
    const value = textOf(search[name]);
    return value === undefined ? [] : [[name, value.slice(0, 200)] as const];
  });
  return {
    ...list,
    ...(by === undefined ? {} : { by }),
    ...(search.basis === 'billed' ? { basis: 'billed' as const } : {}),
    ...(target !== undefined && /^\d{1,2}(\.\d{1,3})?$/.test(target) ? { target } : {}),
    ...(currency !== undefined && /^[A-Z]{3}$/.test(currency) ? { currency } : {}),
    ...Object.fromEntries(given),
  };
}
