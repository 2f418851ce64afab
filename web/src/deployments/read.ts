import { api, bodyOf } from '../api/client.ts';
import { listQuery, type ListSearch, listSearch } from '../lists/search.ts';

const sorts = ['name', 'amountToDate', 'change', 'forecast', 'lastMonth'] as const;
type Sort = (typeof sorts)[number];
export const states = ['active', 'paused', 'no_plan'] as const;
export type State = (typeof states)[number];

export interface DeploymentsSearch extends ListSearch {
  readonly customer?: string;
  readonly plan?: string;
  readonly state?: State;
}

export function deploymentsSearch(search: Record<string, unknown>): DeploymentsSearch {
  const { customer, plan } = search;
  const state = states.find((each) => each === search.state);
  return {
    ...listSearch(search, sorts),
    ...(typeof customer === 'string' && customer !== '' ? { customer } : {}),
    ...(typeof plan === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(plan) ? { plan } : {}),
    ...(state === undefined ? {} : { state }),
  };
}

const pageSize = 50;

/** What the list is asked for, as the API names it. */
export function monthsQuery(month: string | undefined, search: DeploymentsSearch) {
  const { customer, plan, state } = search;
  return {
    ...listQuery<Sort>(search),
    ...(customer === undefined ? {} : { customer }),
    ...(plan === undefined ? {} : { plan }),
    ...(state === undefined ? {} : { state }),
    ...(month === undefined ? {} : { month }),
  };
}

export function readMonths(month: string | undefined, search: DeploymentsSearch, signal: AbortSignal) {
  const query = { ...monthsQuery(month, search), limit: pageSize };
  return bodyOf(api.GET('/deployment-months', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type DeploymentMonths = Awaited<ReturnType<typeof readMonths>>;

export function readMonth(deployment: string, month: string | undefined, signal: AbortSignal) {
  const query = month === undefined ? {} : { month };
  return bodyOf(api.GET('/deployments/{deployment}/month', { params: { path: { deployment }, query }, signal }));
}

export type MonthDetail = Awaited<ReturnType<typeof readMonth>>;
