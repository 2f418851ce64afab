import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyRules } from '../../src/deployments/rules.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { followSimulatedClock } from '../../src/platform/clock.ts';
import { publishEvents } from '../../src/platform/events.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { insertLiving, writeState } from '../fixtures/inventory.ts';
import { at, createDeployments, insertAccount, insertSync } from '../fixtures/metering.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// Whatever an explanation names has a page: the sync run, the rule, the provider's action.

let database: TestDatabase;
let api: TestApi;
let web: number;
let run: number;
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  await followSimulatedClock(db, at('2026-05-20'));
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash'], at('2026-01-01'));
  web = await insertLiving(db, account, 'droplet', 'web-1', { name: 'ash-web' }, at('2026-05-01'));
  for (const name of ['a', 'b', 'c'])
    await insertLiving(db, account, 'droplet', name, { name: `stray-${name}` }, at('2026-05-01'));
  await applyRules(db, { rules: [{ name: 'birch-*', deployment: 'ash' }] }, 'ana', at('2026-01-02'));
  await applyRules(db, { rules: [{ name: 'ash-*', deployment: 'ash' }] }, 'ben', at('2026-01-03'));
  const action = (id: string, from: string, completed: string | null) => sql`
    INSERT INTO provider_actions (account_id, external_id, type, status, resource_kind, resource_external_id, started_at,
                                  completed_at, payload, seen_at)
    VALUES (${account}, ${id}, 'power_off', ${completed === null ? 'in-progress' : 'completed'}, 'droplet', 'web-1', ${from},
            ${completed}, '{}', '2026-05-11')`;
  await action('77', '2026-05-05T11:59:00Z', '2026-05-05T12:00:00Z').execute(db);
  await action('78', '2026-05-06T11:59:00Z', '2026-05-06T12:00:00Z').execute(db);
  await action('79', '2026-05-10T00:00:00Z', null).execute(db);
  run = await insertSync(db, account, 'droplet', at('2026-05-11'));
  const to = Temporal.PlainDate.from('2026-05-11');
  await meterRange(db, { from: Temporal.PlainDate.from('2026-05-01'), to, now: at('2026-05-11T01:00:00Z') });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const read = async (path: string) => (await (await api.fetch(path)).json()) as Record<string, any>;

test('a sync run and a rule have pages, which say who wrote what when', async () => {
  expect(await read(`/sync-runs/${run}`)).toMatchObject({ syncRunId: run, account: 'team', outcome: 'complete' });
  expect((await api.fetch('/sync-runs/999')).status).toBe(404);
  const { items } = await read('/rules');
  const declared = (items as { ruleId: number; pattern: string; to: string | null }[]).filter((one) => one.pattern);
  const rule = (pattern: string) => declared.find((one) => one.pattern === pattern)?.ruleId;
  expect(await read(`/rules/${rule('ash-*')}`)).toMatchObject({
    versions: [{ pattern: 'ash-*', recordedBy: 'ben', supersededAt: null, owners: [{ deployment: 'ash', weight: 1 }] }],
    owns: [{ kind: 'droplet', resources: 1 }],
  });
  const ended = await read(`/rules/${rule('birch-*')}`);
  expect(ended.owns).toEqual([]);
  expect(ended.versions[0]).toMatchObject({ to: '2026-01-03T00:00:00Z', supersededAt: null });
  expect(ended.versions.at(-1)).toMatchObject({ recordedBy: 'ana', to: null, supersededAt: '2026-01-03T00:00:00Z' });
  expect(await read('/rules/3')).toMatchObject({ versions: [{ kind: 'inheritance', recordedAt: null, owners: null }] });
  expect((await api.fetch('/rules/999999')).status).toBe(404);
});

test("a resource's actions come page by page, the newest first", async () => {
  const seen: unknown[] = [];
  let path = `/resources/${web}/actions?limit=2`;
  for (;;) {
    const page = await read(path);
    seen.push(...(page.items as { action: string; status: string }[]).map(({ action, status }) => [action, status]));
    if (page.nextCursor === null) break;
    path = `/resources/${web}/actions?limit=2&cursor=${page.nextCursor}`;
  }
  expect(seen).toEqual([
    ['79', 'in-progress'],
    ['78', 'completed'],
    ['77', 'completed'],
  ]);
});

