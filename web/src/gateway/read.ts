import { api, bodyOf, type Schemas } from '../api/client.ts';
import type { GatewaySearch } from './search.ts';

const json = { accept: 'application/json' };
const pageSize = 50;
/** More sources and meters than anybody has. */
const wholeMax = 200;

export type Source = Schemas['GatewaySource'];
export type GatewayEvent = Schemas['GatewayEvent'];
export type DeadLetter = Schemas['GatewayDeadLetter'];
export type Meter = Schemas['GatewayMeter'];

export function readSources(signal: AbortSignal) {
  return bodyOf(api.GET('/gateway/sources', { params: { query: { limit: wholeMax } }, headers: json, signal }));
}

export function readEvents({ source, type, cursor }: GatewaySearch, signal: AbortSignal) {
  const query = {
    limit: pageSize,
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return bodyOf(api.GET('/gateway/events', { params: { query }, headers: json, signal }));
}

export function readDeadLetters({ source, reason, cursor }: GatewaySearch, signal: AbortSignal) {
  const query = {
    limit: pageSize,
    ...(source === undefined ? {} : { source }),
    ...(reason === undefined ? {} : { reason }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return bodyOf(api.GET('/gateway/dead-letters', { params: { query }, headers: json, signal }));
}

export function readMeters(signal: AbortSignal) {
  return bodyOf(api.GET('/gateway/meters', { params: { query: { limit: wholeMax } }, headers: json, signal }));
}

export function readEvent(number: number, signal: AbortSignal) {
  return bodyOf(api.GET('/gateway/events/{number}', { params: { path: { number } }, signal }));
}

type Headers = Readonly<Record<string, string>>;

/** What is decided about a dead letter: its event is tried again, counts all the same, or never counts. */
export type Decision = 'retry' | 'replay' | 'drop';

/** What is wrong with its time alone: a person can answer for it. */
export const isReplayable = (reason: string): boolean => reason === 'too_old' || reason === 'in_future';

export async function decide(
  decision: Decision,
  { source, reason, number }: DeadLetter,
  { why, shift }: { readonly why: string; readonly shift: string },
  headers: Headers,
): Promise<number> {
  if (decision === 'retry') {
    const { events } = await bodyOf(api.POST('/gateway/dead-letters/retry', { body: { source, reason }, headers }));
    return events;
  }
  const body = { source, reason, numbers: [number], why };
  const { events } = await bodyOf(
    decision === 'drop'
      ? api.POST('/gateway/dead-letters/drop', { body, headers })
      : api.POST('/gateway/dead-letters/replay', { body: { ...body, ...(shift === '' ? {} : { shift }) }, headers }),
  );
  return events;
}

export function setPaused(source: string, paused: boolean, headers: Headers) {
  return bodyOf(api.PATCH('/gateway/sources/{source}', { params: { path: { source } }, body: { paused }, headers }));
}

/** A meter as the fields of its form have it. */
export interface MeterForm {
  readonly meter: string;
  readonly title: string;
  readonly unit: string;
  readonly type: string;
  readonly aggregation: string;
  readonly value: string;
  readonly key: string;
  readonly divisor: string;
  readonly from: string;
}

function bodyOfForm(form: MeterForm) {
  const { value, key, divisor, from, ...rest } = form;
  return {
    meters: [
      {
        ...rest,
        ...(value === '' ? {} : { value }),
        ...(key === '' ? {} : { key }),
        ...(divisor === '' ? {} : { divisor }),
        ...(from === '' ? {} : { from }),
      },
    ],
  };
}

/** What it would have counted in the last days; nothing is written. */
export async function previewMeter(form: MeterForm) {
  const { meters } = await bodyOf(api.POST('/gateway/meters/preview', { body: bodyOfForm(form) }));
  const [preview] = meters;
  if (preview === undefined) throw new Error('The server did not preview.');
  return preview;
}

export type MeterPreview = Awaited<ReturnType<typeof previewMeter>>;

export function applyMeter(form: MeterForm, headers: Headers) {
  return bodyOf(api.POST('/gateway/meters', { body: bodyOfForm(form), headers }));
}
