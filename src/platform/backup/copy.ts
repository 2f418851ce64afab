import { once } from 'node:events';
import { Readable } from 'node:stream';
import { PostgresDialect } from 'kysely';
import type { PoolClient } from 'pg';
import { type Database, fromDialect, openPool } from '../database/database.ts';

// COPY through pg, which leaves it to whoever submits such a statement what to do with the data. Both
// directions hold a few hundred kilobytes, or the longest row, however much goes through.

/** What is used of pg's connection, which its types leave out. */
interface Connection {
  readonly stream: NodeJS.ReadableStream & { readonly writableNeedDrain: boolean; destroy(): void };
  query(text: string): void;
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/** One connection, on which statements and COPY take turns. */
export interface HeldConnection {
  readonly client: PoolClient;
  readonly db: Database;
}

interface HoldOptions {
  readonly connectionString: string;
  readonly applicationName: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/**
 * Does work on one connection. When `signal` aborts, it is cut off, and the server rolls back what was under way. What
 * went wrong first is thrown, not that the connection has gone since.
 */
export async function onOneConnection<Result>(
  { connectionString, applicationName, settings, signal }: HoldOptions,
  work: (held: HeldConnection) => Promise<Result>,
): Promise<Result> {
  const pool = openPool({ connectionString, max: 1, applicationName, settings });
  const client = await pool.connect();
  const cut = () => cutOff(client);
  signal.addEventListener('abort', cut, { once: true });
  try {
    signal.throwIfAborted();
    const held = { query: client.query.bind(client), release() {} };
    const one = { connect: async () => held, end: async () => {}, options: {} };
    return await work({ client, db: fromDialect(new PostgresDialect({ pool: one })) });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cut);
    client.release(true);
    await pool.end();
  }
}

function cutOff(client: PoolClient): void {
  (client as unknown as { readonly connection: Connection }).connection.stream.destroy();
}

const batchBytes = 1 << 16;

/** What COPY ... TO STDOUT says. Where a reader is slow, the server is left waiting. */
class CopyOut extends Readable {
  rows = 0;
  readonly #text: string;
  #connection: Connection | null = null;
  #batch = Buffer.allocUnsafe(batchBytes);
  #used = 0;

  constructor(text: string) {
    super({ highWaterMark: 2 * batchBytes });
    this.#text = text;
  }

  submit(connection: Connection): void {
    this.#connection = connection;
    connection.query(this.#text);
  }

  /** The chunk is a part of the parser's own buffer, which is written over. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#used + chunk.length > batchBytes) this.#flush();
    if (chunk.length > batchBytes) return this.#give(Buffer.from(chunk));
    chunk.copy(this.#batch, this.#used);
    this.#used += chunk.length;
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.rows = rowsOf(text);
  }

  handleReadyForQuery(): void {
    this.#flush();
    this.#leave();
    this.push(null);
  }

  handleError(error: Error): void {
    this.#leave();
    this.destroy(error);
  }

  override _read(): void {
    this.#connection?.stream.resume();
  }

  /** The next statement needs the connection, which may have been paused by the last of the data. */
  #leave(): void {
    this.#connection?.stream.resume();
    this.#connection = null;
  }

  #flush(): void {
    if (this.#used === 0) return;
    const full = this.#batch.subarray(0, this.#used);
    this.#batch = Buffer.allocUnsafe(batchBytes);
    this.#used = 0;
    this.#give(full);
  }

  #give(bytes: Buffer): void {
    if (!this.push(bytes)) this.#connection?.stream.pause();
  }
}

/** Runs a COPY ... TO STDOUT; returns the number of rows. Left before its end, it cuts the connection off. */
export async function* copyOut({ client }: HeldConnection, text: string): AsyncGenerator<Buffer, number, undefined> {
  const copy = new CopyOut(text);
  client.query(copy as never);
  let whole = false;
  try {
    for await (const chunk of copy) yield chunk as Buffer;
    whole = true;
    return copy.rows;
  } finally {
    if (!whole) cutOff(client);
  }
}

/** Feeds COPY ... FROM STDIN. */
class CopyIn {
  readonly done: Promise<number>;
  readonly #text: string;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #settle: { resolve(rows: number): void; reject(error: unknown): void };
  #rows = 0;
  #ended = false;
  /** Why the source broke off: what the server then says is its consequence. */
  #broken: unknown = null;

  constructor(text: string, source: AsyncIterable<Uint8Array>) {
    this.#text = text;
    this.#source = source;
    const { promise, ...settle } = Promise.withResolvers<number>();
    this.done = promise;
    this.#settle = settle;
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleCopyInResponse(connection: Connection): void {
    this.#feed(connection).catch((error: unknown) => {
      this.#broken = error;
      if (!this.#ended) connection.sendCopyFail('the source broke off');
    });
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = rowsOf(text);
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#settle.resolve(this.#rows);
  }

  handleError(error: Error): void {
    this.#ended = true;
    this.#settle.reject(this.#broken ?? error);
  }

  async #feed(connection: Connection): Promise<void> {
    for await (const chunk of this.#source) {
      // The server has refused a row: it reads the rest only to drop it.
      if (this.#ended) return;
      connection.sendCopyFromChunk(chunk);
      if (!connection.stream.writableNeedDrain) continue;
      const left = new AbortController();
      const { signal } = left;
      const ways = [once(connection.stream, 'drain', { signal }), once(connection.stream, 'close', { signal })];
      await Promise.race([...ways, this.done.catch(() => {})]);
      left.abort();
      await Promise.allSettled(ways);
    }
    if (!this.#ended) connection.endCopyFrom();
  }
}

/** Runs a COPY ... FROM STDIN with what `source` gives; returns the number of rows. */
export function copyIn({ client }: HeldConnection, text: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const copy = new CopyIn(text, source);
  client.query(copy as never);
  return copy.done;
}

/** Of the tag COPY 123. */
function rowsOf(tag: string): number {
  return Number(tag.split(' ')[1] ?? 0);
}
