import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArcadiaError } from '../../platform/errors.ts';
import { declarationSchema } from '../declaration.ts';
import { readTerraform, type TerraformReading } from './read-terraform.ts';

const types = [
  'droplet',
  'volume',
  'volume_attachment',
  'volume_snapshot',
  'firewall',
  'loadbalancer',
  'certificate',
  'domain',
  'record',
  'reserved_ip',
  'reserved_ip_assignment',
  'reserved_ipv6',
  'spaces_bucket',
  'database_cluster',
  'database_firewall',
  'kubernetes_cluster',
  'kubernetes_node_pool',
  'app',
  'project',
  'project_resources',
  'vpc',
  'tag',
].map((type) => `digitalocean_${type}`);

const attributeNames = [
  'id',
  'name',
  'region',
  'size',
  'size_unit',
  'image',
  'tags',
  'backups',
  'backup_policy',
  'vpc_uuid',
  'droplet_id',
  'droplet_ids',
  'volume_id',
  'cluster_id',
  'domain',
  'type',
  'value',
  'ttl',
  'ip_address',
  'ip',
  'inbound_rule',
  'outbound_rule',
  'forwarding_rule',
  'healthcheck',
  'sticky_sessions',
  'firewall',
  'domains',
  'node_pool',
  'auto_scale',
  'node_count',
  'min_nodes',
  'max_nodes',
  'labels',
  'taint',
  'spec',
  'resources',
  'project',
  'rule',
  'maintenance_window',
  'maintenance_policy',
  'storage_size_mib',
  'autoscale',
  'acl',
  'versioning',
  'engine',
  'version',
  'purpose',
  'environment',
  'description',
  'ip_range',
];

const nested = [
  'name',
  'protocol',
  'port_range',
  'source_addresses',
  'entry_protocol',
  'entry_port',
  'target_protocol',
  'target_port',
  'certificate_name',
  'type',
  'value',
  'path',
  'port',
  'allow',
  'deny',
  'day',
  'hour',
  'size',
  'auto_scale',
  'min_nodes',
  'max_nodes',
  'node_count',
  'labels',
  'taint',
  'service',
  'domain',
  'instance_count',
  'plan',
  'weekday',
  'enabled',
  'storage',
  '__proto__',
  'constructor',
];

const plain = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(
    null,
    '',
    '0',
    0,
    'tcp',
    'do:droplet:7',
    'do:space:x',
    '10.0.0.0/8',
    '::/0',
    '*',
    '\u0000',
    '\ud800',
    'redis',
    'none',
  ),
);
const blockValue = fc.dictionary(
  fc.constantFrom(...nested),
  fc.oneof(plain, fc.array(plain, { maxLength: 3 }), fc.dictionary(fc.string(), plain, { maxKeys: 2 })),
  { maxKeys: 8 },
);
const attribute = fc.oneof(
  { weight: 3, arbitrary: plain },
  fc.array(plain, { maxLength: 3 }),
  fc.array(blockValue, { maxLength: 3 }),
  blockValue,
  fc.array(fc.dictionary(fc.constantFrom(...nested), fc.array(blockValue, { maxLength: 2 }), { maxKeys: 4 }), {
    maxLength: 2,
  }),
);
const attributes = fc.record(Object.fromEntries(attributeNames.map((name) => [name, attribute])), {
  requiredKeys: ['id', 'name'],
});

const odd = fc.anything({ maxDepth: 2, withNullPrototype: true });
const instance = fc.record(
  {
    attributes: fc.oneof({ weight: 6, arbitrary: attributes }, odd),
    index_key: fc.oneof(fc.constant(undefined), fc.nat(3), fc.string(), odd),
    schema_version: fc.oneof(fc.nat(5), odd),
    status: fc.constantFrom('tainted', undefined),
    deposed: fc.constantFrom(undefined, undefined, '8f3a9c01', 5),
    attributes_flat: odd,
    sensitive_attributes: fc.oneof(
      fc.array(fc.array(fc.record({ type: fc.constant('get_attr'), value: fc.constantFrom(...attributeNames) }))),
      odd,
    ),
    provider: fc.constantFrom(undefined, undefined, 'provider.digitalocean.eu'),
  },
  { requiredKeys: ['attributes'] },
);
const provider = fc.constantFrom(
  'provider["registry.terraform.io/digitalocean/digitalocean"]',
  'provider["registry.opentofu.org/digitalocean/digitalocean"].eu',
  'provider.digitalocean',
  'provider["registry.terraform.io/hashicorp/random"]',
);
const resource = fc.record(
  {
    mode: fc.constantFrom('managed', 'managed', 'managed', 'data'),
    type: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...types) }, fc.string()),
    name: fc.oneof({ weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c') }, fc.string()),
    module: fc.oneof(fc.constantFrom(undefined, undefined, 'module.m', 'module.m["k"]'), odd),
    provider,
    instances: fc.oneof({ weight: 9, arbitrary: fc.array(instance, { maxLength: 4 }) }, odd),
  },
  { requiredKeys: ['mode', 'type', 'name', 'provider', 'instances'] },
);
const state = fc.record({
  version: fc.constant(4),
  serial: fc.oneof(fc.nat(), odd),
  lineage: fc.oneof(fc.uuid(), odd),
  terraform_version: fc.constant('1.9.8'),
  resources: fc.array(fc.oneof({ weight: 9, arbitrary: resource }, odd), { maxLength: 8 }),
});

