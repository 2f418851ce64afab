import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReceiver, type Receiver } from '../../test/webhooks/receiver.ts';
import { reachable } from './networks.ts';
import { type Outcome, send } from './send.ts';
import { resolveName } from './target.ts';

// One attempt against real servers on this machine.

let receiver: Receiver;
beforeEach(async () => {
  receiver = await openReceiver();
});
afterEach(() => receiver.close());

const networks = reachable(['127.0.0.1', '127.0.0.2']);
const { signal } = new AbortController();

function post(url: string, options: Partial<Parameters<typeof send>[1]> = {}): Promise<Outcome> {
  const headers = { 'content-type': 'application/json', 'webhook-id': 'msg_1' };
  return send({ url, headers, body: '{"ünd":1}' }, { networks, resolve: resolveName, signal, ...options });
}

test('the body arrives as these bytes, and 2xx is a success', async () => {
  receiver.answer((response) => response.writeHead(202).end('thanks'));
  expect(await post(receiver.url)).toMatchObject({
    status: 202,
    error: null,
    answer: 'thanks',
    retryAfterSeconds: null,
  });
  expect(receiver.received).toMatchObject([
    { path: '/hook', body: '{"ünd":1}', headers: { 'content-length': '10', 'webhook-id': 'msg_1' } },
  ]);
});

test('a redirect is a failure, and nobody follows it', async () => {
  const elsewhere = await openReceiver();
  try {
    for (const status of [301, 302, 307, 308]) {
      receiver.answer((response) => response.writeHead(status, { location: elsewhere.url }).end());
      expect(await post(receiver.url)).toMatchObject({
        status,
        error: `answered ${status}; redirects are not followed`,
      });
    }
    expect(elsewhere.received).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});

test('of an answer 64 KiB are read and one is kept; what fails says so in a sentence', async () => {
  receiver.answer((response) => {
    response.writeHead(500, { 'retry-after': '120' });
    response.end(`\0${'x'.repeat(5_000)}`);
  });
  const failed = await post(receiver.url);
  expect(failed).toMatchObject({ status: 500, error: 'answered 500', retryAfterSeconds: 120 });
  expect(failed.answer).toBe(`\ufffd${'x'.repeat(1_023)}`);

  let written = 0;
  receiver.answer((response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('y'.repeat(16_384))) written += 16_384;
    };
    response.on('drain', more);
    more();
  });
  expect(await post(receiver.url)).toMatchObject({ status: 200, error: 'an answer of more than 64 KiB' });
  // What the buffers of both sides hold, and no more: it is an answer without an end.
  expect(written).toBeLessThan(64 * 1024 * 1024);
});

test('a server that is not there, hangs up or says no HTTP is a failure', async () => {
  const { url } = receiver;
  const mute = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { port: number };
  expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({
    status: null,
    error: expect.stringContaining('Parse Error'),
  });
  mute.close();
  receiver.answer((response) => void response.socket?.destroy());
  expect(await post(url)).toMatchObject({ status: null, error: 'socket hang up' });
  const gone = await openReceiver();
  await gone.close();
  expect(await post(gone.url)).toMatchObject({ status: null, error: expect.stringContaining('ECONNREFUSED') });
});

test('a target that is refused is not connected to', async () => {
  for (const host of ['127.0.0.3', '0x7f000003', '2130706435', '0177.0.0.3', '[::ffff:127.0.0.1]', 'localhost'])
    expect(await post(`http://${host}:${receiver.port}/`)).toMatchObject({
      status: null,
      error: expect.stringMatching(/^not sent: /),
    });
  expect(receiver.received).toEqual([]);
});

test('a name is resolved once: one that resolves to something else by then gains nothing', async () => {
  // TLS is not spoken here: that a connection was made shows at the other end.
  const connected: string[] = [];
  const servers = ['127.0.0.1', '127.0.0.2'].map((host) =>
    createServer((socket) => {
      connected.push(host);
      socket.destroy();
    }).listen(0, host),
  );
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const [inside, outside] = servers.map((server) => (server.address() as { port: number }).port) as [number, number];
    const asked: string[] = [];
    // The first answer may be connected to, all others are an address inside.
    const rebinding = async (name: string) => {
      asked.push(name);
      return [{ address: asked.length === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }];
    };
    const only = reachable(['127.0.0.2']);
    const first = await post(`https://rebinds.example.com:${outside}/`, { networks: only, resolve: rebinding });
    expect([first.status, connected, asked]).toEqual([null, ['127.0.0.2'], ['rebinds.example.com']]);
    const second = await post(`https://rebinds.example.com:${inside}/`, { networks: only, resolve: rebinding });
    expect(second.error).toBe('not sent: rebinds.example.com resolves to 127.0.0.1, which is not public.');
    const both = async () => [
      { address: '127.0.0.2', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    expect((await post(`https://both.example.com:${outside}/`, { networks: only, resolve: both })).error).toMatch(
      /10\.0\.0\.1/,
    );
    expect(connected).toEqual(['127.0.0.2']);
  } finally {
    for (const server of servers) server.close();
  }
});

test('who aborts hears of it as an abort, not as an outcome', async () => {
  receiver.answer(() => {});
  const stopping = new AbortController();
  const sending = post(receiver.url, { signal: stopping.signal });
  await expect.poll(() => receiver.received.length).toBe(1);
  stopping.abort(new Error('the worker stops'));
  await expect(sending).rejects.toThrow('the worker stops');
});
