import { api, bodyOf } from '../api/client.ts';
import { listQuery, type ListSearch, listSearch } from '../lists/search.ts';

const sorts = ['name', 'amountToDate', 'change', 'forecast', 'lastMonth'] as const;
type Sort = (typeof sorts)[number];

export function customersSearch(search: Record<string, unknown>): ListSearch {
  return listSearch(search, sorts);
}

const pageSize = 50;

/** What the list is asked for, as the API names it. */
export function customersQuery(month: string | undefined, search: ListSearch) {
  return { ...listQuery<Sort>(search), ...(month === undefined ? {} : { month }) };
}

export function readCustomers(month: string | undefined, search: ListSearch, signal: AbortSignal) {
  const query = { ...customersQuery(month, search), limit: pageSize };
  return bodyOf(api.GET('/customer-months', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type CustomerMonths = Awaited<ReturnType<typeof readCustomers>>;
