import { api, bodyOf } from '../api/client.ts';
import { listQuery } from '../lists/search.ts';
import { filters, type MarginSearch, type sorts } from './search.ts';

const pageSize = 50;
/** Months before the one that is shown. */
const trendMonths = 5;

/** What the list is asked for, as the API names it; who loses most comes first unless the address says otherwise. */
export function marginQuery(month: string, search: MarginSearch) {
  const { by, basis, target, currency } = search;
  const given = filters.flatMap((name) =>
    search[name] === undefined ? [] : [[name === 'meter' ? 'kind' : name, search[name]] as const],
  );
  return {
    sort: 'margin' as const,
    ...listQuery<(typeof sorts)[number]>(search),
    ...(by === undefined ? {} : { by }),
    ...(basis === undefined ? {} : { basis }),
    ...(target === undefined ? {} : { target }),
    ...(currency === undefined ? {} : { currency }),
    ...(Object.fromEntries(given) as Record<string, string>),
    from: `${month}-01`,
  };
}

export function readMargins(month: string, search: MarginSearch, signal: AbortSignal) {
  const query = { ...marginQuery(month, search), trend: trendMonths, limit: pageSize };
  return bodyOf(api.GET('/margins', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type Margins = Awaited<ReturnType<typeof readMargins>>;
export type MarginRow = Margins['items'][number];
