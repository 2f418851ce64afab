import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { previewGatewayReplay } from '../../src/flows/gateway-replay.ts';
import { announceDeadSince, announceSilent } from '../../src/gateway/announce.ts';
import { pruneEvents } from '../../src/gateway/prune.ts';
import { lockProgress } from '../../src/gateway/interpret.store.ts';
import { changeSource, getSource } from '../../src/gateway/sources.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import {
  event,
  instant,
  interpretAll,
  makeMeters,
  makeSource,
  meterAll,
  requests,
  setClock,
  usageOf,
} from '../fixtures/gateway.ts';
import { setBilling } from '../../src/invoices/billing.ts';
import { checkCorrections } from '../../src/invoices/corrections.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { updateEntity } from '../../src/invoices/entities.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { proposalsOf } from '../fixtures/invoices.ts';
import { startSubscription } from '../../src/pricing/subscriptions.ts';
import { createDeployments } from '../fixtures/metering.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { json, startTestApi, type TestApi } from '../http/api-fixture.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';

// What keeps a gateway sound over years: values that cannot be metered, replays that are looked at first, sources that fall
// silent, dead letters that somebody hears of, and events that are removed.

let database: TestDatabase;
let db: Database;
let api: TestApi;
let secret: string;
const now = instant('2026-05-05');

beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
  await setClock(db, now);
  await createDeployments(db, ['acme-shop'], instant('2026-01-01'));
  secret = await makeSource(db, 'edge', { now, limits: { silentAfterHours: 6 } });
  await makeMeters(db, [requests], now);
  await addHook(db, now, { webhook: 'ops', url: 'https://127.0.0.1:1/' });
  api = await startTestApi(database);
});
afterEach(async () => {
  await api.close();
  await database.close();
});

async function send(...events: readonly object[]): Promise<{ dead: number; duplicates: number }> {
  const sent = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events),
  });
  expect(sent.status).toBe(200);
  return (await sent.json()) as { dead: number; duplicates: number };
}

const states = async () => {
  const { items } = (await (await api.fetch('/gateway/events?limit=100')).json()) as {
    items: { state: string; reason: string | null }[];
  };
  return items.toReversed().map(({ state, reason }) => (reason === null ? state : `${state} ${reason}`));
};

const messages = async (type: string) =>
  (
    await sql<{ data: unknown }>`SELECT data FROM webhook_messages WHERE type = ${type} ORDER BY message_id`.execute(db)
  ).rows.map(({ data }) => data);

test('a value that could not be metered exactly is dead, and keeps no other from being metered', async () => {
  const gauge = {
    ...requests,
    meter: 'gateway_size',
    type: 'size',
    aggregation: 'gauge',
    accrual: 'month',
    divisor: 1000,
  };
  await makeMeters(db, [gauge], now);
  const shop = { subject: 'deployment:acme-shop' };
  await send(
    event({ ...shop, data: { requests: '1000000000000000000' } }),
    event({ ...shop, data: { requests: '1000000000000000000.1' } }),
    event({ ...shop, type: 'size', data: { requests: 10_000_000_000_000 } }),
    event({ ...shop, type: 'size', time: '2026-05-03T11:00:00Z', data: { requests: '10000000000000.1' } }),
  );
  await meterAll(db, now);
  expect(await states()).toEqual(['counted', 'dead value_too_large', 'counted', 'dead value_too_large']);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '1000000000000000000' });
});

test('a replay says first what events count as before and after, and writes nothing', async () => {
  await send(event({ data: { requests: 5 } }), event({ type: 'other', data: { requests: 7 } }));
  await interpretAll(db, now);
  await sql`DELETE FROM gateway_usage`.execute(db);
  const replay = (fields: object) =>
    api.fetch('/gateway/sources/edge/replay', json('POST', { from: '2026-05-01', to: '2026-06-01', ...fields }));
  const seen = await (await replay({ dryRun: true })).json();
  expect(seen).toEqual({
    source: 'edge',
    preview: {
      events: 2,
      beyond: 0,
      before: {
        states: [
          { state: 'no_meter', events: 1 },
          { state: 'waiting', events: 1 },
        ],
        meters: [],
      },
      after: {
        states: [
          { state: 'counted', events: 1 },
          { state: 'no_meter', events: 1 },
        ],
        meters: [{ meter: 'gateway_requests', events: 1, value: '5' }],
      },
      money: expect.objectContaining({ bills: [], billsTotal: 0 }) as unknown,
    },
  });
  await interpretAll(db, now);
  expect(await states()).toEqual(['waiting', 'no_meter']);
  expect(await (await replay({})).json()).toEqual({ source: 'edge', preview: null });
  await interpretAll(db, now);
  expect(await states()).toEqual(['counted', 'no_meter']);
});

