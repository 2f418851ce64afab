import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blueprintSchema, type Blueprint } from './blueprint.ts';
import { blueprintFrom } from './blueprint-from.ts';
import { canonicalJson } from './canonical.ts';
import { coveredBy } from './living.ts';
import { readParameters } from './parameters.ts';
import { preflight } from './preflight.ts';
import type { ProposedStep } from './proposal-document.ts';
import { proposeSteps } from './propose.ts';
import type { SeenResource } from './seen.ts';
import { type System, systemOf } from './system.ts';

// Whatever a blueprint says: what its steps make, done one after the other on a model of the provider, is what it says.

const of = { slug: 'beta-shop', name: 'Beta Shop', customer: 'cus-88' };

const sizes = ['s-1vcpu-1gb', 's-2vcpu-4gb'] as const;
const groupNames = ['web', 'db', 'work'] as const;

const blueprints: fc.Arbitrary<Blueprint> = fc
  .record({
    groups: fc.uniqueArray(
      fc.record({
        group: fc.constantFrom(...groupNames),
        count: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        size: fc.constantFrom(...sizes),
        backups: fc.constantFrom(null, 'weekly' as const, 'daily' as const),
        tags: fc.uniqueArray(fc.constantFrom('client', 'eu'), { maxLength: 2 }),
      }),
      { selector: ({ group }) => group, minLength: 1 },
    ),
    hasNetwork: fc.boolean(),
    volumes: fc.integer({ min: 0, max: 2 }),
    attaches: fc.boolean(),
    covers: fc.constantFrom('all', 'one', null),
    hasBalancer: fc.boolean(),
    letsBalancerIn: fc.boolean(),
    hasAddress: fc.boolean(),
    zone: fc.constantFrom('balancer', 'reserved_ip', '203.0.113.9', null),
    plan: fc.constantFrom('studio', null),
  })
  .map((said) => {
    const [first] = said.groups;
    const key = first?.count === undefined ? (first?.group ?? '') : `${first.group}-1`;
    const isThere = { balancer: said.hasBalancer, reserved_ip: said.hasAddress } as const;
    const to =
      said.zone !== null && said.zone in isThere && !isThere[said.zone as 'balancer'] ? 'web.example.' : said.zone;
    return blueprintSchema.parse({
      blueprint: 'shop',
      schema: 1,
      region: 'fra1',
      network: { vpc: said.hasNetwork ? {} : null },
      droplets: Object.fromEntries(
        said.groups.map(({ group, ...droplet }) => [group, { ...droplet, image: 'ubuntu-24-04-x64' }]),
      ),
      volumes: Object.fromEntries(
        Array.from({ length: said.volumes }, (_, index) => [
          `data-${index}`,
          { size: 10 + index, attach: said.attaches ? key : null, protected: index === 0 },
        ]),
      ),
      firewall:
        said.covers === null
          ? null
          : {
              ...(said.covers === 'one' && { droplets: first?.group }),
              inbound: [
                { tcp: 443, from: said.letsBalancerIn && said.hasBalancer ? 'balancer' : '0.0.0.0/0' },
                { udp: '8000-9000', from: ['10.0.0.0/8', 'tag:ops', `droplet:${key}`] },
              ],
            },
      balancer: said.hasBalancer ? { targets: first?.group, forward: [{ http: 80, to: 8080 }], nodes: 2 } : null,
      reserved_ip: said.hasAddress ? { droplet: key } : null,
      dns:
        to === null
          ? null
          : {
              zone: '${slug}.example',
              records: [
                to === 'web.example.' ? { CNAME: 'www', to } : { A: '@', to },
                { MX: '@', to: 'mail.other.example', priority: 10 },
              ],
            },
      plan: said.plan,
    });
  });

