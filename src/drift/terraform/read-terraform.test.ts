import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ArcadiaError } from '../../platform/errors.ts';
import { readTerraform } from './read-terraform.ts';

const example = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../test/fixtures/terraform/${name}.tfstate`, import.meta.url)));
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** The sentence with which a file is refused. */
function refusal(file: Uint8Array): string {
  try {
    readTerraform(file);
  } catch (error) {
    if (error instanceof ArcadiaError && error.code === 'invalid_argument') return error.message;
    throw error;
  }
  throw new Error('The file was read.');
}

const provider = 'provider["registry.terraform.io/digitalocean/digitalocean"]';
const droplet = (id: number) => ({ schema_version: 1, attributes: { id: String(id), name: `web-${id}` } });
const resource = (more: object) => ({
  mode: 'managed',
  type: 'digitalocean_droplet',
  name: 'web',
  provider,
  instances: [droplet(1)],
  ...more,
});
const state = (...resources: object[]) =>
  bytes({
    version: 4,
    terraform_version: '1.9.8',
    serial: 3,
    lineage: 'l-1',
    outputs: {},
    resources,
    check_results: null,
  });

// The example states: what each declares, skips and notes.

test.each([
  ['1-clean', 5, 5],
  ['2-changed', 2, 2],
  ['3-network', 2, 2],
  ['4-structure', 4, 6],
  ['5-gone', 7, 7],
  ['6-secrets', 3, 4],
])('%s declares %i of %i', (name, compared, managed) => {
  const reading = readTerraform(example(name));
  expect(reading.counts).toMatchObject({ compared, managed });
  expect(reading).toMatchObject({
    form: 'state',
    serial: Number(name[0]),
    lineage: `7d3f0000-0000-4000-8000-00000000000${name[0]}`,
  });
  expect(reading.digest).toMatch(/^[0-9a-f]{64}$/);
});

test('1-clean: a data source is skipped, and nothing is to be said', () => {
  const { skipped, notes, resources } = readTerraform(example('1-clean'));
  expect(skipped).toEqual([
    { address: 'data.digitalocean_ssh_key.ops', type: 'digitalocean_ssh_key', reason: 'data_source' },
  ]);
  expect(notes).toEqual([]);
  expect(
    resources.map(({ address, fields }) => [address, fields['image'] ?? fields['image_id'], fields['tags']]),
  ).toEqual([
    ['digitalocean_droplet.web', '155133621', ['deployment:acme-studio']],
    ['digitalocean_droplet.db', 'ubuntu-24-04-x64', ['deployment:acme-studio']],
    ['digitalocean_domain.zone["shop"]', undefined, undefined],
    ['digitalocean_domain.zone["studio"]', undefined, undefined],
    ['digitalocean_project.acme', undefined, undefined],
    ['digitalocean_project.acme.resources["reserved_ip:100.72.9.9"]', undefined, undefined],
  ]);
});

test('4-structure: modules, aliases, old names, deposed, tainted, flat and foreign', () => {
  const reading = readTerraform(example('4-structure'));
  const app = 'module.customer["acme \\"eu\\""].module.app.digitalocean_droplet.app[0]';
  expect(reading.resources.map(({ address, kind, id, alias }) => [address, kind, id, alias])).toEqual([
    [app, 'droplet', '481000001', 'eu'],
    ['digitalocean_droplet.old', 'droplet', '481000002', null],
    ['digitalocean_database_cluster.pg', 'database', '0a000000-0000-4000-8000-0000000000d1', 'by_region["fra1"]'],
  ]);
  expect(reading.notes).toEqual([
    { code: 'deposed', address: app, key: '8f3a9c01', kind: 'droplet', id: '480009999' },
    { code: 'tainted', address: 'digitalocean_droplet.old' },
    { code: 'twice', address: 'digitalocean_droplet.twice', other: app },
  ]);
  expect(reading.skipped).toEqual([
    { address: 'digitalocean_volume.data', type: 'digitalocean_volume', reason: 'before_0_12' },
    { address: 'digitalocean_gradientai_agent.bot', type: 'digitalocean_gradientai_agent', reason: 'kind_not_read' },
    { address: 'cloudflare_dns_record.www', type: 'cloudflare_dns_record', reason: 'other_provider' },
    { address: 'data.digitalocean_image.base', type: 'digitalocean_image', reason: 'data_source' },
  ]);
  expect(reading.counts).toEqual({
    managed: 6,
    compared: 4,
    notRead: 1,
    otherwiseSkipped: 1,
    dataSources: 1,
    otherProviders: 1,
    deposed: 1,
  });
});

test('5-gone: attachment and pool are fields of what they belong to', () => {
  const { resources } = readTerraform(example('5-gone'));
  expect(resources.map(({ address }) => address)).toEqual([
    'digitalocean_droplet.lost',
    'digitalocean_database_cluster.pg',
    'digitalocean_kubernetes_cluster.k8s',
    'digitalocean_reserved_ip.vip',
    'digitalocean_volume.data',
  ]);
  expect(resources.map(({ fields }) => fields)).toMatchObject([
    {},
    { nodes: 1, storage_size_mib: 20_480, 'maintenance/hour': '04:00' },
    {
      auto_upgrade: true,
      'pool/default-pool/count': { min: 2, max: 5 },
      'pool/batch/count': 1,
      'pool/batch/size': 'c-2',
    },
    { droplet: '481000001' },
    { size_gb: 50, droplet: '481000001' },
  ]);
  expect(resources[2]!.fields).not.toHaveProperty('version');
  expect(resources[4]!.fields).not.toHaveProperty('tags');
});

test('6-secrets: what is no part of the provider, or of what is read, is named', () => {
  expect(readTerraform(example('6-secrets')).skipped).toEqual([
    { address: 'digitalocean_spaces_key.media', type: 'digitalocean_spaces_key', reason: 'kind_not_read' },
    { address: 'random_password.admin', type: 'random_password', reason: 'other_provider' },
  ]);
});

test.each([
  ['6b-encrypted', 'The file is encrypted by OpenTofu.'],
  ['6c-version3', 'The file is a state of version 3; version 4 is read.'],
  ['6d-truncated', 'The file is not JSON: it is cut off at byte 700.'],
])('%s is refused in a sentence', (name, sentence) => {
  expect(refusal(example(name))).toBe(sentence);
});

// Files that are no state, and those that are written unusually.

test.each(['', ' \n\t ', '\uFEFF'])('an empty file (%j) is no state, and says so', (text) => {
  expect(readTerraform(bytes(text))).toMatchObject({
    form: 'state',
    lineage: null,
    serial: null,
    resources: [],
    notes: [{ code: 'empty' }],
    counts: { managed: 0, compared: 0 },
  });
  expect(readTerraform(state()).notes).toEqual([]);
});

test('a mark of the encoding is no part of the file', () => {
  const text = new TextDecoder().decode(state(resource({})));
  const utf16 = (bigEndian: boolean) => {
    const file = Buffer.from(`\uFEFF${text}`, 'utf16le');
    return new Uint8Array(bigEndian ? file.swap16() : file);
  };
  const plain = readTerraform(bytes(text));
  expect(plain.resources).toHaveLength(1);
  for (const file of [bytes(`\uFEFF${text}`), utf16(false), utf16(true)]) expect(readTerraform(file)).toEqual(plain);
});

const secret = 'CANARY-secret';

test.each([
  [
    'cut off in a text',
    `{"version":4,"resources":[{"name":"${secret}`,
    /^The file is not JSON: it is cut off at byte \d+\.$/,
  ],
  ['cut off before a value', `{"version":4,"serial":`, /^The file is not JSON: it is cut off at byte 22\.$/],
  ['cut off behind a line end', `{"version":4,\n`, /^The file is not JSON: it is cut off at byte 14\.$/],
  ['not JSON within', `{"version":4,"a":"${secret}" "b":1}`, /^The file is not JSON from byte 33 on\.$/],
  ['two values', `{"version":4}\n{"a":"${secret}"}`, /^The file is not JSON from byte 14 on\.$/],
  ['a word', secret, /^The file is not JSON\.$/],
  [
    'a configuration',
    `resource "digitalocean_droplet" "web" {\n  user_data = "${secret}"\n}`,
    /^The file is a configuration, and no state\.$/,
  ],
  ['a saved plan', 'PK\u0003\u0004', /^The file is a saved plan, which only the program that made it can read\.$/],
  ['a list', [secret], /^The file is neither a state/],
  ['a text', JSON.stringify(secret), /^The file is neither a state/],
  ['null', 'null', /^The file is neither a state/],
  ['an object of something else', { password: secret }, /^The file is neither a state/],
  ['another version 3', { version: 3, services: { web: { image: secret } } }, /^The file is neither a state/],
  ['another version 4', { version: 4, data: secret }, /^The file is neither a state/],
  ['a version that is a text', { version: secret }, /^The file is neither a state/],
  ['a state of 0.6', { version: 1, serial: 1, modules: [] }, /^The file is a state of version 1; version 4 is read\.$/],
  [
    'a state of tomorrow',
    { version: 5, lineage: secret, resources: [] },
    /^The file is a state of version 5; version 4 is read\.$/,
  ],
  [
    'encrypted by a plan',
    { encrypted_data: secret, encryption_version: 'v0', meta: {} },
    /^The file is encrypted by OpenTofu\.$/,
  ],
  [
    'another format',
    { format_version: '2.0', values: { a: secret } },
    /^The file is of version 2 of what `show -json` says; version 1 is read\.$/,
  ],
  ['a format that is none', { format_version: secret }, /^The file is neither a state/],
  [
    'a plan with errors',
    { format_version: '1.2', planned_values: {}, errored: true, a: secret },
    /^The plan ended with errors/,
  ],
])('%s is refused in a sentence that quotes nothing', (_, content, sentence) => {
  const told = refusal(bytes(content));
  expect(told).toMatch(sentence);
  expect(told).not.toContain(secret);
});

