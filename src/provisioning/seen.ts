import type { ListedResource, ListingEvent, Provider, ProviderOffer, ProviderSize } from '../cloud/index.ts';
import { ArcadiaError } from '../platform/errors.ts';

// What an account has, listed anew: what proposals are made from.

export interface SeenResource {
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
  readonly region: string | null;
  readonly status: string;
  readonly tags: readonly string[];
  readonly parents: readonly string[];
  /** What billing reads. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** How it is configured, by the keys of the inventory. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Its public IPv4 address; null: it has none. */
  readonly address: string | null;
  /** All addresses and hosts by which it is reached, private ones among them. */
  readonly hosts: readonly string[];
}

export interface SeenAccount {
  readonly resources: readonly SeenResource[];
  /** Of which kinds all that there is was listed. */
  readonly listed: ReadonlySet<string>;
  /** What is in the project that was asked for, by `kind:id`: also what no listing shows. */
  readonly members: readonly string[];
  readonly sizes: readonly ProviderSize[];
  readonly offer: ProviderOffer;
}

/** Without these nothing can be proposed. */
const neededKinds = ['project', 'droplet', 'dns_zone', 'volume', 'reserved_ip', 'firewall', 'load_balancer', 'vpc'];
/** What a deployment may have besides, and pays for. */
const otherKinds = ['snapshot', 'custom_image', 'droplet_backup', 'database', 'kubernetes_cluster', 'app'];

/**
 * Lists an account anew. Records of zones and policies of backups are read of those that are named alone.
 * @param wanted external ids of zones and droplets of which the settings are read that no listing tells, and of the
 *   project of which the members are read; null: of none
 * @throws ArcadiaError as `identify` of a provider does, and provider_failed where a listing is not complete
 */
export async function seeAccount(
  provider: Provider,
  wanted: {
    readonly zones: ReadonlySet<string>;
    readonly droplets: ReadonlySet<string>;
    readonly project: string | null;
  },
  signal?: AbortSignal,
): Promise<SeenAccount> {
  const offer = await provider.offer(signal);
  const sizes = await whole('sizes', provider.listSizes(signal));
  const things: ListedResource[] = [];
  const listed = new Set<string>();
  for (const kind of [...neededKinds, ...otherKinds].filter((each) => provider.kinds.includes(each))) {
    const found = otherKinds.includes(kind)
      ? await unlessHidden(kind, provider.list(kind, signal))
      : await whole(kind, provider.list(kind, signal));
    if (found !== null) listed.add(kind);
    things.push(...(found ?? []));
  }
  const details = new Map<string, Readonly<Record<string, unknown>>>();
  for (const [kind, ids] of [
    ['dns_zone', wanted.zones],
    ['droplet', wanted.droplets],
  ] as const) {
    const there = things.filter((each) => each.kind === kind && ids.has(each.externalId));
    const asked = there.filter((each) => kind === 'dns_zone' || provider.settings(each)?.values['backups'] === true);
    if (asked.length === 0) continue;
    const found = provider.listDetails(
      kind,
      asked.map(({ externalId }) => externalId),
      signal,
    );
    for (const { externalId, settings } of await whole(`details of ${kind}`, found))
      details.set(`${kind}:${externalId}`, settings.values);
  }
  const resources = things.map((resource): SeenResource => {
    const { kind, externalId, name, region, status, tags, parents, attributes } = resource;
    const settings = { ...provider.settings(resource)?.values, ...details.get(`${kind}:${externalId}`) };
    const address = addressOf(resource);
    const hosts = hostsOf(resource);
    return { kind, externalId, name, region, status, tags, parents, attributes, settings, address, hosts };
  });
  const projects = wanted.project === null ? [] : [wanted.project];
  const inProject = await whole('what is in the project', provider.listMemberships(projects, signal));
  const members = inProject.map(({ kind, externalId }) => `${kind}:${externalId}`);
  return { resources, listed, members, sizes, offer };
}

/** Throws provider_failed where a listing is not complete. */
async function whole<Item>(what: string, events: AsyncIterable<ListingEvent<Item>>): Promise<Item[]> {
  const { items, end } = await read(events);
  if (end !== null) throw incomplete(what, end);
  return items;
}

/** null: the token may not list them, or the account has no such thing. Throws provider_failed. */
async function unlessHidden<Item>(what: string, events: AsyncIterable<ListingEvent<Item>>): Promise<Item[] | null> {
  const { items, end } = await read(events);
  if (end === null) return items;
  if (end.problem === 'forbidden' || end.problem === 'not_offered') return null;
  throw incomplete(what, end);
}

type PartialEnd = Extract<Extract<ListingEvent<unknown>, { type: 'end' }>['end'], { outcome: 'partial' }>;

/** `end`: why it is not complete; null: it is. */
async function read<Item>(
  events: AsyncIterable<ListingEvent<Item>>,
): Promise<{ items: Item[]; end: PartialEnd | null }> {
  const items: Item[] = [];
  let end: PartialEnd | null = null;
  for await (const event of events) {
    if (event.type === 'page') items.push(...event.items);
    else if (event.end.outcome === 'partial') end = event.end;
  }
  return { items, end };
}

function incomplete(what: string, { reason }: PartialEnd): ArcadiaError {
  return new ArcadiaError(
    'provider_failed',
    `Nothing can be proposed: the listing of ${what} is not complete (${reason}).`,
  );
}

/** Where payloads tell addresses and hosts, by kind. */
const hostsAt: Readonly<Record<string, readonly (readonly string[])[]>> = {
  droplet: [
    ['networks', 'v4', 'ip_address'],
    ['networks', 'v6', 'ip_address'],
  ],
  load_balancer: [['ip'], ['ipv6']],
  reserved_ip: [['ip']],
  database: [
    ['connection', 'host'],
    ['private_connection', 'host'],
  ],
  app: [['default_ingress']],
  kubernetes_cluster: [['endpoint'], ['ipv4']],
};

function hostsOf({ kind, payload }: ListedResource): string[] {
  const at = (value: unknown, path: readonly string[]): string[] => {
    if (Array.isArray(value)) return value.flatMap((each) => at(each, path));
    const [field, ...rest] = path;
    if (field !== undefined)
      return typeof value === 'object' && value !== null ? at((value as Record<string, unknown>)[field], rest) : [];
    if (typeof value !== 'string' || value === '') return [];
    return [value.startsWith('https://') ? (URL.parse(value)?.host ?? value) : value];
  };
  return (hostsAt[kind] ?? []).flatMap((path) => at(payload, path));
}

function addressOf({ kind, externalId, payload }: ListedResource): string | null {
  if (kind === 'reserved_ip') return externalId.includes(':') ? null : externalId;
  const said = payload as { ip?: unknown; networks?: { v4?: { type?: unknown; ip_address?: unknown }[] } } | null;
  if (kind === 'load_balancer') return typeof said?.ip === 'string' && said.ip !== '' ? said.ip : null;
  if (kind !== 'droplet') return null;
  const address = said?.networks?.v4?.find(({ type }) => type === 'public')?.ip_address;
  return typeof address === 'string' ? address : null;
}
