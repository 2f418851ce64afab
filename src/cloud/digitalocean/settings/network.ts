import type { Json } from '../../provider.ts';
import {
  flag,
  idText,
  list,
  network,
  number,
  object,
  ports,
  set,
  setOf,
  type SettingsDraft,
  tagSet,
  text,
  within,
  word,
} from './canonical.ts';

type Said = Readonly<Record<string, unknown>>;

/**
 * Rules as sets: the peers of all rules for one protocol and its ports, by `tcp/22`. So their order, and whether
 * two peers are in one rule or in two, makes no difference.
 */
export function readFirewallSettings(draft: SettingsDraft, said: Said): void {
  draft.set('droplets', setOf(said['droplet_ids'], idText));
  draft.set('tags', tagSet(said['tags']));
  draft.setGroup('inbound', rules(said['inbound_rules'], 'sources'));
  draft.setGroup('outbound', rules(said['outbound_rules'], 'destinations'));
}

const peerKinds: readonly (readonly [field: string, prefix: string, read: (value: unknown) => string | undefined])[] = [
  ['addresses', '', network],
  ['tags', 'tag:', word],
  ['droplet_ids', 'droplet:', idText],
  ['load_balancer_uids', 'load_balancer:', idText],
  ['kubernetes_ids', 'kubernetes_cluster:', idText],
];

function rules(value: unknown, side: 'sources' | 'destinations'): Record<string, string[]> | undefined {
  const peersOf = new Map<string, string[]>();
  for (const rule of list(value) ?? []) {
    const said = object(rule);
    const protocol = word(said['protocol']);
    const allowed = ports(said['ports']);
    if (protocol === undefined || allowed === undefined) return undefined;
    // There are no ports in ICMP, whatever a rule says of them.
    const key = protocol === 'icmp' ? protocol : `${protocol}/${allowed}`;
    const named = object(said[side]);
    const peers = peerKinds.flatMap(([field, prefix, read]) =>
      (list(named[field]) ?? []).map((peer) => `${prefix}${read(peer) ?? JSON.stringify(peer)}`),
    );
    peersOf.set(key, [...(peersOf.get(key) ?? []), ...peers]);
  }
  if (list(value) === undefined) return undefined;
  return Object.fromEntries([...peersOf].map(([key, peers]) => [key, set(peers)]));
}

/** What has a tag has the tag's droplets: those are not its own setting. */
export function readLoadBalancerSettings(draft: SettingsDraft, said: Said): void {
  const tag = word(said['tag']);
  draft.set('tag', tag);
  if (tag === undefined || tag === '') draft.set('droplets', setOf(said['droplet_ids'], idText));
  draft.setAll({
    type: text(said['type']),
    vpc: word(said['vpc_uuid']),
    project: word(said['project_id']),
    redirect_http_to_https: flag(said['redirect_http_to_https']),
    enable_proxy_protocol: flag(said['enable_proxy_protocol']),
    enable_backend_keepalive: flag(said['enable_backend_keepalive']),
    http_idle_timeout_seconds: number(said['http_idle_timeout_seconds']),
    disable_lets_encrypt_dns_records: flag(said['disable_lets_encrypt_dns_records']),
    network: text(said['network']),
    network_stack: text(said['network_stack']),
    tls_cipher_policy: text(said['tls_cipher_policy']),
    domains: setOf(said['domains'], (domain) => word(object(domain)['name'])),
  });
  const forwarded = forwarding(said['forwarding_rules']);
  draft.setGroup('forwarding', forwarded?.rules);
  draft.setGroup('certificate', forwarded?.certificates);
  draft.setGroup('health_check', plainValues(said['health_check']));
  draft.setGroup('sticky_sessions', plainValues(said['sticky_sessions']));
  draft.setGroup(
    'firewall',
    within(said['firewall'], ({ allow, deny }) => ({ allow: allowances(allow ?? []), deny: allowances(deny ?? []) })),
  );
}

/** The rules by their entry, and apart from them the certificate of each that has one: a renewal gives it another id. */
function forwarding(value: unknown) {
  const rules: Record<string, Json> = {};
  const certificates: Record<string, Json> = {};
  for (const rule of list(value) ?? []) {
    const said = object(rule);
    const entry = [word(said['entry_protocol']), number(said['entry_port'])];
    const target = [word(said['target_protocol']), number(said['target_port'])];
    if ([...entry, ...target].includes(undefined)) return undefined;
    rules[entry.join('/')] = { target: target.join('/'), tls_passthrough: flag(said['tls_passthrough']) ?? false };
    const certificate = word(said['certificate_id']);
    if (certificate) certificates[entry.join('/')] = certificate;
  }
  return list(value) === undefined ? undefined : { rules, certificates };
}

/** `ip:1.2.3.4` and `cidr:1.2.3.4/32` are one network. */
function allowances(value: unknown): string[] | undefined {
  return setOf(value, (entry) => network(text(entry)?.replace(/^(?:ip|cidr):/, '')));
}

/** What an object says in plain values, by their names. */
function plainValues(value: unknown): Record<string, Json> | null | undefined {
  return within(value, (said) =>
    Object.fromEntries(
      Object.entries(said).flatMap(([name, held]) =>
        typeof held === 'string' || typeof held === 'boolean' || typeof held === 'number' ? [[name, held]] : [],
      ),
    ),
  );
}

/** The droplet that it is assigned to; null: none. */
export function readReservedIpSettings(draft: SettingsDraft, said: Said): void {
  const droplet = said['droplet'];
  draft.set('droplet', droplet === null ? null : idText(object(droplet)['id']));
  if ('region_slug' in said) return;
  draft.set('project', word(said['project_id']));
}

/** The records are not in the listing: they are read where the zone file has changed. */
export function readDnsZoneSettings(draft: SettingsDraft, said: Said): void {
  draft.set('ttl', number(said['ttl']));
  draft.setGroup('record', undefined);
}