/** A provider that does what it is told. */
class Model {
  readonly resources: SeenResource[] = [];
  readonly #ids = new Map<string, string>();
  readonly #addresses = new Map<string, string>();
  #next = 1;

  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each) => this.resolve(each));
    if (typeof value !== 'object' || value === null) return value;
    const said = value as Readonly<Record<string, string>>;
    if ('$id' in said) return this.known(this.#ids, said['$id']);
    if ('$urn' in said) return `urn:${this.known(this.#ids, said['$urn'])}`;
    if ('$address' in said) return this.known(this.#addresses, said['$address']);
    if ('$mark' in said) return 'arcadia-step:5f3a0c91-d2be-4e67-a8c0-1b95d7f3620e';
    if ('$name' in said) return `${said['$name']}-5f3a0c`;
    if ('$secret' in said) return 'sealed';
    return Object.fromEntries(Object.entries(said).map(([name, each]) => [name, this.resolve(each)]));
  }

  known(of: ReadonlyMap<string, string>, key: string | undefined): string {
    const found = of.get(key ?? '');
    // A step that names one that comes after it could not be carried out.
    if (found === undefined) throw new Error(`step "${key}" has not been done yet`);
    return found;
  }

  do({ key, work }: ProposedStep): void {
    if (work.do === 'act') this.act(this.resolve(work.act) as Record<string, unknown>);
    if (work.do === 'record') this.resolve(work);
    if (work.do === 'create') this.create(key, work.kind, this.resolve(work.spec) as Record<string, unknown>);
  }

  act(act: Record<string, unknown>): void {
    const index = this.resources.findIndex(({ externalId }) => externalId === act['id']);
    const seen = this.resources[index];
    if (seen === undefined) return;
    if (act['do'] === 'attach') this.resources[index] = { ...seen, parents: [`droplet:${act['droplet']}`] };
    if (act['do'] === 'power_off') this.resources[index] = { ...seen, status: 'off' };
    if (act['do'] === 'power_on') this.resources[index] = { ...seen, status: 'active' };
    // One whose system does not shut down at once is on for it: the provider refuses the resize then.
    if (act['do'] === 'resize' && seen.status !== 'off') throw new Error(`droplet ${seen.name} is on`);
    if (act['do'] === 'resize')
      this.resources[index] = { ...seen, attributes: { ...seen.attributes, size_slug: act['size'] } };
    if (act['do'] === 'enable_backups' || act['do'] === 'change_backup_policy')
      this.resources[index] = {
        ...seen,
        settings: { ...seen.settings, backups: true, 'backup_policy/plan': act['plan'] },
      };
  }

  create(key: string, kind: string, spec: Record<string, unknown>): void {
    const number = this.#next++;
    const id =
      kind === 'reserved_ip' ? `198.51.100.${number}` : kind === 'dns_zone' ? String(spec['name']) : `${number}`;
    const address = kind === 'reserved_ip' ? id : `203.0.113.${number}`;
    this.#ids.set(key, id);
    this.#addresses.set(key, address);
    if (kind === 'dns_record') {
      const index = this.resources.findIndex(({ externalId }) => externalId === spec['zone']);
      const zone = this.resources[index] as SeenResource;
      const { type, name, data, ttl, priority } = spec;
      const value = String(data).replace(/\.$/, '');
      const fields = { type, name, value: type === 'A' ? data : value, ttl, ...(priority !== null && { priority }) };
      const said = Object.entries(fields).map(([field, each]) => [`record/${number}/${field}`, each]);
      this.resources[index] = { ...zone, settings: { ...zone.settings, ...Object.fromEntries(said) } };
      return;
    }
    const droplets = (spec['volumes'] ?? []) as string[];
    for (const volume of droplets) this.act({ do: 'attach', id: volume, droplet: id });
    this.resources.push({
      kind,
      externalId: id,
      name: (spec['name'] as string | undefined) ?? id,
      region: (spec['region'] as string | undefined) ?? (kind === 'reserved_ip' ? 'fra1' : null),
      status: 'active',
      tags: (spec['tags'] ?? []) as string[],
      parents: kind === 'reserved_ip' ? [`droplet:${spec['droplet']}`] : [],
      attributes: {
        ...(kind === 'droplet' && { size_slug: spec['size'] }),
        ...(kind === 'volume' && { size_gb: spec['sizeGb'] }),
        ...(kind === 'load_balancer' && { nodes: spec['nodes'] }),
        ...(kind === 'reserved_ip' && { ip_version: 4, assigned: true }),
      },
      settings: this.settings(kind, spec),
      address,
      hosts: [address],
    });
  }

  settings(kind: string, spec: Record<string, unknown>): Record<string, unknown> {
    if (kind === 'droplet')
      return {
        image: spec['image'],
        vpc: spec['vpc'] ?? 'default',
        backups: spec['backups'] !== null,
        ...(spec['backups'] !== null && { 'backup_policy/plan': spec['backups'] }),
      };
    if (kind === 'vpc') return { ip_range: '10.20.0.0/20', default: false };
    if (kind === 'project') return { purpose: spec['purpose'], environment: spec['environment'] };
    if (kind === 'load_balancer') {
      const rules = spec['forwarding'] as Record<string, unknown>[];
      return {
        tag: (spec['targets'] as { tag: string }).tag,
        ...Object.fromEntries(
          rules.map((rule) => [
            `forwarding/${rule['entryProtocol']}/${rule['entryPort']}`,
            { target: `${rule['targetProtocol']}/${rule['targetPort']}` },
          ]),
        ),
      };
    }
    if (kind !== 'firewall') return {};
    const rulesOf = (side: 'inbound' | 'outbound') =>
      (spec[side] as Record<string, string[] | string>[]).map((rule) => {
        const place = rule['protocol'] === 'icmp' ? 'icmp' : `${rule['protocol']}/${rule['ports']}`;
        const list = (name: string) => rule[name] as string[];
        const peers = [
          ...list('addresses'),
          ...list('tags').map((tag) => `tag:${tag}`),
          ...list('droplets').map((droplet) => `droplet:${droplet}`),
          ...list('loadBalancers').map((balancer) => `load_balancer:${balancer}`),
        ];
        return [`${side}/${place}`, peers.toSorted()];
      });
    return { tags: spec['tags'], droplets: [], ...Object.fromEntries([...rulesOf('inbound'), ...rulesOf('outbound')]) };
  }
}

