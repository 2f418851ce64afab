import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Provider } from '../provider.ts';
import type { FaultInput } from '../../simulator/faults.ts';
import { startSimulator } from '../../simulator/server.ts';
import { createDigitalOcean } from './client.ts';
import { readListing, TestMachine } from '../../../test/fixtures/digitalocean.ts';

// The client against a fleet that lives: every kind, and the provider's awkward moments.

const at = Temporal.Instant.from('2026-07-01T12:00:00Z');
let simulator: Awaited<ReturnType<typeof startSimulator>>;
let provider: Provider;
let machine: TestMachine;

beforeAll(async () => {
  simulator = await startSimulator({ fleet: 'agency', seed: 7, at });
  // Its minute is a real one, and this machine's passes by sleeping.
  await control('POST', '/limits', { perHour: null, perMinute: null });
  machine = new TestMachine();
  const spaces = {
    accessKeyId: 'k',
    secretAccessKey: 's',
    regions: ['fra1', 'ams3', 'nyc3'],
    endpoint: simulator.s3Endpoint,
  };
  provider = createDigitalOcean({ apiUrl: simulator.url, credentials: { token: 't', spaces } }, { machine });
});
afterAll(async () => {
  await provider.close();
  await simulator.close();
});

async function control(method: string, path: string, body?: unknown): Promise<void> {
  const answer = await fetch(`${simulator.url}/_simulator${path}`, {
    method,
    body: body ? JSON.stringify(body) : null,
  });
  if (!answer.ok) throw new Error(await answer.text());
}

afterEach(async () => {
  await control('DELETE', '/faults');
});

const listed = (kind: string) => readListing(provider.list(kind));

test('every kind is complete, and each of its resources answers by its id', async () => {
  const counts: Record<string, number> = {};
  for (const kind of provider.kinds) {
    const { items, end } = await listed(kind);
    expect([kind, end.outcome]).toEqual([kind, 'complete']);
    counts[kind] = items.length;
    for (const { externalId } of items.slice(0, 3)) expect(await provider.lookup(kind, externalId)).toBe('exists');
    expect(await provider.lookup(kind, kind === 'droplet' ? '999999999' : 'no-such-thing')).toBe('gone');
  }
  // An agency uploads no images, and its certificates are elsewhere.
  for (const kind of provider.kinds)
    expect([kind, (counts[kind] ?? 0) > 0]).toEqual([kind, kind !== 'custom_image' && kind !== 'certificate']);
});

test('what belongs to something belongs to something listed', async () => {
  const refs = new Set<string>();
  const children = [];
  for (const kind of provider.kinds) {
    const { items } = await listed(kind);
    for (const item of items) refs.add(`${kind}:${item.externalId}`);
    if (kind === 'volume' || kind === 'reserved_ip' || kind === 'droplet_backup') children.push(...items);
  }
  const parents = children.flatMap(({ parents: of }) => of ?? []);
  expect(parents.length).toBeGreaterThan(0);
  expect(parents.filter((parent) => !refs.has(parent))).toEqual([]);

  const projects = await listed('project');
  const members = await readListing(provider.listMemberships(projects.items.map(({ externalId }) => externalId)));
  expect(members.end.outcome).toBe('complete');
  const known = members.items.filter(({ kind }) => provider.kinds.includes(kind));
  expect(known.length).toBeGreaterThan(0);
  expect(known.filter(({ kind, externalId }) => !refs.has(`${kind}:${externalId}`))).toEqual([]);
});

test('the account tells the virtual instant; actions stop at theirs; sizes have exact prices', async () => {
  expect(await provider.identify()).toMatchObject({ simulatedAt: at });
  const all = await readListing(provider.listActions(simulator.start));
  expect(all.end.outcome).toBe('complete');
  expect(all.items.length).toBeGreaterThan(200);
  const since = all.items[Math.floor(all.items.length / 2)]?.startedAt as Temporal.Instant;
  const newer = await readListing(provider.listActions(since));
  expect(newer.items).toEqual(
    all.items.filter(({ startedAt, completedAt }) =>
      [startedAt, completedAt].some((at) => at !== null && Temporal.Instant.compare(at, since) >= 0),
    ),
  );
  expect(newer.end.requests).toBeLessThan(all.end.requests);
  const sizes = await readListing(provider.listSizes());
  const priceOf = (wanted: string) => {
    const { priceHourly, priceMonthly } = sizes.items.find(({ slug }) => slug === wanted)!;
    return [priceHourly, priceMonthly];
  };
  expect(priceOf('s-1vcpu-1gb')).toEqual(['0.00893', '6']);
  expect(priceOf('gpu-4000adax1-20gb')).toEqual(['0.76', '565.44']);
  expect(sizes.items.filter(({ gpu }) => gpu).map(({ slug }) => slug)).toEqual(['gpu-4000adax1-20gb']);
});