test('a replay says what months come to, and how many events it does not look at', async () => {
  const item = { kind: 'gateway_requests', model: 'standard', properties: { unitPrice: '0.50' } } as const;
  await makePlan(db, { plan: 'metered', base: '30.00', items: [item] });
  const may = instant('2026-05-01');
  await startSubscription(db, { deployment: 'acme-shop', plan: 'metered', from: may }, 'test', may);
  const shop = { subject: 'deployment:acme-shop' };
  for (const count of [4, 6, 10]) await send(event({ ...shop, data: { requests: count, twice: 2 * count } }));
  await meterAll(db, now);
  // As if a meter had been read wrongly until a release mended it.
  await sql`UPDATE gateway_meter_versions SET value_path = '{twice}'`.execute(db);
  const range = { type: '*', from: may, to: instant('2026-06-01') };
  const preview = async (eventsMax: number) =>
    previewGatewayReplay(db, await getSource(db, 'edge'), range, { now, eventsMax });
  const before = { meters: [{ meter: 'gateway_requests', events: 3, value: '20' }] };
  expect(await preview(2)).toMatchObject({
    events: 2,
    beyond: 1,
    before,
    after: { meters: [{ value: '30' }] },
    money: { bills: [{ customer: 'acme', month: '2026-05', before: '40.00', after: '45.00', difference: '5.00' }] },
  });
  expect(await preview(3)).toMatchObject({
    events: 3,
    beyond: 0,
    after: { meters: [{ value: '40' }] },
    money: { bills: [{ before: '40.00', after: '50.00' }], leftOut: { months: [], days: 0, customers: 0 } },
  });
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '20' });
});

test('a replay is not looked at while others interpret for long, and says so', async () => {
  await send(event());
  await interpretAll(db, now);
  const source = await getSource(db, 'edge');
  const range = { type: '*', from: instant('2026-05-01'), to: instant('2026-06-01') };
  await db.transaction().execute(async (trx) => {
    await lockProgress(trx, source.accountId);
    await expect(previewGatewayReplay(db, source, range, { now })).rejects.toMatchObject({ code: 'overloaded' });
  });
  expect(await previewGatewayReplay(db, source, range, { now })).toMatchObject({ events: 1 });
}, 30_000);

test('what was shifted is interpreted again by when it counts, not by when it says', async () => {
  await send(event({ id: 'ahead', time: '2026-05-06T01:00:00Z', data: { requests: 9, count: 4 } }));
  await interpretAll(db, now);
  const body = { source: 'edge', reason: 'in_future', shift: 'PT-48H', why: 'the clock was two days ahead' };
  expect((await api.fetch('/gateway/dead-letters/replay', json('POST', body))).status).toBe(200);
  const values = async () => (await sql`SELECT trim_scale(value)::text AS value FROM gateway_usage`.execute(db)).rows;
  expect(await values()).toEqual([{ value: '9' }]);
  // For the fourth of May alone, which is when it counts.
  await makeMeters(db, [{ ...requests, from: '2026-05-05' }], now);
  await makeMeters(db, [{ ...requests, from: '2026-05-04', value: '/count' }], now);
  expect(await values()).toEqual([{ value: '4' }]);
});

test('dead letters are sent to webhooks once an hour, and a source that falls silent once', async () => {
  await send(event({ time: undefined }));
  await interpretAll(db, now);
  await send(event({ time: undefined }));
  await interpretAll(db, now.add({ minutes: 59 }));
  expect(await messages('gateway.dead')).toEqual([
    { source: 'edge', dead: 1, rejected: 0, path: '/api/v1/gateway/sources/edge' },
  ]);
  await send(event({ time: undefined }));
  await interpretAll(db, now.add({ minutes: 60 }));
  expect(await messages('gateway.dead')).toMatchObject([{ dead: 1 }, { dead: 3 }]);
  // What dies within the hour is said once it is over, though nothing dies any more.
  await send(event({ time: undefined }));
  await interpretAll(db, now.add({ minutes: 61 }));
  await announceDeadSince(db, now.add({ minutes: 119 }));
  expect(await messages('gateway.dead')).toHaveLength(2);
  await announceDeadSince(db, now.add({ minutes: 120 }));
  await announceDeadSince(db, now.add({ minutes: 300 }));
  expect(await messages('gateway.dead')).toMatchObject([{ dead: 1 }, { dead: 3 }, { dead: 4 }]);

  await announceSilent(db, now.add({ hours: 5 }));
  expect(await messages('gateway.silent')).toEqual([]);
  await announceSilent(db, now.add({ hours: 6 }));
  await announceSilent(db, now.add({ hours: 7 }));
  expect(await messages('gateway.silent')).toEqual([
    { source: 'edge', lastReceivedAt: '2026-05-05T00:00:00Z', path: '/api/v1/gateway/sources/edge' },
  ]);
  await setClock(db, now.add({ hours: 8 }));
  await send(event({ time: '2026-05-05T07:59:00Z' }));
  await announceSilent(db, now.add({ hours: 14 }));
  expect(await messages('gateway.silent')).toHaveLength(2);
});

