/**
 * Every error that a person can meet, in one catalogue: a stable code, the exit code of the
 * command, the HTTP status of the API, and what to do about it. The message says what and where.
 * Exit codes: 1 error, 2 cancelled, 3 differences found, 4 sign-in needed.
 */
export const catalogue = {
  invalid_argument: {
    exitCode: 1,
    status: 400,
    todo: '',
  },
  invalid_config: { exitCode: 1, status: 500, todo: 'Correct the named setting and start again.' },
  not_found: { exitCode: 1, status: 404, todo: 'Check the name.' },
  conflict: { exitCode: 1, status: 409, todo: 'Look at what is there now and decide again.' },
  already_exists: { exitCode: 1, status: 409, todo: 'Choose another name, or use what exists.' },
  range_reversed: {
    exitCode: 1,
    status: 400,
    todo: 'Give a start before the end; ranges are half-open, the end is not included.',
  },
  range_too_large: { exitCode: 1, status: 400, todo: 'Ask for a shorter range.' },
  period_incomplete: {
    exitCode: 1,
    status: 409,
    todo: 'A day is metered after its end (UTC). Wait, or ask for earlier days.',
  },
  provider_unauthorized: {
    exitCode: 4,
    status: 502,
    todo: 'Create a new read-only token at the provider and connect the account again.',
  },
  provider_forbidden: { exitCode: 1, status: 502, todo: 'Give the token the named scope, or leave this kind out.' },
  write_token_unauthorized: {
    exitCode: 4,
    status: 502,
    todo: 'Create a new write token at the provider and grant it to the account again.',
  },
  write_token_forbidden: { exitCode: 1, status: 502, todo: 'Give the write token the named scope.' },
  provider_unreachable: {
    exitCode: 1,
    status: 502,
    todo: 'Check the address and the network; nothing was lost, the next run carries on.',
  },
  provider_rate_limited: {
    exitCode: 1,
    status: 503,
    todo: "Wait until the provider takes requests again, and run it again; jobs wait by themselves. See who else uses the account's token.",
  },
  provider_failed: { exitCode: 1, status: 502, todo: 'The provider answered with an error; the next run carries on.' },
  sync_incomplete: {
    exitCode: 1,
    status: 502,
    todo: 'See the reason of each; what was read is kept, nothing else was ended, and the next sync carries on.',
  },
  database_unreachable: {
    exitCode: 1,
    status: 503,
    todo: 'Check that the database is up and its address is right; nothing was lost, run again.',
  },
  database_forbidden: {
    exitCode: 1,
    status: 500,
    todo: 'Give the database user what is named; docs/security.md says which rights it needs and why.',
  },
  database_full: {
    exitCode: 1,
    status: 507,
    todo: 'Free disk space where the database keeps its data, then run again; nothing was lost.',
  },
  usage_store_unreachable: {
    exitCode: 1,
    status: 503,
    todo: 'Check that ClickHouse is up and ARCADIA_USAGE_STORE_URL is right; nothing was lost, run again.',
  },
  usage_store_failed: {
    exitCode: 1,
    status: 500,
    todo: 'Read what ClickHouse says; what was under way is invisible and nothing was lost, run again.',
  },
  usage_store_mismatch: {
    exitCode: 1,
    status: 500,
    todo: 'The old version stays visible. Run again; if it stays so, keep both stores as they are and report it.',
  },
  database_embedded: {
    exitCode: 1,
    status: 503,
    todo: 'Read the named log file; ARCADIA_DATA_DIR chooses another folder.',
  },
  schema_changed: {
    exitCode: 1,
    status: 500,
    todo: 'Restore the named migration files as they were released; a change of schema is a new file.',
  },
  schema_newer: {
    exitCode: 1,
    status: 500,
    todo: 'Use the version of arcadia that last migrated this database, or a later one.',
  },
  schema_older: {
    exitCode: 1,
    status: 500,
    todo: 'Migrate it with `db migrate`, after a backup (`db backup`), or use the version of arcadia that it belongs to.',
  },
  backup_unreadable: {
    exitCode: 1,
    status: 422,
    todo: 'Take another copy of the backup, or an earlier one.',
  },
  database_not_empty: {
    exitCode: 1,
    status: 409,
    todo: 'Restore into a database that holds nothing: another one, or another data folder.',
  },
  port_in_use: {
    exitCode: 1,
    status: 500,
    todo: 'Stop the other program, or choose another port (ARCADIA_PORT; 0 takes any free one).',
  },
  clock_conflict: {
    exitCode: 1,
    status: 409,
    todo: 'Use another database: simulated and real accounts have different clocks.',
  },
  clock_behind: {
    exitCode: 1,
    status: 409,
    todo: "Move the simulator's clock on to the database's, then sync again.",
  },
  clock_skewed: {
    exitCode: 1,
    status: 503,
    todo: 'Set the clock of this machine by a time server, then sync once: what the provider answers shows that it is right.',
  },
  secret_unreadable: {
    exitCode: 1,
    status: 500,
    todo: 'Give the secret key that this database was set up with (ARCADIA_SECRET_KEY, or the key file in the data folder).',
  },
  unauthenticated: {
    exitCode: 4,
    status: 401,
    todo: 'Send a bearer token that is valid now.',
  },
  keys_unavailable: {
    exitCode: 1,
    status: 503,
    todo: 'Try again soon. For the operator: the keys that tokens are verified with cannot be read; see ARCADIA_JWT_JWKS.',
  },
  forbidden: { exitCode: 1, status: 403, todo: 'Ask somebody whose role allows it.' },
  method_not_allowed: { exitCode: 1, status: 405, todo: 'Use one of the methods in the Allow header.' },
  method_unknown: { exitCode: 1, status: 501, todo: 'Use one of the methods that the API describes.' },
  malformed_request: {
    exitCode: 1,
    status: 400,
    todo: 'Send it as RFC 9112 says. Something between the client and this server may have damaged it.',
  },
  headers_too_large: { exitCode: 1, status: 431, todo: 'Send 16 KiB of address and headers at most.' },
  request_timeout: { exitCode: 1, status: 408, todo: 'Send it again, without pauses.' },
  expectation_failed: { exitCode: 1, status: 417, todo: 'Send the request without the header Expect.' },
  not_acceptable: { exitCode: 1, status: 406, todo: 'Accept one of the media types that the operation answers with.' },
  precondition_failed: { exitCode: 1, status: 412, todo: 'Get it again, look at what changed, and decide again.' },
  too_costly: { exitCode: 1, status: 413, todo: 'Give a smaller or simpler file, or less at a time.' },
  file_unreadable: {
    exitCode: 1,
    status: 400,
    todo: 'Save the file anew with another program, and give that.',
  },
  body_too_large: { exitCode: 1, status: 413, todo: 'Send less at a time.' },
  unsupported_media_type: { exitCode: 1, status: 415, todo: 'Send the media type that the operation takes.' },
  idempotency_key_reused: { exitCode: 1, status: 422, todo: 'Use a new Idempotency-Key for another request.' },
  idempotency_key_in_use: {
    exitCode: 1,
    status: 409,
    todo: 'Wait for the first request, or send this one again after Retry-After.',
  },
  precondition_required: {
    exitCode: 1,
    status: 428,
    todo: 'Get it first and send its ETag as If-Match, or * to change it whatever it is.',
  },
  rate_limited: { exitCode: 1, status: 429, todo: 'Send the request again after Retry-After.' },
  overloaded: { exitCode: 1, status: 503, todo: 'Send the request again after Retry-After; nothing was done.' },
  timed_out: { exitCode: 1, status: 503, todo: 'Ask for less at a time, or again later; nothing was done.' },
  outcome_unknown: {
    exitCode: 1,
    status: 503,
    todo: 'Send it again with the same Idempotency-Key, which does it once at most; without one, look first whether it was done.',
  },
  audit_broken: {
    exitCode: 1,
    status: 500,
    todo: 'Keep the database as it is, find out who can change it directly, and compare with a backup.',
  },
  cancelled: { exitCode: 2, status: 499, todo: 'Run it again to go on from where it stopped.' },
  internal: {
    exitCode: 1,
    status: 500,
    todo: 'This is a defect. Report it with the request id, or with what was run.',
  },
} as const satisfies Record<string, { exitCode: number; status: number; todo: string }>;

