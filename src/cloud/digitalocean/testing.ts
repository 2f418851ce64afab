import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListingEnd, ListingEvent } from '../provider.ts';
import type { Machine } from './machine.ts';

// What the tests of this folder share: a machine whose time passes only by sleeping, and a real
// HTTP server on the loopback interface.

export class TestMachine implements Machine {
  nowMs = 0;
  /** Every sleep that was begun, in milliseconds. */
  readonly slept: number[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  epochMs(): number {
    return 1_800_000_000_000 + this.nowMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    const wakesMs = this.nowMs + ms;
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    this.nowMs = Math.max(this.nowMs, wakesMs);
  }

  /** The worst draw: jitter of all but the whole ceiling. */
  random(): number {
    return 0.999;
  }
}

export interface TestApi {
  readonly url: string;
  /** What was asked for, path with query, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

export type TestHandler = (
  request: IncomingMessage & { url: string },
  response: ServerResponse,
  query: URL,
) => void | Promise<void>;

export async function startApi(handler: TestHandler): Promise<TestApi> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push(path);
    void handler(request as IncomingMessage & { url: string }, response, new URL(path, 'http://localhost'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export interface Listing<T> {
  readonly items: T[];
  readonly pages: number;
  readonly end: ListingEnd;
}

/** Reads a listing to its one end. */
export async function readListing<T>(events: AsyncIterable<ListingEvent<T>>): Promise<Listing<T>> {
  const items: T[] = [];
  const ends: ListingEnd[] = [];
  let pages = 0;
  for await (const event of events) {
    if (ends.length > 0) throw new Error('an event after the end');
    if (event.type === 'end') ends.push(event.end);
    else {
      items.push(...event.items);
      pages += 1;
    }
  }
  const [end] = ends;
  if (end === undefined) throw new Error('no end');
  return { items, pages, end };
}
