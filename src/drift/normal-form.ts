import { createHash } from 'node:crypto';
import { canonical as forms } from '../cloud/index.ts';
import type { DeclaredField, DeclaredResource } from './declaration.ts';

// Declared fields by how they are compared. Exact values take the form in which the inventory keeps settings, so that
// the order of a set, the spelling of a network, of ports, of an id or of an hour, and case where it means nothing, make
// no difference.

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

interface ComparedFields {
  readonly exact: Readonly<Record<string, Json>>;
  /** `{min, max}` or `{includes}`. */
  readonly bounds: Readonly<Record<string, Json>>;
  /** Prefixes with a `/` at their end, whose members are all declared. Sorted. */
  readonly groups: readonly string[];
}

/** Keys whose values are words in which case means nothing. */
const words = new Set([
  'tags',
  'region',
  'size',
  'image',
  'vpc',
  'project',
  'engine',
  'environment',
  'tier',
  'droplets',
]);

/** What a declared resource is compared by. A match by a whole name declares that name too. */
export function comparedFields({ fields, match }: Pick<DeclaredResource, 'fields' | 'match'>): ComparedFields {
  const exact: Record<string, Json> = {};
  const bounds: Record<string, Json> = {};
  const groups: string[] = [];
  const add = (said: string, value: DeclaredField) => {
    const key = canonicalKey(said);
    if (isBound(value)) bounds[key] = canonicalBound(key, value);
    else exact[key] = canonical(key, value as Json);
  };
  for (const [key, value] of Object.entries(fields)) {
    if (!key.endsWith('/')) add(key, value);
    else {
      groups.push(key);
      for (const [member, held] of Object.entries(value as Record<string, DeclaredField>)) add(`${key}${member}`, held);
    }
  }
  if (match !== undefined && !/[*?]/.test(match.name) && !('name' in exact)) exact['name'] = match.name;
  return { exact, bounds, groups: groups.sort() };
}

/** Of the canonical JSON of a value: the order of keys makes no difference. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)))
    .digest('hex');
}

function isBound(value: unknown): value is Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  if (entries.length === 0) return false;
  if (entries.length === 1 && entries[0]?.[0] === 'includes') return Array.isArray(entries[0][1]);
  return entries.every(([name, held]) => (name === 'min' || name === 'max') && typeof held === 'number');
}

function canonicalBound(key: string, value: Json): Json {
  const { includes } = value as { includes?: Json };
  return includes === undefined ? value : { includes: canonical(key, includes) };
}

/** Ids are texts, also where somebody writes a number. */
const ids = new Set(['droplet', 'droplets', 'image_id']);
const hours = new Set(['maintenance/hour', 'maintenance/start_time']);
const isRules = (key: string) => /^(in|out)bound\//.test(key);

/** The ports of a firewall's rules as the inventory names them: `inbound/TCP/80-80` is `inbound/tcp/80`. */
function canonicalKey(key: string): string {
  const [, side, protocol, ports] = /^((?:in|out)bound)\/([^/]+)(?:\/([^/]*))?$/.exec(key) ?? [];
  if (side === undefined || protocol === undefined) return key;
  const word = protocol.toLowerCase();
  return word === 'icmp' ? `${side}/${word}` : `${side}/${word}/${forms.ports(ports) ?? ports}`;
}

/** Arrays of texts are sets: sorted, without duplicates. */
function canonical(key: string, value: Json): Json {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const one = (said: Json) => {
    const element = ids.has(name) && typeof said === 'number' ? String(said) : said;
    return typeof element === 'string' ? canonicalText(key, name, element) : element;
  };
  if (!Array.isArray(value)) return one(value);
  const elements = value.map(one);
  return elements.every((element) => typeof element === 'string') ? [...new Set(elements)].sort() : value;
}

function canonicalText(key: string, name: string, text: string): string {
  if (isRules(key)) return forms.network(text) ?? text;
  if (hours.has(key)) return forms.timeOfDay(text) ?? text;
  if (name === 'trusted_sources') {
    const [, address] = /^ip_addr:(.+)$/i.exec(text) ?? [];
    return address === undefined ? text.toLowerCase() : `ip_addr:${forms.network(address) ?? address}`;
  }
  // Redis has become Valkey, without anybody's doing.
  if (key === 'engine' && text.toLowerCase() === 'redis') return 'valkey';
  return words.has(name) || ids.has(name) ? text.toLowerCase() : text;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, held]) => [name, sorted(held)]),
  );
}
