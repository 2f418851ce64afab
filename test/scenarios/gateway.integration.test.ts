import { setTimeout } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { applyGatewayMeters, previewGatewayMeters } from '../../src/flows/gateway-meters.ts';
import { selectSettledId } from '../../src/gateway/intake.store.ts';
import { interpretEvents } from '../../src/gateway/interpret.ts';
import { lockProgress, selectNextIds, updateProgress } from '../../src/gateway/interpret.store.ts';
import { metersFileSchema } from '../../src/gateway/meters.ts';
import { getSource } from '../../src/gateway/sources.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { sumQuantities } from '../../src/platform/quantity.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import {
  event,
  fixtureKey,
  instant,
  interpretAll,
  makeMeters,
  makeSource,
  meterAll,
  requests,
  resourceOf,
  setClock,
  usageOf,
} from '../fixtures/gateway.ts';
import { createDeployments, storedBytes } from '../fixtures/metering.ts';
import { soaking } from '../soak.ts';
import { json, startTestApi, type TestApi, testSecretKey } from '../http/api-fixture.ts';

// What others' trackers are full of, over HTTP: events that are counted zero times or twice, batches that are lost for one
// bad event, what is accepted and never counted. All in May 2026; the kind gateway_requests is the sum of `requests`.

let database: TestDatabase;
let db: Database;
let api: TestApi;
let secret: string;

expect(fixtureKey.key.toString('base64')).toBe(testSecretKey);

beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
  await setClock(db, instant('2026-05-05'));
  await createDeployments(db, ['acme-shop', 'birch', 'cedar'], instant('2026-01-01'));
  secret = await makeSource(db, 'edge', { now: instant('2026-05-05') });
  await makeMeters(db, [requests], instant('2026-05-05'));
  api = await startTestApi(database, { env: { ARCADIA_GATEWAY_BACKLOG_MAX: '1000' } });
});
afterEach(async () => {
  await api.close();
  await database.close();
});

interface Answer {
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly dead: number;
  readonly results: { readonly id: string; readonly status: string; readonly reason?: string }[];
}

