import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { answer, startApi, type TestApi, type TestHandler, TestMachine } from '../../../test/fixtures/digitalocean.ts';
import type { RequestEvent } from './request.ts';
import { Sender, sendLimits, type Write } from './sender.ts';
import { Throttle } from './throttle.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

function senderTo(apiUrl: string, limits: Partial<typeof sendLimits> = {}, token = 'dop_v1_secret') {
  const machine = new TestMachine();
  const events: RequestEvent[] = [];
  const throttle = new Throttle(machine);
  const sender = new Sender({
    apiUrl,
    token,
    machine,
    throttle,
    limits: { ...sendLimits, ...limits },
    onRequest: (event) => events.push(event),
  });
  return { sender, machine, events };
}

async function start(handler: TestHandler, limits: Partial<typeof sendLimits> = {}) {
  const api: TestApi = await startApi(handler);
  open.push(() => api.close());
  return { api, ...senderTo(api.url, limits) };
}

/** A server that does with a connection what it is told to. */
async function startRaw(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const write: Write = { method: 'POST', path: '/v2/droplets', body: { name: 'web-1' } };
const always = { beforeMs: Number.POSITIVE_INFINITY, beforeEpochMs: Number.POSITIVE_INFINITY };

describe('a write', () => {
  test('is sent once, with its body and the token, and tells of itself without either', async () => {
    let got: unknown;
    const { sender, events, api } = await start(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { authorization, 'content-type': type } = request.headers;
      got = [request.method, authorization, type, Buffer.concat(chunks).toString()];
      answer(response, 202, { droplet: { id: 7 } }, { 'x-request-id': 'r-1' });
    });
    expect(await sender.send(write, always)).toEqual({
      end: 'answered',
      status: 202,
      body: { droplet: { id: 7 } },
      requestId: 'r-1',
    });
    expect(got).toEqual(['POST', 'Bearer dop_v1_secret', 'application/json', '{"name":"web-1"}']);
    expect(events).toEqual([{ method: 'POST', path: '/v2/droplets', status: 202, ms: 0, attempt: 1 }]);
    expect([sender.sent, api.asked.length]).toEqual([1, 1]);
  });

  test.each([
    [204, '', { end: 'answered', body: null }],
    [
      422,
      { id: 'unprocessable_entity', message: 'no', request_id: 'r-2' },
      { end: 'answered', status: 422, requestId: 'r-2' },
    ],
    [403, '<html>', { end: 'answered', status: 403, body: null }],
    [429, {}, { end: 'rate_limited', afterMs: null }],
    [500, { message: 'Server Error' }, { end: 'unclear', status: 500 }],
    [502, '<html>', { end: 'unclear', status: 502 }],
    [504, '', { end: 'unclear', status: 504 }],
    [408, {}, { end: 'unclear', status: 408 }],
    [307, '', { end: 'unclear', status: 307 }],
    [202, '{"drop', { end: 'unclear', status: 202 }],
  ])('that is answered %i %j is %j, and not sent again', async (status, body, expected) => {
    const { sender, api } = await start((_, response) => {
      if (status === 204) response.writeHead(204).end();
      else answer(response, status, body);
    });
    expect(await sender.send(write, always)).toMatchObject(expected);
    expect(api.asked).toHaveLength(1);
  });

  test('that is refused for a while says for how long', async () => {
    const { sender } = await start((_, response) => answer(response, 429, {}, { 'retry-after': '7' }));
    expect(await sender.send(write, always)).toMatchObject({ end: 'rate_limited', afterMs: 7_000 });
  });
});

