import { isIPv6 } from 'node:net';
import { listOf } from './blueprint.ts';
import type { SeenResource } from './seen.ts';
import type { Forwarding, Rules } from './system.ts';

// What is read of things that live, in the terms of a system.

/** What somebody has set of a thing, as a text; null: nothing, or it is not told. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null;
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export function sizeOf({ attributes }: SeenResource): string {
  return textOf(attributes['size_slug']) ?? '';
}

export function gigabytesOf({ attributes }: SeenResource): number {
  return Number(attributes['size_gb'] ?? 0);
}

export function nodesOf({ attributes }: SeenResource): number {
  return Number(attributes['nodes'] ?? 1);
}

export function backupsOf({ settings }: SeenResource): 'weekly' | 'daily' | null {
  if (settings['backups'] !== true) return null;
  return settings['backup_policy/plan'] === 'daily' ? 'daily' : 'weekly';
}

/** Blueprints have reserved addresses of this sort alone. */
export function isIpv4({ externalId }: SeenResource): boolean {
  return !externalId.includes(':');
}

/** The droplet that a volume is attached to, or a reserved IP assigned to; null: none. */
export function dropletOf({ parents }: SeenResource): string | null {
  const parent = parents.find((each) => each.startsWith('droplet:'));
  return parent === undefined ? null : parent.slice('droplet:'.length);
}

/** Whether a cluster has made it: it makes it anew where it goes. */
export function isOfCluster({ parents }: SeenResource): boolean {
  return parents.some((each) => each.startsWith('kubernetes_cluster:'));
}

/** What clusters have made: what is theirs, and the balancers of which all droplets are. */
export function madeByClusters(resources: readonly SeenResource[]): ReadonlySet<SeenResource> {
  const droplets = resources.filter(({ kind }) => kind === 'droplet');
  const workers = new Set(droplets.filter(isOfCluster).map(({ externalId }) => externalId));
  const isBalancerOfCluster = (each: SeenResource) => {
    if (each.kind !== 'load_balancer') return false;
    const covered = coveredBy(each, droplets);
    return covered.length > 0 && covered.every((id) => workers.has(id));
  };
  return new Set(resources.filter((each) => isOfCluster(each) || isBalancerOfCluster(each)));
}

/** The one private network that all of some droplets are in; undefined: the default one of their region, or several. */
export function networkOf(
  droplets: readonly SeenResource[],
  resources: readonly SeenResource[],
): SeenResource | undefined {
  const ids = new Set(droplets.map(({ settings }) => textOf(settings['vpc'])));
  if (ids.size !== 1) return undefined;
  return resources.find(
    ({ kind, externalId, settings }) => kind === 'vpc' && ids.has(externalId) && settings['default'] !== true,
  );
}

/** Whether something has a tag: the provider compares them without case, and shows each as it was first written. */
export function hasTag({ tags }: Pick<SeenResource, 'tags'>, tag: string): boolean {
  return tags.some((each) => each.toLowerCase() === tag.toLowerCase());
}

/** The droplets that a firewall or a balancer is of: those named, and those with one of its tags. */
export function coveredBy(seen: SeenResource, droplets: readonly SeenResource[]): readonly string[] {
  const tags = tagsOf(seen);
  const named = textsOf(seen.settings['droplets']);
  return droplets
    .filter((each) => named.includes(each.externalId) || tags.some((tag) => hasTag(each, tag)))
    .map(({ externalId }) => externalId);
}

/** Those by which a firewall or a balancer knows its droplets. */
export function tagsOf({ kind, settings }: SeenResource): readonly string[] {
  return kind === 'firewall' ? textsOf(settings['tags']) : listOf(textOf(settings['tag']));
}