/** The codes of this catalogue. A module declares its own with `declareError`. */
export type ErrorCode = keyof typeof catalogue;

/** A kind of error: its stable code, the exit code of the command, the HTTP status, and what to do about it. */
export interface ErrorDeclaration {
  /** snake_case, unique in the program. */
  readonly code: string;
  readonly exitCode: number;
  readonly status: number;
  /** One or two sentences for a person. They name no command and no address: `next` names an operation. */
  readonly todo: string;
}

/**
 * An operation to use next. Each surface words it for itself: a command line, a method and path, a
 * button. Names and arguments are those of the declaration: `{ operation: 'entity set', arguments:
 * { entity: 'default' } }`.
 */
export interface NextOperation {
  readonly operation: string;
  readonly arguments?: Readonly<Record<string, string | number | boolean>>;
}

interface ErrorOptions {
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
  /** In place of the declaration's sentence, where this case needs another. */
  readonly todo?: string;
  readonly next?: NextOperation;
}

/** An error for a person: `code` is stable, `message` says what and where, `todo` and `next` what to do. */
export class ArcadiaError extends Error {
  override readonly name = 'ArcadiaError';
  readonly declaration: ErrorDeclaration;
  /** What it is about, for programs: names, ids, ranges. Never a secret. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly todo: string;
  readonly next: NextOperation | null;

  constructor(kind: ErrorCode | ErrorDeclaration, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.declaration = typeof kind === 'string' ? declarationOf(kind) : kind;
    this.details = options.details ?? {};
    this.todo = options.todo ?? this.declaration.todo;
    this.next = options.next ?? null;
  }

  get code(): string {
    return this.declaration.code;
  }

  get exitCode(): number {
    return this.declaration.exitCode;
  }

  get status(): number {
    return this.declaration.status;
  }
}

/** One of the catalogue, with its code. */
export function declarationOf(code: ErrorCode): ErrorDeclaration {
  return { code, ...catalogue[code] };
}

/** All of the catalogue. */
export const platformErrors: readonly ErrorDeclaration[] = (Object.keys(catalogue) as ErrorCode[]).map(declarationOf);

/** A declared kind of error: called, it makes one. */
export interface ErrorKind {
  (message: string, options?: ErrorOptions): ArcadiaError;
  readonly declaration: ErrorDeclaration;
}

/** Declares a kind of error in the module that meets it. `exitCode` is 1 unless given. */
export function declareError(declaration: Omit<ErrorDeclaration, 'exitCode'> & { exitCode?: number }): ErrorKind {
  const whole: ErrorDeclaration = { exitCode: 1, ...declaration };
  return Object.assign((message: string, options?: ErrorOptions) => new ArcadiaError(whole, message, options), {
    declaration: whole,
  });
}

/** `There is no deployment acme.` `what` is a noun of the command, whose list is what to use next. */
export function notFound(what: string, name: string | number): ArcadiaError {
  return new ArcadiaError('not_found', `There is no ${what} ${name}.`, { next: { operation: `${what} list` } });
}

// What PostgreSQL and the network say when the database is at fault, in our words. SQLSTATE classes:
// 08 connection, 28 sign-in, 53 resources, 57P server going down.

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** What pg says without any code. */
const lostConnection =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|server closed the connection/i;

function classify(error: Error & { code?: unknown }): ErrorCode | null {
  const code = typeof error.code === 'string' ? error.code : '';
  if (error.name === 'AbortError' || code === 'ABORT_ERR') return 'cancelled';
  if (code === '57014') return 'cancelled';
  if (code === '42501') return 'database_forbidden';
  if (code === '53100' || code === 'ENOSPC' || code === 'EDQUOT') return 'database_full';
  if (/^(08|28|57P)/.test(code) || code === '53300' || code === '3D000' || networkCodes.has(code))
    return 'database_unreachable';
  if (lostConnection.test(error.message)) return 'database_unreachable';
  return null;
}

/**
 * Any error as one for a person. `doing` says what was under way ("Metering 2026-05-01"). An
 * ArcadiaError stays as it is; what nobody foresaw becomes `internal`.
 */
export function toArcadiaError(error: unknown, doing?: string): ArcadiaError {
  if (error instanceof ArcadiaError) return error;
  // Several addresses of one host were tried: Node reports the attempts together.
  if (error instanceof AggregateError && error.errors.length > 0) return toArcadiaError(error.errors[0], doing);
  const prefix = doing === undefined ? '' : `${doing}: `;
  if (!(error instanceof Error)) return new ArcadiaError('internal', `${prefix}${String(error)}`, { cause: error });
  const code = classify(error);
  if (code === null && error.cause instanceof Error) {
    const inner = toArcadiaError(error.cause, doing);
    if (inner.code !== 'internal') return inner;
  }
  return new ArcadiaError(code ?? 'internal', `${prefix}${error.message}`, { cause: error });
}
