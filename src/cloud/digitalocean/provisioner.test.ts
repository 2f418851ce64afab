import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../simulator/server.ts';
import { openApiDescription } from '../../../test/contract/api-description.ts';
import { answer, startApi, type TestApi, TestMachine } from '../../../test/fixtures/digitalocean.ts';
import type { Act, FirewallRule, MadeKind, Provisioner, Sent, Specs } from '../provisioner.ts';
import { createDigitalOceanProvisioner } from './provisioner.ts';

// The write port against a provider that is written to. Everything passes a server in between, which holds each request
// and each answer against the provider's description.

const description = openApiDescription();
const problems: string[] = [];
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let between: TestApi;
let provisioner: Provisioner;

beforeAll(async () => {
  simulator = await startSimulator({ fleet: 'pilot', seed: 1, writable: true });
  await control('/limits', { perHour: null, perMinute: null });
  between = await startApi(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks).toString();
    const { method = 'GET', url, headers } = request;
    const answered = await fetch(`${simulator.url}${url}`, {
      method,
      headers: { authorization: headers.authorization ?? '' },
      ...(sent !== '' && { body: sent }),
    });
    const text = await answered.text();
    const path = new URL(url, 'http://x').pathname;
    if (description !== null)
      problems.push(
        ...description.requestProblems(method, url),
        ...(method === 'GET' || isUnlisted(sent)
          ? []
          : description.bodyProblems(method, path, sent === '' ? undefined : JSON.parse(sent))),
        ...description.answerProblems(method, path, answered.status, text === '' ? undefined : JSON.parse(text)),
      );
    const kept = [...answered.headers].filter(([name]) => /^(ratelimit|x-|retry|date)/.test(name));
    if (answered.status === 204) response.writeHead(204, Object.fromEntries(kept)).end();
    // Links to further pages are of the simulator's own address.
    else answer(response, answered.status, text.replaceAll(simulator.url, between.url), Object.fromEntries(kept));
  });
  const machine = new TestMachine();
  provisioner = createDigitalOceanProvisioner({ apiUrl: between.url, token: 'write' }, { machine });
});
afterAll(async () => {
  await between.close();
  await simulator.close();
});
afterEach(async () => {
  await control('/faults', undefined, 'DELETE');
  expect(problems.splice(0)).toEqual([]);
});

/** The description knows this action by its words and its mapping, and leaves it out of the types. */
function isUnlisted(sent: string): boolean {
  return sent.includes('"type":"change_backup_policy"');
}

async function control(path: string, body?: unknown, method = 'POST'): Promise<void> {
  const answered = await fetch(`${simulator.url}/_simulator${path}`, {
    method,
    body: body === undefined ? null : JSON.stringify(body),
  });
  if (!answered.ok) throw new Error(await answered.text());
}

const pass = (seconds: number) => simulator.advanceTo(simulator.now().add({ seconds }));
const now = { beforeMs: Number.POSITIVE_INFINITY, beforeEpochMs: Number.POSITIVE_INFINITY };

function done(sent: Sent): { externalId: string; actionId: string | null } {
  expect(sent).toMatchObject({ answer: 'done' });
  return sent as Extract<Sent, { answer: 'done' }>;
}

async function create<Kind extends MadeKind>(kind: Kind, spec: Specs[Kind]): Promise<string> {
  return done(await provisioner.create(kind, spec, now)).externalId;
}

async function act(asked: Act): Promise<void> {
  const { actionId } = done(await provisioner.act(asked, now));
  if (actionId === null) return;
  expect(await provisioner.action(actionId)).toBe('in-progress');
  pass(300);
  expect(await provisioner.action(actionId)).toBe('completed');
}

const rule: FirewallRule = {
  protocol: 'tcp',
  ports: '22',
  addresses: ['203.0.113.0/24'],
  tags: [],
  droplets: [],
  loadBalancers: [],
};
const droplet = {
  region: 'fra1',
  size: 's-1vcpu-1gb',
  image: 'ubuntu-24-04-x64',
  sshKeys: [],
  volumes: [],
  vpc: null,
  backups: null,
  userData: null,
};

