import type { Json } from '../../provider.ts';
import { idText, number, object, set, SettingsDraft, text, word } from './canonical.ts';

// Settings that no listing tells: read one by one, or in bulk.

/** One record of a zone, by `record/<id>`; null: it cannot be told which one it is. */
export function readRecordSettings(zone: string, raw: unknown): Readonly<Record<string, Json>> | null {
  const said = object(raw);
  const id = idText(said['id']);
  const type = text(said['type'])?.toUpperCase();
  if (id === undefined || type === undefined) return null;
  const told: Readonly<Record<string, Json | undefined>> = {
    type,
    name: relativeName(text(said['name']), zone),
    value: recordValue(type, text(said['data']), zone),
    ttl: number(said['ttl']),
    priority: number(said['priority']),
    port: number(said['port']),
    weight: number(said['weight']),
    flags: number(said['flags']),
    tag: word(said['tag']),
  };
  // What a type of records has not is null there.
  return Object.fromEntries(
    Object.entries(told).flatMap(([name, value]) => (value === undefined ? [] : [[`record/${id}/${name}`, value]])),
  );
}

/** `www.example.com.` is `www`, and `example.com` is `@`. */
function relativeName(name: string | undefined, zone: string): string | undefined {
  const host = name?.toLowerCase().replace(/\.$/, '');
  if (host === undefined) return undefined;
  if (host === zone.toLowerCase() || host === '') return '@';
  const suffix = `.${zone.toLowerCase()}`;
  return host.endsWith(suffix) ? host.slice(0, -suffix.length) : host;
}

const typesWithTarget = new Set(['CNAME', 'MX', 'NS', 'SRV', 'CAA']);

/** Names of hosts without the dot at their end and without case, `@` as the zone itself; other values as they are. */
function recordValue(type: string, value: string | undefined, zone: string): string | undefined {
  if (type === 'A' || type === 'AAAA') return value?.toLowerCase();
  if (value === undefined || !typesWithTarget.has(type)) return value;
  return value === '@' ? zone.toLowerCase() : value.toLowerCase().replace(/\.$/, '');
}

/** When a droplet's backups are made; without backups there is nothing. */
export function readPolicySettings(raw: unknown): { dropletId: string; draft: SettingsDraft } | null {
  const said = object(raw);
  const dropletId = idText(said['droplet_id']);
  if (dropletId === undefined) return null;
  const draft = new SettingsDraft();
  const policy = said['backup_policy'];
  if (typeof policy === 'object' && policy !== null) {
    const { plan, weekday, hour } = object(policy);
    draft.set('backup_policy/plan', word(plan));
    if (weekday !== undefined && weekday !== null) draft.set('backup_policy/weekday', word(weekday));
    draft.set('backup_policy/hour', number(hour));
  } else if (said['backup_enabled'] !== false) draft.setGroup('backup_policy', undefined);
  return { dropletId, draft };
}

interface Grant {
  readonly Grantee?: { readonly ID?: string | undefined; readonly URI?: string | undefined } | undefined;
  readonly Permission?: string | undefined;
}

/** Who may do what with a bucket: `owner:FULL_CONTROL`, `AllUsers:READ`. */
export function aclSettings(owner: string | undefined, grants: readonly Grant[]): string[] {
  return set(
    grants.map(({ Grantee: grantee, Permission: permission }) => {
      const group = grantee?.URI?.slice(grantee.URI.lastIndexOf('/') + 1);
      const who = group ?? (grantee?.ID === owner ? 'owner' : grantee?.ID);
      return `${who ?? ''}:${permission ?? ''}`;
    }),
  );
}

/** A bucket's policy, in which the order of statements, and of what each lists, means nothing; what is no JSON is a text. */
export function policySetting(policy: string | undefined): Json {
  if (policy === undefined) return null;
  try {
    return unordered(JSON.parse(policy) as Json);
  } catch {
    return policy;
  }
}

function unordered(value: Json): Json {
  if (Array.isArray(value)) {
    const elements = value.map(unordered).map((element) => ({ element, key: JSON.stringify(element) }));
    return elements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ element }) => element);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, held]) => [name, unordered(held)]));
}
