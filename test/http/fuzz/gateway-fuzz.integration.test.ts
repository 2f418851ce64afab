import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../database.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../../fixtures/gateway.ts';
import { soaking, timeoutOf } from '../../soak.ts';
import { startTestApi, type TestApi } from '../api-fixture.ts';

// Requests to the address that gateways send to, as they should be and otherwise: no 500, no request without an answer; what
// was accepted is interpreted, and sound events still count. Ten thousand in the soak.

// Made before the server runs: it answers 503 while its process does something else for long.
const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
const requestsInAll = soaking ? 10_000 : 1_000;
const now = instant('2026-05-05');

let database: TestDatabase;
let api: TestApi;
let secret: string;
beforeAll(async () => {
  database = await openTestDatabase();
  await setClock(database.db, now);
  secret = await makeSource(database.db, 'edge', {
    now,
    limits: { maxEventsPerSecond: 1_000_000, effects: ['lifecycle', 'payment'] },
  });
  const meters = [
    requests,
    { ...requests, meter: 'gateway_peak', type: '*', aggregation: 'max', value: '/now' },
    { ...requests, meter: 'gateway_users', type: 'arcadia.*', aggregation: 'unique', value: null, key: '/user' },
  ];
  await makeMeters(database.db, meters, now);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', ' ', '\u0000', '\ud800', '%', '%C0%A0', '"', '\\', 'é', '𝒳', '1.0', 'null', 'x'.repeat(300)),
);
const anything = fc.oneof(text, fc.jsonValue(), fc.constantFrom(null, true, -0, 1e308, 1e-308, [], {}));
const type = fc.constantFrom(
  'request',
  'other',
  'arcadia.gateway.retract',
  'arcadia.gateway.watermark',
  'arcadia.subscription.paused',
  'arcadia.subscription.ended',
  'arcadia.payment.succeeded',
  'arcadia.payment.refunded',
);
const data = fc.oneof(
  anything,
  fc.record({ requests: anything, now: anything, user: anything }, { requiredKeys: [] }),
  fc.record({ ids: fc.oneof(anything, fc.array(anything)), reason: anything }, { requiredKeys: [] }),
  fc.record(
    { through: fc.oneof(anything, fc.constant('2026-05-04T00:00:00Z')), counts: anything },
    { requiredKeys: [] },
  ),
  fc.record({ payment: anything, invoice: anything, amount: anything, currency: anything }, { requiredKeys: [] }),
);
/** A sound event in which some is otherwise. */
const eventLike = fc.record(
  {
    specversion: fc.oneof({ weight: 5, arbitrary: fc.constant('1.0') }, { weight: 1, arbitrary: anything }),
    id: fc.oneof({ weight: 5, arbitrary: fc.uuid() }, { weight: 1, arbitrary: anything }),
    source: fc.oneof({ weight: 5, arbitrary: fc.constant('/gw') }, { weight: 1, arbitrary: anything }),
    type: fc.oneof({ weight: 5, arbitrary: type }, { weight: 1, arbitrary: anything }),
    subject: fc.oneof(fc.constantFrom('host:a', 'deployment:none'), anything),
    time: fc.oneof(
      fc.constantFrom('2026-05-03T10:00:00Z', '2026-05-03T10:00:00.123456789+14:00', '9999-99-99T99:99:99Z', '-1'),
      anything,
    ),
    data,
    corrects: anything,
    sequence: anything,
    datacontenttype: anything,
    data_base64: anything,
  },
  { requiredKeys: ['specversion', 'id', 'source', 'type'] },
);
const bodies = fc.oneof(
  eventLike.map((one) => JSON.stringify(one)),
  fc.array(eventLike, { maxLength: 5 }).map((all) => JSON.stringify(all)),
  fc.tuple(eventLike, fc.nat()).map(([one, at]) => JSON.stringify(one).slice(0, at % 300)),
  fc.tuple(eventLike, fc.nat(), text).map(([one, at, cut]) => {
    const whole = JSON.stringify(one);
    return `${whole.slice(0, at % whole.length)}${cut}${whole.slice((at % whole.length) + 1)}`;
  }),
  fc.constantFrom(
    '',
    '[]',
    '{}',
    'null',
    '[1,"a",null]',
    `${'['.repeat(1_000)}${']'.repeat(1_000)}`,
    `{"a":${'{"a":'.repeat(1_000)}1${'}'.repeat(1_001)}`,
    `[${'1,'.repeat(1_500)}1]`,
    '{"specversion":"1.0","id":"n","source":"/gw","type":"request","time":"2026-05-03T10:00:00Z","data":{"requests":1e400}}',
    `{"data":${'9'.repeat(100_000)}}`,
  ),
);
const contentTypes = fc.constantFrom(
  'application/cloudevents+json',
  'application/cloudevents-batch+json; charset=utf-8',
  'Application/JSON',
  'application/json; charset=latin1',
  'text/plain',
  'application/cloudevents+avro',
  ';;;',
);
/** Header values that a request can have at all. */
const headerText = fc.string({ maxLength: 30 }).map((value) => value.replace(/[^\x20-\x7e]/g, '').trim());
const headers = fc.record(
  {
    'content-type': contentTypes,
    prefer: fc.constantFrom('return=minimal', 'handling=strict', 'handling=strict, return=minimal', 'x'),
    'ce-specversion': fc.constantFrom('1.0', '0.3', ''),
    'ce-id': headerText,
    'ce-source': headerText,
    'ce-type': type,
    'ce-time': fc.constantFrom('2026-05-03T10:00:00Z', 'now'),
    'ce-subject': headerText,
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
    'webhook-id': headerText,
    'webhook-timestamp': fc.constantFrom('0', '1777939200', '-1', '99999999999999999999'),
    'webhook-signature': fc.constantFrom('v1,', 'v1,AAAA', 'v1a,AAAA v2,x', ''),
  },
  { requiredKeys: [] },
);

async function send(body: string | Uint8Array<ArrayBuffer>, sent: Record<string, string>): Promise<Response> {
  return fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
    method: 'POST',
    headers: sent,
    body,
    signal: AbortSignal.timeout(60_000),
  });
}

