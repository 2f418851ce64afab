import { api, bodyOf } from '../api/client.ts';

/** One document with all that the view shows, save what happened last. */
export function readOverview(month: string | undefined, signal: AbortSignal) {
  const query = month === undefined ? {} : { month };
  return bodyOf(api.GET('/overview', { params: { query }, signal }));
}

export type OverviewDocument = Awaited<ReturnType<typeof readOverview>>;

export type CurrencyMonth = OverviewDocument['money']['currencies'][number];
