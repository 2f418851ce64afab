import { api, bodyOf, Problem, problemOf, type Schemas } from '../api/client.ts';
import type { SettingsSearch, Tab } from './search.ts';

export { type SettingsSearch, type Tab, tabs } from './search.ts';

/** The operation that each is read by: whoever may not call it does not see the tab. */
export const needs: Readonly<Record<Tab, string>> = {
  meters: 'listKinds',
  limits: 'listObservationLimits',
  sellers: 'listLegalEntities',
  tax: 'listTaxRates',
  alerts: 'listAlerts',
  tokens: 'listTokenRevocations',
};

type Headers = Readonly<Record<string, string>>;
const json = { accept: 'application/json' };

function listQuery({ q, cursor }: SettingsSearch) {
  return { limit: 100, ...(q === undefined ? {} : { q }), ...(cursor === undefined ? {} : { cursor }) };
}

/** What is read to be edited, with the mark that a change has to be of. */
interface Edited<Data> {
  readonly data: Data;
  readonly etag: string;
}

async function editedOf<Data>(
  asked: Promise<{ data?: Data | undefined; error?: unknown; response: Response }>,
): Promise<Edited<Data>> {
  const { data, error, response } = await asked.catch(() => {
    throw new Problem('The server did not answer.', { todo: 'Check the connection, then try again.' });
  });
  if (!response.ok || data === undefined) throw problemOf(error, response);
  return { data, etag: response.headers.get('etag') ?? '*' };
}

// Meters

export function readMeters(search: SettingsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/kinds', { params: { query: listQuery(search) }, headers: json, signal }));
}
export type Meter = Awaited<ReturnType<typeof readMeters>>['items'][number];

export function readMeter(kind: string, signal: AbortSignal) {
  return editedOf(api.GET('/kinds/{kind}', { params: { path: { kind } }, signal }));
}

export interface MeterChange {
  readonly title?: string;
  readonly enabled?: boolean;
  readonly granularity?: 'day' | 'hour';
  readonly retentionDays?: number;
  readonly fromDay?: string;
}

/** Which days would be metered again; nothing is written. */
export async function previewMeter(kind: string, change: MeterChange, etag: string, signal: AbortSignal) {
  const params = { path: { kind }, query: { preview: true }, header: { 'If-Match': etag } };
  return (await bodyOf(api.PATCH('/kinds/{kind}', { params, body: change, signal }))).preview;
}

export function changeMeter(kind: string, change: MeterChange, etag: string, headers: Headers) {
  const params = { path: { kind }, header: { 'If-Match': etag } };
  return bodyOf(api.PATCH('/kinds/{kind}', { params, body: change, headers }));
}

// Limits

export function readLimits(signal: AbortSignal) {
  return bodyOf(api.GET('/usage/limits', { params: { query: { limit: 200 } }, headers: json, signal }));
}
export type Limit = Awaited<ReturnType<typeof readLimits>>['items'][number];

export interface LimitChange {
  readonly resourceKind: string;
  readonly fromDay?: string;
  readonly gapAfterHours: number;
  readonly carryForwardHours: number;
}

export function setLimit(body: LimitChange, headers: Headers) {
  return bodyOf(api.POST('/usage/limits', { body, headers }));
}

// Sellers

export function readSellers(search: SettingsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/legal-entities', { params: { query: listQuery(search) }, headers: json, signal }));
}
export type Seller = Schemas['LegalEntity'];

export function readSeller(entity: string, signal: AbortSignal) {
  return editedOf(api.GET('/legal-entities/{entity}', { params: { path: { entity } }, signal }));
}

export interface SellerChange {
  readonly name?: string;
  readonly address?: string[];
  readonly taxIds?: string[];
  readonly email?: string | null;
  readonly footer?: string | null;
  readonly termsDays?: number;
  readonly from?: string;
}

export function changeSeller(entity: string, change: SellerChange, etag: string, headers: Headers) {
  const params = { path: { entity }, header: { 'If-Match': etag } };
  return bodyOf(api.PATCH('/legal-entities/{entity}', { params, body: change, headers }));
}

export function createSeller(entity: string, change: Omit<SellerChange, 'from'>, headers: Headers) {
  return bodyOf(api.POST('/legal-entities', { body: { entity, ...change }, headers }));
}

/** A file as it is; null removes it. */
export async function setAsset(entity: string, what: 'logo' | 'font', file: File | null): Promise<void> {
  const response = await fetch(`/api/v1/legal-entities/${encodeURIComponent(entity)}/${what}`, {
    method: file === null ? 'DELETE' : 'PUT',
    headers: { 'if-match': '*', ...(file === null ? {} : { 'content-type': typeOf(file) }) },
    ...(file === null ? {} : { body: file }),
  }).catch(() => {
    throw new Problem('The server did not answer.', { todo: 'Check the connection, then try again.' });
  });
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response);
}

/** Browsers do not know fonts by their names. */
function typeOf(file: File): string {
  if (/\.ttf$/i.test(file.name)) return 'font/ttf';
  if (/\.otf$/i.test(file.name)) return 'font/otf';
  return file.type;
}

// Tax

export function readTaxRates(search: SettingsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/tax-rates', { params: { query: listQuery(search) }, headers: json, signal }));
}
export type TaxRate = Awaited<ReturnType<typeof readTaxRates>>['items'][number];

export interface TaxChange {
  readonly entity: string | null;
  readonly category: string;
  readonly title: string;
  readonly percent: string;
  readonly from: string | null;
}

export function setTaxRate(body: TaxChange, headers: Headers) {
  return bodyOf(api.POST('/tax-rates', { body, headers }));
}

// Alerts

export function readAlerts(search: SettingsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/alerts', { params: { query: listQuery(search) }, headers: json, signal }));
}
export type Alert = Awaited<ReturnType<typeof readAlerts>>['items'][number];

export function readFirings(signal: AbortSignal) {
  return bodyOf(api.GET('/alert-firings', { params: { query: { limit: 50 } }, headers: json, signal }));
}

export interface NewAlert {
  readonly deployment: string | null;
  readonly kind: string | null;
  readonly threshold: string;
  readonly unit: 'absolute' | 'percent';
  readonly currency: string | null;
  readonly basis: 'to_date' | 'forecast';
}

export function addAlert(body: NewAlert, headers: Headers) {
  return bodyOf(api.POST('/alerts', { body, headers }));
}

export function removeAlert(alert: number, headers: Headers) {
  return bodyOf(api.DELETE('/alerts/{alert}', { params: { path: { alert } }, headers }));
}

// Tokens

export function readRevocations(search: SettingsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/tokens/revocations', { params: { query: listQuery(search) }, headers: json, signal }));
}
export type Revocation = Awaited<ReturnType<typeof readRevocations>>['items'][number];

export interface Revoked {
  readonly tokenId?: string;
  readonly subject?: string;
  readonly reason: string;
}

export function revokeTokens(body: Revoked, headers: Headers) {
  return bodyOf(api.POST('/tokens/revocations', { body, headers }));
}

export function checkToken(token: string) {
  return bodyOf(api.POST('/tokens/check', { body: { token } }));
}
