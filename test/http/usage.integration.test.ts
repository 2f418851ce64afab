import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { meterOutstanding } from '../../src/metering/meter.ts';
import { at, createDeployments, insertAccount, insertSync } from '../fixtures/metering.ts';
import type { Role } from '../../src/platform/declare/operation.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Usage, its explanation and how it is metered, over real HTTP.

let database: TestDatabase;
let api: TestApi;
const now = at('2026-05-11T01:00:00Z');
const range = 'from=2026-05-01&to=2026-05-11';

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  const account = await insertAccount(db, 'team');
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash'], at('2026-01-01'));
  await createCustomer(db, { externalId: 'zeta', name: 'Zeta', currency: 'USD' }, at('2026-01-01'));
  await createDeployment(
    db,
    { slug: 'zoo', name: 'zoo', customer: 'zeta', startsAt: at('2026-01-01') },
    at('2026-01-01'),
  );
  const web = await insertLiving(
    db,
    account,
    'droplet',
    'web',
    { name: 'web', attributes: { vcpus: 2 } },
    at('2026-05-01'),
  );
  const pen = await insertLiving(db, account, 'droplet', 'pen', { name: 'pen' }, at('2026-05-01'));
  await writeState(db, web, { name: 'web', status: 'off' }, at('2026-05-04'), at('2026-05-05'), now);
  const share = (slug: string, weight: number) => ({ slug, weight });
  await assign(
    db,
    { resourceIds: [web], owners: [share('ash', 2), share('zoo', 1)], from: at('2026-05-01') },
    'ana',
    now,
  );
  await assign(db, { resourceIds: [pen], owners: [share('zoo', 1)], from: at('2026-05-01') }, 'ana', now);
  await insertSync(db, account, 'droplet', at('2026-05-10T12:00:00Z'));
  await meterOutstanding(db, { now });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

interface As {
  readonly as?: Role;
  readonly customer?: string;
}

async function get(path: string, as: As = {}): Promise<any> {
  const response = await api.fetch(path, as);
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body;
}
const status = async (path: string, init: Parameters<TestApi['fetch']>[1] = {}) => (await api.fetch(path, init)).status;
const send = (method: 'POST' | 'PATCH', body: unknown, headers: Record<string, string> = {}) =>
  json(method, body, { 'idempotency-key': crypto.randomUUID(), ...headers });
const acme = { as: 'customer', customer: 'acme' } as const;

describe('usage', () => {
  test('of one deployment, of all, and day by day', async () => {
    expect(await get(`/deployments/ash/usage?${range}`)).toEqual({
      deployment: 'ash',
      from: '2026-05-01',
      to: '2026-05-11',
      meteredThrough: '2026-05-11',
      usage: { droplet_hours: '144' },
      running: {},
    });
    const { items } = await get(`/usage?${range}`);
    expect(items.map((row: any) => [row.deployment, row.quantity])).toEqual([
      ['ash', '144'],
      ['zoo', '312'],
    ]);
    const days = await get(`/deployments/ash/usage/days?${range}&kind=droplet_hours&limit=4`);
    expect(days.items.map((row: any) => row.quantity)).toEqual(['16', '16', '16', '0']);
    const next = await get(`/deployments/ash/usage/days?${range}&kind=droplet_hours&limit=4&cursor=${days.nextCursor}`);
    expect(next.items[0]).toEqual({ day: '2026-05-05', kind: 'droplet_hours', quantity: '16', records: 1 });
  });

  test('a customer reads their own alone', async () => {
    expect((await get(`/deployments/ash/usage?${range}`, acme)).usage).toEqual({ droplet_hours: '144' });
    expect((await get(`/usage?${range}`, acme)).items.map((row: any) => row.deployment)).toEqual(['ash']);
    expect((await get(`/deployments/ash/usage/days?${range}`, acme)).items).toHaveLength(10);
    for (const path of ['usage', 'usage/days', 'usage/explanation']) {
      for (const slug of ['zoo', 'unattributed']) {
        expect(
          await status(`/deployments/${slug}/${path}?${range}&${path.endsWith('n') ? 'kind=droplet_hours' : ''}`, acme),
        ).toBe(404);
      }
    }
    for (const path of [
      `/usage/status?${range}`,
      '/usage/gaps?month=2026-05',
      '/usage/confirmations',
      '/usage/limits',
      '/metering/runs',
      `/deployments/ash/usage/revisions/1?${range}`,
    ]) {
      expect([path, await status(path, acme)]).toEqual([path, 403]);
    }
  });
});