test('bytes that are no text are refused without being shown', () => {
  expect(refusal(new Uint8Array([0x7b, 0xff, 0xfe, 0x41]))).toBe('The file is not text in UTF-8.');
  expect(refusal(new Uint8Array([0xff, 0xfe, 0x00, 0xd8]))).toBe('The file is not text in UTF-16LE.');
});

test('a file that is too large is refused before it is read', () => {
  expect(refusal(new Uint8Array(64 * 1024 * 1024 + 1))).toBe('The file has 67108865 bytes; at most 67108864 are read.');
  const many = (count: number, start: number) =>
    Array.from({ length: count }, (_, index) => ({ ...droplet(start + index), index_key: index }));
  expect(readTerraform(state(resource({ instances: many(10_000, 1) }))).resources).toHaveLength(10_000);
  expect(refusal(state(resource({ instances: many(10_001, 1) })))).toBe('The file declares more than 10000 resources.');
  expect(refusal(state(resource({ instances: Array.from({ length: 100_001 }, () => 0) })))).toBe(
    'The file has more than 100000 resources.',
  );
});

test('a zone of more records than a resource has fields says which are left out', () => {
  const record = (id: number) => ({
    attributes: { id, domain: 'a.example', type: 'A', name: `n${id}`, value: '192.0.2.1', ttl: 60 },
  });
  const records = Array.from({ length: 5_001 }, (_, index) => ({ ...record(index + 1), index_key: index }));
  const reading = readTerraform(state(resource({ type: 'digitalocean_record', instances: records })));
  expect(Object.keys(reading.resources[0]!.fields)).toHaveLength(20_000);
  expect(reading.skipped).toEqual([
    { address: 'digitalocean_record.web[5000]', type: 'digitalocean_record', reason: 'too_many_fields' },
  ]);
  expect(reading.counts).toMatchObject({ managed: 5_001, compared: 5_000, otherwiseSkipped: 1 });
});

