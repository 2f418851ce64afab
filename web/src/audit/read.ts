import { api, bodyOf } from '../api/client.ts';
import type { AuditSearch } from './search.ts';

/** As the API names what is filtered by. */
export function filterOf({ from, to, cursor: _, ...rest }: AuditSearch) {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: `${from}T00:00:00Z` }),
    ...(to === undefined ? {} : { to: `${to}T00:00:00Z` }),
  };
}

export function readAudit(search: AuditSearch, signal: AbortSignal) {
  const { cursor } = search;
  const query = { ...filterOf(search), limit: 50, ...(cursor === undefined ? {} : { cursor }) };
  return bodyOf(api.GET('/audit-log', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type AuditPage = Awaited<ReturnType<typeof readAudit>>;
export type Entry = AuditPage['items'][number];

/** Whether the chain holds, behind what held before or all of it, and its guards are in place. */
export function verify(recent: boolean, signal: AbortSignal) {
  return bodyOf(api.POST('/audit-log/verification', { body: { recent }, signal }));
}

export type Verification = Awaited<ReturnType<typeof verify>>;
