import { api, bodyOf } from '../api/client.ts';
import type { BillSearch, BillsSearch } from './search.ts';

const billsShown = 24;
const linesShown = 50;
const json = { accept: 'application/json' } as const;

/** As the API names it. */
export function billsQuery({ stage, ...rest }: BillsSearch) {
  return { ...rest, ...(stage === undefined ? {} : { kind: stage }) };
}

export function readBills(search: BillsSearch, signal: AbortSignal) {
  const query = { ...billsQuery(search), limit: billsShown };
  return bodyOf(api.GET('/bills', { params: { query }, headers: json, signal }));
}

export type Bills = Awaited<ReturnType<typeof readBills>>;
export type BillRow = Bills['items'][number];

export function readUse(month: string | undefined, signal: AbortSignal) {
  const query = month === undefined ? {} : { month };
  return bodyOf(api.GET('/balances/month', { params: { query }, signal }));
}

export type Use = Awaited<ReturnType<typeof readUse>>;

export function readBill(bill: number, signal: AbortSignal) {
  return bodyOf(api.GET('/bills/{bill}', { params: { path: { bill }, query: {} }, signal }));
}

export type BillDetails = Awaited<ReturnType<typeof readBill>>;
export type Bridge = NonNullable<BillDetails['bridge']>;

export function readLines(bill: number, search: BillSearch, signal: AbortSignal) {
  const params = { path: { bill }, query: { ...search, limit: linesShown } };
  return bodyOf(api.GET('/bills/{bill}/lines', { params, headers: json, signal }));
}

export type Lines = Awaited<ReturnType<typeof readLines>>;
export type LineRow = Lines['items'][number];

export function readLine(bill: number, position: number, signal: AbortSignal) {
  return bodyOf(api.GET('/bills/{bill}/lines/{position}', { params: { path: { bill, position } }, signal }));
}

export type LineDetails = Awaited<ReturnType<typeof readLine>>;

const partsShown = 100;

export function readMissing(bill: number, signal: AbortSignal) {
  const params = { path: { bill }, query: { limit: partsShown } };
  return bodyOf(api.GET('/bills/{bill}/missing', { params, headers: json, signal }));
}

export function readFindings(bill: number, signal: AbortSignal) {
  const params = { path: { bill }, query: { limit: partsShown } };
  return bodyOf(api.GET('/bills/{bill}/findings', { params, headers: json, signal }));
}

export function readDecisions(bill: number, position: number | null, signal: AbortSignal) {
  const params = { path: { bill }, query: { limit: partsShown, ...(position === null ? {} : { position }) } };
  return bodyOf(api.GET('/bills/{bill}/decisions', { params, headers: json, signal }));
}

export function readEvidence(month: string, signal: AbortSignal) {
  const params = { query: { month, limit: partsShown } };
  return bodyOf(api.GET('/billing-rules', { params, headers: json, signal }));
}

export type Evidence = Awaited<ReturnType<typeof readEvidence>>['items'][number];

/** What the current version and the one before it differ in. */
export function readChanges(bill: number, signal: AbortSignal) {
  const params = { path: { bill }, query: { limit: partsShown } };
  return bodyOf(api.GET('/bills/{bill}/changes', { params, headers: json, signal }));
}