const subscriptionFrom = Temporal.PlainDate.from('2026-06-10');

function stepsOf(system: System, purpose: 'create' | 'change', model: Model) {
  const owned = model.resources;
  const project = owned.find(({ kind }) => kind === 'project')?.externalId ?? null;
  return proposeSteps({ purpose, deployment: of, system, owned, others: [], project, subscriptionFrom });
}

test('what the steps of a blueprint make is what it says, and the blueprint of that says the same', () => {
  fc.assert(
    fc.property(blueprints, (blueprint) => {
      // A droplet that is created before the one that a rule of a firewall names comes after the firewall.
      const read = systemOf(withoutDropletPeers(blueprint), {}, of);
      expect(read.problems).toEqual([]);
      const model = new Model();
      const proposed = stepsOf(read.system, 'create', model);
      expect(proposed.problems).toEqual([]);
      for (const step of proposed.steps) model.do(step);
      const again = stepsOf(read.system, 'change', model);
      expect([again.steps.map(({ key }) => key), again.problems]).toEqual([[], []]);
      const owned = model.resources;
      const project = owned.find(({ kind }) => kind === 'project')?.externalId ?? null;
      const from = {
        slug: of.slug,
        name: of.name,
        blueprint: 'shop',
        owned,
        others: [],
        project,
        plan: blueprint.plan,
        protections: new Map(),
      };
      const written = systemOf(blueprintSchema.parse(blueprintFrom(from).document), {}, of);
      expect(written.problems).toEqual([]);
      const same = stepsOf(written.system, 'change', model);
      expect([same.steps.map(({ key }) => key), same.problems]).toEqual([[], []]);
    }),
    { numRuns: 300 },
  );
});