describe('before any byte has left', () => {
  test('nobody there, or no such name: it was not sent', async () => {
    const { api } = await start((_, response) => answer(response, 200, {}));
    await api.close();
    for (const url of [api.url, 'http://no-such-host.invalid']) {
      const { sender } = senderTo(url);
      expect((await sender.send(write, always)).end).toBe('not_sent');
      expect(sender.sent).toBe(0);
    }
  });

  test('what cannot be put into a request: it was not sent', async () => {
    const { api } = await start((_, response) => answer(response, 200, {}));
    const { sender } = senderTo(api.url, {}, 'not\na token');
    expect((await sender.send(write, always)).end).toBe('not_sent');
    expect([api.asked, sender.sent]).toEqual([[], 0]);
  });

  test('no TLS on the other side: it was not sent', async () => {
    const { api } = await start((_, response) => answer(response, 200, {}));
    const { sender } = senderTo(api.url.replace('http:', 'https:'));
    expect((await sender.send(write, always)).end).toBe('not_sent');
    expect(api.asked).toEqual([]);
  });

  test('a connection that comes too late carries nothing', async () => {
    const { sender, machine, api, events } = await start((_, response) => answer(response, 200, {}));
    machine.nowMs = 5_001;
    expect(await sender.send(write, { ...always, beforeMs: 5_000 })).toEqual({
      end: 'not_sent',
      reason: 'POST /v2/droplets: too late to be sent',
    });
    expect([api.asked, events.map(({ status }) => status)]).toEqual([[], [null]]);
    const late = { ...always, beforeEpochMs: machine.epochMs() - 1 };
    expect((await sender.send(write, late)).end).toBe('not_sent');
    expect((await sender.send(write, { ...always, beforeMs: 5_001 })).end).toBe('answered');
  });

  test('a budget that comes back too late, and a worker that stops', async () => {
    const { sender, machine, api } = await start((_, response) => answer(response, 429, {}, { 'retry-after': '60' }));
    await sender.send(write, always);
    const refused = await sender.send(write, { ...always, beforeMs: machine.monotonicMs() + 5_000 });
    expect(refused).toEqual({ end: 'not_sent', reason: 'no request may be sent for another 60 s' });
    expect((await sender.send(write, { ...always, signal: AbortSignal.abort() })).end).toBe('not_sent');
    expect(api.asked).toHaveLength(1);
  });
});

describe('from the first byte on', () => {
  test.each([
    ['the connection ends', (socket: Socket) => socket.once('data', () => socket.destroy())],
    [
      'half an answer comes',
      (socket: Socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 202 Accepted\r\ncontent-length: 50\r\n\r\n{"drop')),
    ],
    ['something comes that is not HTTP', (socket: Socket) => socket.once('data', () => socket.end('hello\r\n\r\n'))],
    ['nothing comes', () => {}],
  ])('%s: it is unclear', async (_, onConnection) => {
    const { sender } = senderTo(await startRaw(onConnection), { attemptMs: 150 });
    expect(await sender.send(write, always)).toMatchObject({ end: 'unclear', status: null });
    expect(sender.sent).toBe(1);
  });

  test('a worker that stops waits for the answer', async () => {
    const controller = new AbortController();
    const { sender } = await start((_, response) => {
      controller.abort();
      answer(response, 202, { droplet: { id: 7 } });
    });
    expect((await sender.send(write, { ...always, signal: controller.signal })).end).toBe('answered');
  });

  test('an answer that is larger than any is unclear', async () => {
    const { sender } = await start((_, response) => answer(response, 200, { text: 'x'.repeat(2_000) }), {
      bodyBytes: 1_000,
    });
    expect(await sender.send(write, always)).toMatchObject({ end: 'unclear' });
  });
});

test('it destroys one thing by its id, and nothing else', async () => {
  const { sender, api } = await start((_, response) => {
    response.writeHead(204).end();
  });
  for (const path of [
    '/v2/droplets',
    '/v2/droplets/',
    '/v2/droplets?tag_name=web',
    '/v2/droplets/?tag_name=web',
    '/v2/droplets/..',
    '/v2/droplets/.',
    '/v2/droplets/7/destroy_with_associated_resources/dangerous',
    '/v2/droplets/7/destroy_with_associated_resources/selective',
    'http://elsewhere.example/v2/droplets/7',
  ])
    await expect(sender.send({ method: 'DELETE', path, body: null }, always)).rejects.toThrow(RangeError);
  expect(api.asked).toEqual([]);
  expect((await sender.send({ method: 'DELETE', path: '/v2/droplets/7', body: null }, always)).end).toBe('answered');
  expect(api.asked).toEqual(['/v2/droplets/7']);
});
