import { api, bodyOf } from '../api/client.ts';
import { listQuery, type ListSearch, listSearch } from '../lists/search.ts';
import { monthsLater } from '../ui/time.ts';

const sorts = ['total', 'change', 'name'] as const;
type Sort = (typeof sorts)[number];
export const rowsBy = ['kind', 'deployment', 'customer'] as const;
export type RowsBy = (typeof rowsBy)[number];

export interface UsageSearch extends ListSearch {
  readonly by?: RowsBy;
  /** A meter. */
  readonly meter?: string;
  readonly deployment?: string;
  readonly customer?: string;
}

export function usageSearch(search: Record<string, unknown>): UsageSearch {
  const by = rowsBy.find((each) => each === search.by);
  const text = (name: string, shape: RegExp) => {
    const value = search[name];
    return typeof value === 'string' && shape.test(value) ? { [name]: value } : {};
  };
  return {
    ...listSearch(search, sorts),
    ...(by === undefined ? {} : { by }),
    ...text('meter', /^[a-z][a-z0-9_]{0,62}$/),
    ...text('deployment', /^[a-z0-9][a-z0-9-]{0,62}$/),
    ...text('customer', /^\S{1,200}$/),
  };
}

const pageSize = 50;

/** What the grid is asked for, as the API names it. */
export function gridQuery(month: string, search: UsageSearch) {
  const { by, meter, deployment, customer } = search;
  return {
    ...listQuery<Sort>(search),
    ...(by === undefined ? {} : { by }),
    ...(meter === undefined ? {} : { kind: meter }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(customer === undefined ? {} : { customer }),
    from: `${month}-01`,
    to: `${monthsLater(month, 1)}-01`,
    compare: 'previous' as const,
  };
}

export function readGrid(month: string, search: UsageSearch, signal: AbortSignal) {
  const query = { ...gridQuery(month, search), limit: pageSize };
  return bodyOf(api.GET('/usage/grid', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type Grid = Awaited<ReturnType<typeof readGrid>>;

export function readKinds(signal: AbortSignal) {
  return bodyOf(
    api.GET('/kinds', { params: { query: { limit: 500 } }, headers: { accept: 'application/json' }, signal }),
  );
}
