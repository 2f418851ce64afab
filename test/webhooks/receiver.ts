import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = number | ((response: ServerResponse, received: Received) => void);

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** The header webhook-id of each, in the order in which they came. */
  readonly ids: readonly string[];
  /** What it answers from now on. */
  answer(answer: Answer): void;
  close(): Promise<void>;
}

/** A server that others' messages are sent to; it answers 204 until told otherwise. */
export async function openReceiver(host = '127.0.0.1', port = 0): Promise<Receiver> {
  const received: Received[] = [];
  let answer: Answer = 204;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      const one = { path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      received.push(one);
      if (typeof answer === 'number') response.writeHead(answer).end();
      else answer(response, one);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}/hook`,
    port: address.port,
    received,
    get ids() {
      return received.map(({ headers }) => String(headers['webhook-id']));
    },
    answer(next) {
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