// Instances, wherever they stand.

test.each([
  [provider, true, null],
  [`${provider}.eu`, true, 'eu'],
  [`module.a["x.y"].${provider}.eu`, true, 'eu'],
  [`module.a["provider[\\"x\\"]"].${provider}`, true, null],
  ['provider["registry.opentofu.org/digitalocean/digitalocean"].by_region["fra1"]', true, 'by_region["fra1"]'],
  ['provider["mirror.example:8443/digitalocean/digitalocean"]', true, null],
  ['provider.digitalocean', true, null],
  ['provider.digitalocean.eu', true, 'eu'],
  ['module.m.provider.digitalocean', true, null],
  ['provider["registry.terraform.io/hashicorp/random"]', false, null],
  ['provider["registry.terraform.io/someone/digitalocean"]', false, null],
  ['provider["registry.terraform.io/digitalocean/digitalocean-extra"]', false, null],
  ['provider["registry.terraform.io/x/y"].digitalocean', false, null],
  ['provider.digitaloceanx', false, null],
  ['provider["evil/digitalocean/digitalocean"]\u0000', false, null],
  [null, false, null],
  [{}, false, null],
])('the provider %j: ours %s, alias %j', (said, isOurs, alias) => {
  const { resources, skipped } = readTerraform(state(resource({ provider: said })));
  if (isOurs) expect(resources).toMatchObject([{ alias }]);
  else expect(skipped).toMatchObject([{ address: 'digitalocean_droplet.web', reason: 'other_provider' }]);
});

