import { afterEach, describe, expect, test } from 'vitest';
import {
  type Query,
  type RequestEvent,
  Requester,
  RequestFailure,
  type RequestLimits,
  requestLimits,
} from './request.ts';
import { type TestApi, type TestHandler, TestMachine, answer, startApi } from '../../../test/fixtures/digitalocean.ts';
import { SimulatedFloor } from './simulated-floor.ts';
import { Throttle } from './throttle.ts';

const open: TestApi[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.close()));
});

async function start(handler: TestHandler, limits: Partial<RequestLimits> = {}) {
  const api = await startApi(handler);
  open.push(api);
  const machine = new TestMachine();
  const events: RequestEvent[] = [];
  const requester = new Requester({
    apiUrl: api.url,
    token: 'dop_v1_secret',
    machine,
    throttle: new Throttle(machine),
    simulatedFloor: new SimulatedFloor(),
    limits: { ...requestLimits, ...limits },
    onRequest: (event) => events.push(event),
  });
  return { api, machine, events, requester };
}

async function failureOf(requester: Requester, query: Query = {}, signal?: AbortSignal): Promise<RequestFailure> {
  const error: unknown = await requester.get('/v2/droplets', query, signal).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RequestFailure);
  return error as RequestFailure;
}

/** Answers badly `times` times, then well. */
function after(times: number, bad: TestHandler): TestHandler {
  let asked = 0;
  return (request, response, url) => {
    asked += 1;
    return asked <= times ? bad(request, response, url) : answer(response, 200, { fine: true });
  };
}

test('asks with the token and its query, and tells of the request without the token', async () => {
  let authorization: string | undefined;
  const { requester, api, events } = await start((request, response) => {
    authorization = request.headers.authorization;
    answer(response, 200, { fine: true });
  });
  expect((await requester.get('/v2/droplets', { page: '1' })).body).toEqual({ fine: true });
  expect(authorization).toBe('Bearer dop_v1_secret');
  expect(api.asked).toEqual(['/v2/droplets?page=1']);
  expect(events).toMatchObject([{ method: 'GET', path: '/v2/droplets?page=1', status: 200, attempt: 1 }]);
  expect(JSON.stringify(events)).not.toContain('secret');
});

test('numbers of fields that are named arrive as they are written, others as numbers', async () => {
  const text = '{"sizes": [{"price": 0.12345678901234567890, "disk": 25}], "price": 1e-3}';
  const { requester } = await start((_, response) => answer(response, 200, text));
  const { body } = await requester.get('/v2/sizes', {}, undefined, undefined, ['price']);
  expect(body).toEqual({ sizes: [{ price: '0.12345678901234567890', disk: 25 }], price: '1e-3' });
});