test('from any blueprint of one size to another of its groups: the steps make it so, in either direction of size', () => {
  fc.assert(
    fc.property(blueprints, fc.constantFrom(...sizes), fc.integer({ min: 0, max: 2 }), (blueprint, size, more) => {
      const before = systemOf(withoutDropletPeers(blueprint), {}, of).system;
      const model = new Model();
      for (const step of stepsOf(before, 'create', model).steps) model.do(step);
      const grown = withoutDropletPeers({
        ...blueprint,
        droplets: Object.fromEntries(
          Object.entries(blueprint.droplets).map(([group, droplet]) => [
            group,
            {
              ...droplet,
              size,
              backups: droplet.backups ?? 'weekly',
              ...(droplet.count !== undefined && { count: Number(droplet.count) + more }),
            },
          ]),
        ),
      });
      const after = systemOf(grown, {}, of).system;
      const proposed = stepsOf(after, 'change', model);
      expect(proposed.problems).toEqual([]);
      for (const step of proposed.steps) model.do(step);
      const again = stepsOf(after, 'change', model);
      expect([again.steps.map(({ key }) => key), again.problems]).toEqual([[], []]);
      // Nothing that was running is left off.
      expect(model.resources.every(({ status }) => status === 'active')).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('the order of a listing makes no difference', () => {
  fc.assert(
    fc.property(blueprints, fc.infiniteStream(fc.nat()), (blueprint, random) => {
      const { system } = systemOf(withoutDropletPeers(blueprint), {}, of);
      const model = new Model();
      for (const step of stepsOf(system, 'create', model).steps) model.do(step);
      const { droplets } = system;
      const smaller = { ...system, droplets: droplets.map((each) => ({ ...each, size: 's-8vcpu-16gb' })) };
      const one = stepsOf(smaller, 'change', model);
      model.resources.sort(() => ((random.next().value as number) % 2 === 0 ? 1 : -1));
      expect(canonicalJson(stepsOf(smaller, 'change', model).steps)).toBe(canonicalJson(one.steps));
    }),
    { numRuns: 100 },
  );
});

test('a blueprint of what lives is one of another deployment too: neither its zone nor its range is taken', () => {
  const { system } = systemOf(
    blueprintSchema.parse({
      blueprint: 'shop',
      schema: 1,
      region: 'fra1',
      network: { vpc: { ip_range: '10.20.0.0/20' } },
      droplets: { web: { size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' } },
      dns: {
        zone: 'shop.example',
        records: [
          { A: '@', to: 'web' },
          { CNAME: 'www', to: 'shop.example.' },
          { MX: '@', to: 'mail.other.example.', priority: 10 },
        ],
      },
    }),
    {},
    of,
  );
  const model = new Model();
  for (const step of stepsOf(system, 'create', model).steps) model.do(step);
  const project = model.resources.find(({ kind }) => kind === 'project')?.externalId ?? null;
  const from = {
    slug: of.slug,
    name: of.name,
    blueprint: 'shop',
    owned: model.resources,
    others: [],
    project,
    plan: null,
    protections: new Map(),
  };
  const written = blueprintSchema.parse(blueprintFrom(from).document);
  const valued = (given: Record<string, string>, other: typeof of) =>
    systemOf(written, readParameters(written.parameters, given).open, other);
  // Of itself it has nothing to do, with no parameter given.
  expect(stepsOf(valued({}, of).system, 'change', model).steps).toEqual([]);
  const like = valued({ domain: 'gamma.example' }, { slug: 'gamma-shop', name: 'Gamma Shop', customer: 'cus-88' });
  expect(like.problems).toEqual([]);
  expect(like.system.zones.map(({ zone }) => zone)).toEqual(['gamma.example']);
  expect(like.system.zones[0]?.records.map(({ to }) => to)).toEqual([
    { addressOf: 'web' },
    { value: 'gamma.example' },
    { value: 'mail.other.example' },
  ]);
  const other = model.resources.map((each) => ({ ...each, name: `${each.name}-of-beta` }));
  const account = {
    resources: other,
    listed: new Set<string>(),
    members: [],
    sizes: [],
    offer: { limits, images: new Map(), keys: [] },
  };
  const problems = preflight(like.system, account, { isNew: true, userData: new Map(), givenBy: like.givenBy });
  expect(problems.filter((each) => /network|zone/i.test(each))).toEqual([]);
});

const limits = { droplets: 10, reservedIps: 10 };

test('names without the slug: of projects and networks the slug gives one, of droplets and volumes a parameter', () => {
  const shop = blueprintSchema.parse({
    blueprint: 'shop',
    schema: 1,
    region: 'fra1',
    project: { name: 'Beta Shop (live)' },
    network: { vpc: { name: 'gp-net' } },
    droplets: {
      web: { name: 'gp-web', count: 2, size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64', tags: ['beta-shop-db', 'eu'] },
    },
    volumes: { data: { name: 'gp-data', size: 10, attach: 'web-1' } },
    firewall: { inbound: [{ tcp: 22, from: ['tag:beta-shop:ops', 'droplet:4711'] }] },
  });
  const model = new Model();
  for (const step of stepsOf(systemOf(shop, {}, of).system, 'create', model).steps) model.do(step);
  // What a cluster has made is not the blueprint's.
  const [first] = model.resources.filter(({ kind }) => kind === 'droplet');
  const worker = { ...(first as SeenResource), externalId: '99', name: 'pool-1', parents: ['kubernetes_cluster:c-1'] };
  model.resources.push(worker);
  const project = model.resources.find(({ kind }) => kind === 'project')?.externalId ?? null;
  const written = (from: Partial<Parameters<typeof blueprintFrom>[0]> = {}) =>
    blueprintFrom({
      ...of,
      blueprint: 'shop',
      owned: model.resources,
      others: [],
      project,
      plan: null,
      protections: new Map(),
      ...from,
    });
  const { document, leftOut } = written();
  expect(leftOut).toContain('A Kubernetes cluster makes its own: 1 droplet left out.');
  expect(document.project?.name).toBe('${deployment_name} (live)');
  // Where people call it otherwise, a new project is named after its slug.
  expect(written({ name: 'Beta Ltd' }).document.project?.name).toBeUndefined();
  expect(document.network).toEqual({ vpc: { ip_range: null } });
  expect(document.parameters).toEqual({
    gp_web_name: { type: 'text', default: 'gp-web' },
    gp_data_name: { type: 'text', default: 'gp-data' },
  });
  const blueprint = blueprintSchema.parse(document);
  const valued = (given: Record<string, string>, other: typeof of) =>
    systemOf(blueprint, readParameters(blueprint.parameters, given).open, other);
  const same = stepsOf(valued({}, of).system, 'change', model);
  expect([same.steps, same.problems]).toEqual([[], []]);
  const account = {
    resources: model.resources,
    listed: new Set<string>(),
    members: [],
    sizes: [],
    offer: { limits, images: new Map(), keys: [] },
  };
  const other = { slug: 'gamma', name: 'Gamma', customer: 'cus-9' };
  const namesTaken = (given: Record<string, string>) => {
    const { system, problems, givenBy } = valued(given, other);
    const found = preflight(system, account, { isNew: true, userData: new Map(), givenBy });
    return [...problems, ...found.filter((each) => !/^The provider has no (size|image)/.test(each))];
  };
  expect(namesTaken({})).toEqual([
    'There is a droplet named gp-web-1 already: give another value for the parameter gp_web_name.',
    'There is a droplet named gp-web-2 already: give another value for the parameter gp_web_name.',
    'There is a volume named gp-data already: give another value for the parameter gp_data_name.',
  ]);
  const given = { gp_web_name: 'ga-web', gp_data_name: 'ga-data' };
  expect(namesTaken(given)).toEqual([]);
  const { system } = valued(given, other);
  expect([system.project.name, system.vpc?.name]).toEqual(['Gamma (live)', 'gamma']);
  expect(system.droplets[0]?.tags).toEqual(['eu', 'gamma-db']);
  // The tag of the deployment's own is the other one's there; a droplet of nobody's is the same one.
  expect(system.firewalls[0]?.inbound).toEqual({ 'tcp/22': ['droplet:4711', 'tag:gamma:ops'] });
});

test('a droplet that is not in the private network of its blueprint is a problem, also where that is to be created', () => {
  const said = { blueprint: 'shop', schema: 1, region: 'fra1' };
  const droplets = { web: { size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' } };
  const systemWith = (network: object) =>
    systemOf(blueprintSchema.parse({ ...said, droplets, network }), {}, of).system;
  const model = new Model();
  for (const step of stepsOf(systemWith({ vpc: null }), 'create', model).steps) model.do(step);
  expect(stepsOf(systemWith({ vpc: {} }), 'change', model).problems).toEqual([
    'Droplet beta-shop-web is not in the private network beta-shop: no rollout moves it.',
  ]);
});

test('a firewall and a balancer know their droplets by tags without case, as the provider does', () => {
  const droplet = { kind: 'droplet', externalId: '1', tags: ['Beta-Shop:Web'] } as unknown as SeenResource;
  const of = (kind: string, settings: object) => ({ kind, settings }) as unknown as SeenResource;
  expect(coveredBy(of('firewall', { tags: ['beta-shop:web'] }), [droplet])).toEqual(['1']);
  expect(coveredBy(of('load_balancer', { tag: 'BETA-SHOP:WEB' }), [droplet])).toEqual(['1']);
  expect(coveredBy(of('load_balancer', { tag: 'beta-shop:db' }), [droplet])).toEqual([]);
});

test('a firewall that names a droplet which comes after it is a problem, and the tag in its place is none', () => {
  const said = {
    blueprint: 'shop',
    schema: 1,
    region: 'fra1',
    droplets: { web: { size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' } },
    firewall: { inbound: [{ tcp: 22, from: 'droplet:web' }] },
  };
  const problemsOf = (change: object) =>
    stepsOf(systemOf(blueprintSchema.parse({ ...said, ...change }), {}, of).system, 'create', new Model()).problems;
  expect(problemsOf({})).toEqual([
    'Firewall beta-shop-firewall names droplet web, which is created after it: name a tag of the droplet in its place.',
  ]);
  expect(problemsOf({ firewall: { inbound: [{ tcp: 22, from: 'tag:deployment:beta-shop' }] } })).toEqual([]);
});

test('a peer of a firewall or the target of a record that nothing knows is a problem', () => {
  const said = {
    blueprint: 'shop',
    schema: 1,
    region: 'fra1',
    droplets: { web: { size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' } },
    balancer: [1, 2].map((port) => ({ forward: [{ http: port, to: 80 }] })),
  };
  const problemsOf = (peer: string, to: string) =>
    systemOf(
      blueprintSchema.parse({
        ...said,
        firewall: { inbound: [{ tcp: 22, from: peer }] },
        dns: { zone: 'a.example', records: [{ A: '@', to }] },
      }),
      {},
      of,
    ).problems;
  expect(problemsOf('office', 'balancer')).toEqual([
    'Firewall beta-shop-firewall: office is no network, balancer, balancer:<number>, tag:<tag>, droplet:<name> or load_balancer:<id>.',
    'Record A of a.example: there is no balancer, but balancer:1, balancer:2.',
  ]);
  // Hexadecimal digits alone are no address.
  expect(problemsOf('cafe', 'reserved_ip')).toEqual([
    'Firewall beta-shop-firewall: cafe is no network, balancer, balancer:<number>, tag:<tag>, droplet:<name> or load_balancer:<id>.',
    'Record A of a.example: there is no reserved_ip.',
  ]);
  expect(problemsOf('balancer:3', 'web')).toEqual([
    'Firewall beta-shop-firewall: there is no balancer:3, but balancer:1, balancer:2.',
  ]);
  for (const peer of ['balancer:2', '10.0.0.0/8', '2001:db8::/32', 'tag:ops', 'load_balancer:b-1', 'droplet:web'])
    expect(problemsOf(peer, 'balancer:1')).toEqual([]);
});

test('a firewall or a balancer is added to droplets that are there only where they have its tag', () => {
  const said = {
    blueprint: 'shop',
    schema: 1,
    region: 'fra1',
    droplets: { web: { size: 's-1vcpu-1gb', image: 'ubuntu-24-04-x64' } },
  };
  const systemWith = (change: object) => systemOf(blueprintSchema.parse({ ...said, ...change }), {}, of).system;
  const more = {
    firewall: { inbound: [{ tcp: 22, from: '203.0.113.0/24' }] },
    balancer: { targets: 'web', forward: [{ http: 80, to: 80 }] },
  };
  const added = (tags: readonly string[]) => {
    const model = new Model();
    for (const step of stepsOf(systemWith({}), 'create', model).steps) model.do(step);
    const index = model.resources.findIndex(({ kind }) => kind === 'droplet');
    model.resources[index] = { ...(model.resources[index] as SeenResource), tags };
    return stepsOf(systemWith(more), 'change', model).problems;
  };
  const lacks = (what: string, tag: string) =>
    `The ${what} is to be of droplet beta-shop-web, which has no tag ${tag}, and no rollout sets it: set it first.`;
  expect(added([])).toEqual([
    lacks('firewall beta-shop-firewall', 'deployment:beta-shop'),
    lacks('balancer beta-shop-balancer', 'beta-shop:balancer'),
  ]);
  expect(added(['Deployment:beta-shop', 'beta-shop:balancer'])).toEqual([]);
});

/** A droplet that a firewall names comes after the firewall. */
function withoutDropletPeers(blueprint: Blueprint): Blueprint {
  const { firewall } = blueprint;
  if (firewall === null || Array.isArray(firewall)) return blueprint;
  const inbound = firewall.inbound.map((rule) => ({
    ...rule,
    from: [rule.from].flat().filter((peer) => !peer.startsWith('droplet:')),
  }));
  return { ...blueprint, firewall: { ...firewall, inbound } };
}