test('an explained interval ends where metering does', async () => {
  for (const deployment of ['ash', 'unattributed']) {
    const range = 'from=2026-05-01&to=2026-06-01&kind=droplet_hours';
    const { items: resources, meteredThrough } = await read(`/deployments/${deployment}/usage/explanation?${range}`);
    expect(meteredThrough).toBe('2026-05-11');
    for (const { intervals } of resources)
      expect(intervals).toMatchObject([
        // Ten days at level 1.
        { from: '2026-05-01T00:00:00Z', to: '2026-05-11T00:00:00Z', level: '1', quantity: '240' },
      ]);
    expect(resources.length).toBe(deployment === 'ash' ? 1 : 3);
  }
});

test('the list of what has no owner says how many there are, on every page', async () => {
  const first = await read('/unattributed-resources?limit=2');
  expect([first.items.length, first.total]).toEqual([2, 3]);
  const second = await read(`/unattributed-resources?limit=2&cursor=${first.nextCursor}`);
  expect([second.items.length, second.total, second.nextCursor]).toEqual([1, 3, null]);
});

test('the audit log of one thing alone', async () => {
  const { items } = await read('/audit-log?table=ownership_rules');
  const [{ key }] = items as [{ key: Record<string, number> }];
  const [value] = Object.values(key);
  const own = await read(`/audit-log?table=ownership_rules&key=${value}`);
  expect(own.items.length).toBeGreaterThan(0);
  expect(own.items.length).toBeLessThan(items.length);
  for (const item of own.items) expect(item.key).toEqual(key);
});

test('what was changed is published, by what it is about', async () => {
  const { db } = database;
  await sql`INSERT INTO alerts (deployment_id, threshold, unit, currency, basis, created_at, created_by)
            SELECT deployment_id, 5, 'absolute', 'USD', 'to_date', now(), 'ana' FROM deployments WHERE slug = 'ash'`.execute(
    db,
  );
  await sql`UPDATE legal_entities SET footer = 'Thank you'`.execute(db);
  await sql`INSERT INTO observation_limits VALUES ('droplet', '2026-06-01', 6, 72)`.execute(db);
  await sql`INSERT INTO usage_attestations (account_id, resource_kind, through, reason, recorded_at, recorded_by, superseded_at)
            SELECT account_id, 'droplet', '2026-05-11', 'seen', '2026-05-11', 'ana', 'infinity' FROM accounts`.execute(
    db,
  );
  await sql`INSERT INTO correction_costs SELECT customer_id, deployment_id, '2026-04-01', 'USD', 'x', 'x', 1
            FROM deployments WHERE slug = 'ash'`.execute(db);
  const { rows } = await sql<{ type: string; subject: string }>`
    SELECT type, subject FROM (SELECT type, subject FROM event_outbox UNION SELECT type, subject FROM events) AS told
    WHERE type IN ('alert.changed', 'entity.changed', 'kind.changed', 'confirmation.changed', 'correction.changed')
    ORDER BY type, subject`.execute(db);
  expect(rows.map(({ type, subject }) => `${type} ${subject}`)).toEqual([
    'alert.changed ash',
    'confirmation.changed team/droplet',
    'correction.changed ash',
    'entity.changed default',
    'kind.changed ',
  ]);
});