describe('what another attempt may mend is tried again', () => {
  const bad: Record<string, TestHandler> = {
    'a 500': (_, response) => answer(response, 500, { id: 'server_error', message: 'Oops' }),
    'a 503 with retry-after': (_, response) => answer(response, 503, '', { 'retry-after': '2' }),
    'a burst 429 with retry-after': (_, response) => answer(response, 429, {}, { 'retry-after': '3' }),
    'an hourly 429 whose reset is in the past': (_, response) =>
      answer(response, 429, {}, { 'ratelimit-remaining': '0', 'ratelimit-reset': '1400000000' }),
    'truncated JSON': (_, response) => answer(response, 200, '{"droplets": [{"id": 1'),
    'a connection dropped before the answer': (request) => void request.socket.destroy(),
    'a connection dropped in the middle of the body': (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"droplets": [', () => response.destroy());
    },
    'an answer that never comes': () => {},
    'a body that stops half way': (_, response) => {
      response.writeHead(200);
      response.write('{"droplets": [');
    },
  };
  /** Patience ends where nothing comes, and nowhere else: not with an answer that a busy machine gives late. */
  const limitsFor = (name: string) => (/never|half way/.test(name) ? { attemptMs: 1_000 } : {});

  test.each(Object.entries(bad))('%s', async (name, handler) => {
    const { requester, api, events } = await start(after(2, handler), limitsFor(name));
    expect((await requester.get('/v2/droplets')).body).toEqual({ fine: true });
    expect(api.asked).toHaveLength(3);
    expect(requester.sent).toBe(3);
    expect(events.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  const problems: Record<string, string> = {
    'a 500': 'provider_error',
    'a 503 with retry-after': 'provider_error',
    'a burst 429 with retry-after': 'rate_limited',
    'truncated JSON': 'malformed',
    'a connection dropped before the answer': 'unreachable',
    'a connection dropped in the middle of the body': 'unreachable',
    'an answer that never comes': 'unreachable',
  };

  test.each(Object.entries(problems))('%s, for ever, is %s after 5 attempts', async (name, problem) => {
    const { requester, api } = await start(bad[name] as TestHandler, limitsFor(name));
    const failure = await failureOf(requester);
    expect(failure.problem).toBe(problem);
    expect(failure.message).toContain('/v2/droplets');
    expect(api.asked).toHaveLength(5);
  });
});

test('no attempt is made sooner than retry-after says, in seconds or as a date', async () => {
  for (const header of ['20', 'Mon, 23 Nov 2026 10:00:20 GMT']) {
    const date = 'Mon, 23 Nov 2026 10:00:00 GMT';
    const handler = after(1, (_, response) => answer(response, 429, {}, { 'retry-after': header, date }));
    const { requester, machine } = await start(handler);
    await requester.get('/v2/droplets');
    expect(machine.nowMs).toBeGreaterThanOrEqual(20_000);
    expect(machine.nowMs).toBeLessThan(21_000);
  }
});

test('an hourly budget that is gone for longer than allowed is refused without waiting, and without asking again', async () => {
  const reset = String(Math.floor(new TestMachine().epochMs() / 1000) + 1_800);
  const date = new Map([['sendDate', false]]);
  const { requester, api, machine } = await start((_, response) => {
    response.sendDate = date.get('sendDate') ?? true;
    answer(
      response,
      429,
      { message: 'API Rate limit exceeded.' },
      { 'ratelimit-remaining': '0', 'ratelimit-reset': reset },
    );
  });
  expect((await failureOf(requester)).problem).toBe('rate_limited');
  expect((await failureOf(requester)).problem).toBe('rate_limited');
  expect(api.asked).toHaveLength(1);
  expect(machine.nowMs).toBeLessThan(1_000);
});

test('all attempts and waits together stay within the total', async () => {
  const { requester, machine, api } = await start((_, response) => answer(response, 503, '', { 'retry-after': '50' }), {
    totalMs: 120_000,
  });
  expect((await failureOf(requester)).status).toBe(503);
  expect(machine.nowMs).toBeLessThanOrEqual(120_000);
  expect(api.asked).toHaveLength(3);
});

test.each([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'provider_error'],
  [422, 'provider_error'],
])('%i is %s and not tried again', async (status, problem) => {
  const { requester, api } = await start((_, response) => answer(response, status, { id: 'x', message: 'No.' }));
  const failure = await failureOf(requester);
  expect(failure).toMatchObject({ problem, status });
  expect(failure.message).toContain('No.');
  expect(api.asked).toHaveLength(1);
});

test('a redirect is not followed, so the token goes nowhere else', async () => {
  const elsewhere = await startApi((_, response) => answer(response, 200, { fine: true }));
  open.push(elsewhere);
  const { requester } = await start((_, response) =>
    answer(response, 302, '', { location: `${elsewhere.url}/v2/droplets` }),
  );
  expect(await failureOf(requester)).toMatchObject({ problem: 'provider_error', status: 302 });
  expect(elsewhere.asked).toEqual([]);
});

describe('an answer larger than allowed is not read to its end', () => {
  const body = JSON.stringify({ droplets: 'x'.repeat(5_000) });
  test.each([
    ['its length stated', { 'content-length': String(body.length) }],
    ['in chunks', {}],
  ] as [string, Record<string, string>][])('%s', async (_, headers) => {
    const { requester, api } = await start((_request, response) => answer(response, 200, body, headers), {
      bodyBytes: 1_000,
    });
    expect((await failureOf(requester)).problem).toBe('malformed');
    expect(api.asked).toHaveLength(1);
  });
});

test('a request can be cancelled while it is under way, and while it waits', async () => {
  const controller = new AbortController();
  const { requester, api } = await start(() => controller.abort());
  expect((await failureOf(requester, {}, controller.signal)).problem).toBe('cancelled');
  expect((await failureOf(requester, {}, controller.signal)).problem).toBe('cancelled');
  expect(api.asked).toHaveLength(1);

  const waiting = new AbortController();
  const busy = await start((_, response) => {
    answer(response, 429, {}, { 'retry-after': '60' });
    setImmediate(() => setImmediate(() => waiting.abort()));
  });
  expect((await failureOf(busy.requester, {}, waiting.signal)).problem).toBe('cancelled');
});

test('a failed request gives its place under way back', async () => {
  const machine = new TestMachine();
  const throttle = new Throttle(machine);
  const { api } = await start(after(1, (request) => void request.socket.destroy()));
  const requester = new Requester({
    apiUrl: api.url,
    token: 't',
    machine,
    throttle,
    simulatedFloor: new SimulatedFloor(),
    limits: requestLimits,
    onRequest: () => {},
  });
  await requester.get('/v2/droplets');
  await throttle.acquire(Infinity);
  throttle.settle({
    status: 200,
    limit: null,
    remaining: 1,
    resetMs: 50_000,
    retryAfterMs: null,
    serverNowMs: 0,
    simulatedAt: null,
    answeredAt: null,
  });
  const before = machine.nowMs;
  await throttle.acquire(Infinity);
  expect(machine.nowMs).toBe(before);
});

test('nobody at the address is unreachable, by its reason', async () => {
  const { requester, api } = await start(() => {});
  await api.close();
  const failure = await failureOf(requester);
  expect(failure.problem).toBe('unreachable');
  expect(failure.message).toContain('ECONNREFUSED');
});
