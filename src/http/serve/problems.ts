import { STATUS_CODES } from 'node:http';
import { InvalidRequest, pointerOf, type ProblemError } from '../../platform/declare/invalid-input.ts';
import {
  ArcadiaError,
  declarationOf,
  type ErrorCode,
  type ErrorDeclaration,
  type NextOperation,
  toArcadiaError,
} from '../../platform/errors.ts';

// Every refusal and failure as a problem of RFC 9457: what went wrong, where, and what to do. A
// program decides by `code`, which is stable; the texts are for people.

export const problemType = 'application/problem+json';

/** An operation of this API and what to call it with: values by the names of its path, query or body. */
interface ProblemNext {
  readonly operationId: string;
  readonly method: string;
  /** With the values filled in, as far as they are known: `/api/v1/entities/default`. */
  readonly path: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
}

/** How this API names an operation; null for one that it does not serve. */
export type ResolveNext = (next: NextOperation) => ProblemNext | null;

interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly todo: string;
  /** The operation to use next. */
  readonly next?: ProblemNext;
  readonly requestId: string;
  /** The first of `errors`, in short. */
  readonly field?: string;
  readonly errors?: readonly ProblemError[];
}

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
  if (state === '23505') return { code: 'conflict', detail: 'Another request did the same at the same time.' };
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
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: {
    code: 'unsupported_media_type',
    detail: 'The request does not say of which media type its content is.',
  },
  FST_ERR_BAD_URL: { code: 'invalid_argument', detail: 'The address is not well-formed.' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'not_found', detail: 'There is nothing at such a long address.' },
};

/** Configuration, schemas, keys and where data lies are this server's own; what a provider said is the caller's, and so is a method. */
function isOurAffair({ status, code }: ErrorDeclaration): boolean {
  return (status >= 500 && ![501, 502, 503].includes(status)) || /^(database|usage_store)_/.test(code);
}

interface Classified {
  readonly kind: ErrorDeclaration;
  readonly detail: string;
  readonly todo?: string;
  readonly next?: NextOperation | null;
}

const ofOurs = 'Something went wrong here that is not the fault of the request.';

function classify(error: unknown): Classified {
  if (error instanceof ArcadiaError) {
    const { declaration: kind, message: detail, todo, next } = error;
    if (kind.code === 'cancelled') return { kind: declarationOf('timed_out'), detail: 'The request was given up.' };
    if (isOurAffair(kind)) return { kind, detail: detailOfForeign[kind.code as ErrorCode] ?? ofOurs };
    return { kind, detail, todo, next };
  }
  const { code, detail } = classifyForeign(error);
  return { kind: declarationOf(code), detail };
}

function classifyForeign(error: unknown): { code: ErrorCode; detail: string } {
  const name = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const framework = codesOfFramework[name];
  if (framework !== undefined) return framework;
  const known = foreign(error);
  if (known !== null) return known;
  // secure-json-parse and URI decoding throw errors of the language with a status.
  if (error instanceof SyntaxError && 'statusCode' in error && error.statusCode === 400)
    return { code: 'invalid_argument', detail: 'The body is not JSON.' };
  const code = toArcadiaError(error).code as ErrorCode;
  if (code === 'cancelled') return { code: 'timed_out', detail: 'The request was given up.' };
  return { code, detail: detailOfForeign[code] ?? ofOurs };
}

/** Any error as what a caller may know of it. */
export function toProblem(error: unknown, requestId: string, resolveNext: ResolveNext = () => null): Problem {
  const { kind, detail, todo, next: asked } = classify(error);
  const errors = error instanceof InvalidRequest ? error.errors : problemsOf(error);
  const [first] = errors;
  const next = asked ? resolveNext(asked) : null;
  return {
    type: `urn:arcadia-cloud:problem:${kind.code}`,
    title: STATUS_CODES[kind.status] ?? 'Error',
    status: kind.status,
    code: kind.code,
    detail,
    todo: isOurAffair(kind) ? "Report it to the server's operator, with the requestId." : (todo ?? kind.todo),
    ...(next === null ? {} : { next }),
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