describe('an explanation', () => {
  test('tells staff what made each interval, and adds up', async () => {
    const explained = await get(`/deployments/ash/usage/explanation?${range}&kind=droplet_hours`);
    expect(explained).toMatchObject({
      quantity: '144',
      explained: '144',
      pending: '0',
      resourcesTotal: 1,
      nextCursor: null,
    });
    const [resource] = explained.items;
    expect(resource.intervals.map((one: any) => one.quantity)).toEqual(['48', '0', '96']);
    expect(resource.intervals[0].cause).toMatchObject({
      owners: 'ash 2/3, zoo 1/3',
      rule: { kind: 'manual' },
      assignment: { by: 'ana' },
    });
    expect(resource.days.at(-1)).toMatchObject({ day: '2026-05-10', observation: 'carried forward' });
  });

  test('tells a customer what was there, and nothing of ours or of others', async () => {
    const explained = await get(`/deployments/ash/usage/explanation?${range}&kind=droplet_hours`, acme);
    expect(explained).toMatchObject({ quantity: '144', explained: '144' });
    expect(explained.items[0].intervals[0]).toMatchObject({ share: '2/3', status: 'active', cause: null });
    expect(JSON.stringify(explained)).not.toMatch(/zoo|ana|team|carried forward"/);
  });
});

describe('how well it is known', () => {
  test('is told with what to do, and an operator may give their word and take it back', async () => {
    const before = await get(`/usage/status?${range}&deployment=ash`);
    expect(before).toMatchObject({ complete: true, confirmed: false, final: false });
    expect(before.blockers).toMatchObject([{ reason: 'unconfirmed', account: 'team', resourceKind: 'droplet' }]);
    const gaps = await get('/usage/gaps?month=2026-05');
    expect(gaps.gaps).toMatchObject([
      { account: 'team', to: null, resources: 2, amounts: [{ plan: null }, { plan: null }] },
    ]);

    const word = { account: 'team', resourceKind: 'droplet', through: '2026-05-11T00:00:00Z', reason: 'seen' };
    expect(await status('/usage/confirmations', { ...send('POST', word), as: 'viewer' })).toBe(403);
    const made = await api.fetch('/usage/confirmations', { ...send('POST', word), as: 'operator' });
    expect(made.status).toBe(201);
    expect((await get(`/usage/status?${range}`)).final).toBe(true);
    const { items } = await get('/usage/confirmations', { as: 'viewer' });
    expect(items).toMatchObject([{ reason: 'seen', recordedBy: 'test operator null', withdrawnAt: null }]);
    const { confirmationId } = (await made.json()) as { confirmationId: number };
    expect(await status(`/usage/confirmations/${confirmationId}`, { method: 'DELETE', as: 'operator' })).toBe(204);
    expect((await get(`/usage/status?${range}`)).final).toBe(false);
  });

  test('has limits that an operator sets', async () => {
    const limit = { resourceKind: 'droplet', fromDay: '2026-05-01', carryForwardHours: 24 };
    const set = await api.fetch('/usage/limits', { ...send('POST', limit), as: 'operator' });
    expect(await set.json()).toEqual({ ...limit, gapAfterHours: 6 });
    expect((await get('/usage/limits')).items).toHaveLength(3);
  });
});

describe('metering', () => {
  test('says what it would change, then what it changed, and how it was before', async () => {
    const { items: runs } = await get('/metering/runs?limit=1');
    const [{ revision }] = runs;
    const { rows } = await sql<{
      id: number;
    }>`SELECT resource_id AS id FROM resources WHERE external_id = 'pen'`.execute(database.db);
    await assign(
      database.db,
      { resourceIds: [rows[0]?.id ?? 0], owners: [{ slug: 'ash', weight: 1 }], from: at('2026-05-10') },
      'ana',
      now,
    );
    const body = { from: '2026-05-01', to: '2026-05-11' };
    expect(await status('/metering/diff', { ...json('POST', body), as: 'viewer' })).toBe(403);
    const diff = await (await api.fetch('/metering/diff', { ...json('POST', body), as: 'operator' })).json();
    expect(diff).toMatchObject({
      differs: true,
      deployments: [
        { deployment: 'ash', before: '144', after: '168', change: '24' },
        { deployment: 'zoo', before: '312', after: '288', change: '-24' },
      ],
    });
    expect((await get(`/deployments/ash/usage?${range}`)).usage).toEqual({ droplet_hours: '144' });
    await meterOutstanding(database.db, { now });
    expect((await get(`/deployments/ash/usage?${range}`)).usage).toEqual({ droplet_hours: '168' });
    expect(await get(`/deployments/ash/usage/revisions/${revision}?${range}`)).toMatchObject({
      asOfRevision: revision,
      usage: { droplet_hours: '144' },
    });
    expect(await status(`/deployments/ash/usage/revisions/999?${range}`)).toBe(404);
  });
});

describe('meters', () => {
  test('are listed to anybody, and added, enabled and changed by an operator', async () => {
    expect((await get('/kinds', acme)).items.map((row: any) => row.kind)).toContain('vcpu_hours');
    const kind = {
      kind: 'two_vcpu_hours',
      title: 'Two',
      resourceKind: 'droplet',
      accrual: 'hours',
      unit: 'hour',
      filter: { vcpus: 2 },
    };
    const made = await api.fetch('/kinds', { ...send('POST', kind), as: 'operator' });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/api/v1/kinds/two_vcpu_hours']);
    expect(await status('/kinds', { ...send('POST', { ...kind, filter: {} }), as: 'operator' })).toBe(409);
    const etag = (await api.fetch('/kinds/two_vcpu_hours')).headers.get('etag') ?? '';
    const change = { fromDay: '2000-01-01', enabled: true };
    const changed = await api.fetch('/kinds/two_vcpu_hours', {
      ...json('PATCH', change, { 'if-match': etag }),
      as: 'operator',
    });
    expect(await changed.json()).toMatchObject({ enabled: true, filter: { vcpus: 2 } });
    await meterOutstanding(database.db, { now });
    expect((await get(`/deployments/ash/usage?${range}`)).usage).toMatchObject({ two_vcpu_hours: '144' });
  });
});