describe('a whole system', () => {
  test('is created, found by its markers, changed and destroyed by its ids, as the description has it', async () => {
    const mark = 'arcadia-step:1';
    const project = await create('project', {
      name: 'Gamma',
      description: mark,
      purpose: 'Web Application',
      environment: 'Production',
    });
    expect(await provisioner.find('project', { name: 'Gamma', mark })).toEqual([
      { externalId: project, marked: 'yes' },
    ]);
    expect(await provisioner.find('project', { name: 'Gamma', mark: 'another' })).toEqual([
      { externalId: project, marked: 'no' },
    ]);
    expect(await provisioner.find('project', { name: 'gamma', mark })).toEqual([]);
    await create('tag', { name: 'deployment:gamma' });
    expect(await provisioner.find('tag', { name: 'Deployment:gamma' })).toEqual([
      { externalId: 'deployment:gamma', marked: 'cannot' },
    ]);
    const vpc = await create('vpc', { name: 'gamma', description: mark, region: 'fra1', ipRange: null });
    expect(await provisioner.find('vpc', { name: 'gamma', mark })).toEqual([{ externalId: vpc, marked: 'yes' }]);
    const network = (await provisioner.networks()).find(({ externalId }) => externalId === vpc);
    expect(network).toEqual({
      externalId: vpc,
      name: 'gamma',
      region: 'fra1',
      ipRange: '10.116.0.0/20',
      isDefault: false,
    });
    const key = await create('ssh_key', {
      name: 'ops',
      publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4gq0mJXg7Kx3u2nPq0 ops',
    });
    expect(await provisioner.find('ssh_key', { fingerprint: 'none' })).toEqual([]);
    const firewall = await create('firewall', {
      name: 'gamma-fw',
      tags: ['deployment:gamma'],
      inbound: [rule],
      outbound: [rule],
    });
    expect(await provisioner.find('firewall', { name: 'gamma-fw' })).toEqual([{ externalId: firewall, marked: 'yes' }]);
    const volume = await create('volume', {
      name: 'gamma-data',
      description: '',
      sizeGb: 10,
      region: 'fra1',
      tags: [mark],
    });
    expect(await provisioner.find('volume', { name: 'gamma-data', region: 'fra1', mark })).toEqual([
      { externalId: volume, marked: 'yes' },
    ]);
    expect(await provisioner.find('volume', { name: 'gamma-data', region: 'ams3', mark })).toEqual([]);
    const made = done(
      await provisioner.create(
        'droplet',
        {
          ...droplet,
          name: 'gamma-1',
          tags: [mark, 'deployment:gamma'],
          sshKeys: [key],
          volumes: [volume],
          vpc,
          backups: 'weekly',
          userData: '#cloud-config',
        },
        now,
      ),
    );
    expect(await provisioner.look('droplet', made.externalId)).toMatchObject({
      is: 'there',
      status: 'new',
      locked: true,
    });
    expect(await provisioner.action(made.actionId as string)).toBe('in-progress');
    pass(60);
    expect(await provisioner.look('droplet', made.externalId)).toEqual({
      address: expect.stringMatching(/^[0-9.]+$/),
      is: 'there',
      status: 'active',
      locked: false,
    });
    expect(await provisioner.find('droplet', { mark })).toEqual([{ externalId: made.externalId, marked: 'yes' }]);
    const ip = await create('reserved_ip', { droplet: made.externalId });
    expect(await provisioner.find('reserved_ip', { droplet: made.externalId })).toEqual([
      { externalId: ip, marked: 'cannot' },
    ]);
    const forwarding = [
      { entryProtocol: 'http', entryPort: 80, targetProtocol: 'http', targetPort: 80, certificate: null },
    ] as const;
    const balancer = await create('load_balancer', {
      name: 'gamma-lb',
      region: 'fra1',
      nodes: 1,
      project,
      vpc,
      targets: { tag: 'deployment:gamma' },
      forwarding,
    });
    expect(await provisioner.find('load_balancer', { name: 'gamma-lb', project })).toEqual([
      { externalId: balancer, marked: 'yes' },
    ]);
    const zone = await create('dns_zone', { name: 'gamma.example' });
    const record = await create('dns_record', {
      zone,
      type: 'A',
      name: '@',
      data: '198.51.100.7',
      ttl: 300,
      priority: null,
    });
    expect(await provisioner.find('dns_record', { zone, type: 'A', name: '@', data: '198.51.100.7' })).toEqual([
      { externalId: record, marked: 'cannot' },
    ]);
    await act({ on: 'project', id: project, do: 'assign', urns: [`do:droplet:${made.externalId}`] });
    expect(await provisioner.limits()).toMatchObject({
      droplets: { limit: 200_000, live: 3 },
      reservedIps: { limit: 20_000, live: 1 },
    });
    await undo({ project, vpc, key, firewall, volume, droplet: made.externalId, ip, balancer, zone, record });
  });

  async function undo(
    of: Record<
      'project' | 'vpc' | 'key' | 'firewall' | 'volume' | 'droplet' | 'ip' | 'balancer' | 'zone' | 'record',
      string
    >,
  ): Promise<void> {
    const on = { on: 'droplet', id: of.droplet } as const;
    await act({ ...on, do: 'shutdown' });
    await act({ ...on, do: 'resize', size: 's-2vcpu-4gb', growsDisk: true });
    await act({ ...on, do: 'change_backup_policy', plan: 'daily' });
    await act({ ...on, do: 'snapshot', name: 'gamma-final' });
    expect(await provisioner.find('snapshot', { name: 'gamma-final', source: of.droplet })).toMatchObject([
      { marked: 'yes' },
    ]);
    await act({ on: 'volume', id: of.volume, do: 'detach', droplet: of.droplet });
    await act({ on: 'reserved_ip', id: of.ip, do: 'unassign' });
    await act({ on: 'reserved_ip', id: of.ip, do: 'assign', droplet: of.droplet });
    const snapshot = await create('snapshot', { volume: of.volume, name: 'gamma-data-final', tags: ['final'] });
    const ends: readonly (readonly [MadeKind, string])[] = [
      ['dns_record', of.record],
      ['dns_zone', of.zone],
      ['load_balancer', of.balancer],
      ['droplet', of.droplet],
      ['reserved_ip', of.ip],
      ['volume', of.volume],
      ['snapshot', snapshot],
      ['firewall', of.firewall],
      ['vpc', of.vpc],
      ['tag', 'deployment:gamma'],
      ['ssh_key', of.key],
      ['project', of.project],
    ];
    for (const [kind, id] of ends) {
      expect([kind, await provisioner.look(kind, id)]).toMatchObject([kind, { is: 'there' }]);
      done(await provisioner.destroy(kind, id, now));
      pass(30);
      expect([kind, await provisioner.look(kind, id)]).toEqual([kind, { is: 'absent' }]);
      // What is not there is destroyed already.
      done(await provisioner.destroy(kind, id, now));
    }
  }
});