test("OpenTofu's provider on the instance comes before the resource's", () => {
  const instances = [
    { ...droplet(1), provider: `${provider}.us`, index_key: 'a' },
    { ...droplet(2), index_key: 'b' },
  ];
  expect(readTerraform(state(resource({ instances }))).resources.map(({ alias }) => alias)).toEqual(['us', null]);
});

test.each([
  [undefined, 'digitalocean_droplet.web'],
  [0, 'digitalocean_droplet.web[0]'],
  ['a "b" \\ c', 'digitalocean_droplet.web["a \\"b\\" \\\\ c"]'],
  ['', 'digitalocean_droplet.web[""]'],
  ['ü', 'digitalocean_droplet.web["ü"]'],
])('the key %j makes the address %s', (key, address) => {
  const { resources } = readTerraform(state(resource({ instances: [{ ...droplet(1), index_key: key }] })));
  expect(resources).toMatchObject([{ address }]);
});

test('what is no instance is named by its place, and the others are read', () => {
  const odd = [
    null,
    7,
    {},
    resource({ name: 5 }),
    resource({ mode: 'other' }),
    resource({ module: ['x'] }),
  ] as object[];
  const reading = readTerraform(
    state(
      ...odd,
      resource({
        instances: [null, { ...droplet(1), index_key: { a: 1 } }, { ...droplet(2), attributes: null }, droplet(3)],
      }),
    ),
  );
  expect(reading.skipped.map(({ address, reason }) => [address, reason])).toEqual([
    ...odd.map((_, index) => [`resources[${index}]`, 'not_understood']),
    ['resources[6].instances[1]', 'not_understood'],
    ['digitalocean_droplet.web', 'without_attributes'],
    ['digitalocean_droplet.web', 'without_attributes'],
  ]);
  expect(reading.resources).toMatchObject([{ id: '3' }]);
});

test('one address twice is one resource, and the other is skipped', () => {
  const reading = readTerraform(state(resource({ instances: [droplet(1), droplet(2)] })));
  expect(reading.resources).toMatchObject([{ id: '1' }]);
  expect(reading.skipped).toMatchObject([{ address: 'digitalocean_droplet.web', reason: 'not_understood' }]);
  expect(reading.counts).toMatchObject({ managed: 2, compared: 1, otherwiseSkipped: 1 });
});

test('an id or a name that no resource could have is none', () => {
  const of = (attributes: object) => readTerraform(state(resource({ instances: [{ attributes }] })));
  for (const attributes of [
    { id: 'x'.repeat(1_001) },
    { id: 'a\u0000' },
    { name: 'x'.repeat(256) },
    { name: 'x', region: 'y'.repeat(64) },
  ])
    expect(of(attributes)).toMatchObject({ resources: [], skipped: [{ reason: 'without_id' }] });
  expect(of({ name: 'x'.repeat(255) }).resources).toHaveLength(1);
});

test('a newer schema is read, and said', () => {
  const at = (schema: number) =>
    readTerraform(state(resource({ instances: [{ ...droplet(1), schema_version: schema }] })));
  expect([at(0).notes, at(1).notes]).toEqual([[], []]);
  expect(at(2)).toMatchObject({
    notes: [{ code: 'newer_schema', address: 'digitalocean_droplet.web', type: 'digitalocean_droplet' }],
    resources: [{ id: '1' }],
  });
});

