import { canonical, readRecordSettings } from '../../../cloud/index.ts';
import { asGroup, block, byAttribute, byId, type Fields, settings, type Told, type TypeReader } from '../reader.ts';

const { idText, list, object, text, word } = canonical;

/** A rule that nobody declared is a difference: the rules are all that may come in, and go out. */
const firewall: TypeReader = {
  kind: 'firewall',
  schemaVersion: 0,
  identity: ['id'],
  written: {
    name: 'name',
    droplet_ids: 'droplets',
    tags: 'tags',
    inbound_rule: 'inbound/',
    outbound_rule: 'outbound/',
  },
  identify: byId,
  read(told) {
    const { name, droplet_ids: droplets, tags, inbound_rule: inbound, outbound_rule: outbound } = told;
    const rules = {
      ...(inbound !== undefined && { inbound_rules: rulesOf(inbound, 'source') }),
      ...(outbound !== undefined && { outbound_rules: rulesOf(outbound, 'destination') }),
    };
    let fields = settings('firewall', { name, payload: { droplet_ids: droplets, tags, ...rules } });
    if (rules.inbound_rules !== undefined) fields = asGroup(fields, 'inbound/');
    if (rules.outbound_rules !== undefined) fields = asGroup(fields, 'outbound/');
    return { fields };
  },
};

const peers = ['addresses', 'tags', 'droplet_ids', 'load_balancer_uids', 'kubernetes_ids'] as const;

/** As the API says them; undefined where one is not understood, for a part of the rules is not the rules. */
function rulesOf(value: unknown, side: 'source' | 'destination'): readonly Told[] | undefined {
  const rules = list(value)?.map((rule) => {
    const said = object(rule);
    const named = peers.map((peer) => [peer, said[`${side}_${peer}`] ?? []] as const);
    const isUnderstood =
      word(said['protocol']) !== undefined &&
      named.every(([, each]) => list(each)?.every((peer) => ['string', 'number'].includes(typeof peer)));
    const ports = said['port_range'] ?? '';
    return isUnderstood && (typeof ports === 'string' || typeof ports === 'number')
      ? { protocol: said['protocol'], ports, [`${side}s`]: Object.fromEntries(named) }
      : undefined;
  });
  return rules?.includes(undefined) ? undefined : (rules as Told[] | undefined);
}

/** The sizes from before nodes could be counted. */
const nodesBySize: Readonly<Record<string, number>> = { 'lb-small': 1, 'lb-medium': 3, 'lb-large': 6 };
const switches = ['redirect_http_to_https', 'enable_proxy_protocol', 'enable_backend_keepalive'] as const;

/** Never compared, as nobody reads them again or the API ignores them: algorithm, network, network_stack, tls_cipher_policy. */
const loadBalancer: TypeReader = {
  kind: 'load_balancer',
  schemaVersion: 1,
  identity: ['id'],
  written: {
    name: 'name',
    droplet_tag: 'tag',
    forwarding_rule: 'forwarding/',
    ...Object.fromEntries(switches.map((name) => [name, name])),
  },
  computed: {
    region: 'region',
    size: 'nodes',
    size_unit: 'nodes',
    type: 'type',
    droplet_ids: 'droplets',
    vpc_uuid: 'vpc',
    project_id: 'project',
    healthcheck: 'health_check/',
    sticky_sessions: 'sticky_sessions/',
    http_idle_timeout_seconds: 'http_idle_timeout_seconds',
    firewall: 'firewall/',
    domains: 'domains',
  },
  identify: byId,
  read(told) {
    const { name, region, size, droplet_tag: tag, forwarding_rule: forwarding } = told;
    const nodes = told['size_unit'] ?? nodesBySize[text(size) ?? ''];
    const fields = settings('load_balancer', {
      name,
      region,
      nodes,
      payload: {
        ...Object.fromEntries([...switches, 'type', 'http_idle_timeout_seconds'].map((each) => [each, told[each]])),
        tag,
        droplet_ids: told['droplet_ids'],
        project_id: told['project_id'],
        vpc_uuid: told['vpc_uuid'],
        // The certificate has another id after each renewal, and the state knows it by its name.
        forwarding_rules: list(forwarding)?.map((rule) => ({ ...pickRule(rule) })),
        health_check: block(told['healthcheck']) && healthCheckOf(block(told['healthcheck']) as Told),
        sticky_sessions: block(told['sticky_sessions']) && stickyOf(block(told['sticky_sessions']) as Told),
        firewall: block(told['firewall']) && allowancesOf(block(told['firewall']) as Told),
        domains: told['domains'],
      },
    });
    const byName = (list(forwarding) ?? []).some((rule) => {
      const { certificate_name: named, certificate_id: id } = object(rule);
      return Boolean(named || id);
    });
    const isTagged = word(tag) !== undefined && tag !== '';
    return {
      fields:
        list(forwarding) === undefined || !isUnderstood(fields, forwarding) ? fields : asGroup(fields, 'forwarding/'),
      quiet: ['size', ...(isTagged ? ['droplet_ids'] : [])],
      ...(byName && { byName: ['forwarding_rule'] }),
    };
  },
};

/** All rules were, or none. */
function isUnderstood(fields: Fields, rules: unknown): boolean {
  return list(rules)?.length === 0 || Object.keys(fields).some((key) => key.startsWith('forwarding/'));
}

