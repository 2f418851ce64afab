import { sql } from 'kysely';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import type { UnitOfWork } from './database/database.ts';
import { publishEvents, readEventRange, readEvents, publishEvent } from './events.ts';

const { db, close } = await openTestDatabase();
afterAll(close);
beforeEach(async () => {
  await publishEvents(db);
  await sql`DELETE FROM events`.execute(db);
  await sql`UPDATE event_progress SET last_event_id = 0, pruned_through = 0`.execute(db);
});

async function published() {
  await publishEvents(db);
  const { last } = await readEventRange(db);
  return readEvents(db, 0, last, 100_000);
}

const told = async () => (await published()).map(({ type, subject }) => `${type} ${subject}`.trim());

test('what a transaction tells is published once it has committed, and not if it never does', async () => {
  await expect(
    db.transaction().execute(async (trx) => {
      await publishEvent(trx, 'test.undone', 'a');
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await db.transaction().execute(async (trx) => {
    await publishEvent(trx, 'test.done', 'a');
    expect(await published()).toEqual([]);
  });
  expect(await told()).toEqual(['test.done a']);
});

test('a transaction that began earlier and commits later comes after what was read: nobody misses it', async () => {
  const commit = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const slow = db.transaction().execute(async (trx) => {
    await publishEvent(trx, 'test.slow', '');
    written.resolve();
    await commit.promise;
  });
  await written.promise;
  await publishEvent(db, 'test.quick', '');
  const before = await published();
  expect(before).toMatchObject([{ id: 1, type: 'test.quick' }]);
  commit.resolve();
  await slow;
  expect(await published()).toMatchObject([{ id: 1 }, { id: 2, type: 'test.slow' }]);
});

test('ids rise by one and each event is numbered once, however many publish at a time', async () => {
  const seen: number[][] = [[], [], []];
  let writing = true;
  const readers = seen.map(async (ids) => {
    for (let position = 0; ; ) {
      const over = !writing;
      await publishEvents(db);
      const { last } = await readEventRange(db);
      const events = await readEvents(db, position, last, 1_000);
      ids.push(...events.map(({ id }) => id));
      position = last;
      if (over) return;
    }
  });
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let n = 0; n < 50; n += 1)
      await db.transaction().execute(async (trx: UnitOfWork) => {
        await publishEvent(trx, 'test.told', `${writer}-${n}`);
        await sql`SELECT pg_sleep(${(n % 5) / 1000})`.execute(trx);
      });
  });
  await Promise.all(writers);
  writing = false;
  await Promise.all(readers);
  const all = Array.from({ length: 200 }, (_, index) => index + 1);
  for (const ids of seen) expect(ids).toEqual(all);
  expect(new Set(await told()).size).toBe(200);
});

test('the same thing told often before it is published is one event', async () => {
  for (let n = 0; n < 20; n += 1) await publishEvent(db, 'job.changed', n % 2 === 0 ? 'metering' : 'default');
  expect((await told()).toSorted()).toEqual(['job.changed default', 'job.changed metering']);
});

test('old events go, and that they did is known', async () => {
  await sql`
    INSERT INTO event_outbox (type, subject, for_everyone, recorded_at)
    SELECT 'test.many', n::text, false, '2026-05-01' FROM generate_series(1, 12000) AS n`.execute(db);
  const kept = await published();
  expect(await readEventRange(db)).toEqual({ last: 12_000, prunedThrough: kept[0] ? kept[0].id - 1 : null });
  expect(kept.at(-1)?.id).toBe(12_000);
  expect(kept.length).toBeGreaterThanOrEqual(10_000);
  expect(kept.length).toBeLessThanOrEqual(11_000);
});

