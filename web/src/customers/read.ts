import { api, bodyOf } from '../api/client.ts';
import { type ListSearch, listSearch } from '../lists/parts.tsx';

const sorts = ['name', 'amountToDate', 'change', 'forecast', 'lastMonth'] as const;
type Sort = (typeof sorts)[number];

export function customersSearch(search: Record<string, unknown>): ListSearch {
  return listSearch(search, sorts);
}

const pageSize = 50;

export function readCustomers(month: string | undefined, search: ListSearch, signal: AbortSignal) {
  const { sort, ...rest } = search;
  const query = {
    ...rest,
    ...(sort === undefined ? {} : { sort: sort as Sort }),
    ...(month === undefined ? {} : { month }),
    limit: pageSize,
  };
  return bodyOf(api.GET('/customer-months', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type CustomerMonths = Awaited<ReturnType<typeof readCustomers>>;
