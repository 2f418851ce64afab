import { hash } from 'node:crypto';
import { decodeText } from '../platform/decode-text.ts';
import { ArcadiaError } from '../platform/errors.ts';
import {
  canonicalJson,
  faultOf,
  jsonObject,
  type JsonObject,
  type JsonValue,
  jsonText,
  type LastNames,
  memberOf,
  parseJson,
  withoutMembers,
} from './json.ts';

// CloudEvents 1.0 over HTTP in all three content modes: structured, a batch, and binary. What is no CloudEvent inside a
// body that is sound is an event with a fault, so that it keeps no other from being stored.

/** Why an event counts for nothing as it is. */
export type Fault =
  | 'not_an_object'
  | 'bad_specversion'
  | 'bad_id'
  | 'bad_source'
  | 'bad_type'
  | 'bad_subject'
  | 'too_large'
  | 'too_deep'
  | 'bad_number'
  | 'bad_text'
  | 'time_required'
  | 'bad_time'
  | 'too_old'
  | 'in_future';

export interface SentEvent {
  readonly origin: string;
  /** Of what has none that can be used: made of what it is, so that the same is known again. */
  readonly id: string;
  readonly type: string;
  readonly subject: string | null;
  readonly time: Temporal.Instant | null;
  /** The other attributes, as JSON; null: none. */
  readonly attributes: string | null;
  /** As JSON, as it was written; null: none, or none that can be kept. */
  readonly data: string | null;
  /** SHA-256 of all of it in canonical form, in hexadecimal digits. */
  readonly digest: string;
  readonly fault: Fault | null;
  /** All of it, as it was written. */
  readonly payload: string;
  /** Whether what is read of it is all of it; else its payload says the rest. */
  readonly isSound: boolean;
}

export interface SentBody {
  /** One event was sent, not a batch. */
  readonly single: boolean;
  readonly events: readonly SentEvent[];
}

export const eventsMax = 1_000;
const eventLengthMax = 65_536;
/** In bytes: what an event is known by must fit into an index. */
export const idBytesMax = 256;

/** Types that are words between a source and this program, and need no time. */
export const watermarkType = 'arcadia.gateway.watermark';
export const retractType = 'arcadia.gateway.retract';

/**
 * What a request has sent; the names of its headers in lower case. `last`: what whoever reads one after the other keeps.
 * Errors: unsupported_media_type; invalid_argument where the body is no JSON or no UTF-8; too_costly for a batch of too many.
 */
export function readEvents(
  headers: Readonly<Record<string, string | undefined>>,
  body: Uint8Array,
  last?: LastNames,
): SentBody {
  const type = mediaTypeOf(headers['content-type']);
  if (type === 'application/cloudevents-batch+json')
    return { single: false, events: batchOf(decodeText(body, 'The body'), body, last) };
  if (type === 'application/cloudevents+json') return single(decodeText(body, 'The body'), last);
  if (type?.startsWith('application/cloudevents') === true) throw unsupported();
  if (headers['ce-specversion'] !== undefined)
    return { single: true, events: [eventOf(binaryEvent(headers, type, body), null)] };
  if (type !== 'application/json') throw unsupported();
  const text = decodeText(body, 'The body');
  return text.trimStart().startsWith('[') ? { single: false, events: batchOf(text, body, last) } : single(text, last);
}

function unsupported(): ArcadiaError {
  return new ArcadiaError(
    'unsupported_media_type',
    'Events are sent as application/cloudevents+json, application/cloudevents-batch+json or application/json in UTF-8, or with headers ce-*.',
  );
}

/** In lower case, without parameters; null: it says none. Errors: unsupported_media_type for another charset than UTF-8. */
function mediaTypeOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((each) => each.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') throw unsupported();
  return type;
}

function single(text: string, last?: LastNames): SentBody {
  return { single: true, events: [eventOf(parseJson(text, last), text)] };
}

function batchOf(text: string, body: Uint8Array, last?: LastNames): SentEvent[] {
  const batch = parseJson(text, last);
  if (batch.kind !== 'array') throw new ArcadiaError('invalid_argument', 'The body is no batch: it is not an array.');
  if (batch.items.length > eventsMax)
    throw new ArcadiaError(
      'too_costly',
      `A batch has ${eventsMax} events at most, and this one ${batch.items.length} in ${body.length} bytes.`,
    );
  return batch.items.map((item) => eventOf(item, text));
}

// Binary mode ---------------------------------------------------------------------------------------

/** The event that headers and a body are, as it would be written in JSON. */
function binaryEvent(
  headers: Readonly<Record<string, string | undefined>>,
  type: string | null,
  body: Uint8Array,
): JsonValue {
  const members = new Map<string, JsonValue>();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && value !== undefined)
      members.set(name.slice('ce-'.length), jsonText(decodeHeader(name, value)));
  }
  if (type !== null) members.set('datacontenttype', jsonText(type));
  if (body.length > 0) {
    if (type === null || type === 'application/json' || type.endsWith('+json'))
      members.set('data', parseJson(decodeText(body, 'The body')));
    else members.set('data_base64', jsonText(Buffer.from(body).toString('base64')));
  }
  return jsonObject(members);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A header's value as the HTTP binding says: the quotes of a quoted string off, then each %XY once as a byte of UTF-8. */
function decodeHeader(name: string, value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value);
  const plain = quoted === null ? value : (quoted[1] as string).replace(/\\(.)/g, '$1');
  const bytes = Buffer.from(
    plain.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16))),
    'latin1',
  );
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `The header ${name} is not UTF-8 in percent encoding.`, { cause });
  }
}

