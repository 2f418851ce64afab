import { trace } from '@opentelemetry/api';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openSimulatedAccount, type SimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { takeSpans } from '../../test/spans.ts';
import type { ListedResource } from '../cloud/index.ts';
import { replaceMembers } from '../cloud/replace-members.ts';
import { databaseClock } from '../platform/clock.ts';
import { inSession } from '../platform/database/database.ts';
import { getResource } from './resources.ts';
import { holdHistory, releaseHistory } from './sync.store.ts';
import { syncAccount } from './sync.ts';

// A listing that says what is believed already ends its run in one statement. What it must never pass over.

let database: TestDatabase;
let cloud: SimulatedAccount;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db, { fleet: 'pilot' });
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

/** Syncs one kind by a program that reads each resource otherwise out of the same answer. */
async function syncReadAs(kind: string, read: (resource: ListedResource) => ListedResource) {
  const { provider } = cloud;
  const other = replaceMembers(provider, {
    async *list(listed, signal) {
      for await (const event of provider.list(listed, signal))
        yield event.type === 'end' ? event : { ...event, items: event.items.map(read) };
    },
  });
  const clock = databaseClock(database.db);
  const [result] = await syncAccount(database.db, cloud.account, other, { clock, kinds: [kind] });
  return result!;
}

/** The statements of this module that a sync runs, in order. */
async function statementsOf(kinds: readonly string[]): Promise<string[]> {
  const spans = takeSpans();
  try {
    await trace.getTracer('test').startActiveSpan('sync', async (span) => {
      await cloud.sync({ kinds });
      span.end();
    });
    return spans.finished().flatMap(({ name }) => (name.startsWith('inventory.') ? [name.slice(10)] : []));
  } finally {
    spans.close();
  }
}

test('each unchanged kind costs its lock, its beginning and one statement', async () => {
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  const kinds = ['project', 'droplet', 'volume', 'snapshot', 'size'];
  const ends = ['finishUnchangedProjects', ...Array(3).fill('finishUnchanged'), 'finishUnchangedSizes'];
  expect(await statementsOf(kinds)).toEqual([
    'prepareStaging.select_to_regclass',
    ...ends.flatMap((end) => ['tryLockSync', 'insertRun', end]),
    'unlockSync',
  ]);
});

test('an answer that is read otherwise than before is a change', async () => {
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  const read = (resource: ListedResource) => ({ ...resource, attributes: { ...resource.attributes, cores: 2 } });
  expect(await syncReadAs('droplet', read)).toMatchObject({ outcome: 'complete', seen: 2, changed: 2 });
  expect(await syncReadAs('droplet', read)).toMatchObject({ outcome: 'complete', seen: 2, changed: 0 });
});

test('another answer about the same facts is kept', async () => {
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  await syncReadAs('snapshot', (resource) => ({ ...resource, payload: { said: 'otherwise' } }));
  const { rows } = await sql<{ payload: unknown }>`
    SELECT DISTINCT payload FROM resource_payloads JOIN resources USING (resource_id) WHERE kind = 'snapshot'`.execute(
    database.db,
  );
  expect(rows).toEqual([{ payload: { said: 'otherwise' } }]);
});

test('a time of creation that is told later is written', async () => {
  await cloud.sync({ kinds: ['project'] });
  await syncReadAs('snapshot', (resource) => ({ ...resource, createdAt: null }));
  await cloud.advance({ minutes: 15 });
  const created = new Map<string, Temporal.Instant | null>();
  await syncReadAs('snapshot', (resource) => {
    created.set(resource.externalId, resource.createdAt);
    return resource;
  });
  expect(created.size).toBe(3);
  for (const [externalId, at] of created) {
    const { createdAt, states } = await getResource(database.db, `snapshot:${externalId}`);
    expect([createdAt, states[0]!.validFrom]).toEqual([at, at]);
  }
});

test('an absence that waits to be confirmed is settled by who is listed again', async () => {
  const { db } = database;
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  await cloud.upset(
    { fault: 'empty', path: '/v2/snapshots', what: 'items' },
    { fault: 'server_error', path: '/v2/snapshots/' },
  );
  expect(await cloud.syncKind('snapshot')).toMatchObject({ outcome: 'partial' });
  await cloud.calm();
  const candidates = async () => (await sql`SELECT FROM end_candidates`.execute(db)).rows.length;
  expect(await candidates()).toBe(3);
  await cloud.advance({ minutes: 15 });
  expect(await cloud.syncKind('snapshot')).toMatchObject({ outcome: 'complete', changed: 0 });
  expect(await candidates()).toBe(0);
});

test.for([
  ['of a kind that nobody can list', 'do:genai:1', 'partial'],
  ['of one whose listing does not show it', 'do:droplet:424242', 'complete'],
])('what only projects show, %s, begins and ends with that', async ([, urn, outcome]) => {
  const { db } = database;
  const [project] = await cloud.happen({ type: 'create_project', name: 'other' });
  await cloud.sync();
  const memberships = async () =>
    (
      await sql<{ open: boolean }>`
        SELECT valid_to = 'infinity' AS open FROM project_memberships JOIN resources r USING (resource_id)
        WHERE superseded_at = 'infinity' AND r.urn = ${urn}`.execute(db)
    ).rows.map(({ open }) => open);
  await cloud.happen(
    { type: 'create_other', urn: urn!, project: String(project) },
    { type: 'create_other', urn: `${urn}0`, project: String(project) },
  );
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('project');
  expect(await memberships()).toEqual([true]);
  await cloud.advance({ minutes: 15 });
  expect(await statementsOf(['project'])).toContain('finishUnchangedProjects');
  await cloud.happen({ type: 'destroy_other', urn: urn! });
  await cloud.advance({ minutes: 15 });
  await cloud.syncKind('project');
  expect(await memberships()).toEqual([false]);
  await cloud.happen({ type: 'destroy_other', urn: `${urn}0` });
  await cloud.advance({ minutes: 15 });
  // That none of a kind is left has to be confirmed.
  expect(await cloud.syncKind('project')).toMatchObject({ outcome });
});

test('while somebody else writes the history, it waits as every run does', async () => {
  await cloud.sync();
  await cloud.advance({ minutes: 15 });
  const { accountId } = cloud.account;
  const [result] = await inSession(database.db, async (session) => {
    await holdHistory(session, accountId);
    const waiting = cloud.sync({ kinds: ['droplet'] });
    const isWaiting = async () =>
      (await sql`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`.execute(session)).rows.length;
    await expect.poll(isWaiting).toBe(1);
    await releaseHistory(session, accountId);
    return waiting;
  });
  expect(result).toMatchObject({ outcome: 'complete', seen: 2, changed: 0 });
});

test('who comes twice in a listing counts once', async () => {
  await cloud.sync();
  const { provider } = cloud;
  const twice = replaceMembers(provider, {
    async *list(kind, signal) {
      for await (const event of provider.list(kind, signal)) {
        if (event.type === 'end') yield event;
        else yield { ...event, items: event.items.map(() => event.items[0]!) };
      }
    },
  });
  await cloud.advance({ minutes: 15 });
  const clock = databaseClock(database.db);
  const [result] = await syncAccount(database.db, cloud.account, twice, { clock, kinds: ['droplet'] });
  expect(result).toMatchObject({ outcome: 'complete', seen: 1, ended: 1 });
});