describe('a write that is not done', () => {
  const spec = { ...droplet, name: 'delta-1', tags: ['delta'] };
  const sent = () => provisioner.create('droplet', spec, now);

  test('says why in our words, and in the provider’s', async () => {
    await control('/faults', { fault: 'limit_reached', path: '/v2/droplets', count: 1 });
    expect(await sent()).toMatchObject({
      answer: 'refused',
      problem: 'limit',
      status: 422,
      reason: expect.stringContaining('will exceed your droplet limit'),
    });
    await control('/faults', { fault: 'limit_reached', path: '/v2/volumes', count: 1 });
    const volume = { name: 'delta', description: '', sizeGb: 1, region: 'fra1', tags: [] };
    expect(await provisioner.create('volume', volume, now)).toMatchObject({ problem: 'limit', status: 403 });
    await control('/faults', { fault: 'missing_scope', scopes: ['droplet:create'], count: 1 });
    expect(await sent()).toMatchObject({ answer: 'refused', problem: 'forbidden', scope: 'droplet:create' });
    await control('/faults', { fault: 'bad_token', count: 1 });
    expect(await sent()).toMatchObject({ answer: 'refused', problem: 'unauthorized' });
    await control('/faults', { fault: 'refuse_before', status: 429, count: 1 });
    expect(await sent()).toMatchObject({ answer: 'rate_limited', afterMs: 1_000 });
    await control('/faults', { fault: 'refuse_before', count: 1 });
    expect(await sent()).toMatchObject({ answer: 'unclear', status: 503 });
    expect(await provisioner.create('droplet', { ...spec, size: 'none' }, now)).toMatchObject({ problem: 'invalid' });
    const first = done(await sent());
    expect(await provisioner.destroy('droplet', first.externalId, now)).toMatchObject({ problem: 'locked' });
    expect(await provisioner.act({ on: 'droplet', id: '7', do: 'shutdown' }, now)).toMatchObject({ problem: 'gone' });
    const [home] = await provisioner.find('project', { name: 'My first project', mark: '-' });
    const urns = [`do:droplet:${first.externalId}`, 'do:droplet:7'];
    expect(await provisioner.act({ on: 'project', id: home?.externalId ?? '', do: 'assign', urns }, now)).toMatchObject(
      { answer: 'refused', problem: 'gone' },
    );
    expect(await provisioner.destroy('project', home?.externalId ?? '', now)).toMatchObject({ problem: 'conflict' });
    expect(await provisioner.find('droplet', { mark: 'delta' })).toHaveLength(1);
  });

  test('and that is done without saying so is unclear', async () => {
    await control('/faults', { fault: 'create_then', path: '/v2/droplets', what: 502, count: 1 });
    expect(await sent()).toMatchObject({ answer: 'unclear', status: 502 });
    expect(await provisioner.find('droplet', { mark: 'delta' })).toHaveLength(2);
  });
});

test('what only asks throws codes of the write token’s own, rather than leave something out', async () => {
  await control('/faults', { fault: 'missing_scope', scopes: ['droplet:read'], count: 1 });
  const find = () => provisioner.find('droplet', { mark: 'delta' });
  await expect(find()).rejects.toMatchObject({
    code: 'write_token_forbidden',
    message: expect.stringContaining('The write token lacks the scope droplet:read'),
  });
  await control('/faults', { fault: 'bad_token', count: 1 });
  await expect(provisioner.look('droplet', '7')).rejects.toMatchObject({ code: 'write_token_unauthorized' });
  await control('/faults', { fault: 'server_error', path: '/v2/droplets' });
  await expect(find()).rejects.toMatchObject({ code: 'provider_failed' });
  await control('/faults', undefined, 'DELETE');
  await control('/faults', { fault: 'field', path: '/v2/droplets', field: 'name' });
  await expect(find()).rejects.toMatchObject({ code: 'provider_failed' });
  // The answer without a name is not as the description has it.
  if (description !== null) expect(problems).not.toEqual([]);
  problems.length = 0;
});