function pickRule(rule: unknown): Told {
  const said = object(rule);
  return Object.fromEntries(
    ['entry_protocol', 'entry_port', 'target_protocol', 'target_port', 'tls_passthrough'].map((name) => [
      name,
      said[name],
    ]),
  );
}

const checkNumbers = [
  'port',
  'check_interval_seconds',
  'response_timeout_seconds',
  'healthy_threshold',
  'unhealthy_threshold',
] as const;

function healthCheckOf(said: Told): Told {
  const { protocol, path } = said;
  return {
    protocol: word(protocol),
    // A check by TCP asks for no path.
    ...(path !== '' && { path: text(path) }),
    ...Object.fromEntries(checkNumbers.map((name) => [name, canonical.number(said[name])])),
  };
}

function stickyOf(said: Told): Told {
  const { type, cookie_name: name, cookie_ttl_seconds: seconds } = said;
  if (type !== 'cookies') return { type };
  return { type, cookie_name: text(name), cookie_ttl_seconds: canonical.number(seconds) };
}

function allowancesOf({ allow, deny }: Told): Told {
  return { allow: allow ?? [], deny: deny ?? [] };
}

/** It is there under its name, whatever its id is after a renewal. What moves then is not compared. */
const certificate: TypeReader = {
  kind: 'certificate',
  schemaVersion: 1,
  identity: ['name'],
  written: { type: 'type' },
  computed: { domains: 'domains' },
  identify({ name }) {
    const named = text(name);
    return named === undefined || named === '' || /[*?]/.test(named) ? null : { match: { name: named } };
  },
  read: ({ type, domains }) => ({ fields: settings('certificate', { payload: { type, dns_names: domains } }) }),
};

/** That it is there. Its address is given at creation alone, and its records are told by themselves. */
const domain: TypeReader = {
  kind: 'dns_zone',
  schemaVersion: 0,
  identity: ['name'],
  written: {},
  identify: byAttribute('name'),
  read: () => ({ fields: {} }),
};

/** What a record has by its type: others are there as 0, which the API does not tell. */
const valuesOfType: Readonly<Record<string, readonly string[]>> = {
  MX: ['priority'],
  SRV: ['priority', 'port', 'weight'],
  CAA: ['flags', 'tag'],
};
const recordValues = ['type', 'name', 'value', 'ttl', 'priority', 'port', 'weight', 'flags', 'tag'];

const record: TypeReader = {
  kind: 'dns_zone',
  isPart: true,
  schemaVersion: 0,
  identity: ['id', 'domain'],
  written: Object.fromEntries(recordValues.map((name) => [name, 'record/'])),
  identify: (told) => (idText(told['id']) === undefined ? null : byAttribute('domain')(told)),
  read(told) {
    const { id, domain: zone, type, name, value, ttl } = told;
    const own = valuesOfType[text(type)?.toUpperCase() ?? ''] ?? [];
    const said = {
      id,
      type,
      name,
      data: value,
      ttl,
      ...Object.fromEntries(own.map((each) => [each, told[each]])),
    };
    return { fields: { ...readRecordSettings(text(zone) ?? '', said) } as Fields };
  },
};

/** Of an address that is assigned to nothing the plugin says nothing: so nothing is declared. */
function reservedIp(address: string): TypeReader {
  return {
    kind: 'reserved_ip',
    schemaVersion: 0,
    identity: [address],
    written: { region: 'region', region_slug: 'region' },
    computed: { droplet_id: 'droplet' },
    identify: byAttribute(address),
    read: (told) => ({
      fields: settings('reserved_ip', {
        region: told['region'] ?? told['region_slug'],
        payload: { droplet: assignee(told['droplet_id']) },
      }),
    }),
  };
}

function assignment(address: string): TypeReader {
  return {
    kind: 'reserved_ip',
    isPart: true,
    schemaVersion: 0,
    identity: [address],
    written: { droplet_id: 'droplet' },
    identify: byAttribute(address),
    read: (told) => ({ fields: settings('reserved_ip', { payload: { droplet: assignee(told['droplet_id']) } }) }),
  };
}

function assignee(value: unknown): Told | undefined {
  const id = idText(value);
  return id === undefined || id === '0' ? undefined : { id };
}

const vpc: TypeReader = {
  kind: 'vpc',
  schemaVersion: 0,
  identity: ['id'],
  written: { name: 'name', region: 'region', description: 'description' },
  computed: { ip_range: 'ip_range' },
  identify: byId,
  read: ({ name, region, description, ip_range }) => ({
    fields: settings('vpc', { name, region, payload: { description, ip_range } }),
  }),
};

export const networkTypes: Readonly<Record<string, TypeReader>> = {
  digitalocean_firewall: firewall,
  digitalocean_loadbalancer: loadBalancer,
  digitalocean_certificate: certificate,
  digitalocean_domain: domain,
  digitalocean_record: record,
  digitalocean_reserved_ip: reservedIp('ip_address'),
  digitalocean_reserved_ip_assignment: assignment('ip_address'),
  digitalocean_floating_ip: reservedIp('ip_address'),
  digitalocean_floating_ip_assignment: assignment('ip_address'),
  digitalocean_reserved_ipv6: reservedIp('ip'),
  digitalocean_reserved_ipv6_assignment: assignment('ip'),
  digitalocean_vpc: vpc,
};