async function post(body: unknown): Promise<{ status: number; retryAfter: string | null; answer: Answer }> {
  const sent = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secret}`,
      'content-type': Array.isArray(body) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json',
    },
    body: JSON.stringify(body),
  });
  return {
    status: sent.status,
    retryAfter: sent.headers.get('retry-after'),
    answer: (await sent.json()) as Answer,
  };
}

async function send(...events: readonly object[]): Promise<Answer> {
  const { status, answer } = await post(events);
  expect(status).toBe(200);
  return answer;
}

const at = async (text: string) => {
  await setClock(db, instant(text));
  return instant(text);
};

async function own(subject: string, slugs: readonly string[], from: string, to: string | null = null): Promise<void> {
  await assign(
    db,
    {
      resourceIds: [await resourceOf(db, subject)],
      owners: slugs.map((slug) => ({ slug, weight: 1 })),
      from: instant(from),
      ...(to === null ? {} : { to: instant(to) }),
    },
    'test',
    instant('2026-05-20'),
  );
}

async function states(): Promise<Record<string, number>> {
  const found = await api.fetch('/gateway/sources/edge/reconciliation?from=2026-03-01&to=2026-07-01');
  const { states: all } = (await found.json()) as { states: { state: string; events: number }[] };
  return Object.fromEntries(all.map(({ state, events }) => [state, events]));
}

async function reasons(): Promise<string[]> {
  const found = await api.fetch('/gateway/dead-letters');
  return ((await found.json()) as { items: { reason: string }[] }).items.map(({ reason }) => reason);
}

test('1. an event whose commit fails is not acknowledged, and counts once when it is sent again', async () => {
  await sql`CREATE TABLE killing (times int NOT NULL)`.execute(db);
  await sql`INSERT INTO killing VALUES (1)`.execute(db);
  await sql`GRANT ALL ON killing TO arcadia_api`.execute(db);
  await sql`
    CREATE FUNCTION kill_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF EXISTS (SELECT FROM killing WHERE times > 0) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
      RETURN NULL;
    END $$`.execute(db);
  await sql`
    CREATE CONSTRAINT TRIGGER kill_at_commit AFTER INSERT ON gateway_events DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION kill_once()`.execute(db);
  const one = event({ id: 'e1', data: { requests: 120 } });
  const first = await post(one);
  expect(first.status).toBeGreaterThanOrEqual(500);
  await sql`UPDATE killing SET times = 0`.execute(db);
  expect((await post(one)).answer).toMatchObject({ accepted: 1, duplicates: 0 });
  await meterAll(db, await at('2026-05-09'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '120' });
});

test('2. a thousand events sent three times, shuffled, from two connections at once, count once', async () => {
  const batch = Array.from({ length: 1_000 }, (_, index) => event({ id: `twice-${index}` }));
  const shuffled = (by: number) => batch.toSorted((a, b) => order(a, by) - order(b, by));
  const order = ({ id }: Record<string, unknown>, by: number) => (parseInt(String(id).slice(6), 10) * by) % 1_009;
  const answers = await Promise.all([send(...shuffled(7)), send(...shuffled(31)), send(...shuffled(113))]);
  const sum = (field: 'accepted' | 'duplicates') => answers.reduce((total, answer) => total + answer[field], 0);
  expect([sum('accepted'), sum('duplicates')]).toEqual([1_000, 2_000]);
  await meterAll(db, await at('2026-05-09'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '1000' });
});

test('3. the same event is a duplicate for as long as it would be accepted, and too old afterwards', async () => {
  const one = event({ time: '2026-05-05T00:00:00Z' });
  expect(await send(one)).toMatchObject({ accepted: 1 });
  for (const day of ['2026-05-06', '2026-06-07']) {
    await at(day);
    expect(await send(one)).toMatchObject({ accepted: 0, duplicates: 1 });
  }
  await at('2026-06-10');
  expect(await send(one)).toMatchObject({ accepted: 0, dead: 1, results: [{ status: 'dead', reason: 'too_old' }] });
  await interpretAll(db, instant('2026-06-10'));
  expect(await states()).toEqual({ counted: 1 });
});

test('4. another content under a known id is a conflict: it is kept, and never counts', async () => {
  const [first, second] = [30, 31].map((count) => event({ id: 'e2', data: { requests: count } }));
  expect(await post(first)).toMatchObject({ status: 200 });
  expect(await post(second)).toMatchObject({ status: 409, answer: { code: 'event_conflict' } });
  expect(await send(second as object)).toMatchObject({ conflicts: 1, results: [{ id: 'e2', status: 'conflict' }] });
  const kept = await sql<{ payload: string }>`SELECT payload FROM gateway_conflicts`.execute(db);
  expect(kept.rows.map(({ payload }) => (JSON.parse(payload) as { data: unknown }).data)).toEqual([{ requests: 31 }]);
  await meterAll(db, await at('2026-05-09'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '30' });
});

test('5. a bad event and a known one keep none of a batch from being stored', async () => {
  const batch = Array.from({ length: 1_000 }, (_, index) => event({ id: `mixed-${index}` }));
  await send(batch[699] as object);
  batch[499] = { ...batch[499], time: undefined };
  expect(await send(...batch)).toMatchObject({ accepted: 998, duplicates: 1, conflicts: 0, dead: 1 });
  await meterAll(db, await at('2026-05-09'));
  expect(await states()).toEqual({ counted: 999, dead: 1 });
  expect(await reasons()).toEqual(['time_required']);
});

test('what is too long for an index keeps nothing else from being stored or counted', async () => {
  // Of three bytes each, and in an order that cannot be compressed.
  const long = Array.from({ length: 1_024 }, (_, index) =>
    String.fromCharCode(0x4e00 + ((index * 7_919) % 20_000)),
  ).join('');
  const retract = { type: 'arcadia.gateway.retract', time: undefined, data: { ids: [long] } };
  const answer = await send(event({ source: long }), event({ corrects: long }), event(retract), event());
  expect(answer).toMatchObject({ accepted: 3, dead: 1 });
  await meterAll(db, await at('2026-05-09'));
  expect(await reasons()).toEqual(['target_unknown', 'target_unknown', 'bad_source']);
  expect(await states()).toEqual({ counted: 2, dead: 2 });
});

test('6. what no meter is of is shown as that, and counts once a meter is dated back', async () => {
  await send(...Array.from({ length: 500 }, () => event({ type: 'egress', data: { bytes: 40 } })));
  await meterAll(db, await at('2026-05-09'));
  expect(await states()).toEqual({ no_meter: 500 });
  const egress = { ...requests, meter: 'gateway_egress', unit: 'byte', type: 'egress', value: '/bytes' };
  const added = await api.fetch('/gateway/meters', json('POST', { meters: [egress] }));
  expect(await added.json()).toEqual({ meters: [{ meter: 'gateway_egress', from: '2026-05-01', changed: true }] });
  const days = await meterAll(db, instant('2026-05-09'));
  expect(days.map(({ day, cause }) => `${day} ${cause}`)).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((day) => `2026-05-0${day} ${day === 3 ? 'first' : null}`),
  );
  expect(await states()).toEqual({ counted: 500 });
  expect(await usageOf(db, 'gateway_egress')).toEqual({ 'unattributed 03': '20000' });
});

test('7. a late event changes the metered day, and what was there is on record', async () => {
  await send(event({ data: { requests: 150 } }));
  await meterAll(db, instant('2026-05-05'));
  await send(event({ time: '2026-05-03T23:30:00Z', data: { requests: 25 } }));
  const days = await meterAll(db, await at('2026-05-09'));
  expect(days.find(({ day }) => day === '2026-05-03')).toMatchObject({ cause: 'changes', changed: 1 });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '175' });
  const { rows } =
    await sql`SELECT trim_scale(old_quantity)::text AS before, trim_scale(new_quantity)::text AS after, cause
                             FROM usage_changes`.execute(db);
  expect(rows).toEqual([{ before: '150', after: '175', cause: 'event' }]);
});

test('8. what a clock that is ahead sends is kept, measured, and counts once its time is put right', async () => {
  await at('2026-05-05T10:00:00Z');
  await send(...Array.from({ length: 600 }, () => event({ time: '2026-05-05T12:00:00Z' })));
  await interpretAll(db, instant('2026-05-05T10:00:00Z'));
  expect(await states()).toEqual({ dead: 600 });
  const shown = await api.fetch('/gateway/sources/edge');
  expect(await shown.json()).toMatchObject({ dead: 600, skewSeconds: -7200 });
  const decision = { source: 'edge', reason: 'in_future', shift: 'PT-2H', why: 'the clock of node 3' };
  const replayed = await api.fetch('/gateway/dead-letters/replay', json('POST', decision));
  expect(await replayed.json()).toEqual({ events: 600 });
  await meterAll(db, await at('2026-05-09'));
  expect(await states()).toEqual({ counted: 600 });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 05': '600' });
  const { rows } = await sql`SELECT DISTINCT reason, recorded_by FROM gateway_decisions`.execute(db);
  expect(rows).toEqual([{ reason: 'the clock of node 3', recorded_by: 'test owner null' }]);
});

test('9. seconds, milliseconds and a time without an offset are no time', async () => {
  const answer = await send(...['1746266400', 1_746_266_400_000, '2026-05-03T10:00:00'].map((time) => event({ time })));
  expect(answer.results.map(({ reason }) => reason)).toEqual(['bad_time', 'bad_time', 'bad_time']);
  await interpretAll(db, instant('2026-05-05'));
  expect(await states()).toEqual({ dead: 3 });
});

test('10. what is about nobody known is unassigned, and moves at the instant from which it is assigned', async () => {
  const times = ['2026-05-08T01:00:00Z', '2026-05-09T23:59:59.999999Z', '2026-05-10T00:00:00Z', '2026-05-12T01:00:00Z'];
  await at('2026-05-13');
  await send(...times.map((time) => event({ subject: 'key:ak_9', time, data: { requests: 100 } })));
  await meterAll(db, instant('2026-05-13'));
  const before = {
    'unattributed 08': '100',
    'unattributed 09': '100',
    'unattributed 10': '100',
    'unattributed 12': '100',
  };
  expect(await usageOf(db, 'gateway_requests')).toEqual(before);
  const unowned = async () =>
    (await (await api.fetch('/gateway/subjects?unowned=true')).json()) as { items: { subject: string }[] };
  expect((await unowned()).items).toMatchObject([{ subject: 'key:ak_9', owners: [] }]);
  await own('key:ak_9', ['acme-shop'], '2026-05-10');
  await meterAll(db, await at('2026-05-20'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({
    'acme-shop 10': '100',
    'acme-shop 12': '100',
    'unattributed 08': '100',
    'unattributed 09': '100',
  });
  expect((await unowned()).items).toEqual([]);
});

test('11. a unit is converted once for an hour, not for each event', async () => {
  const egress = {
    ...requests,
    meter: 'gateway_egress_gib',
    unit: 'GiB',
    type: 'egress',
    value: '/bytes',
    divisor: '1073741824',
  };
  await makeMeters(db, [egress], instant('2026-05-05'));
  for (let batch = 0; batch < (soaking ? 1_000 : 10); batch += 1) {
    await send(...Array.from({ length: 1_000 }, () => event({ type: 'egress', data: { bytes: 40 } })));
    await interpretAll(db, instant('2026-05-05'));
  }
  await meterAll(db, await at('2026-05-09'));
  // 10,000 times 40 / 2^30, each rounded to nine digits, would be 0.00037; a million times 0.037.
  const gib = soaking ? '0.037252903' : '0.000372529';
  expect(await usageOf(db, 'gateway_egress_gib')).toEqual({ 'unattributed 03': gib });
});

test('12. a meter that cannot read an event keeps no other from counting it', async () => {
  const counting = { ...requests, meter: 'gateway_events', aggregation: 'count', value: null };
  await makeMeters(db, [counting], instant('2026-05-05'));
  await send(event({ data: { requests: 5 } }), event({ data: { count: 7 } }));
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_events')).toEqual({ 'unattributed 03': '2' });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '5' });
  expect(await states()).toEqual({ counted: 2 });
  expect(await reasons()).toEqual(['value_missing']);
  const drop = async (reason: string) =>
    (await api.fetch('/gateway/dead-letters/drop', json('POST', { source: 'edge', reason, why: 'of no use' }))).json();
  expect(await drop('value_missing')).toEqual({ events: 0 });
  expect(await states()).toEqual({ counted: 2 });
  // The meter learns of the new name from a day on, and of no other day.
  await makeMeters(db, [{ ...requests, value: '/count', from: '2026-05-04' }], instant('2026-05-05'));
  await send(event({ time: '2026-05-04T10:00:00Z', data: { count: 11 } }));
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '5', 'unattributed 04': '11' });
});

test('13. an event belongs to whoever owned its subject at the microsecond', async () => {
  await at('2026-05-16');
  await send(
    event({ time: '2026-05-15T14:59:59.999999Z', data: { requests: 3 } }),
    event({ time: '2026-05-15T15:00:00Z', data: { requests: 4 } }),
  );
  await meterAll(db, instant('2026-05-16'));
  await own('host:shop.example.com', ['acme-shop'], '2026-05-01', '2026-05-15T15:00:00Z');
  await meterAll(db, instant('2026-05-16'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 15': '3', 'unattributed 15': '4' });
});

test('what is before a full hour is still counted once something is touched from that hour on', async () => {
  await at('2026-05-16');
  await send(event({ time: '2026-05-15T09:59:59.999999Z', data: { requests: 3 } }));
  await meterAll(db, instant('2026-05-16'));
  await send(event({ time: '2026-05-15T10:30:00Z', data: { requests: 4 } }));
  await meterAll(db, instant('2026-05-16'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 15': '7' });
  await own('host:shop.example.com', ['acme-shop'], '2026-05-15T10:00:00Z');
  await meterAll(db, instant('2026-05-16'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 15': '4', 'unattributed 15': '3' });
});

test('14. a backlog is answered with 429, and what was acknowledged before it is all counted', async () => {
  await send(...Array.from({ length: 999 }, () => event()));
  await send(event(), event());
  const refused = async () => (await post([event()])).status === 429;
  await expect.poll(refused, { timeout: 10_000, interval: 200 }).toBe(true);
  const full = await post([event({ id: 'later' })]);
  expect(full).toMatchObject({ status: 429, retryAfter: '5', answer: { code: 'gateway_backlog' } });
  const before = (await sql<{ n: number }>`SELECT count(*) AS n FROM gateway_events`.execute(db)).rows[0]?.n;
  await interpretAll(db, instant('2026-05-05'));
  await expect.poll(async () => (await post([event({ id: 'later' })])).status, { timeout: 10_000 }).toBe(200);
  await interpretAll(db, instant('2026-05-05'));
  expect(await states()).toEqual({ counted: (before ?? 0) + 1 });
});

test('15. a month replayed, and all that is derived derived again, is the same to the byte', async () => {
  const days = ['03', '03', '04', '04'];
  await send(
    ...days.map((day, index) => event({ time: `2026-05-${day}T0${index}:10:00Z`, data: { requests: 10 + index } })),
  );
  await meterAll(db, instant('2026-05-05'));
  await own('host:shop.example.com', ['acme-shop', 'birch', 'cedar'], '2026-05-03T01:00:00Z');
  await meterAll(db, instant('2026-05-05'));
  const bytes = await storedBytes(db);
  for (let times = 0; times < 2; times += 1) {
    const replayed = await api.fetch(
      '/gateway/sources/edge/replay',
      json('POST', { from: '2026-05-01', to: '2026-06-01' }),
    );
    expect(replayed.status).toBe(202);
    const metered = await meterAll(db, instant('2026-05-05'));
    expect(metered.every(({ revision }) => revision === null)).toBe(true);
    expect(await storedBytes(db)).toBe(bytes);
  }
  await sql`DELETE FROM gateway_usage`.execute(db);
  await api.fetch('/gateway/sources/edge/replay', json('POST', { from: '2026-05-01', to: '2026-06-01' }));
  await meterAll(db, instant('2026-05-05'));
  expect(await storedBytes(db)).toBe(bytes);
});

test('17. microseconds and decimals are kept', async () => {
  const gauge = {
    ...requests,
    meter: 'gateway_seats',
    unit: 'seat-hour',
    type: 'seats',
    value: '/seats',
    aggregation: 'gauge',
    accrual: 'hours',
  };
  await makeMeters(db, [gauge], instant('2026-05-05'));
  await send(
    event({ type: 'seats', time: '2026-05-03T23:00:00.000000Z', data: { seats: 10 } }),
    event({ type: 'seats', time: '2026-05-03T23:00:00.000001Z', data: { seats: 20 } }),
    ...[1, 2, 3].map(() => event({ data: { requests: '0.1' } })),
  );
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '0.3' });
  // 20 for an hour but for the first microsecond, in which it was 10: 10 / 3,600,000,000 less.
  expect(await usageOf(db, 'gateway_seats')).toEqual({ 'unattributed 03': '19.999999997', 'unattributed 04': '480' });
});

test('the greatest of a month, distinct keys, a gauge by the month, and a host in thirds', async () => {
  const meters = [
    { ...requests, meter: 'gateway_peak', type: 'peak', aggregation: 'max', value: '/now' },
    { ...requests, meter: 'gateway_users', type: 'visit', aggregation: 'unique', value: null, key: '/user' },
    { ...requests, meter: 'gateway_size', type: 'size', aggregation: 'gauge', value: '/gb' },
  ];
  await makeMeters(db, meters, instant('2026-05-05'));
  await at('2026-06-01');
  const peak = (time: string, now: number) => event({ type: 'peak', time, data: { now } });
  const visit = (time: string, user: string) => event({ type: 'visit', time, data: { user } });
  await send(
    peak('2026-05-01T10:00:00Z', 5),
    peak('2026-05-02T10:00:00Z', 9),
    peak('2026-05-03T10:00:00Z', 7),
    visit('2026-05-01T10:00:00Z', 'u1'),
    visit('2026-05-01T11:00:00Z', 'u2'),
    visit('2026-05-02T10:00:00Z', 'u1'),
    visit('2026-05-02T11:00:00Z', 'u3'),
    event({ type: 'size', time: '2026-05-01T00:00:00Z', data: { gb: 10 } }),
    event({ type: 'size', time: '2026-05-16T00:00:00Z', data: { gb: 15 } }),
    event({ subject: 'host:shared.example.com', data: { requests: 100 } }),
  );
  await meterAll(db, instant('2026-06-01'));
  await own('host:shared.example.com', ['acme-shop', 'birch', 'cedar'], '2026-05-01');
  await meterAll(db, instant('2026-06-01'));
  expect(await usageOf(db, 'gateway_peak')).toEqual({
    'unattributed 01': '5',
    'unattributed 02': '4',
    'unattributed 03': '0',
  });
  expect(await usageOf(db, 'gateway_users')).toEqual({ 'unattributed 01': '2', 'unattributed 02': '1' });
  const sizes = Object.values(await usageOf(db, 'gateway_size'));
  expect(sizes.length).toBe(31);
  expect(sumQuantities(sizes)).toBe('12.580645161');
  expect(await usageOf(db, 'gateway_requests')).toEqual({
    'acme-shop 03': '33.333333333',
    'birch 03': '33.333333334',
    'cedar 03': '33.333333333',
  });

  // A late event changes what comes after it in its month.
  await send(peak('2026-05-01T12:00:00Z', 12));
  await send(visit('2026-05-01T12:00:00Z', 'u3'));
  await meterAll(db, instant('2026-06-01'));
  expect(await usageOf(db, 'gateway_peak')).toEqual({
    'unattributed 01': '12',
    'unattributed 02': '0',
    'unattributed 03': '0',
  });
  expect(await usageOf(db, 'gateway_users')).toEqual({ 'unattributed 01': '3' });
  // A new owner has keys of its own.
  await own('host:shop.example.com', ['acme-shop'], '2026-05-02');
  await meterAll(db, instant('2026-06-01'));
  expect(await usageOf(db, 'gateway_users')).toEqual({ 'unattributed 01': '3', 'acme-shop 02': '2' });
});

test('what is retracted or corrected counts no more, whichever comes first', async () => {
  const [wrong, other] = [event({ id: 'w1', data: { requests: 500 } }), event({ id: 'w2', data: { requests: 60 } })];
  await send(wrong, other, event({ id: 'w3', corrects: 'w1', data: { requests: 50 } }));
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '110' });
  const retract = (ids: string[]) =>
    event({
      type: 'arcadia.gateway.retract',
      time: undefined,
      subject: undefined,
      data: { ids, reason: 'sent twice' },
    });
  await send(retract(['w2', 'w9']));
  await send(event({ id: 'w9', data: { requests: 7 } }));
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '50' });
  expect(await states()).toEqual({ applied: 1, counted: 1, superseded: 3 });
});

test('what is dropped corrects nothing any more', async () => {
  await send(event({ id: 'w1', data: { requests: 500 } }), event({ id: 'w2', corrects: 'w1', data: {} }));
  await meterAll(db, instant('2026-05-05'));
  expect(await states()).toEqual({ dead: 1, superseded: 1 });
  const drop = { source: 'edge', reason: 'value_missing', why: 'it says nothing' };
  const dropped = await api.fetch('/gateway/dead-letters/drop', json('POST', drop));
  expect(await dropped.json()).toEqual({ events: 1 });
  await meterAll(db, instant('2026-05-05'));
  expect(await states()).toEqual({ counted: 1, dropped: 1 });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '500' });
});

test('a meter that is applied while events are interpreted counts all of them, and a preview waits for them', async () => {
  await send(...Array.from({ length: 50 }, () => event({ type: 'egress', data: { requests: 2 } })));
  const egress = { ...requests, meter: 'gateway_egress', type: 'egress' };
  const { meters } = metersFileSchema.parse({ meters: [egress] });
  // Whoever interprets has read that there is no such meter, and has not committed.
  const source = await getSource(db, 'edge');
  const settled = await db.transaction().execute((trx) => selectSettledId(trx, source.accountId));
  let applying: Promise<unknown> = Promise.resolve();
  await db.transaction().execute(async (trx) => {
    await lockProgress(trx, source.accountId);
    const ids = await selectNextIds(trx, source.accountId, { after: 0, through: settled, limit: 100 });
    await updateProgress(trx, source.accountId, settled);
    await interpretEvents(trx, source, ids, { through: settled, now: instant('2026-05-05') });
    const previewing = previewGatewayMeters(db, meters, instant('2026-05-05'));
    applying = previewing.then(async (preview) => {
      expect(preview).toMatchObject([{ events: 50, value: '100' }]);
      return applyGatewayMeters(db, meters, instant('2026-05-05'));
    });
    await setTimeout(500);
  });
  await applying;
  await meterAll(db, instant('2026-05-05'));
  expect(await usageOf(db, 'gateway_egress')).toEqual({ 'unattributed 03': '100' });
  const { rows } = await sql<{ last: number }>`
    SELECT last_value AS last FROM pg_sequences WHERE sequencename = 'gateway_meters_meter_id_seq'`.execute(db);
  await makeMeters(db, [egress], instant('2026-05-05'));
  const again =
    await sql`SELECT last_value AS last FROM pg_sequences WHERE sequencename = 'gateway_meters_meter_id_seq'`.execute(
      db,
    );
  expect(again.rows).toEqual(rows);
});

test('a watermark confirms what came, once as much came as was sent', async () => {
  const confirmed = async () =>
    ((await (await api.fetch('/gateway/sources/edge')).json()) as { confirmedThrough: string | null }).confirmedThrough;
  const watermark = event({
    type: 'arcadia.gateway.watermark',
    time: undefined,
    subject: undefined,
    data: { through: '2026-05-04T00:00:00Z', counts: { '2026-05-03T10Z': 2 } },
  });
  await send(event(), watermark);
  await interpretAll(db, instant('2026-05-05'));
  expect(await confirmed()).toBeNull();
  const found = await api.fetch('/gateway/sources/edge/reconciliation?from=2026-05-01&to=2026-06-01');
  expect(await found.json()).toMatchObject({
    open: [{ through: '2026-05-04T00:00:00Z', hours: [{ hour: '2026-05-03T10:00:00Z', sent: 2, received: 1 }] }],
  });
  await send(event());
  await interpretAll(db, instant('2026-05-05'));
  expect(await confirmed()).toBe('2026-05-04T00:00:00Z');
  await send(event({ type: 'arcadia.gateway.watermark', data: { through: 'soon' } }));
  await interpretAll(db, instant('2026-05-05'));
  expect(await reasons()).toEqual(['bad_watermark']);
});

test('a source names the owners that it may, and so many new subjects a day', async () => {
  await api.fetch(
    '/gateway/sources/edge',
    json('PATCH', { customers: ['nobody'], maxNewSubjects: 2 }, { 'if-match': '*' }),
  );
  await send(
    event({ subject: 'deployment:acme-shop' }),
    ...['a', 'b', 'c'].map((name) => event({ subject: `host:${name}.example.com` })),
  );
  await meterAll(db, instant('2026-05-05'));
  expect((await reasons()).sort()).toEqual(['not_yours', 'too_many_subjects']);
  await api.fetch('/gateway/sources/edge', json('PATCH', { customers: ['acme'] }, { 'if-match': '*' }));
  await at('2026-05-06');
  await api.fetch('/gateway/dead-letters/retry', json('POST', { source: 'edge' }));
  await meterAll(db, instant('2026-05-06'));
  expect(await reasons()).toEqual([]);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '1', 'unattributed 03': '3' });
});

test('a queue is of one source', async () => {
  const queue = 'arcadia.gateway.edge';
  const set = (source: string, name: string | null) =>
    api.fetch(`/gateway/sources/${source}`, json('PATCH', { queue: name }, { 'if-match': '*' }));
  // Another system's, and what the broker puts aside.
  for (const name of ['billing.jobs', 'arcadia.gateway.edge.unusable']) {
    expect(await (await set('edge', name)).json()).toMatchObject({ code: 'invalid_argument' });
  }
  expect(await (await set('edge', queue)).json()).toMatchObject({ queue });
  const second = await api.fetch('/gateway/sources', json('POST', { source: 'second', queue }));
  expect(await second.json()).toMatchObject({ status: 409, code: 'conflict' });
  expect((await api.fetch('/gateway/sources', json('POST', { source: 'second' }))).status).toBe(201);
  expect(await (await set('second', queue)).json()).toMatchObject({ status: 409, code: 'conflict' });
  expect((await set('edge', null)).status).toBe(200);
  expect((await set('second', queue)).status).toBe(200);
});

test('a secret is shown once, and what is disconnected is given none', async () => {
  const again = async (path: string, body: object) => {
    const asked = json('POST', body, { 'idempotency-key': `once-${path}` });
    return [await (await api.fetch(path, asked)).json(), await (await api.fetch(path, asked)).json()];
  };
  for (const [path, body] of [
    ['/gateway/sources', { source: 'second' }],
    ['/gateway/sources/second/rotate', {}],
  ] as const) {
    const [first, replayed] = await again(path, body);
    expect(first).toMatchObject({ secret: expect.stringMatching(/^whsec_/) as unknown });
    expect(replayed).toMatchObject({ secret: null });
  }
  expect((await api.fetch('/gateway/sources/unknown/rotate', json('POST', {}))).status).toBe(404);
  expect((await api.fetch('/accounts/second/disconnect', json('POST', {}))).status).toBeLessThan(300);
  const refused = await api.fetch('/gateway/sources/second/rotate', json('POST', {}));
  expect(await refused.json()).toMatchObject({ status: 409, code: 'source_disconnected' });
});

test('what does not add up is no aggregation, and a meter stays what it is', async () => {
  for (const aggregation of ['avg', 'min']) {
    const refused = await api.fetch('/gateway/meters', json('POST', { meters: [{ ...requests, aggregation }] }));
    expect(refused.status).toBe(400);
    expect(JSON.stringify(await refused.json())).toContain(`cannot be ${aggregation}`);
  }
  const otherwise = { ...requests, aggregation: 'max' };
  const refused = await api.fetch('/gateway/meters', json('POST', { meters: [otherwise] }));
  expect(await refused.json()).toMatchObject({ status: 409, code: 'gateway_meter_otherwise' });
  const again = await applyGatewayMeters(
    db,
    metersFileSchema.parse({ meters: [requests] }).meters,
    instant('2026-05-05'),
  );
  expect(again).toMatchObject([{ changed: false }]);
  // Which values are too large goes by the divisor.
  const weight = { attribute: 'value', divisor: '0.001' };
  const weighed = await api.fetch('/kinds/gateway_requests', json('PATCH', { weight }, { 'if-match': '*' }));
  expect(await weighed.json()).toMatchObject({ status: 409, code: 'conflict' });
  const exported = await (await api.fetch('/gateway/meters/export')).text();
  expect(exported).toContain('meter: "gateway_requests"');
});

test('what comes while others are interpreted is counted once, and none is passed over', async () => {
  await api.fetch('/gateway/sources/edge', json('PATCH', { maxEventsPerSecond: 100_000 }, { 'if-match': '*' }));
  let isSending = true;
  const interpreting = (async () => {
    while (isSending) await interpretAll(db, instant('2026-05-05'));
  })();
  const clients = Array.from({ length: 20 }, async () => {
    for (let times = 0; times < 10; times += 1) await send(event(), event());
  });
  await Promise.all(clients);
  isSending = false;
  await interpreting;
  await meterAll(db, instant('2026-05-05'));
  expect(await states()).toEqual({ counted: 400 });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'unattributed 03': '400' });
});