test('what somebody marked as sensitive is not read, whole or in part', () => {
  const path = (...steps: (string | number)[]) =>
    steps.map((value, index) =>
      index === 0 ? { type: 'get_attr', value } : { type: 'index', value: { value, type: typeof value } },
    );
  const attributes = { id: '1', name: secret, region: 'fra1', tags: ['a', secret] };
  const read = (sensitive: unknown) =>
    readTerraform(state(resource({ instances: [{ attributes, sensitive_attributes: sensitive }] })));
  const marked = read([path('name'), path('tags', 1), path('user_data')]);
  expect(marked.resources[0]!.fields).toEqual({ region: 'fra1' });
  expect(marked.notes).toEqual([
    { code: 'sensitive', address: 'digitalocean_droplet.web', attribute: 'name' },
    { code: 'attribute_not_understood', address: 'digitalocean_droplet.web', attribute: 'tags' },
  ]);
  // Older states give the names alone; what is no path marks nothing.
  expect(read([['name'], ['tags']]).resources[0]!.fields).toEqual({ region: 'fra1' });
  expect(read([]).resources[0]!.fields).toHaveProperty('name');
  expect(read('x').resources[0]!.fields).toHaveProperty('name');
});

test('the digest is of what is declared: of nothing that is not compared', () => {
  const of = (attributes: object) =>
    readTerraform(state(resource({ instances: [{ attributes: { id: 1, name: 'a', ...attributes } }] }))).digest;
  expect(of({ user_data: 'x', status: 'off' })).toBe(of({ user_data: 'y', status: 'active' }));
  expect(of({ name: 'b' })).not.toBe(of({}));
});

// What `show -json` says.

const shown = (more: object = {}) => ({
  address: 'digitalocean_droplet.web',
  mode: 'managed',
  type: 'digitalocean_droplet',
  name: 'web',
  provider_name: 'registry.terraform.io/digitalocean/digitalocean',
  schema_version: 1,
  values: { id: '1', name: 'web', region: 'fra1' },
  sensitive_values: {},
  ...more,
});
const moduleOf = (resources: object[], children: object[] = []) => ({ resources, child_modules: children });

test('a shown state: modules within modules, and no lineage', () => {
  const inner = {
    address: 'module.a["x"].module.b',
    ...moduleOf([shown({ address: 'module.a["x"].module.b.digitalocean_droplet.web[1]', values: { id: 2 } })]),
  };
  const outer = { address: 'module.a["x"]', ...moduleOf([], [inner]) };
  const file = {
    format_version: '1.0',
    terraform_version: '1.9.8',
    values: {
      outputs: { x: { value: secret } },
      root_module: moduleOf(
        [
          shown(),
          shown({ mode: 'data', address: 'data.x.y' }),
          shown({ provider_name: 'registry.terraform.io/hashicorp/random', address: 'random_id.x' }),
        ],
        [outer],
      ),
    },
  };
  const reading = readTerraform(bytes(file));
  expect(reading).toMatchObject({
    form: 'state-json',
    lineage: null,
    serial: null,
    counts: { managed: 2, compared: 2, dataSources: 1, otherProviders: 1 },
  });
  expect(reading.resources.map(({ address, id }) => [address, id])).toEqual([
    ['digitalocean_droplet.web', '1'],
    ['module.a["x"].module.b.digitalocean_droplet.web[1]', '2'],
  ]);
  expect(readTerraform(bytes({ format_version: '1.0' }))).toMatchObject({ form: 'state-json', counts: { managed: 0 } });
  expect(readTerraform(bytes({ format_version: '0.1', values: file.values })).resources).toHaveLength(2);
});