test('every change that somebody may watch is told, in the transaction that makes it', async () => {
  const at = '2026-05-01T00:00:00Z';
  await sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('acme', 'Acme', 'digitalocean', 'http://127.0.0.1:1', '1', true, '', ${at}, ${at})`.execute(db);
  await sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES ('cus_1', 'One', 'USD', ${at})`.execute(
    db,
  );
  await sql`
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT 'one', 'One', customer_id, ${at}, ${at} FROM customers`.execute(db);
  expect((await told()).toSorted()).toEqual([
    'account.changed acme',
    'customer.changed cus_1',
    'deployment.changed one',
  ]);
  const [first] = (await published()).filter(({ type }) => type === 'deployment.changed');
  expect(first).toMatchObject({ customerId: expect.any(Number), forEveryone: false });

  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, outcome) SELECT account_id, 'droplet', ${at}, 'running' FROM accounts`.execute(
    db,
  );
  await sql`UPDATE sync_runs SET seen = 5`.execute(db);
  await sql`UPDATE sync_runs SET outcome = 'partial', finished_at = ${at}`.execute(db);
  await sql`INSERT INTO metering_runs (day, cause, started_at, inserted, changed, deleted) VALUES ('2026-04-30', 'first', ${at}, 0, 0, 0)`.execute(
    db,
  );
  await sql`UPDATE metering_runs SET inserted = 3`.execute(db);
  await sql`INSERT INTO queue_controls (queue, worker, paused, changed_at) VALUES ('metering', '*', true, ${at})`.execute(
    db,
  );
  await sql`DELETE FROM queue_controls`.execute(db);
  await sql`
    INSERT INTO ownership_rules (rule_id, kind, position, pattern, owner_set_id, origin, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT 100, 'name', 1, 'web-*', owner_set_id, 'declared', ${at}, 'infinity', ${at}, 'infinity', 'test' FROM owner_sets`.execute(
    db,
  );
  expect((await told()).slice(3)).toEqual([
    'sync.ended acme/droplet',
    'day.metered 2026-04-30',
    'queue.changed metering',
    'rule.changed 100',
  ]);
  expect((await published()).find(({ type }) => type === 'day.metered')).toMatchObject({ forEveryone: true });
});

test('a hundred thousand attributions are one event per deployment, and of too many deployments one for all', async () => {
  const at = '2026-05-01T00:00:00Z';
  const attribute = (sets: ReturnType<typeof sql>, resources: number, first: number) =>
    sql`INSERT INTO attributions (resource_id, owner_set_id, valid_from, valid_to, recorded_at, superseded_at)
        SELECT ${first}::int + n, s.owner_set_id, ${at}, 'infinity', ${at}, 'infinity'
        FROM (SELECT array_agg(owner_set_id ORDER BY owner_set_id) AS ids FROM owner_sets WHERE ${sets}) a,
             generate_series(1, ${resources}::int) AS n, LATERAL (SELECT a.ids[1 + n % cardinality(a.ids)] AS owner_set_id) s`.execute(
      db,
    );
  await sql`
    WITH customer AS (
      INSERT INTO customers (external_id, name, currency, created_at) VALUES ('many', 'Many', 'USD', ${at}) RETURNING customer_id
    ), made AS (
      INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
      SELECT 'many-' || n, 'Many', customer_id, ${at}, ${at} FROM customer, generate_series(1, 150) AS n RETURNING deployment_id
    )
    INSERT INTO owner_sets (weight_total, signature) SELECT 1, deployment_id || ':1' FROM made`.execute(db);
  await sql`
    INSERT INTO owner_set_members (owner_set_id, deployment_id, weight_before, weight)
    SELECT owner_set_id, split_part(signature, ':', 1)::bigint, 0, 1 FROM owner_sets s
    WHERE NOT EXISTS (SELECT FROM owner_set_members m WHERE m.owner_set_id = s.owner_set_id)`.execute(db);
  await publishEvents(db);
  const { last } = await readEventRange(db);
  const since = async () => {
    await publishEvents(db);
    return readEvents(db, last, (await readEventRange(db)).last, 1_000);
  };
  await attribute(
    sql`signature IN (SELECT deployment_id || ':1' FROM deployments WHERE slug IN ('many-1', 'many-2', 'unattributed'))`,
    100_000,
    0,
  );
  expect(
    (await since())
      .map(({ subject, customerId }) => [subject, customerId !== null])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  ).toEqual([
    ['many-1', true],
    ['many-2', true],
    ['unattributed', false],
  ]);
  await attribute(sql`true`, 1_000, 200_000);
  const [, , , all, ...more] = await since();
  expect(all).toMatchObject({ type: 'attribution.changed', subject: '', customerId: null, forEveryone: true });
  expect(more).toEqual([]);
});
