import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { ArcadiaError, catalogue, type ErrorCode, toArcadiaError } from '../../platform/errors.ts';

// Every refusal and failure as a problem of RFC 9457: what went wrong, where, and what to do. A
// program decides by `code`, which is stable; the texts are for people.

export const problemType = 'application/problem+json';

/** One thing that is wrong with a request. */
export interface ProblemError {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** A JSON pointer (RFC 6901) into the body, its line and column, or the parameter's name: `/rules/0/name`, `from`. */
  readonly pointer: string;
  readonly detail: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly todo: string;
  readonly requestId: string;
  /** The first of `errors`, in short. */
  readonly field?: string;
  readonly errors?: readonly ProblemError[];
}

const errorsMax = 100;

/** A request that is not as its operation's schema says. */
export class InvalidRequest extends ArcadiaError {
  readonly errors: readonly ProblemError[];
  /** Told are the first hundred. */
  constructor(errors: readonly ProblemError[]) {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(
      'invalid_argument',
      first === undefined ? 'The request is not valid.' : `${first.pointer || 'The body'}: ${first.detail}${more}.`,
    );
    this.errors = errors.slice(0, errorsMax);
  }
}

/** What a schema says against a value, by where in the request it stands. */
export function issuesOf(place: ProblemError['in'], error: z.ZodError): ProblemError[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const detail = issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message;
    return paths.map((path) => ({ in: place, pointer: pointerOf(place, path), detail }));
  });
}

function pointerOf(place: ProblemError['in'], path: readonly PropertyKey[]): string {
  if (place !== 'body') return path.map(String).join('.');
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Nothing that is asked for needs more; whoever walks a value may then do so by recursion. */
const depthMax = 64;

/** Where a text holds what no text in PostgreSQL can, the character NUL; or where a value goes too deep. */
export function findUnfit(value: unknown, place: ProblemError['in'], path = '', depth = 0): ProblemError | null {
  if (typeof value === 'string') {
    return value.includes('\0') ? { in: place, pointer: path, detail: 'holds the character NUL' } : null;
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null;
  if (depth >= depthMax) return { in: place, pointer: path, detail: `is nested more than ${depthMax} deep` };
  for (const [name, item] of Object.entries(value)) {
    if (name.includes('\0')) return { in: place, pointer: path, detail: 'has a name with the character NUL' };
    const found = findUnfit(item, place, place === 'body' ? `${path}/${name}` : name, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** What to do, where the catalogue speaks to somebody at a terminal. */
const todoOfApi: Partial<Record<ErrorCode, string>> = {
  invalid_argument: 'Correct what `errors` or `detail` names; /api/v1/docs describes the operation.',
  not_found: 'Check the name; the matching list shows what there is.',
  range_reversed: 'Give `from` before `to`; ranges are half-open, `to` is not in them.',
  provider_unauthorized: 'Make a new read-only token at the provider and connect the account again.',
  database_unreachable: 'Send the request again after Retry-After; nothing was done.',
  internal: 'This is a defect. Report it with the requestId.',
};

/** What of a database's or a library's own error may be said: never its text. */
const detailOfForeign: Partial<Record<ErrorCode, string>> = {
  database_unreachable: 'The database does not answer just now.',
  database_full: 'The database has no room left.',
};

/** SQLSTATEs that the request is the cause of, or another one at the same time. */
function foreign(error: unknown): { code: ErrorCode; detail: string } | null {
  const state =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (state === '57014') return { code: 'timed_out', detail: 'The request took longer than it may.' };
  if (/^22[0-9A-Z]{3}$/.test(state))
    return { code: 'invalid_argument', detail: 'A value in the request is beyond what can be stored or compared.' };
  if (state === '23505') return { code: 'conflict', detail: 'Another request made the same just now.' };
  if (['40001', '40P01', '55P03'].includes(state))
    return { code: 'overloaded', detail: 'Other requests change the same just now.' };
  return null;
}

/** Of errors that Fastify or Node raise before a handler runs. */
const codesOfFramework: Readonly<Record<string, { code: ErrorCode; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body_too_large', detail: 'The body is larger than this operation takes.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'This operation does not take a body of this media type.',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_argument', detail: 'The body is not as long as was said.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'invalid_argument', detail: 'The body is empty; it must be JSON.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'invalid_argument', detail: 'The body is not JSON.' },
  FST_ERR_BAD_URL: { code: 'invalid_argument', detail: 'The address is not well-formed.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'not_found', detail: 'There is nothing at such a long address.' },
};

/** Configuration, schemas, keys and where data lies are this server's own; what a provider said is the caller's. */
function isOurAffair(code: ErrorCode): boolean {
  const { status } = catalogue[code];
  return (status >= 500 && status !== 502 && status !== 503) || /^(database|usage_store)_/.test(code);
}

function classify(error: unknown): { code: ErrorCode; detail: string } {
  if (error instanceof ArcadiaError) {
    const { code, message } = error;
    if (code === 'cancelled') return { code: 'timed_out', detail: 'The request was given up.' };
    if (isOurAffair(code))
      return {
        code,
        detail: detailOfForeign[code] ?? 'Something went wrong here that is not the fault of the request.',
      };
    return { code, detail: message };
  }
  const name = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const framework = codesOfFramework[name];
  if (framework !== undefined) return framework;
  const known = foreign(error);
  if (known !== null) return known;
  // secure-json-parse and URI decoding throw errors of the language with a status.
  if (error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400)
    return { code: 'invalid_argument', detail: 'The body is not JSON.' };
  const { code } = toArcadiaError(error);
  if (code === 'cancelled') return { code: 'timed_out', detail: 'The request was given up.' };
  return { code, detail: detailOfForeign[code] ?? 'Something went wrong here that is not the fault of the request.' };
}

/** Any error as what a caller may know of it. */
export function toProblem(error: unknown, requestId: string): Problem {
  const { code, detail } = classify(error);
  const { status, todo } = catalogue[code];
  const errors = error instanceof InvalidRequest ? error.errors : problemsOf(error);
  const [first] = errors;
  return {
    type: `urn:arcadia-cloud:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail,
    todo: todoOfApi[code] ?? (isOurAffair(code) ? 'Tell whoever runs this server, with the requestId.' : todo),
    requestId,
    ...(first === undefined ? {} : { field: first.pointer, errors }),
  };
}

/** What a domain found wrong with a file: by rule and field, or by line and column. */
function problemsOf(error: unknown): readonly ProblemError[] {
  if (!(error instanceof ArcadiaError) || !Array.isArray(error.details.problems)) return [];
  return (error.details.problems as Readonly<Record<string, unknown>>[]).flatMap((found) =>
    typeof found.reason === 'string' ? [{ in: 'body' as const, pointer: placeOf(found), detail: found.reason }] : [],
  );
}

function placeOf({ rule, field, line, column }: Readonly<Record<string, unknown>>): string {
  if (typeof line === 'number') return typeof column === 'string' ? `line ${line}, ${column}` : `line ${line}`;
  const [, list, index] = /^(\w+)\[(\d+)\]/.exec(typeof rule === 'string' ? rule : '') ?? [];
  const fields = typeof field === 'string' && field !== '' ? field.split('.') : [];
  return pointerOf(
    'body',
    [list, index, ...fields].filter((step) => step !== undefined),
  );
}

/** Seconds after which the same request may do better; null where it will not. */
export function retryAfterOf(problem: Problem): number | null {
  if (problem.code === 'idempotency_key_in_use') return 1;
  if (problem.code === 'rate_limited') return 10;
  return problem.status === 503 ? 2 : null;
}
