import type { DeclarationDocument } from './declaration.ts';
import type { AdoptableRow } from './declarations.store.ts';

// What a deployment has now, as a document: every setting that a listing tells and somebody decides, exactly; what the
// provider moves by itself within its bounds, or not at all.

type Settings = Readonly<Record<string, unknown>>;
type Field = NonNullable<NonNullable<DeclarationDocument['resources'][number]['fields']>>[string];

/** Keys that move without anybody's doing, only repeat another, or are documents of their own. */
const leftOut: Readonly<Record<string, readonly string[]>> = {
  droplet: ['image_id'],
  dns_zone: ['ttl'],
  spaces_bucket: ['policy'],
};

/** Groups that are declared as a whole. */
const groups = ['inbound/', 'outbound/', 'forwarding/', 'pool/', 'record/', 'component/'];

/** The document of these resources. Sweeping right after it is applied finds nothing of it. */
export function adoptedDocument(
  name: string,
  deployment: string,
  rows: readonly AdoptableRow[],
  digest: string,
): DeclarationDocument {
  const taken = new Set<string>();
  const resources = rows.map(({ kind, id, name: called, account, settings, hidden }) => {
    const plain = `${kind}.${called}`;
    const address = taken.has(plain) ? `${plain}.${id}` : plain;
    taken.add(address);
    return { address, kind, account, id, fields: fieldsOf(kind, settings, hidden) };
  });
  return {
    declaration: name,
    deployment,
    covers: 'deployment',
    resources,
    origin: { source: 'adopted', digest },
  };
}

function fieldsOf(kind: string, settings: Settings, hidden: readonly string[]): Record<string, Field> {
  const isHidden = (key: string) =>
    hidden.some((place) => key === place || (place.endsWith('/') && (key.startsWith(place) || key === place)));
  const isLeftOut = (key: string) =>
    (leftOut[kind] ?? []).includes(key) || isHidden(key) || isMovedByItself(kind, key, settings);
  const fields: Record<string, Field> = {};
  const members: Record<string, Record<string, Field>> = {};
  for (const group of groups) if (groupsOf[kind]?.includes(group) === true && !isHidden(group)) members[group] = {};
  for (const [key, value] of Object.entries(settings)) {
    if (isLeftOut(key)) continue;
    const group = Object.keys(members).find((place) => key.startsWith(place));
    const field = bounded(kind, key, settings) ?? (value as Field);
    if (group === undefined) fields[key] = field;
    else members[group]![key.slice(group.length)] = field;
  }
  return { ...fields, ...members };
}

const groupsOf: Readonly<Record<string, readonly string[]>> = {
  firewall: ['inbound/', 'outbound/'],
  load_balancer: ['forwarding/'],
  kubernetes_cluster: ['pool/'],
  dns_zone: ['record/'],
  app: ['component/'],
};

function isMovedByItself(kind: string, key: string, settings: Settings): boolean {
  // A renewal gives a certificate another id.
  if (kind === 'load_balancer' && key.startsWith('certificate/')) return true;
  if (key !== 'version') return false;
  return (kind === 'kubernetes_cluster' && settings['auto_upgrade'] === true) || settings['engine'] === 'valkey';
}

/** The bound of what scales by itself; undefined: nothing does. */
function bounded(kind: string, key: string, settings: Settings): Field | undefined {
  if (kind === 'database' && key === 'storage_size_mib' && typeof settings[key] === 'number')
    return { min: settings[key] };
  const pool = /^(pool\/[^/]+)\/count$/.exec(key)?.[1];
  if (pool === undefined || settings[`${pool}/auto_scale`] !== true) return undefined;
  const [min, max] = [settings[`${pool}/min_nodes`], settings[`${pool}/max_nodes`]];
  return typeof min === 'number' && typeof max === 'number' ? { min, max } : undefined;
}