test('the settings of a source that is busy can be changed', async () => {
  await send(event());
  const changed = await api.fetch('/gateway/sources/edge', json('PATCH', { graceHours: 5 }));
  expect([changed.status, ((await changed.json()) as { graceHours: number }).graceHours]).toEqual([200, 5]);
});

test('a watermark that was retracted stays so when events are removed, and holds up no later one', async () => {
  const word = (id: string, time: string, data: object) =>
    event({ id, type: 'arcadia.gateway.watermark', subject: undefined, time, data });
  const miscounted = { through: '2026-05-04T00:00:00Z', counts: { '2026-05-03T10Z': 9 } };
  await send(
    word('w1', '2026-05-04T10:00:00Z', miscounted),
    event({ type: 'arcadia.gateway.retract', time: '2026-05-04T11:00:00Z', data: { ids: ['w1'], reason: 'no' } }),
  );
  await interpretAll(db, now);
  const later = instant('2027-05-10');
  await setClock(db, later);
  await pruneEvents(db, instant('2026-05-06'), new AbortController().signal);
  await send(word('w2', '2027-05-09T23:00:00Z', { through: '2027-05-09T00:00:00Z' }));
  await interpretAll(db, later);
  const source = (await (await api.fetch('/gateway/sources/edge')).json()) as { confirmedThrough: string };
  expect(source.confirmedThrough).toBe('2027-05-09T00:00:00Z');
});

test('what is removed stays counted, and is not counted again', async () => {
  await changeSource(db, 'edge', { pastLimitHours: 24 * 366 });
  const old = event({ subject: 'deployment:acme-shop', data: { requests: 5 } });
  await send(old, event({ subject: 'deployment:acme-shop', time: '2026-05-04T10:00:00Z', data: { requests: 7 } }));
  await meterAll(db, now);
  const later = instant('2027-05-10');
  await setClock(db, later);
  const signal = new AbortController().signal;
  // Before the third of May 2026, ten o'clock, and a second.
  expect(await pruneEvents(db, instant('2026-05-03T10:00:01Z'), signal)).toBe(0); // it came on the fifth
  expect(await pruneEvents(db, instant('2026-05-05T00:00:01Z'), signal)).toBe(2);
  expect(await pruneEvents(db, instant('2026-05-05T00:00:01Z'), signal)).toBe(0);
  expect(await states()).toEqual([]);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '5', 'acme-shop 04': '7' });
  // Sent again it is too old; and nobody can have it count.
  expect(await send(old)).toMatchObject({ dead: 1, duplicates: 0 });
  await interpretAll(db, later);
  const body = { source: 'edge', reason: 'too_old', why: 'it was lost' };
  expect((await api.fetch('/gateway/dead-letters/replay', json('POST', body))).status).toBe(200);
  expect(await states()).toEqual(['dead before_retention']);
  // What is interpreted again leaves what is older as it is.
  await makeMeters(db, [{ ...requests, value: '/count' }], later);
  await meterAll(db, later);
  expect((await sql`SELECT FROM gateway_usage`.execute(db)).rows).toHaveLength(2);
});

test('what counts and is older than events are kept stays as it is, though another meter of it is tried again', async () => {
  const other = { ...requests, meter: 'gateway_bytes', unit: 'byte', value: '/bytes' };
  await makeMeters(db, [other], now);
  await send(event({ subject: 'deployment:acme-shop', data: { requests: 5 } }));
  await interpretAll(db, now);
  expect(await states()).toEqual(['counted value_missing']);
  // It came after the third of May, and is not removed yet.
  expect(await pruneEvents(db, instant('2026-05-04'), new AbortController().signal)).toBe(0);
  expect((await api.fetch('/gateway/dead-letters/retry', json('POST', { source: 'edge' }))).status).toBe(200);
  await meterAll(db, now);
  expect(await states()).toEqual(['counted value_missing']);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '5' });
});