test('a plan: what is meant, not what was; what is to be created is found by its name', () => {
  const plan = {
    format_version: '1.2',
    planned_values: {
      root_module: moduleOf([
        shown({ values: { id: '1', name: 'meant' } }),
        shown({ address: 'digitalocean_droplet.new', values: { name: 'new', region: 'FRA1', size: 's-1vcpu-1gb' } }),
        shown({ address: 'digitalocean_droplet.any', values: { name: 'any*' } }),
        shown({
          address: 'digitalocean_volume_attachment.x',
          type: 'digitalocean_volume_attachment',
          values: { droplet_id: 1 },
        }),
        shown({ address: 'digitalocean_droplet.old', tainted: true, values: { id: '3' } }),
      ]),
    },
    prior_state: {
      values: {
        root_module: moduleOf([
          shown({ values: { id: '1', name: 'was' } }),
          shown({ address: 'digitalocean_droplet.gone', values: { id: '9' } }),
        ]),
      },
    },
    resource_drift: [{ address: 'x', change: { before: secret } }],
    resource_changes: [],
  };
  const reading = readTerraform(bytes(plan));
  expect(reading.form).toBe('plan');
  expect(reading.resources).toMatchObject([
    { id: '1', fields: { name: 'meant' } },
    { address: 'digitalocean_droplet.new', match: { name: 'new', region: 'fra1' }, fields: { size: 's-1vcpu-1gb' } },
    { id: '3' },
  ]);
  expect(reading.notes).toEqual([
    { code: 'by_name', address: 'digitalocean_droplet.new' },
    { code: 'tainted', address: 'digitalocean_droplet.old' },
  ]);
  expect(reading.skipped.map(({ address, reason }) => [address, reason])).toEqual([
    ['digitalocean_droplet.any', 'without_id'],
    ['digitalocean_volume_attachment.x', 'without_id'],
  ]);
  // A plan that removes everything plans no values.
  expect(
    readTerraform(bytes({ format_version: '1.2', resource_changes: [], prior_state: plan.prior_state })),
  ).toMatchObject({ form: 'plan', resources: [] });
});

test('a plan: the alias of a provider is in its configuration', () => {
  const inModule = 'module.a["x.y[0]"].module.b[1].digitalocean_droplet.app["k"]';
  const plan = {
    format_version: '1.2',
    planned_values: {
      root_module: moduleOf(
        [shown({ values: { id: 1 } }), shown({ address: 'digitalocean_droplet.eu[0]', values: { id: 2 } })],
        [moduleOf([shown({ address: inModule, values: { id: 3 } })])],
      ),
    },
    configuration: {
      provider_config: {
        digitalocean: { name: 'digitalocean', expressions: { token: { constant_value: secret } } },
        'digitalocean.eu': { name: 'digitalocean', alias: 'eu', expressions: { token: { constant_value: secret } } },
        'module.a:digitalocean.us': { name: 'digitalocean', alias: 'us' },
      },
      root_module: {
        resources: [
          { address: 'digitalocean_droplet.web', provider_config_key: 'digitalocean' },
          { address: 'digitalocean_droplet.eu', provider_config_key: 'digitalocean.eu' },
        ],
        module_calls: {
          a: {
            module: {
              module_calls: {
                b: {
                  module: {
                    resources: [
                      { address: 'digitalocean_droplet.app', provider_config_key: 'module.a:digitalocean.us' },
                    ],
                  },
                },
              },
            },
          },
        },
      },
    },
  };
  const { resources } = readTerraform(bytes(plan));
  expect(resources.map(({ id, alias }) => [id, alias])).toEqual([
    ['1', null],
    ['2', 'eu'],
    ['3', 'us'],
  ]);
  expect(JSON.stringify(resources)).not.toContain(secret);
});

test('a shown state: what is marked is not read, of blocks what is marked in them', () => {
  const pool = { name: 'p', size: secret, auto_scale: false, node_count: 2 };
  const values = { id: '1', name: secret, region: 'fra1', node_pool: [pool] };
  const one = shown({
    type: 'digitalocean_kubernetes_cluster',
    values,
    sensitive_values: { name: true, node_pool: [{ size: true }], region: false, kube_config: [{ token: true }] },
  });
  const reading = readTerraform(bytes({ format_version: '1.0', values: { root_module: moduleOf([one]) } }));
  expect(reading.resources[0]!.fields).toEqual({ region: 'fra1', 'pool/p/auto_scale': false, 'pool/p/count': 2 });
  expect(
    readTerraform(
      bytes({ format_version: '1.0', values: { root_module: moduleOf([shown({ values, sensitive_values: true })]) } }),
    ).skipped,
  ).toMatchObject([{ reason: 'without_id' }]);
});

test('modules as deep as anybody makes them are read', () => {
  const text = `{"format_version":"1.0","values":{"root_module":${'{"child_modules":['.repeat(20_000)}{"resources":[${JSON.stringify(shown())}]}${']}'.repeat(20_000)}}}`;
  expect(readTerraform(bytes(text)).resources).toHaveLength(1);
});
