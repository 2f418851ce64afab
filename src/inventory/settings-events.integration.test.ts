import { afterEach, beforeEach, expect, test } from 'vitest';
import { openApiDescription } from '../../test/contract/api-description.ts';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import type { FleetEventInput } from '../simulator/events.ts';
import { getResourceSettings } from './resources.ts';

// Rules, versions, trusted sources and node pools that change: each is said as the provider's description has it,
// and is in the history of settings from when it was seen.

const description = openApiDescription();
const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

interface Case {
  readonly kind: string;
  readonly path: string;
  readonly create: FleetEventInput;
  readonly change: readonly FleetEventInput[];
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  /** Keys that are no longer there. */
  readonly without?: readonly string[];
}

const anywhere = ['0.0.0.0/0', '::/0'];
const cases: readonly Case[] = [
  {
    kind: 'firewall',
    path: '/v2/firewalls',
    create: { type: 'create_firewall', id: id(1), name: 'web' },
    change: [
      {
        type: 'set_firewall_rules',
        firewall: id(1),
        inbound: [
          { protocol: 'tcp', ports: '22', addresses: ['192.0.2.1'], tags: ['Bastion'] },
          { protocol: 'udp', ports: '8000-9000', droplets: [7] },
        ],
        outbound: [{ protocol: 'icmp', ports: '0', addresses: anywhere }],
      },
    ],
    before: { 'inbound/tcp/22': anywhere, 'inbound/tcp/80': anywhere, 'outbound/tcp/all': anywhere },
    after: {
      'inbound/tcp/22': ['192.0.2.1/32', 'tag:bastion'],
      'inbound/udp/8000-9000': ['droplet:7'],
      'outbound/icmp': anywhere,
    },
    without: ['inbound/tcp/80', 'outbound/tcp/all'],
  },
  {
    kind: 'load_balancer',
    path: '/v2/load_balancers',
    create: { type: 'create_load_balancer', id: id(1), name: 'front' },
    change: [
      {
        type: 'set_load_balancer_rules',
        loadBalancer: id(1),
        forwarding: [
          { entryProtocol: 'https', entryPort: 443, targetProtocol: 'http', targetPort: 8_080, certificate: id(9) },
        ],
        allow: ['cidr:192.0.2.0/24'],
        deny: ['ip:198.51.100.1'],
      },
    ],
    before: { 'forwarding/http/80': { target: 'http/80', tls_passthrough: false } },
    after: {
      'forwarding/https/443': { target: 'http/8080', tls_passthrough: false },
      'certificate/https/443': id(9),
      'firewall/allow': ['192.0.2.0/24'],
      'firewall/deny': ['198.51.100.1/32'],
    },
    without: ['forwarding/http/80'],
  },
  {
    kind: 'database',
    path: '/v2/databases',
    create: { type: 'create_database', id: id(1), name: 'main' },
    change: [
      { type: 'upgrade_database', database: id(1), version: '18' },
      {
        type: 'set_trusted_sources',
        database: id(1),
        sources: [
          { type: 'ip_addr', value: '192.0.2.1' },
          { type: 'tag', value: 'web' },
        ],
      },
    ],
    before: { version: '17', trusted_sources: [] },
    after: { version: '18', trusted_sources: ['ip_addr:192.0.2.1/32', 'tag:web'] },
  },
  {
    kind: 'kubernetes_cluster',
    path: '/v2/kubernetes/clusters',
    create: { type: 'create_kubernetes_cluster', id: id(1), name: 'pool' },
    change: [
      {
        type: 'set_node_pools',
        cluster: id(1),
        pools: [
          { name: 'default-pool', size: 's-4vcpu-8gb', autoScale: { min: 1, max: 3 } },
          { name: 'batch', labels: { use: 'batch' } },
        ],
      },
    ],
    before: { 'pool/default-pool/size': 's-2vcpu-4gb', 'pool/default-pool/auto_scale': false },
    after: {
      'pool/default-pool/size': 's-4vcpu-8gb',
      'pool/default-pool/auto_scale': true,
      'pool/default-pool/max_nodes': 3,
      'pool/batch/labels': { use: 'batch' },
    },
  },
];

test.each(cases)('$kind: what changes has a phase of its own', async (one) => {
  await cloud.happen(one.create);
  await cloud.syncKind(one.kind);
  await cloud.advance({ minutes: 15 });
  const seen = cloud.simulator.now();
  await cloud.happen(...one.change);
  await cloud.syncKind(one.kind);
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind(one.kind);
  const { phases } = await getResourceSettings(database.db, `${one.kind}:${id(1)}`, null);
  expect(phases.map(({ validTo }) => validTo)).toEqual([seen, null]);
  expect(phases[0]!.settings).toMatchObject(one.before);
  expect(phases[1]!.settings).toMatchObject(one.after);
  for (const key of one.without ?? []) expect(phases[1]!.settings).not.toHaveProperty([key]);
  for (const path of [one.path, `${one.path}/${id(1)}`]) {
    const answer = await fetch(`${cloud.simulator.url}${path}`, { headers: { authorization: 'Bearer any' } });
    expect(description?.answerProblems('GET', path, answer.status, await answer.json()) ?? []).toEqual([]);
  }
});
