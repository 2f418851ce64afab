import { type ListSearch, listSearch } from '../lists/search.ts';

const sorts = ['customer', 'deployment', 'month', 'amount'] as const;
export type Sort = (typeof sorts)[number];

export function correctionsSearch(search: Record<string, unknown>): ListSearch {
  return listSearch(search, sorts);
}
