import createClient from 'openapi-fetch';
import type { components, paths } from './document.gen.ts';

export type Schemas = components['schemas'];

/** The API, by the types of its own document. The session's cookie goes along by itself. */
export const api = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl: '/api/v1' });

/** What the API refused, as it says it. Status 0: no answer arrived. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly todo: string | null;
  readonly requestId: string | null;
  /** Seconds; null: it does not say. */
  readonly retryAfter: number | null;
  /** What is wrong, place by place: `line 5` of a file, a pointer into the body. */
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];

  constructor(
    message: string,
    parts: Partial<Pick<Problem, 'status' | 'code' | 'todo' | 'requestId' | 'retryAfter' | 'errors'>> = {},
  ) {
    super(message);
    this.status = parts.status ?? 0;
    this.code = parts.code ?? 'unreachable';
    this.todo = parts.todo ?? null;
    this.requestId = parts.requestId ?? null;
    this.retryAfter = parts.retryAfter ?? null;
    this.errors = parts.errors ?? [];
  }
}

interface Answer<Data> {
  readonly data?: Data | undefined;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer's body. Errors: Problem. */
export async function bodyOf<Data>(asked: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await asked.catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Problem('The server did not answer.', { todo: 'Check the connection, then try again.' });
  });
  if (response.ok) return data as Data;
  throw problemOf(error, response);
}

export function problemOf(body: unknown, response: Response): Problem {
  const { code, detail, todo, requestId, errors } = (typeof body === 'object' && body !== null ? body : {}) as Partial<
    Schemas['Problem']
  >;
  const seconds = response.headers.get('retry-after');
  return new Problem(detail ?? `The server answered ${response.status}.`, {
    status: response.status,
    code: code ?? 'unknown',
    todo: todo ?? null,
    errors: errors ?? [],
    requestId: requestId ?? response.headers.get('x-request-id'),
    retryAfter: seconds !== null && /^\d{1,5}$/.test(seconds) ? parseInt(seconds, 10) : null,
  });
}