test('the life of a resource is one document', async () => {
  const { db } = database;
  await writeState(
    db,
    web,
    { name: 'ash-web', status: 'off' },
    at('2026-05-05T12:00:00Z'),
    at('2026-05-06'),
    at('2026-05-12'),
  );
  await sql`INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome, reason)
            SELECT account_id, 'droplet', '2026-05-12', '2026-05-12', 'partial', 'a page failed' FROM accounts`.execute(
    db,
  );
  const life = await read(`/resources/${web}/life`);
  expect(life.lanes.state.map(({ from, to, status }: any) => [from, to, status])).toEqual([
    ['2026-05-01T00:00:00Z', '2026-05-05T12:00:00Z', 'active'],
    ['2026-05-05T12:00:00Z', '2026-05-06T00:00:00Z', 'off'],
    ['2026-05-06T00:00:00Z', null, 'active'],
  ]);
  // Its size was the same throughout.
  expect(life.lanes.size).toMatchObject([{ from: '2026-05-01T00:00:00Z', to: null }]);
  expect(life.lanes.owner).toMatchObject([
    { from: '2026-05-01T00:00:00Z', to: null, ruleKind: 'name', owners: [{ deployment: 'ash', weight: 1 }] },
  ]);
  expect(life.actions.map(({ action }: any) => action)).toEqual(['79', '78', '77']);
  expect(life.seen).toMatchObject({ first: '2026-05-01T00:00:00Z', last: '2026-05-11T00:00:00Z' });
  expect(life.seen.missed).toMatchObject([{ outcome: 'partial', reason: 'a page failed' }]);
  // As it was metered: ten days, before anybody knew that it had been off.
  const months = life.usage.filter(({ kind }: any) => kind === 'droplet_hours');
  expect(months).toEqual([{ deployment: 'ash', kind: 'droplet_hours', month: '2026-05', quantity: '240' }]);
  expect(life.knownBefore).toMatchObject([
    { from: '2026-05-01T00:00:00Z', to: null, status: 'active', supersededAt: '2026-05-12T00:00:00Z' },
  ]);
  expect(life).toMatchObject({ name: 'ash-web', status: 'active', costPerMonth: null });
  expect(life.lanes.tags).toMatchObject([{ from: '2026-05-01T00:00:00Z', to: null, tags: [], region: null }]);
  expect(life.relations).toEqual([]);
});

test('what belongs to a resource by nature is named on both', async () => {
  const { db } = database;
  const { rows } = await sql<{ account_id: number }>`SELECT account_id FROM accounts`.execute(db);
  const account = rows[0]?.account_id ?? 0;
  const volume = (id: string, from: string) =>
    insertLiving(db, account, 'volume', id, { name: `data-${id}`, parents: ['droplet:web-1'] }, at(from));
  const [first, second] = [await volume('v1', '2026-05-02'), await volume('v2', '2026-05-03')];
  await writeState(db, second, null, at('2026-05-08'), null, at('2026-05-12'));
  expect((await read(`/resources/${web}/life`)).relations).toEqual([
    { direction: 'has', resourceId: first, kind: 'volume', name: 'data-v1', ended: false },
    { direction: 'has', resourceId: second, kind: 'volume', name: 'data-v2', ended: true },
  ]);
  expect((await read(`/resources/${first}/life`)).relations).toEqual([
    { direction: 'of', resourceId: web, kind: 'droplet', name: 'ash-web', ended: false },
  ]);
});

test('what happened last can be read, by the types that a role receives', async () => {
  await publishEvents(database.db);
  const types = async (as: 'owner' | 'finance') => {
    const response = await api.fetch('/happened?limit=1000', { as });
    const { items } = (await response.json()) as { items: { eventId: number; type: string; reads: string[] }[] };
    expect(items.map(({ eventId }) => eventId)).toEqual(items.map(({ eventId }) => eventId).toSorted((a, b) => b - a));
    for (const { reads } of items) expect(reads.length).toBeGreaterThan(0);
    return new Set(items.map(({ type }) => type));
  };
  const owner = await types('owner');
  expect([...owner]).toEqual(expect.arrayContaining(['alert.changed', 'day.metered', 'attribution.changed']));
  await sql`SELECT publish_event('queue.changed', 'metering')`.execute(database.db);
  await publishEvents(database.db);
  expect((await types('owner')).has('queue.changed')).toBe(true);
  expect((await types('finance')).has('queue.changed')).toBe(false);
  const [first, second] = await Promise.all(['/happened?limit=1', '/happened?limit=2'].map(read));
  const next = await read(`/happened?limit=1&cursor=${first?.nextCursor}`);
  expect(next.items[0]).toEqual(second?.items[1]);
});
