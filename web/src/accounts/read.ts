import { api, bodyOf } from '../api/client.ts';

export function readStatus(signal: AbortSignal) {
  return bodyOf(api.GET('/account-status', { signal }));
}

export type Status = Awaited<ReturnType<typeof readStatus>>;
export type AccountRow = Status['accounts'][number];
export type KindRow = AccountRow['kinds'][number];

export function readGaps(account: string, month: string, signal: AbortSignal) {
  return bodyOf(api.GET('/usage/gaps', { params: { query: { account, month } }, signal }));
}

export type Gaps = Awaited<ReturnType<typeof readGaps>>;
export type Gap = Gaps['gaps'][number];

/** Asks the provider. */
export function checkToken(account: string, signal: AbortSignal) {
  return bodyOf(api.GET('/accounts/{account}/check', { params: { path: { account } }, signal }));
}

export type TokenCheck = Awaited<ReturnType<typeof checkToken>>;
export type MissingMoney = AccountRow['token'] extends infer Token
  ? Token extends { missing: readonly (infer Scope)[] }
    ? Scope extends { money: readonly (infer Money)[] }
      ? Money
      : never
    : never
  : never;

/** Of all its kinds, or of one. */
export function syncNow(account: string, kind: string | null, headers: Readonly<Record<string, string>>) {
  const body = { account, ...(kind === null ? {} : { kinds: [kind as 'droplet'] }) };
  return bodyOf(api.POST('/sync-runs', { body, headers }));
}

export interface Confirmation {
  readonly account: string;
  readonly resourceKind: string;
  readonly through: string;
  readonly reason: string;
}

export function confirmUsage(body: Confirmation, headers: Readonly<Record<string, string>>) {
  return bodyOf(api.POST('/usage/confirmations', { body, headers }));
}
