import { inspect } from 'node:util';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readTerraform } from './read-terraform.ts';

// Every attribute that may hold a secret, each with a text of its own, in every form of a file: none of them is in what
// comes back, nor in an error.

const canary = (where: string) => `CANARY-${where}`;

/** By type: attributes that are compared, so that the instance is read, and the sensitive ones beside them. */
const sensitive: Readonly<Record<string, { readonly attributes: object; readonly secrets: object }>> = {
  digitalocean_droplet: {
    attributes: { id: '1', name: 'web' },
    secrets: { user_data: canary('user-data'), ssh_keys: [canary('ssh')] },
  },
  digitalocean_database_cluster: {
    attributes: { id: '2', name: 'main', engine: 'pg' },
    secrets: Object.fromEntries(
      [
        'password',
        'uri',
        'private_uri',
        'user',
        'host',
        'private_host',
        'database',
        'ui_host',
        'ui_uri',
        'ui_user',
        'ui_password',
        'ui_database',
        'ui_port',
        'metrics_endpoints',
        'ca_certificate',
      ].map((name) => [name, canary(`db-${name}`)]),
    ),
  },
  digitalocean_kubernetes_cluster: {
    attributes: {
      id: '3',
      name: 'k',
      node_pool: [{ name: 'p', size: 's', node_count: 1, nodes: [{ name: canary('node') }] }],
    },
    secrets: {
      kube_config: [
        {
          raw_config: canary('kube-raw'),
          token: canary('kube-token'),
          client_key: canary('kube-key'),
          client_certificate: canary('kube-cert'),
          cluster_ca_certificate: canary('kube-ca'),
        },
      ],
      kubeconfig_expire_seconds: canary('kube-expire'),
    },
  },
  digitalocean_app: {
    attributes: { id: '4' },
    secrets: {
      spec: [
        {
          name: 'shop',
          env: [{ key: 'A', value: canary('app-env'), type: 'SECRET' }],
          service: [
            {
              name: 'web',
              instance_count: 1,
              env: [{ key: 'B', value: canary('service-env') }],
              run_command: canary('command'),
              github: [{ repo: canary('repo') }],
              image: [{ registry_credentials: canary('registry') }],
              log_destination: [
                {
                  name: 'x',
                  papertrail: [{ endpoint: canary('papertrail') }],
                  datadog: [{ api_key: canary('datadog') }],
                },
              ],
            },
          ],
          worker: [{ name: 'w', env: [{ key: 'C', value: canary('worker-env') }] }],
          job: [{ name: 'j', env: [{ value: canary('job-env') }] }],
          static_site: [{ name: 's', env: [{ value: canary('site-env') }] }],
          function: [
            {
              name: 'f',
              env: [{ value: canary('function-env') }],
              log_destination: [{ logtail: [{ token: canary('logtail') }] }],
            },
          ],
          database: [{ name: 'd', db_user: canary('db-user') }],
        },
      ],
    },
  },
  digitalocean_certificate: {
    attributes: { name: 'site' },
    secrets: {
      private_key: canary('private-key'),
      leaf_certificate: canary('leaf'),
      certificate_chain: canary('chain'),
    },
  },
  digitalocean_loadbalancer: { attributes: { id: '5', name: 'lb' }, secrets: { ip: canary('ip') } },
  digitalocean_spaces_bucket: {
    attributes: { name: 'media', region: 'nyc3' },
    secrets: { access_key: canary('access'), secret_key: canary('bucket-secret') },
  },
  // Kinds that are not read at all.
  digitalocean_spaces_key: {
    attributes: { id: '6' },
    secrets: { access_key: canary('access-key'), secret_key: canary('secret-key') },
  },
  digitalocean_spaces_bucket_policy: { attributes: { id: '7' }, secrets: { policy: canary('policy') } },
  digitalocean_database_user: {
    attributes: { id: '8' },
    secrets: { password: canary('user-password'), access_cert: canary('access-cert'), access_key: canary('user-key') },
  },
  digitalocean_database_connection_pool: {
    attributes: { id: '9' },
    secrets: { uri: canary('pool-uri'), password: canary('pool-password') },
  },
  digitalocean_database_replica: {
    attributes: { id: '10' },
    secrets: { uri: canary('replica-uri'), password: canary('replica-password') },
  },
  digitalocean_database_logsink_opensearch: { attributes: { id: '11' }, secrets: { endpoint: canary('sink') } },
  digitalocean_container_registry_docker_credentials: {
    attributes: { id: '12' },
    secrets: { docker_credentials: canary('docker') },
  },
  digitalocean_gradientai_agent_api_key: { attributes: { id: '13' }, secrets: { secret_key: canary('agent') } },
  digitalocean_ssh_key: { attributes: { id: '14' }, secrets: { public_key: canary('public-key') } },
};