test(
  'whatever is sent is answered, and never with a 500',
  async () => {
    const answers: Record<number, number> = {};
    const property = fc.asyncProperty(bodies, headers, fc.boolean(), async (body, given, isSigned) => {
      // Both ways in which a source shows who it is; a request that is neither is a stranger's, of whom few are heard.
      const sent = {
        ...given,
        ...(isSigned && given['webhook-id'] !== undefined ? {} : { authorization: `Bearer ${secret}` }),
      };
      const answer = await send(body, sent);
      const said = await answer.text();
      answers[answer.status] = (answers[answer.status] ?? 0) + 1;
      expect(answer.status).toBeOneOf([200, 204, 400, 401, 409, 413, 415, 422, 429]);
      if (answer.status >= 400) expect(JSON.parse(said)).toMatchObject({ status: answer.status });
      expect(said).not.toMatch(/node_modules|\.ts:\d|SELECT|violates/);
    });
    await fc.assert(property, { numRuns: requestsInAll });
    for (const status of [200, 204, 400, 415]) expect(answers[status]).toBeGreaterThan(0);
    await send(JSON.stringify(event({ subject: 'host:sound' })), {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/cloudevents+json',
    });
    await interpretAll(database.db, now);
    const { rows } = await sql`
      SELECT (SELECT count(*) FROM gateway_events e JOIN gateway_progress p USING (account_id)
              WHERE gateway_event_id > p.through_id)::int AS waiting,
             (SELECT count(*) FROM gateway_usage u JOIN resources r USING (resource_id) WHERE r.external_id = 'host:sound')::int AS sound`.execute(
      database.db,
    );
    expect(rows).toEqual([{ waiting: 0, sound: 1 }]);
  },
  timeoutOf(300_000),
);

test('a MiB of brackets, what is compressed, what is too long and a flood of headers are refused', async () => {
  const bearer = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  expect((await send('['.repeat(1_048_576), bearer)).status).toBe(400);
  expect((await send('['.repeat(1_048_577), bearer)).status).toBe(413);
  expect((await send(new Uint8Array(bomb), { ...bearer, 'content-encoding': 'gzip' })).status).toBe(415);
  const flood = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`ce-x${n}`, 'x'.repeat(100)]));
  expect((await send('{}', { ...bearer, ...flood })).status).toBe(431);
  expect((await send(JSON.stringify(event()), bearer)).status).toBe(200);
});