test('a missing scope is named together with what it hides', async () => {
  await control('POST', '/faults', { fault: 'missing_scope', scopes: ['droplet:read'] });
  const missing = (await provider.scopes()).filter(({ granted }) => granted !== 'yes');
  expect(missing).toMatchObject([
    {
      scope: 'droplet:read',
      granted: 'no',
      kinds: ['droplet', 'droplet_backup'],
      fields: expect.arrayContaining(['reserved_ip.assigned']),
    },
  ]);
  const { items, end } = await listed('droplet');
  expect(items).toEqual([]);
  expect(end).toMatchObject({ problem: 'forbidden', reason: expect.stringContaining('droplet:read') });
});

test('a token that is not good is told as such', async () => {
  await control('POST', '/faults', { fault: 'bad_token' });
  await expect(provider.identify()).rejects.toMatchObject({ code: 'provider_unauthorized' });
  expect((await listed('droplet')).end).toMatchObject({ outcome: 'partial', problem: 'unauthorized' });
  expect(await provider.lookup('droplet', '1')).toBe('unknown');
});

type Awkward = [name: string, fault: { fault: FaultInput['fault'] } & Record<string, unknown>, problem: string];

const lasting: Awkward[] = [
  ['a burst limit', { fault: 'burst_limit' }, 'rate_limited'],
  ['an hourly limit', { fault: 'hour_limit' }, 'rate_limited'],
  ['a 503', { fault: 'server_error', status: 503 }, 'provider_error'],
  ['a connection dropped in the middle', { fault: 'drop' }, 'unreachable'],
  ['a connection dropped before an answer', { fault: 'drop', when: 'before' }, 'unreachable'],
  ['truncated JSON', { fault: 'truncate' }, 'malformed'],
  ['an empty 200', { fault: 'empty' }, 'malformed'],
];

test.each(lasting)(
  '%s that lasts ends the listing as partial; one that passes is not noticed',
  async (_, fault, problem) => {
    const whole = (await listed('droplet')).items;
    await control('POST', '/faults', { ...fault, path: '/v2/droplets' });
    expect((await listed('droplet')).end).toMatchObject({ outcome: 'partial', problem });
    await control('DELETE', '/faults');
    await control('POST', '/faults', { ...fault, path: '/v2/droplets', count: 2 });
    const { items, end } = await listed('droplet');
    expect(end).toMatchObject({ outcome: 'complete' });
    expect(items).toEqual(whole);
  },
);

test('a reset in the past slows nothing down', async () => {
  await control('POST', '/faults', { fault: 'reset_in_past' });
  const before = machine.nowMs;
  expect((await listed('droplet')).end.outcome).toBe('complete');
  expect(machine.nowMs - before).toBeLessThan(5_000);
});

test('an unknown status is kept, and either form of a URN means a reserved IP', async () => {
  await control('POST', '/faults', { fault: 'unknown_status', status: 'hibernating' });
  await control('POST', '/faults', { fault: 'reservedip_urns' });
  const { items, end } = await listed('droplet');
  expect(end.outcome).toBe('complete');
  expect(new Set(items.map(({ status }) => status))).toEqual(new Set(['hibernating']));
  const projects = (await listed('project')).items.map(({ externalId }) => externalId);
  const members = await readListing(provider.listMemberships(projects));
  const reserved = members.items.filter(({ urn }) => urn.startsWith('do:reservedip:'));
  expect(reserved.length).toBeGreaterThan(0);
  expect(new Set(reserved.map(({ kind }) => kind))).toEqual(new Set(['reserved_ip']));
});
