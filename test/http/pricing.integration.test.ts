import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { makeDeployment, makePlan, makeUsagePartitions, use } from '../fixtures/pricing.ts';
import { at } from '../fixtures/rating.ts';
import { startSubscription, subscribe } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await makeUsagePartitions(db);
  await followSimulatedClock(db, at('2026-06-11'));
  const tiers = [
    { upTo: '100', unitPrice: '1' },
    { upTo: null, unitPrice: '0.5' },
  ];
  await makePlan(db, {
    plan: 'agreed',
    base: '30.00',
    discount: { percent: '10' },
    items: [
      { kind: 'droplet_hours', model: 'cost-plus', properties: { unitCost: '0.05', markupPercent: '60' } },
      {
        kind: 'dns_zones',
        allowance: '10',
        carryOver: { months: 1, limit: null },
        model: 'volume',
        properties: { tiers },
      },
    ],
  });
  for (const [slug, plan] of [
    ['mine', 'agreed'],
    ['theirs', 'studio'],
  ] as const) {
    const id = await makeDeployment(db, slug);
    await startSubscription(db, { deployment: slug, plan, from: at('2026-05-01') }, 'test', at('2026-05-01'));
    await use(db, id, 'droplet_hours', '2026-05-01', '2026-06-01', '24');
  }
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const asCustomer = { as: 'customer', customer: 'mine' } as const;
async function get<Body = any>(path: string, init: Parameters<TestApi['fetch']>[1] = {}): Promise<Body> {
  const answer = await api.fetch(path, init);
  expect(`${answer.status} ${answer.ok ? '' : await answer.clone().text()}`).toBe('200 ');
  return (await answer.json()) as Body;
}
const status = async (path: string, init: Parameters<TestApi['fetch']>[1] = {}) => (await api.fetch(path, init)).status;

describe('a customer', () => {
  it('sees the plans that their deployments are on, with the price of cost-plus, never the cost or the markup', async () => {
    const { items } = await get('/plans', asCustomer);
    expect(items.map((plan: { plan: string }) => plan.plan)).toEqual(['agreed']);
    const text = JSON.stringify(await get('/plans/agreed/versions', asCustomer));
    expect(text).toContain('"unitPrice":"0.08"');
    expect(text).not.toMatch(/unitCost|markup|0\.05|"60"/);
    expect(await status('/plans/studio', asCustomer)).toBe(404);
    expect(JSON.stringify(await get('/plans/agreed', { as: 'viewer' }))).toContain('"markupPercent":"60"');
  });

  it('quotes their own deployments, and no others', async () => {
    const quote = await get('/deployments/mine/quote?month=2026-05', asCustomer);
    expect(quote).toMatchObject({
      deployment: 'mine',
      plan: 'agreed',
      base: '30.00',
      overage: '59.52',
      total: '80.57',
    });
    expect(quote.lines[1]).toMatchObject({ kind: 'dns_zones', carriedIn: '0', carriedOut: '10' });
    expect(JSON.stringify(quote)).not.toMatch(/unitCost|markup/);
    expect(quote).toEqual(await get('/deployments/mine/quote?month=2026-05'));
    expect(await status('/deployments/theirs/quote?month=2026-05', asCustomer)).toBe(404);
    const forecast = await get('/deployments/mine/forecast?month=2026-05', asCustomer);
    expect(forecast.toDate.total).toBe('80.57');
    expect(forecast.method).toContain('stay as they are');
    const others = json('POST', { basis: { kind: 'usage', usage: {} }, plans: ['studio'] });
    expect(await status('/quotes', { ...asCustomer, ...others })).toBe(404);
  });

  it('sees their own subscriptions, and decides nothing', async () => {
    const { items } = await get('/subscriptions?at=2026-06-01T00:00:00Z', asCustomer);
    expect(items.map((one: { deployment: string }) => one.deployment)).toEqual(['mine']);
    expect(await status('/deployments/theirs/subscriptions', asCustomer)).toBe(404);
    const end = json('POST', { action: 'end', from: '2026-06-01T00:00:00Z' });
    expect(await status('/deployments/mine/subscription', { ...asCustomer, ...end })).toBe(403);
    expect(await status('/alerts', asCustomer)).toBe(403);
    expect(await status('/plans', { ...asCustomer, ...json('POST', { files: [{ name: 'p', text: '' }] }) })).toBe(403);
  });
});

