import { expect, test } from 'vitest';
import { blueprintSchema, listOf } from './blueprint.ts';
import { blueprintFrom } from './blueprint-from.ts';
import { readParameters } from './parameters.ts';
import { proposeSteps } from './propose.ts';
import type { SeenResource } from './seen.ts';
import { systemOf } from './system.ts';

// What of a deployment is its own alone is in no blueprint that others are made by, and a change of itself leaves it alone.

const acme = { slug: 'acme-shop', name: 'Acme Shop', customer: 'cus-1' };
const beta = { slug: 'beta-shop', name: 'Beta Shop', customer: 'cus-2' };

const thing = (kind: string, externalId: string, more: Partial<SeenResource> = {}): SeenResource => ({
  kind,
  externalId,
  name: externalId,
  region: 'fra1',
  status: 'active',
  tags: [],
  parents: [],
  attributes: {},
  settings: {},
  address: null,
  hosts: more.address == null ? [] : [more.address],
  ...more,
});
const droplet = (id: string, name: string, more: Partial<SeenResource> = {}) =>
  thing('droplet', id, { name, attributes: { size_slug: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' }, ...more });
const balancer = (id: string, name: string, settings: object = {}, more: Partial<SeenResource> = {}) =>
  thing('load_balancer', id, {
    name,
    attributes: { nodes: 1 },
    settings: { droplets: ['1'], 'forwarding/http/80': { target: 'http/80', tls_passthrough: false }, ...settings },
    ...more,
  });
const firewall = (rules: object) =>
  thing('firewall', 'f-1', { name: 'acme-shop-firewall', settings: { droplets: ['1'], ...rules } });
const zone = (name: string, ...records: readonly (readonly [type: string, name: string, value: string])[]) =>
  thing('dns_zone', name, {
    region: null,
    settings: Object.fromEntries(
      records.flatMap(([type, host, value], index) =>
        Object.entries({ type, name: host, value, ttl: 1_800 }).map(([field, each]) => [
          `record/${index}/${field}`,
          each,
        ]),
      ),
    ),
  });

type From = Parameters<typeof blueprintFrom>[0];
const written = (owned: readonly SeenResource[], more: Partial<From> = {}) =>
  blueprintFrom({
    ...acme,
    blueprint: 'acme-shop',
    owned,
    others: [],
    project: null,
    plan: null,
    protections: new Map(),
    ...more,
  });

/** What it comes to for a deployment, and what of it has to be done there. */
function proposed(owned: readonly SeenResource[], of: typeof acme, parameters: Readonly<Record<string, string>> = {}) {
  const blueprint = blueprintSchema.parse(written(owned).document);
  const values = readParameters(blueprint.parameters, parameters);
  const { system, problems } = systemOf(blueprint, values.open, of);
  const isItself = of.slug === acme.slug;
  const steps = proposeSteps({
    purpose: isItself ? 'change' : 'create',
    deployment: of,
    system,
    owned: isItself ? owned : [],
    others: isItself ? [] : owned,
    project: null,
    subscriptionFrom: Temporal.PlainDate.from('2026-06-10'),
  });
  return { ...steps, problems: [...problems, ...values.problems, ...steps.problems] };
}

test('another deployment gets no address, droplet, balancer or host of the one that it is to be like', () => {
  const owned = [
    droplet('1', 'acme-shop-web', { address: '9.9.9.9', hosts: ['9.9.9.9', '10.0.0.4', '2001:DB8::9'] }),
    droplet('77', 'acme-shop-zfar', { region: 'nyc1', address: '9.9.7.7' }),
    balancer('a', 'acme-shop-balancer', {}, { address: '9.9.9.1' }),
    balancer('b', 'acme-shop-balancer-2', {}, { address: '9.9.9.2' }),
    thing('database', 'd-1', { hosts: ['db-1.ondigitalocean.com'] }),
    firewall({
      'inbound/tcp/443': ['load_balancer:a'],
      'inbound/tcp/444': ['load_balancer:b', 'droplet:77', '9.9.7.7/32', '203.0.113.0/24'],
      'inbound/tcp/445': ['kubernetes_cluster:k', 'droplet:4711'],
      'inbound/tcp/446': ['2001:db8:0::9/128'],
    }),
    zone(
      'acme-shop.example.com',
      ['A', '@', '9.9.9.1'],
      ['A', 'two', '9.9.9.2'],
      ['A', 'web', '9.9.9.9'],
      ['A', 'internal', '10.0.0.4'],
      ['A', 'far', '9.9.7.7'],
      ['A', 'office', '203.0.113.7'],
      ['AAAA', '@', '2001:db8:0::9'],
      ['CNAME', 'db', 'db-1.ondigitalocean.com'],
      ['CNAME', 'www', 'www.acme.example'],
      ['TXT', '@', 'v=spf1 ip4:9.9.9.1 include:mail.example -all'],
      ['TXT', '_x', 'v=spf1 a:mail.acme.example include:notacme.example -all'],
    ),
    zone('acme.example'),
  ];
  const { steps, problems } = proposed(owned, beta, { domain: 'beta.example' });
  expect(problems).toEqual([]);
  const records = steps.flatMap(({ work }) => (work.do === 'create' && work.kind === 'dns_record' ? [work.spec] : []));
  expect(records.map(({ type, name, data }) => [type, name, data])).toEqual([
    ['A', '@', { $address: 'balancer beta-shop-balancer' }],
    ['A', 'office', '203.0.113.7'],
    ['A', 'two', { $address: 'balancer beta-shop-balancer-2' }],
    ['A', 'web', { $address: 'droplet web' }],
    ['CNAME', 'www', 'www.beta.example.'],
    ['TXT', '_x', 'v=spf1 a:mail.beta.example include:notacme.example -all'],
  ]);
  const rules = steps.flatMap(({ work }) =>
    work.do === 'create' && work.kind === 'firewall' ? work.spec.inbound : [],
  );
  expect(rules).toMatchObject([
    { ports: '443', loadBalancers: [{ $id: 'balancer beta-shop-balancer' }] },
    {
      ports: '444',
      loadBalancers: [{ $id: 'balancer beta-shop-balancer-2' }],
      addresses: ['203.0.113.0/24'],
      droplets: [],
    },
    { ports: '445', droplets: ['4711'] },
  ]);
  const { leftOut } = written(owned);
  const without = 'which another deployment does not have: left out.';
  for (const each of [
    'Record A internal of acme-shop.example.com says 10.0.0.4',
    'Record A far of acme-shop.example.com says 9.9.7.7',
    'Record AAAA @ of acme-shop.example.com says 2001:db8:0::9',
    'Record CNAME db of acme-shop.example.com says db-1.ondigitalocean.com',
    'Record TXT @ of acme-shop.example.com says v=spf1 ip4:9.9.9.1 include:mail.example -all',
    'Firewall acme-shop-firewall names droplet:77 (inbound tcp/444)',
    'Firewall acme-shop-firewall names 9.9.7.7/32 (inbound tcp/444)',
    'Firewall acme-shop-firewall names kubernetes_cluster:k (inbound tcp/445)',
    'Firewall acme-shop-firewall names 2001:db8:0::9/128 (inbound tcp/446)',
  ])
    expect(leftOut).toContain(`${each}, ${without}`);
  // Of itself there is nothing to do, and what is left out stays.
  const itself = proposed(owned, acme);
  expect([itself.steps, itself.problems]).toEqual([[], []]);
  expect(itself.notes).toContain(
    'Firewall acme-shop-firewall names 2001:db8:0::9/128, 9.9.7.7/32, droplet:77, kubernetes_cluster:k (inbound), which the blueprint does not have: that stays.',
  );
});

test('of several reserved IPs a record names each by its droplet', () => {
  const owned = [
    droplet('1', 'acme-shop-web'),
    droplet('2', 'acme-shop-mail'),
    thing('reserved_ip', '9.8.8.1', { parents: ['droplet:1'], address: '9.8.8.1' }),
    thing('reserved_ip', '9.8.8.2', { parents: ['droplet:2'], address: '9.8.8.2' }),
    zone('acme-shop.example', ['A', '@', '9.8.8.1'], ['A', 'mail', '9.8.8.2']),
  ];
  const { steps, problems } = proposed(owned, beta);
  expect(problems).toEqual([]);
  const records = steps.flatMap(({ work }) => (work.do === 'create' && work.kind === 'dns_record' ? [work.spec] : []));
  expect(records.map(({ name, data }) => [name, data])).toEqual([
    ['@', { $id: 'reserved IP web' }],
    ['mail', { $id: 'reserved IP mail' }],
  ]);
  const itself = proposed(owned, acme);
  expect([itself.steps, itself.problems]).toEqual([[], []]);
});

test('the range of a private network of its own is no peer of another deployment', () => {
  const vpc = thing('vpc', 'n-1', { name: 'acme-shop', settings: { ip_range: '10.20.0.0/20', default: false } });
  const owned = [
    droplet('1', 'acme-shop-web', { settings: { vpc: 'n-1' } }),
    vpc,
    firewall({ 'inbound/tcp/5432': ['10.20.0.0/20', '10.0.0.0/8'] }),
  ];
  const [{ inbound } = { inbound: [] }] = listOf(blueprintSchema.parse(written(owned).document).firewall);
  expect(inbound).toEqual([{ tcp: 5432, from: ['10.0.0.0/8'] }]);
  const itself = proposed(owned, acme);
  expect([itself.steps, itself.problems]).toEqual([[], []]);
});

test('a load balancer that no creation makes as it is is left out, and what else is lost is said', () => {
  const owned = [
    droplet('1', 'acme-shop-web'),
    balancer('a', 'acme-shop-balancer', {
      network: 'EXTERNAL',
      http_idle_timeout_seconds: 60,
      domains: [],
      'health_check/path': '/up',
      'health_check/healthy_threshold': 5,
      'sticky_sessions/type': 'cookies',
      redirect_http_to_https: true,
      'firewall/deny': ['203.0.113.0/24'],
      'forwarding/https/443': { target: 'http/80', tls_passthrough: false },
      'certificate/https/443': 'cert-acme',
    }),
    balancer('b', 'acme-shop-inside', { network: 'INTERNAL' }, { address: '10.0.0.9' }),
    balancer('c', 'acme-shop-pass', { 'forwarding/https/443': { target: 'https/443', tls_passthrough: true } }),
    balancer('d', 'acme-shop-global', { type: 'GLOBAL' }, { region: null }),
    balancer('e', 'acme-shop-far', {}, { region: 'nyc1' }),
    firewall({ 'inbound/tcp/80': ['load_balancer:a', 'load_balancer:b'] }),
    zone('acme-shop.example', ['A', 'inside', '10.0.0.9']),
  ];
  const { document, leftOut } = written(owned);
  expect(listOf(blueprintSchema.parse(document).balancer).map(({ name }) => name)).toEqual(['${slug}-balancer']);
  const of = leftOut.filter((each) => each.startsWith('load_balancer') || each.startsWith('Certificate'));
  expect(of.toSorted()).toEqual([
    "Certificate cert-acme is this deployment's: give another one for the parameter certificate.",
    'load_balancer a acme-shop-balancer has what a blueprint cannot say, left out: firewall/deny ["203.0.113.0/24"], health_check/path /up, redirect_http_to_https true, sticky_sessions/type cookies.',
    'load_balancer b acme-shop-inside is left out: it is of the private network alone.',
    'load_balancer c acme-shop-pass is left out: it passes TLS through (forwarding/https/443).',
    'load_balancer d acme-shop-global is left out: it is in no region, and not in fra1; its type is GLOBAL.',
    'load_balancer e acme-shop-far is left out: it is in nyc1, and not in fra1.',
  ]);
  const { steps, problems } = proposed(owned, beta, { certificate: 'cert-beta' });
  expect(problems).toEqual([]);
  expect(JSON.stringify(steps)).not.toContain('cert-acme');
  expect(JSON.stringify(steps)).toContain('cert-beta');
  const itself = proposed(owned, acme);
  expect([itself.steps, itself.problems]).toEqual([[], []]);
});

test('a volume that is protected is so in its blueprint', () => {
  const volume = (id: string) => thing('volume', id, { name: `acme-shop-${id}`, attributes: { size_gb: 10 } });
  const { document } = written([volume('v1'), volume('v2')], { protections: new Map([['volume:v1', 'orders']]) });
  expect(document.volumes).toMatchObject({ v1: { protected: true } });
  expect(document.volumes?.['v2']?.protected).toBeUndefined();
});

test('what a blueprint has no room or no word for is left out, and said: its own schema takes it', () => {
  const records = Array.from({ length: 203 }, (_, index) => ['A', `h${index}`, '203.0.113.7'] as const);
  const row = Array.from({ length: 52 }, (_, index) => droplet(`${index + 1}`, `acme-shop-web-${index + 1}`));
  const odd = Array.from({ length: 52 }, (_, index) => droplet(`x${index}`, `odd${String(index).padStart(2, '0')}`));
  const more = Array.from({ length: 11 }, (_, index) => zone(`acme-shop-${String(index + 10)}.example`));
  const owned = [
    ...row,
    ...odd,
    zone('acme-shop.example', ...records),
    zone('acme-shop-00.example', ['TXT', '@', 'a ${foo} b'], ['TXT', 'b', '${slug}'], ['TXT', 'c', 'x'.repeat(2_001)]),
    ...more,
    thing('firewall', 'f-2', {
      name: 'many',
      settings: Object.fromEntries(
        Array.from({ length: 101 }, (_, port) => [`inbound/tcp/${port + 1}`, ['0.0.0.0/0']]),
      ),
    }),
  ];
  const { document, leftOut } = written(owned);
  const blueprint = blueprintSchema.parse(document);
  expect(listOf(blueprint.dns).map((each) => each.records.length)).toEqual([0, ...Array<number>(9).fill(0)]);
  expect(Object.keys(blueprint.droplets)).toHaveLength(50);
  expect(leftOut.filter((each) => !each.startsWith('No provider'))).toEqual([
    'firewall f-2 many is left out: a blueprint has at most 100 rules of 100 peers.',
    'A blueprint has at most 10 of dns_zone: dns_zone acme-shop-19.example, dns_zone acme-shop-20.example, dns_zone acme-shop.example left out.',
    'A blueprint has at most 50 groups of 50 droplets: droplet 51 acme-shop-web-51, droplet 52 acme-shop-web-52, droplet x49 odd49, droplet x50 odd50, droplet x51 odd51 left out.',
    ...['@', 'b', 'c'].map(
      (name) => `Record TXT ${name} of acme-shop-00.example has a value that a blueprint cannot say, and is left out.`,
    ),
  ]);
  const itself = proposed(owned, acme);
  expect([itself.steps, itself.problems]).toEqual([[], []]);
  expect(written([zone('acme-shop.example', ...records)]).leftOut).toEqual([
    'A zone of a blueprint has at most 200 records: 3 more of acme-shop.example are left out.',
  ]);
  // The parameters of one are for the first fifty names.
  const volumes = Array.from({ length: 10 }, (_, index) =>
    thing('volume', `v${index}`, { attributes: { size_gb: 1 } }),
  );
  expect(written([...odd.slice(0, 45), ...volumes]).leftOut.filter((each) => each.includes('parameters'))).toEqual(
    ['v5', 'v6', 'v7', 'v8', 'v9'].map(
      (name) =>
        `A blueprint has at most 50 parameters: the name ${name} has none, and another deployment needs another name there.`,
    ),
  );
});