// One event -----------------------------------------------------------------------------------------

const ownAttributes = new Set(['specversion', 'id', 'source', 'type', 'subject', 'time', 'data', 'data_base64']);

/** JSON is what data is where `datacontenttype` says nothing (CloudEvents, JSON format, 3.1): with it, it is the same event. */
function withoutUsualType(value: JsonValue): JsonValue {
  if (value.kind !== 'object') return value;
  const type = memberOf(value, 'datacontenttype');
  if (type?.kind !== 'string' || !/^application\/json\s*(;|$)/i.test(type.text)) return value;
  return withoutMembers(value, new Set(['datacontenttype']));
}

/** @param text what it was read from; null: it was put together */
function eventOf(value: JsonValue, text: string | null): SentEvent {
  const written = (part: JsonValue) => (text === null ? canonicalJson(part) : text.slice(part.from, part.to));
  const digest = hash('sha256', canonicalJson(withoutUsualType(value)));
  const nameless = {
    origin: '',
    id: `sha256:${digest}`,
    type: '',
    subject: null,
    time: null,
    attributes: null,
    data: null,
    digest,
    payload: written(value),
    isSound: false,
  };
  if (value.kind !== 'object') return { ...nameless, fault: 'not_an_object' };
  const id = textOf(value, 'id', idBytesMax);
  const origin = textOf(value, 'source', 1024);
  const type = textOf(value, 'type', 255);
  const subject = textOf(value, 'subject', 255);
  const named = {
    ...nameless,
    ...(typeof id === 'string' && typeof origin === 'string' ? { origin, id } : {}),
    type: type ?? '',
    subject: subject ?? null,
  };
  const fault = formFault(value, { id, origin, type, subject, length: text === null ? 0 : value.to - value.from });
  if (fault !== null) return { ...named, fault };
  const { time, fault: timeFault } = timeOf(value, named.type);
  const attributes = attributesOf(value);
  const data = memberOf(value, 'data') ?? memberOf(value, 'data_base64');
  return {
    ...named,
    time,
    attributes,
    data: data === undefined ? null : written(data),
    fault: timeFault,
    isSound: true,
  };
}

/** The other attributes, as JSON; null: there are none. */
function attributesOf(value: JsonObject): string | null {
  if (value.names.all.every(({ name }) => ownAttributes.has(name))) return null;
  return canonicalJson(withoutMembers(value, ownAttributes));
}

/** undefined: there is none; null: what is there is no text of 1 to `max` bytes. */
function textOf(event: JsonObject, name: string, max: number): string | null | undefined {
  const value = memberOf(event, name);
  if (value === undefined || (value.kind === 'literal' && value.text === 'null')) return undefined;
  if (value.kind !== 'string' || value.text === '' || Buffer.byteLength(value.text) > max) return null;
  return faultOf(value) === null ? value.text : null;
}

interface Form {
  readonly id: string | null | undefined;
  readonly origin: string | null | undefined;
  readonly type: string | null | undefined;
  readonly subject: string | null | undefined;
  readonly length: number;
}

function formFault(value: JsonObject, { id, origin, type, subject, length }: Form): Fault | null {
  if (typeof id !== 'string') return 'bad_id';
  if (typeof origin !== 'string') return 'bad_source';
  const version = memberOf(value, 'specversion');
  if (version?.kind !== 'string' || version.text !== '1.0') return 'bad_specversion';
  if (typeof type !== 'string') return 'bad_type';
  if (subject === null) return 'bad_subject';
  return length > eventLengthMax ? 'too_large' : faultOf(value);
}

const moment = /^2\d{3}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const beyondMicroseconds = /(\.\d{6})\d+/;

/** An instant to the microsecond; null: the text is none, or it has no offset. */
export function readMoment(text: string): Temporal.Instant | null {
  if (!moment.test(text)) return null;
  try {
    // Of a fraction, what is beyond microseconds is cut off.
    return Temporal.Instant.from(text.replace(beyondMicroseconds, '$1'));
  } catch {
    return null;
  }
}

function timeOf(event: JsonObject, type: string): { time: Temporal.Instant | null; fault: Fault | null } {
  const value = memberOf(event, 'time');
  if (value === undefined || (value.kind === 'literal' && value.text === 'null'))
    return { time: null, fault: isWord(type) ? null : 'time_required' };
  const time = value.kind === 'string' ? readMoment(value.text) : null;
  return { time, fault: time === null ? 'bad_time' : null };
}

/** Whether a type is a word between a source and this program, and never usage. */
function isWord(type: string): boolean {
  return type === watermarkType || type === retractType;
}

/** Tells the fault of an event that was received at an instant by the limits of its source. */
export function faultsAt(
  receivedAt: Temporal.Instant,
  limits: { readonly pastLimitHours: number; readonly futureLimitSeconds: number },
): (event: SentEvent) => Fault | null {
  // Compared as whole numbers: comparing instants takes ten times as long.
  const earliest = receivedAt.subtract({ hours: limits.pastLimitHours }).epochNanoseconds;
  const latest = receivedAt.add({ seconds: limits.futureLimitSeconds }).epochNanoseconds;
  return ({ fault, time, type }) => {
    if (fault !== null || time === null || isWord(type)) return fault;
    const at = time.epochNanoseconds;
    if (at < earliest) return 'too_old';
    return at > latest ? 'in_future' : null;
  };
}
