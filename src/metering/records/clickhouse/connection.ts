import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ArcadiaError } from '../../../platform/errors.ts';

// One ClickHouse database over HTTP: limits on everything, and its errors in our words.

/** A statement names thousands of resources, and names them several times: more than the usual 256 KiB. */
const statementBytes = 64 * 1024 * 1024;
/** A metering of a very large day; the reading of a large account's year takes seconds. */
const requestMs = 15 * 60_000;
const connectionsMax = 8;

export interface ClickHouse {
  /** host:port/database: what is remembered, without a user or a password. */
  readonly address: string;
  /** On which its tables are; null: they are on that one server. */
  readonly cluster: string | null;
  rows<Row>(statement: string): Promise<Row[]>;
  run(statement: string): Promise<void>;
  /**
   * Tab-separated lines of an answer of any length, some thousands at a time, as they come: an answer
   * that breaks off is for the caller to find out.
   */
  lines(statement: string): AsyncIterable<string[]>;
  /** Inserts tab-separated lines as they come, in one request. */
  insertLines(table: string, columns: readonly string[], lines: AsyncIterable<string>): Promise<void>;
  close(): Promise<void>;
}

/** Reads the address of a ClickHouse, without connecting to it. */
export function clickHouseAddress(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname === '/' ? '/default' : pathname}`;
}

/**
 * On a cluster: an insert is on each shard before it is acknowledged, and on most of its replicas; a reading sees all that
 * was acknowledged; what is looked up within a statement is looked up on all shards.
 */
export const clusterSettings = {
  distributed_foreground_insert: 1,
  distributed_product_mode: 'global',
  insert_quorum: 'auto',
  insert_quorum_parallel: 0,
  select_sequential_consistency: '1',
} as const;

/** Connects when first asked something. @param url http(s)://user:password@host:port/database */
export function connectClickHouse(url: string, cluster: string | null): ClickHouse {
  const address = clickHouseAddress(url);
  const client = createClient({
    url,
    application: 'arcadia',
    request_timeout: requestMs,
    max_open_connections: connectionsMax,
    // So that a statement that fails half way answers with an error and not with half an answer.
    clickhouse_settings: {
      wait_end_of_query: 1,
      output_format_json_quote_64bit_integers: 0,
      max_execution_time: requestMs / 1000,
      max_query_size: String(statementBytes),
      ...(cluster === null ? {} : clusterSettings),
    },
    log: { level: ClickHouseLogLevel.OFF },
  });
  const named = <T>(work: (client: ClickHouseClient) => Promise<T>) => inOurWords(address, () => work(client));
  return {
    address,
    cluster,
    rows: <Row>(statement: string) =>
      named(async () => (await client.query({ query: statement, format: 'JSONEachRow' })).json<Row>()),
    run: (statement) => named(async () => void (await client.command({ query: statement }))),
    lines: (statement) => readLines(address, client, statement),
    insertLines: (table, columns, lines) =>
      named(async () => {
        const [first, ...rest] = columns;
        if (first === undefined) throw new Error('an insert names its columns');
        const values = Readable.from(lines, { objectMode: false });
        await client.insert({ table, columns: [first, ...rest], values, format: 'TabSeparated' });
      }),
    close: () => client.close(),
  };
}

const linesAtOnce = 20_000;

async function* readLines(address: string, client: ClickHouseClient, query: string): AsyncGenerator<string[]> {
  // Nothing is held back until the end, which for all versions of a large day may be some gigabytes.
  const clickhouse_settings = { wait_end_of_query: 0 } as const;
  const answer = await inOurWords(address, () => client.query({ query, format: 'TabSeparated', clickhouse_settings }));
  const chunks = answer.stream()[Symbol.asyncIterator]();
  let lines: string[] = [];
  for (;;) {
    const chunk = await inOurWords(address, () => chunks.next());
    if (chunk.done === true) break;
    for (const row of chunk.value) lines.push(row.text);
    if (lines.length < linesAtOnce) continue;
    yield lines;
    lines = [];
  }
  if (lines.length > 0) yield lines;
}

/** Network trouble is retried by whoever retries the whole: a request that failed may have been carried out. */
async function inOurWords<T>(address: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClickHouseError) {
      throw new ArcadiaError(
        'usage_store_failed',
        `The usage store ${address} answered: ${error.type}: ${error.message}`,
        {
          cause: error,
        },
      );
    }
    if (error instanceof ArcadiaError) throw error;
    throw new ArcadiaError('usage_store_unreachable', `The usage store ${address}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