/** What a balancer does that no creation of one asks for, in words; empty: nothing. */
export function notMadeSo(balancer: SeenResource): readonly string[] {
  const { settings } = balancer;
  const type = textOf(settings['type']) ?? 'REGIONAL';
  const passes = Object.entries(settings).filter(
    ([key, value]) => key.startsWith('forwarding/') && isRecord(value) && value['tls_passthrough'] === true,
  );
  return [
    ...(settings['network'] === 'INTERNAL' ? ['it is of the private network alone'] : []),
    ...(type === 'REGIONAL' ? [] : [`its type is ${type}`]),
    ...passes.map(([key]) => `it passes TLS through (${key})`),
  ];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What a balancer has where nothing was asked for. Of health checks the provider documents two thresholds. */
const usualOfBalancer: Readonly<Record<string, readonly unknown[]>> = {
  redirect_http_to_https: [false],
  enable_proxy_protocol: [false],
  enable_backend_keepalive: [false],
  disable_lets_encrypt_dns_records: [false],
  http_idle_timeout_seconds: [60],
  network: ['EXTERNAL'],
  network_stack: ['IPV4'],
  tls_cipher_policy: ['DEFAULT'],
  'sticky_sessions/type': ['none'],
  'health_check/protocol': ['http'],
  'health_check/port': [80],
  'health_check/path': ['/'],
  'health_check/check_interval_seconds': [10],
  'health_check/response_timeout_seconds': [5],
  'health_check/healthy_threshold': [3, 5],
  'health_check/unhealthy_threshold': [3, 5],
};
/** What a blueprint says of it, or what is another one's anyway. */
const saidOfBalancer = /^(type|vpc|project|tag|droplets)$|^(forwarding|certificate)\//;

/** What somebody has set of a balancer, and a blueprint cannot say: `sticky_sessions/type cookies`. */
export function unsaidOfBalancer({ settings }: SeenResource): string[] {
  return Object.entries(settings)
    .filter(([key, value]) => {
      const isEmpty = value == null || value === '' || (Array.isArray(value) && value.length === 0);
      return !saidOfBalancer.test(key) && !isEmpty && usualOfBalancer[key]?.includes(value) !== true;
    })
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .sort();
}

/** Of a firewall: peers by protocol and ports. `named`: how a peer is written that is the deployment's own. */
export function rulesOf(
  { settings }: SeenResource,
  side: 'inbound' | 'outbound',
  named: ReadonlyMap<string, string>,
): Rules {
  const place = `${side}/`;
  const rules = Object.entries(settings).filter(([key]) => key.startsWith(place));
  return Object.fromEntries(
    rules
      .map(([key, peers]) => [key.slice(place.length), textsOf(peers)] as const)
      .map(([key, peers]) => [key, [...new Set(peers.map((peer) => named.get(peer) ?? peer))].sort()] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** All that records and rules can call things that are a deployment's: addresses, hosts, networks and `kind:id`. */
export type Calls = ReadonlySet<string>;

export function callsOf(resources: readonly SeenResource[]): Calls {
  return new Set(
    resources.flatMap(({ kind, externalId, hosts, settings }) => {
      const range = kind === 'vpc' && settings['default'] !== true ? textOf(settings['ip_range']) : null;
      return [`${kind}:${externalId}`, ...hosts.map(plainHost), ...(range === null ? [] : [range])];
    }),
  );
}

/** Whether a rule's peer is one of them; one address is also written as a network. */
export function isCalled(peer: string, calls: Calls): boolean {
  const [address = '', bits] = peer.split('/');
  const isOne = bits === undefined || bits === (isIPv6(address) ? '128' : '32');
  return calls.has(peer) || (isOne && calls.has(plainHost(address)));
}

/** Whether a record's value is one of them, or says one among other words. */
export function saysOne(value: string, calls: Calls): boolean {
  const words = value.split(/[\s"',;=]+/).flatMap((word) => [word, word.replace(/^[+?~-]?[a-z0-9]+:/i, '')]);
  return words.some((word) => isCalled(word, calls));
}

/** Hosts and addresses as they compare. */
function plainHost(host: string): string {
  const plain = host.toLowerCase().replace(/\.$/, '');
  return isIPv6(plain) && URL.canParse(`http://[${plain}]`)
    ? new URL(`http://[${plain}]`).hostname.slice(1, -1)
    : plain;
}

export function forwardingOf({ settings }: SeenResource): Forwarding[] {
  return Object.entries(settings)
    .filter(([key]) => key.startsWith('forwarding/'))
    .map(([key, value]): Forwarding => {
      const [, protocol = '', port = ''] = key.split('/');
      const target = (textOf((value as { target?: unknown } | null)?.target) ?? '').split('/');
      return {
        entryProtocol: protocol as Forwarding['entryProtocol'],
        entryPort: Number(port),
        targetProtocol: (target[0] ?? 'http') as Forwarding['targetProtocol'],
        targetPort: Number(target[1] ?? 0),
        certificate: textOf(settings[`certificate/${protocol}/${port}`]),
      };
    })
    .sort((a, b) => a.entryPort - b.entryPort);
}

export interface LivingRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly value: string;
  readonly ttl: number;
  readonly priority: number | null;
}

/** The records of a zone, without those that the provider has put there itself. */
export function recordsOf({ settings }: SeenResource): LivingRecord[] {
  const byId = new Map<string, Record<string, unknown>>();
  for (const [key, value] of Object.entries(settings)) {
    const [place, id = '', field = ''] = key.split('/');
    if (place === 'record') byId.set(id, { ...byId.get(id), [field]: value });
  }
  return [...byId]
    .map(([id, said]) => ({
      id,
      type: String(said['type']),
      name: String(said['name']),
      value: String(said['value']),
      ttl: Number(said['ttl'] ?? 1_800),
      priority: typeof said['priority'] === 'number' ? said['priority'] : null,
    }))
    .filter(({ type, name }) => type !== 'SOA' && !(type === 'NS' && name === '@'))
    .sort((a, b) => (`${a.type} ${a.name} ${a.value}` < `${b.type} ${b.name} ${b.value}` ? -1 : 1));
}

/** A record's value as the inventory has it: hosts without the dot at their end and without case. */
export function plainValue(type: string, value: string, zone: string): string {
  if (type === 'A' || type === 'AAAA') return value.toLowerCase();
  if (!['CNAME', 'MX', 'NS'].includes(type)) return value;
  return value === '@' ? zone.toLowerCase() : value.toLowerCase().replace(/\.$/, '');
}

/** As the provider wants it: hosts of other zones end with a dot. */
export function recordData(type: string, value: string): string {
  return ['CNAME', 'MX', 'NS'].includes(type) && value.includes('.') && !value.endsWith('.') ? `${value}.` : value;
}
