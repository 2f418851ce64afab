import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session } from 'chdb';

// ClickHouse in a process of its own: the engine of the chdb package behind as much of ClickHouse's
// HTTP interface as @clickhouse/client speaks. One statement at a time. Says its URL on stdout; ends
// with its stdin, so that it never outlives whoever started it.

const [path = ''] = process.argv.slice(2);
const session = new Session(path);

/** What a URL says about the transport, not about the statement. */
const transport = new Set([
  'query',
  'query_id',
  'session_id',
  'database',
  'default_format',
  'wait_end_of_query',
  'enable_http_compression',
  'http_write_exception_in_output_format',
]);

let last: Promise<unknown> = Promise.resolve();
const settled = new Map<string, string>();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}

async function execute(url: URL, body: string): Promise<string> {
  const database = url.searchParams.get('database') ?? 'default';
  for (const [name, value] of [['database', database], ...url.searchParams] as [string, string][]) {
    if ((transport.has(name) && name !== 'database') || settled.get(name) === value) continue;
    await session.queryAsync(
      name === 'database' ? `USE \`${value}\`` : `SET ${name} = '${value.replaceAll("'", "\\'")}'`,
    );
    settled.set(name, value);
  }
  const query = url.searchParams.get('query');
  const result = await session.queryAsync(query === null ? body : `${query}\n${body}`, { format: 'TabSeparated' });
  return result.text();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  try {
    const chunks: Buffer[] = [];
    // Fails where the client is killed within its request: then nothing of it is carried out.
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end(await inTurn(() => execute(url, Buffer.concat(chunks).toString())));
  } catch (error) {
    const message = (error as Error).message.replace(/^.*?(?=Code: \d)/s, '');
    response.writeHead(500, { 'X-ClickHouse-Exception-Code': /Code: (\d+)/.exec(message)?.[1] ?? '0' });
    response.end(message);
  }
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
