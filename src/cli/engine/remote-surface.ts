import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Action, DocumentOperation, List } from '../../platform/declare/answer.ts';
import { InvalidRequest, type ProblemError } from '../../platform/declare/invalid-input.ts';
import type { RawInput } from '../../platform/declare/input.ts';
import type { Operation } from '../../platform/declare/operation.ts';
import { ArcadiaError, declarationOf, type ErrorDeclaration, toArcadiaError } from '../../platform/errors.ts';
import type { Program } from '../../platform/declare/program.ts';
import type { FetchedDocument, ListPage, Surface } from './surface.ts';

export interface RemoteOptions {
  /** Of the server, without /api/v1: https://billing.example.com */
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
  /** Whose operations and errors the server's are. */
  readonly program: Program;
  /** Told of each job that the server has follow from a change. */
  readonly onFollowed?: (jobId: string) => void;
}

const apiPrefix = '/api/v1';

/** The Link headers of jobs. */
const monitors = /<\/api\/v1\/jobs\/([0-9a-f-]{36})>; rel="monitor"/g;

/** Runs operations on a running server, with a token. */
export function remoteSurface({ url, token, signal, program, onFollowed }: RemoteOptions): Surface {
  const base = baseOf(url);

  async function send(operation: Operation, input: RawInput, accept: string): Promise<Response> {
    const method = operation.method ?? 'GET';
    const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept };
    const content = contentOf(operation, input.body);
    if (content !== null) headers['content-type'] = content.type;
    if (operation.shape === 'action' && method === 'POST' && operation.asks !== true)
      headers['idempotency-key'] = randomUUID();
    // Whoever types a command has not been shown a version that the change could be bound to.
    if (operation.shape === 'action' && operation.edits !== undefined) headers['if-match'] = '*';
    const address = `${base}${addressOf(operation, input)}`;
    const response = await fetch(address, {
      method,
      headers,
      signal,
      redirect: 'error',
      body: content?.body ?? null,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new ArcadiaError('provider_unreachable', `${base} cannot be reached: ${reasonOf(error)}.`, {
        cause: error,
        todo: 'Check the address and whether the server runs.',
      });
    });
    if (!response.ok) throw await failureOf(response, program);
    return response;
  }

  return {
    async act(action: Action, input: RawInput) {
      const response = await send(action, input, 'application/json');
      for (const [, id = ''] of (response.headers.get('link') ?? '').matchAll(monitors)) onFollowed?.(id);
      const text = await response.text();
      return text === '' ? undefined : (JSON.parse(text) as unknown);
    },
    async page(list: List, input: RawInput): Promise<ListPage> {
      return (await (await send(list, input, 'application/json')).json()) as ListPage;
    },
    async document(operation: DocumentOperation, input: RawInput): Promise<FetchedDocument> {
      const response = await send(operation, input, operation.produces.join(', '));
      const name = /filename="([^"]*)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? null;
      return {
        type: response.headers.get('content-type') ?? '',
        filename: name,
        body: (response.body ?? []) as AsyncIterable<Uint8Array>,
      };
    },
  };
}

/** A token travels over TLS, or stays on this machine. */
function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username !== '' || parsed.search !== '')
    throw new ArcadiaError('invalid_argument', `--url "${url}" is not an address such as https://billing.example.com.`);
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol === 'http:' && !isLoopback)
    throw new ArcadiaError('invalid_argument', `--url "${url}" is not encrypted: a token is only sent over https.`);
  return `${parsed.origin}${parsed.pathname.replace(/\/(api\/v1\/?)?$/, '')}`;
}

/** The token of ARCADIA_TOKEN or of a file; a token in an argument would be seen by everybody on the machine. */
export async function readToken(file: string | undefined): Promise<string> {
  const text = file === undefined ? process.env.ARCADIA_TOKEN : await readFile(file, 'utf8').catch(unreadable(file));
  const token = text?.trim() ?? '';
  if (token === '')
    throw new ArcadiaError('unauthenticated', 'There is no token for the server.', {
      todo: 'Set ARCADIA_TOKEN, or name a file that holds the token with --token-file.',
    });
  return token;
}

function unreadable(file: string): (cause: Error) => never {
  return (cause) => {
    throw new ArcadiaError('invalid_argument', `--token-file ${file} cannot be read: ${cause.message}.`, { cause });
  };
}

function addressOf(operation: Operation, { params, query }: RawInput): string {
  const path = operation.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(params[name] as string | number),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined) search.append(name, String(each));
  }
  return `${apiPrefix}${path}${search.size > 0 ? `?${search}` : ''}`;
}

function contentOf(
  operation: Operation,
  body: unknown,
): { type: string; body: string | Uint8Array<ArrayBuffer> } | null {
  if (operation.shape !== 'action' || operation.body === undefined) return null;
  if (operation.consumes === undefined) return { type: 'application/json', body: JSON.stringify(body) };
  const types = [operation.consumes].flat();
  return typeof body === 'string'
    ? { type: types[0] as string, body }
    : { type: typeOfBytes(body as Uint8Array, types), body: new Uint8Array(body as Uint8Array) };
}

/** What the first bytes of a file say that it is. */
function typeOfBytes(bytes: Uint8Array, types: readonly string[]): string {
  const head = Buffer.from(bytes.subarray(0, 4)).toString('latin1');
  const found =
    head === '\x89PNG' ? 'image/png' : head.startsWith('\xff\xd8') ? 'image/jpeg' : head === 'OTTO' ? 'font/otf' : null;
  return found !== null && types.includes(found) ? found : (types.at(-1) as string);
}

interface RemoteProblem {
  readonly code?: string;
  readonly detail?: string;
  readonly todo?: string;
  readonly errors?: readonly ProblemError[];
  readonly next?: { readonly operationId: string; readonly arguments?: Record<string, string | number | boolean> };
}

/** A problem of the API as the error that it was there. */
async function failureOf(response: Response, program: Program): Promise<ArcadiaError> {
  const text = await response.text();
  let problem: RemoteProblem = {};
  try {
    problem = JSON.parse(text) as RemoteProblem;
  } catch {
    // What stands before the server answers as it likes.
  }
  const { code, detail, todo, errors, next } = problem;
  if (code === undefined)
    return new ArcadiaError('provider_failed', `The server answered ${response.status} ${response.statusText}.`, {
      todo: 'Check that the address is that of an arcadia server.',
    });
  if (code === 'invalid_argument' && errors !== undefined) return new InvalidRequest(errors);
  const known = program.errors.find((one) => one.code === code);
  const kind: ErrorDeclaration = known ?? { ...declarationOf('internal'), code };
  const operation = program.operations.find((one) => one.operationId === next?.operationId);
  return new ArcadiaError(kind, detail ?? response.statusText, {
    ...(todo !== undefined && { todo }),
    ...(operation !== undefined && { next: { operation: operation.name, arguments: next?.arguments ?? {} } }),
  });
}

function reasonOf(error: unknown): string {
  const { message } = toArcadiaError(error instanceof Error && error.cause instanceof Error ? error.cause : error);
  return message;
}
