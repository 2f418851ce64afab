import type { Json } from '../../provider.ts';

// Canonical forms: what means the same becomes the same value, and what differs stays different. A value that
// is not what it should be is undefined: not told.

type Value = Json | undefined;

/** The provider's answer, or a part of it, as an object; empty where it is none. */
export function object(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

/** The elements of an array; undefined: it is none. */
export function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
}

/** What `read` makes of an object; null: the provider says that there is none; undefined: it does not tell. */
export function within<T>(value: unknown, read: (said: Readonly<Record<string, unknown>>) => T): T | null | undefined {
  if (value === null) return null;
  return typeof value === 'object' && !Array.isArray(value) ? read(object(value)) : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A word in which case means nothing: a region, a size, a UUID. */
export function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined;
}

/** An id is a number here and a text there; ours are texts. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value.toLowerCase() : undefined;
}

/** A number, also one that came as text. */
export function number(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined;
}

export function flag(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** Sorted, without duplicates. */
export function set(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

/** A set of what `read` makes of each element; undefined where it is no list, or an element is not understood. */
export function setOf(value: unknown, read: (element: unknown) => string | undefined): string[] | undefined {
  const read_ = list(value)?.map(read);
  return read_ === undefined || read_.includes(undefined) ? undefined : set(read_ as string[]);
}

/** Tags compare without case. */
export function tagSet(value: unknown): string[] | undefined {
  return setOf(value, word);
}

/** `80-80` is `80`, and `0`, `all`, `1-65535` and nothing are all ports. */
export function ports(value: unknown): string | undefined {
  if (value === null || value === undefined) return 'all';
  const given = typeof value === 'number' ? String(value) : text(value)?.trim().toLowerCase();
  if (given === undefined) return undefined;
  if (['', '0', 'all', '1-65535', '0-65535'].includes(given)) return 'all';
  const [from, to] = given.split('-').map((part) => part.trim());
  return to === undefined || from === to ? from : `${from}-${to}`;
}

/** An address or a network as a network: `10.0.0.1` is `10.0.0.1/32`, `10.1.2.3/8` is `10.0.0.0/8`. Other text is as it is. */
export function network(value: unknown): string | undefined {
  const given = text(value)?.trim().toLowerCase();
  if (given === undefined) return undefined;
  const [address = '', length] = given.split('/');
  const bits = address.includes(':') ? 128 : 32;
  const prefix = length === undefined ? bits : Number(length);
  const number = bits === 128 ? ipv6Number(address) : ipv4Number(address);
  if (number === null || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) return given;
  const host = BigInt(bits - prefix);
  const base = (number >> host) << host;
  return `${bits === 128 ? ipv6Text(base) : ipv4Text(base)}/${prefix}`;
}

function ipv4Number(address: string): bigint | null {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv4Text(number: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join('.');
}

/** The platform's own parser of addresses decides what one is. */
function ipv6Number(address: string): bigint | null {
  const host = URL.parse(`http://[${address}]/`)?.hostname.slice(1, -1);
  if (host === undefined) return null;
  const [before = '', after] = host.split('::');
  const groups = (half: string) => (half === '' ? [] : half.split(':'));
  const given = after === undefined ? groups(before) : [...groups(before), ...groups(after)];
  const zeros = Array.from({ length: 8 - given.length }, () => '0');
  const all = after === undefined ? given : [...groups(before), ...zeros, ...groups(after)];
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function ipv6Text(number: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => (number >> BigInt(16 * (7 - index))) & 65_535n);
  return (URL.parse(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`)?.hostname ?? '').slice(1, -1);
}

/** `13:00:00` and `13:00` are one hour of the day. */
export function timeOfDay(value: unknown): string | undefined {
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?$/.exec(text(value)?.trim() ?? '') ?? [];
  return hours === undefined ? undefined : `${hours.padStart(2, '0')}:${minutes}`;
}

/** Settings as they are read from an answer: what is undefined is not told. */
export class SettingsDraft {
  readonly values: Record<string, Json> = {};
  readonly untold: string[] = [];

  set(key: string, value: Value): void {
    if (value === undefined) this.untold.push(key);
    else this.values[key] = value;
  }

  setAll(values: Readonly<Record<string, Value>>): void {
    for (const [key, value] of Object.entries(values)) this.set(key, value);
  }

  /** Keys beneath `prefix`, which tell all that there is of it; null: there is nothing; undefined: it is not told. */
  setGroup(prefix: string, values: Readonly<Record<string, Value>> | null | undefined): void {
    if (values === undefined) this.untold.push(`${prefix}/`);
    else if (values !== null) for (const [key, value] of Object.entries(values)) this.set(`${prefix}/${key}`, value);
  }
}
