import { textOf } from '../app/address.ts';

const fields = ['table', 'key', 'actor', 'requestId'] as const;
export type Filter = (typeof fields)[number];

export interface AuditSearch {
  readonly table?: string;
  /** A value of the row's primary key. */
  readonly key?: string;
  readonly actor?: string;
  readonly requestId?: string;
  /** UTC days. */
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: string;
}

const day = /^2\d{3}-\d{2}-\d{2}$/;

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const found: Record<string, string> = {};
  for (const name of [...fields, 'cursor'] as const) {
    const value = textOf(search[name]);
    if (value !== undefined) found[name] = name === 'cursor' ? value : value.slice(0, 200);
  }
  for (const name of ['from', 'to'] as const) {
    const value = textOf(search[name]);
    if (value !== undefined && day.test(value)) found[name] = value;
  }
  return found;
}