test('a retraction finds what it names by source and id alone, among any number of others that are open', async () => {
  const retract = (id: string, ids: string[], fields: object = {}) =>
    event({ id, type: 'arcadia.gateway.retract', time: undefined, subject: undefined, data: { ids }, ...fields });
  const shop = { subject: 'deployment:acme-shop' };
  // Another origin, and another source, have ids of their own.
  await makeSource(db, 'other', { now });
  const { accountId } = await getSource(db, 'other');
  const others = Array.from({ length: 900 }, (_, place) => `never-${place}`);
  await send(retract('r1', ['x']), retract('r2', others), retract('r3', ['x'], { source: '/gateways/2' }));
  await interpretAll(db, now);
  await sql`
    INSERT INTO gateway_retractions (account_id, origin, event_id, retracted_by, found)
    VALUES (${accountId}, '/gateways/1', 'x', 1, false)`.execute(db);
  expect(await states()).toEqual(['dead target_unknown', 'dead target_unknown', 'dead target_unknown']);
  await send(event({ ...shop, id: 'x', data: { requests: 4 } }), event({ ...shop, id: 'y', data: { requests: 6 } }));
  await meterAll(db, now);
  expect(await states()).toEqual(['applied', 'dead target_unknown', 'dead target_unknown', 'superseded', 'counted']);
  const { rows } = await sql`
    SELECT account_id = ${accountId} AS other, origin, event_id AS id FROM gateway_retractions WHERE found`.execute(db);
  expect(rows).toEqual([{ other: false, origin: '/gateways/1', id: 'x' }]);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '6' });
});

test('what retracts or corrects something that is not there says so, until that comes', async () => {
  const retract = (id: string, ids: unknown) =>
    event({ id, type: 'arcadia.gateway.retract', time: undefined, subject: undefined, data: { ids, reason: 'no' } });
  const shop = { subject: 'deployment:acme-shop' };
  await send(event({ ...shop, id: 'old', data: { requests: 5 } }));
  await meterAll(db, now);
  const later = instant('2026-05-07');
  await setClock(db, later);
  expect(await pruneEvents(db, instant('2026-05-05T00:00:01Z'), new AbortController().signal)).toBe(1);
  await send(
    retract('r1', ['old']),
    event({ ...shop, id: 'r2', time: '2026-05-06T10:00:00Z', corrects: 'old', data: { requests: 3 } }),
    retract('r3', ['late']),
    retract('r4', 'late'),
  );
  await interpretAll(db, later);
  const removed = ['dead target_unknown', 'counted target_unknown'];
  expect(await states()).toEqual([...removed, 'dead target_unknown', 'dead target_unknown']);
  await send(event({ ...shop, id: 'late', time: '2026-05-06T11:00:00Z' }));
  await meterAll(db, instant('2026-05-08'));
  expect(await states()).toEqual([...removed, 'applied', 'dead target_unknown', 'superseded']);
  // What was found once is, although it is removed since.
  await pruneEvents(db, instant('2026-05-07T00:00:01Z'), new AbortController().signal);
  await api.fetch('/gateway/dead-letters/retry', json('POST', { source: 'edge' }));
  expect(await states()).toEqual(['dead target_unknown', 'applied', 'dead target_unknown']);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '5', 'acme-shop 06': '3' });
});

test('what comes after the invoice is a correction of it', async () => {
  const item = { kind: 'gateway_requests', model: 'standard', properties: { unitPrice: '1' } } as const;
  await makePlan(db, { plan: 'metered', base: '0', items: [item] });
  const may = instant('2026-05-01');
  await startSubscription(db, { deployment: 'acme-shop', plan: 'metered', from: may }, 'test', may);
  const seller = { name: 'Example Hosting Ltd', address: ['1 Quay Street'], taxIds: ['VAT GB123456789'] };
  await updateEntity(db, 'default', seller, { by: 'ann', now });
  await setBilling(db, 'acme', { address: ['2 Hill Road', 'Bath'] }, null, 'ann', now);
  const shop = { subject: 'deployment:acme-shop' };
  await send(event({ ...shop, data: { requests: 150 } }));
  const june = instant('2026-06-05');
  await setClock(db, june);
  await send(
    event({
      type: 'arcadia.gateway.watermark',
      time: '2026-06-05T00:00:00Z',
      subject: undefined,
      data: { through: '2026-06-05T00:00:00Z' },
    }),
  );
  await meterAll(db, june);
  await draftMonth(db, { month: Temporal.PlainDate.from('2026-05-01'), now: june });
  const { items } = await listInvoices(db, { customer: 'acme' }, { limit: 1, cursor: null });
  const invoiceId = items[0]?.invoiceId ?? 0;
  await approveInvoice(db, invoiceId, { by: 'ann', now: june });
  await issueInvoice(db, invoiceId, { by: 'ann', now: june });
  const invoice = async () => (await api.fetch(`/invoices/${invoiceId}`)).json();
  expect(await invoice()).toMatchObject({ state: 'issued', subtotal: '150.00' });
  await send(event({ ...shop, time: '2026-05-03T23:30:00Z', data: { requests: 25 } }));
  await meterAll(db, june);
  expect(await usageOf(db, 'gateway_requests')).toEqual({ 'acme-shop 03': '175' });
  await checkCorrections(db);
  expect(await proposalsOf(db)).toMatchObject([{ deployment: 'acme-shop', amount: '25.00' }]);
});