const shownResource = fc.record(
  {
    address: fc.oneof(fc.string(), fc.constantFrom('a.b', 'a.c')),
    mode: fc.constantFrom('managed', 'data'),
    type: fc.constantFrom(...types),
    provider_name: fc.constantFrom('registry.terraform.io/digitalocean/digitalocean', 'digitalocean', 'x/y/z'),
    values: fc.oneof(attributes, odd),
    sensitive_values: odd,
  },
  { requiredKeys: ['address', 'mode', 'type', 'provider_name', 'values'] },
);
const shownModule = fc.letrec((tie) => ({
  module: fc.record({
    resources: fc.oneof({ weight: 9, arbitrary: fc.array(shownResource, { maxLength: 3 }) }, odd),
    child_modules: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('module'), { maxLength: 2 }),
    ),
  }),
})).module;
const shown = fc.oneof(
  fc.record({ format_version: fc.constant('1.0'), values: fc.record({ root_module: shownModule }) }),
  fc.record({
    format_version: fc.constant('1.2'),
    planned_values: fc.record({ root_module: shownModule }),
    errored: fc.constantFrom(false, true),
  }),
);

/** Where a value cannot be said in JSON it is left out. */
function bytesOf(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (_, held: unknown) => (typeof held === 'bigint' ? Number(held) : held));
  return new TextEncoder().encode(text ?? 'null');
}

/** What is read, or null where it was refused as our errors do. */
function readOrRefused(bytes: Uint8Array): TerraformReading | null {
  try {
    return readTerraform(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(ArcadiaError);
    expect((error as ArcadiaError).code).toBe('invalid_argument');
    return null;
  }
}

/** What holds of every reading. */
function checkReading(reading: TerraformReading): void {
  const { counts, skipped, resources } = reading;
  expect(counts.managed).toBe(counts.compared + counts.notRead + counts.otherwiseSkipped);
  expect(skipped).toHaveLength(counts.notRead + counts.otherwiseSkipped + counts.dataSources + counts.otherProviders);
  // It is a document that a declaration takes, and that the database keeps.
  const addresses = new Set(resources.map(({ address }) => address));
  expect(addresses.size).toBe(resources.length);
  const document = { declaration: 'acme', account: 'main', resources: resources.map(({ alias: _, ...rest }) => rest) };
  expect(declarationSchema.safeParse(document).error?.issues).toBeUndefined();
  const text = JSON.stringify(reading);
  expect(text).not.toContain('\\u0000');
  expect(text.isWellFormed() && !/\\ud[89a-f]/.test(text)).toBe(true);
}

test('whatever a state holds, it is read or refused, and what is read is a declaration', () => {
  fc.assert(
    fc.property(state, (file) => {
      const reading = readOrRefused(bytesOf(file));
      expect(reading).not.toBeNull();
      checkReading(reading!);
      expect(readTerraform(bytesOf(file))).toEqual(reading);
    }),
    { numRuns: 150 },
  );
});

test('whatever is shown, it is read or refused, and what is read is a declaration', () => {
  fc.assert(
    fc.property(shown, (file) => {
      const reading = readOrRefused(bytesOf(file));
      if (reading !== null) checkReading(reading);
    }),
    { numRuns: 150 },
  );
});

test('any JSON, and any bytes, are read or refused, and no error quotes them', () => {
  const canary = 'CANARY-text';
  const anyJson = fc.json().map((text) => text.replaceAll('"', `"${canary}`));
  const asBytes = fc.oneof(
    anyJson.map((text) => new TextEncoder().encode(text)),
    fc.uint8Array({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(asBytes, (bytes) => {
      try {
        expect(inspect(readTerraform(bytes), { depth: null })).not.toContain(canary);
      } catch (error) {
        expect(error).toBeInstanceOf(ArcadiaError);
        expect(inspect(error, { depth: null })).not.toContain(canary);
      }
    }),
    { numRuns: 500 },
  );
});

test('the order of resources in a file makes no difference to what is declared', () => {
  const whole = fc.uniqueArray(
    fc.record({
      type: fc.constantFrom('digitalocean_volume', 'digitalocean_droplet', 'digitalocean_vpc'),
      id: fc.nat(20),
    }),
    { selector: ({ type, id }) => `${type}${id}` },
  );
  const attached = fc.uniqueArray(fc.record({ volume: fc.nat(20), droplet: fc.nat(20) }), {
    selector: ({ volume }) => volume,
  });
  fc.assert(
    fc.property(whole, attached, fc.nat(), (wholes, parts, seed) => {
      const resources = [
        ...wholes.map(({ type, id }) => ({ type, name: `r${id}`, attributes: { id: String(id), name: `n${id}` } })),
        ...parts.map(({ volume, droplet }) => ({
          type: 'digitalocean_volume_attachment',
          name: `a${volume}`,
          attributes: { volume_id: String(volume), droplet_id: droplet + 1 },
        })),
      ].map(({ attributes: held, ...rest }) => ({
        ...rest,
        mode: 'managed',
        provider: 'provider.digitalocean',
        instances: [{ attributes: held }],
      }));
      const turn = resources.length === 0 ? 0 : seed % resources.length;
      const turned = [...resources.slice(turn), ...resources.slice(0, turn)].reverse();
      const read = (list: object[]) =>
        new Map(
          readTerraform(bytesOf({ version: 4, lineage: 'l', resources: list })).resources.map((one) => [
            one.address,
            one,
          ]),
        );
      expect(read(turned)).toEqual(read(resources));
    }),
  );
});
