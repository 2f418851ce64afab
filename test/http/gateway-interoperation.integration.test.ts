import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import {
  instant,
  interpretAll,
  makeMeters,
  makeSource,
  meterAll,
  requests,
  setClock,
  usageOf,
} from '../fixtures/gateway.ts';
import { createDeployments } from '../fixtures/metering.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// What the libraries of senders write is taken, in every content mode, and what they sign is known by either.

let database: TestDatabase;
let api: TestApi;
let secret: string;
const now = instant('2026-05-05');

beforeAll(async () => {
  database = await openTestDatabase();
  await setClock(database.db, now);
  await createDeployments(database.db, ['acme-shop'], instant('2026-01-01'));
  secret = await makeSource(database.db, 'edge', { now });
  await makeMeters(database.db, [requests], now);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function send(body: string, headers: Record<string, string>, path = '/events'): Promise<unknown> {
  const answer = await fetch(`${api.url}/api/v1/gateway/sources/edge${path}`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { results: { status: string }[] }).results.map(({ status }) => status);
}

function request(id: string): CloudEvent<{ requests: number }> {
  return new CloudEvent({
    id,
    source: '/gateways/1',
    type: 'request',
    subject: 'deployment:acme-shop',
    time: '2026-05-03T10:00:00Z',
    data: { requests: 40 },
  });
}

function withHeaders(headers: object): Record<string, string> {
  const all = { ...headers, authorization: `Bearer ${secret}` };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]));
}

test('events as the CloudEvents library writes them, binary, structured and in a batch, count once', async () => {
  const [binary, structured] = [HTTP.binary(request('binary')), HTTP.structured(request('structured'))];
  expect(await send(String(binary.body), withHeaders(binary.headers))).toEqual(['accepted']);
  expect(await send(String(structured.body), withHeaders(structured.headers))).toEqual(['accepted']);
  const batch = JSON.stringify([request('binary'), request('batch')]);
  const headers = withHeaders({ 'content-type': 'application/cloudevents-batch+json' });
  expect(await send(batch, headers)).toEqual(['duplicate', 'accepted']);
  await interpretAll(database.db, now);
  await meterAll(database.db, now);
  expect(await usageOf(database.db, 'gateway_requests')).toEqual({ 'acme-shop 03': '120' });
});

test.each([
  ['standardwebhooks', StandardWebhook],
  ['svix', SvixWebhook],
])('what %s signs is known by its signature', async (name, Webhook) => {
  const body = JSON.stringify(request(name));
  // oxlint-disable-next-line no-restricted-globals -- the libraries sign by one
  const sent = new Date(now.epochMilliseconds);
  const headers = {
    'content-type': 'application/cloudevents+json',
    'webhook-id': `msg_${name}`,
    'webhook-timestamp': String(Math.floor(sent.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(`msg_${name}`, sent, body),
  };
  expect(await send(body, headers)).toEqual(['accepted']);
});

test("what OpenMeter's clients send to the address of a source is taken as it is", async () => {
  // As client.events.ingest of the npm package @openmeter/sdk does: a batch, its own source, a time of Date.
  const ingested = {
    type: 'request',
    subject: 'customer-1',
    data: { requests: 3 },
    id: '5c10fade-1c9e-4d6c-8275-c52c36731d3c',
    source: '@openmeter/sdk',
    specversion: '1.0',
    time: '2026-05-03T10:15:00.123Z',
  };
  const batch = withHeaders({ 'content-type': 'application/cloudevents-batch+json' });
  expect(await send(JSON.stringify([ingested]), batch, '/api/v1/events')).toEqual(['accepted']);
  // As client.v3.events.ingest does: one event, or a batch, as plain JSON.
  const plain = withHeaders({ 'content-type': 'application/json' });
  expect(await send(JSON.stringify(ingested), plain, '/api/v3/openmeter/events')).toEqual(['duplicate']);
  const other = { ...ingested, id: 'other' };
  expect(await send(JSON.stringify([ingested, other]), plain, '/api/v3/openmeter/events')).toEqual([
    'duplicate',
    'accepted',
  ]);
});