describe('finance', () => {
  const file = {
    name: 'plans/new.yaml',
    text: 'plan: new\nname: New\nfrom: 2026-01-01\ncurrency: USD\nbase: 20.00\nitems: []\n',
  };

  it('previews and applies plan files', async () => {
    const preview = await get('/plans/preview', { as: 'finance', ...json('POST', { files: [file] }) });
    expect(preview.changes).toMatchObject([{ plan: 'new', status: 'new_plan', comparedWith: null, impact: null }]);
    expect(await status('/plans/new')).toBe(404);
    expect(await get('/plans', { as: 'finance', ...json('POST', { files: [file] }) })).toEqual({
      written: 1,
      warnings: [],
    });
    expect(await get('/plans/new')).toMatchObject({ base: '20.00', baseEvery: 'month', items: [] });
    const studio = {
      name: 'studio.yaml',
      text: 'plan: studio\nname: S\nfrom: 2026-06-01\ncurrency: USD\nbase: 60.00\nitems: []\n',
    };
    const { changes } = await get('/plans/preview', { as: 'viewer', ...json('POST', { files: [studio] }) });
    expect(changes[0].impact).toMatchObject({ currency: 'USD', deployments: 1 });
  });

  it('is told file, line and reason of what is wrong', async () => {
    const answer = await api.fetch('/plans', {
      as: 'finance',
      ...json('POST', { files: [{ ...file, text: file.text.replace('20.00', '-1') }] }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: 'plans/new.yaml:5: base: must not be negative (-1)' });
    expect(await get('/plan-schema', { as: 'viewer' })).toMatchObject({ type: 'object' });
  });

  it('changes subscriptions at the beginning of a day', async () => {
    const decide = (body: object) => ({ as: 'finance', ...json('POST', body) }) as const;
    const path = '/deployments/theirs/subscription';
    expect(await status(path, decide({ action: 'change', plan: 'atelier', from: '2026-07-01T10:00:00Z' }))).toBe(400);
    expect(await get(path, decide({ action: 'change', plan: 'atelier', from: '2026-07-01T00:00:00Z' }))).toEqual({
      changed: true,
    });
    expect(
      await get(path, decide({ action: 'pause', from: '2026-08-01T00:00:00Z', to: '2026-08-11T00:00:00Z' })),
    ).toEqual({ changed: true });
    const { items } = await get('/deployments/theirs/subscriptions');
    expect(
      items.map(({ plan, paused, from }: { plan: string; paused: boolean; from: string }) => [
        plan,
        paused,
        from.slice(0, 10),
      ]),
    ).toEqual([
      ['atelier', false, '2026-08-11'],
      ['atelier', true, '2026-08-01'],
      ['atelier', false, '2026-07-01'],
      ['studio', false, '2026-05-01'],
    ]);
  });

  it('compares plans, of usage and of resources to come', async () => {
    const ask = (basis: object, plans: unknown = ['studio', 'atelier']) =>
      get('/quotes', { as: 'viewer', ...json('POST', { basis, plans, month: '2026-05' }) });
    const { comparison, quotes } = await ask({ kind: 'usage', usage: { droplet_hours: '5000' } });
    expect(quotes.map((one: { total: string }) => one.total)).toEqual(['190.48', '199.30']);
    expect(comparison).toMatchObject({ plans: ['studio', 'atelier'], best: 'studio' });
    const planned = await ask({ kind: 'resources', resources: [{ kind: 'droplet', size: 's-1vcpu-1gb', count: 3 }] }, [
      'studio',
    ]);
    expect(planned).toMatchObject({ usage: { droplet_hours: '2232' }, comparison: null });
    expect((await ask({ kind: 'average', deployment: 'mine', months: 24 }, 'all')).usage).toEqual({
      droplet_hours: '744',
    });
  });
});

describe('alerts', () => {
  it('are made, listed and ended', async () => {
    const made = await api.fetch('/alerts', {
      as: 'operator',
      ...json('POST', { threshold: '80', unit: 'percent', kind: 'dns_zones' }),
    });
    expect(made.status).toBe(201);
    const alert = (await made.json()) as { alertId: number };
    expect(alert).toMatchObject({ deployment: null, kind: 'dns_zones', threshold: '80', basis: 'to_date' });
    expect((await get('/alerts', { as: 'viewer' })).items).toEqual([alert]);
    expect(await get(`/alerts/${alert.alertId}`)).toEqual(alert);
    expect(await status(`/alerts/${alert.alertId}`, { method: 'DELETE', as: 'viewer' })).toBe(403);
    expect(await status(`/alerts/${alert.alertId}`, { method: 'DELETE' })).toBe(204);
    expect((await get('/alerts')).items).toEqual([]);
    expect((await get('/alert-firings?month=2026-05')).items).toEqual([]);
  });
});

describe('what is believed now, and has begun', () => {
  it('is all that a customer sees: no prices to come, no planned plan, and nothing of a plan that was a mistake', async () => {
    const { db } = database;
    const on = { by: 'test', now: at('2026-06-10') };
    for (const [slug, plan, from] of [
      ['mistaken', 'atelier', '2026-05-01'],
      ['planned', 'grand', '2026-07-01'],
    ] as const) {
      await makeDeployment(db, slug);
      await sql`
        UPDATE deployments SET customer_id = (SELECT customer_id FROM deployments WHERE slug = 'mine')
        WHERE slug = ${slug}`.execute(db);
      await startSubscription(db, { deployment: slug, plan, from: at(from) }, on.by, on.now);
    }
    const plans = async () => (await get('/plans', asCustomer)).items.map(({ plan }: { plan: string }) => plan);
    expect(await plans()).toEqual(['agreed', 'atelier']);
    expect(await status('/plans/grand', asCustomer)).toBe(404);
    expect(await status('/plans/grand/versions', asCustomer)).toBe(404);

    await subscribe(
      db,
      { deployment: 'mistaken', plan: 'agreed', from: Temporal.PlainDate.from('2026-05-01') },
      on.by,
      on.now,
    );
    expect(await plans()).toEqual(['agreed']);
    for (const path of ['/plans/atelier', '/plans/atelier/versions']) expect(await status(path, asCustomer)).toBe(404);
    const quote = (plan: string) => json('POST', { basis: { kind: 'usage', usage: {} }, plans: [plan] });
    for (const plan of ['atelier', 'grand'])
      expect(await status('/quotes', { ...asCustomer, ...quote(plan) })).toBe(404);

    await makePlan(db, { plan: 'agreed', from: '2026-06-20', base: '777.00', items: [] });
    const versions = await get('/plans/agreed/versions', asCustomer);
    expect(versions.items.map(({ from }: { from: string }) => from)).toEqual(['2026-01-01']);
    expect(await status('/plans/agreed?at=2026-06-20', asCustomer)).toBe(400);
    expect(await status('/plans?at=2026-06-20', asCustomer)).toBe(400);
    expect((await get('/quotes', { ...asCustomer, ...quote('agreed') })).quotes[0].base).toBe('30.00');
    expect((await get('/plans/agreed?at=2026-06-20')).base).toBe('777.00');
  });
});

it('tries a file of exchange rates without keeping it, and imports it', async () => {
  const csv = 'base,counter,day,rate,source\nUSD,EUR,2026-05-29,0.915,ECB\n';
  const send = async (path: string) => {
    const answer = await api.fetch(path, { method: 'POST', headers: { 'content-type': 'text/csv' }, body: csv });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const rates = async () => ((await (await api.fetch('/exchange-rates')).json()) as { items: unknown[] }).items;
  const counts = { changed: 1, unchanged: 0, problems: [] };
  expect(await send('/exchange-rates/import?dryRun=true')).toEqual({ written: false, ...counts });
  expect(await rates()).toEqual([]);
  expect(await send('/exchange-rates/import')).toEqual({ written: true, ...counts });
  expect(await rates()).toMatchObject([{ base: 'USD', counter: 'EUR', day: '2026-05-29', rate: '0.915' }]);
});