const provider = 'provider["registry.terraform.io/digitalocean/digitalocean"]';

const instances = Object.entries(sensitive).map(([type, { attributes, secrets }]) => ({
  type,
  values: { ...secrets, ...attributes },
}));
const outputs = { dsn: { value: canary('output'), type: 'string', sensitive: true } };

const state = {
  version: 4,
  terraform_version: '1.9.8',
  serial: 1,
  lineage: 'l',
  outputs,
  resources: [
    ...instances.map(({ type, values }) => ({
      mode: 'managed',
      type,
      name: 'x',
      provider,
      instances: [
        {
          attributes: values,
          sensitive_attributes: [],
          private: canary('private'),
          identity: { id: canary('identity') },
          dependencies: [canary('dependency')],
        },
      ],
    })),
    ...instances.map(({ type, values }) => ({
      mode: 'managed',
      type,
      name: 'flat',
      provider,
      instances: [{ attributes_flat: values }],
    })),
    ...instances.map(({ type, values }) => ({
      mode: 'managed',
      type,
      name: 'deposed',
      provider,
      instances: [{ deposed: '8f3a9c01', attributes: values }],
    })),
    {
      mode: 'managed',
      type: 'random_password',
      name: 'x',
      provider: 'provider["registry.terraform.io/hashicorp/random"]',
      instances: [{ attributes: { result: canary('random') } }],
    },
    {
      mode: 'data',
      type: 'digitalocean_droplet',
      name: 'x',
      provider,
      instances: [{ attributes: { id: 1, user_data: canary('data-source') } }],
    },
  ],
  check_results: [{ a: canary('check') }],
};

const root = {
  resources: instances.map(({ type, values }) => ({
    address: `${type}.x`,
    mode: 'managed',
    type,
    name: 'x',
    provider_name: 'registry.terraform.io/digitalocean/digitalocean',
    values,
    sensitive_values: { name: canary('marks') },
  })),
};
const shown = { format_version: '1.0', values: { outputs, root_module: root } };
const plan = {
  format_version: '1.2',
  variables: { token: { value: canary('variable') } },
  planned_values: { outputs, root_module: root },
  prior_state: { values: { outputs, root_module: root } },
  resource_changes: [{ change: { before: { a: canary('before') }, after: { a: canary('after') } } }],
  output_changes: { a: { after: canary('output-change') } },
  configuration: { provider_config: { d: { expressions: { token: { constant_value: canary('provider-token') } } } } },
};

test.each([
  ['a state', state],
  ['a shown state', shown],
  ['a plan', plan],
])('%s: no secret is in what comes back', (_, file) => {
  const text = JSON.stringify(file);
  expect(text).toContain('CANARY-');
  const reading = readTerraform(new TextEncoder().encode(text));
  // They were looked at: all that is read at all is declared.
  expect(reading.resources.map(({ kind }) => kind)).toEqual([
    'droplet',
    'database',
    'kubernetes_cluster',
    'app',
    'certificate',
    'load_balancer',
    'spaces_bucket',
  ]);
  expect(inspect(reading, { depth: null, maxStringLength: null })).not.toContain('CANARY-');
  expect(JSON.stringify(reading)).not.toContain('CANARY-');
});

test('6-secrets: no canary is in what comes back', () => {
  const file = readFileSync(new URL('../../../test/fixtures/terraform/6-secrets.tfstate', import.meta.url));
  expect(file.toString()).toContain('CANARY-');
  expect(inspect(readTerraform(file), { depth: null })).not.toContain('CANARY-');
});

test.each([
  ['a state', state],
  ['a shown state', shown],
  ['a plan', plan],
])('%s: cut off anywhere or broken, the error has nothing of it, nor what caused it', (_, file) => {
  const text = JSON.stringify(file);
  let refused = 0;
  for (let at = 1; at < text.length; at += 97) {
    for (const broken of [text.slice(0, at), `${text.slice(0, at)}?${text.slice(at)}`]) {
      try {
        // A mark within a text breaks nothing.
        expect(inspect(readTerraform(new TextEncoder().encode(broken)), { depth: null })).not.toContain('CANARY-');
      } catch (error) {
        refused += 1;
        const { message, todo, stack, cause } = error as Error & { todo: string };
        expect(`${message} ${todo} ${stack} ${inspect(cause)}`).not.toContain('CANARY-');
        expect((error as { code?: string }).code).toBe('invalid_argument');
      }
    }
  }
  expect(refused).toBeGreaterThan(text.length / 97);
});
