import { ArcadiaError, type ErrorCode } from './errors.ts';

// What PostgreSQL and the network say when the database is at fault, in our words. SQLSTATE classes:
// 08 connection, 28 sign-in, 53 resources, 57P server going down.

const networkCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH', 'ENETUNREACH',
]);

/** What pg says without any code. */
const lostConnection = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|server closed the connection/i;

function classify(error: Error & { code?: unknown }): ErrorCode | null {
  const code = typeof error.code === 'string' ? error.code : '';
  if (error.name === 'AbortError' || code === 'ABORT_ERR') return 'cancelled';
  if (code === '57014') return 'cancelled';
  if (code === '53100' || code === 'ENOSPC' || code === 'EDQUOT') return 'database_full';
  if (/^(08|28|57P)/.test(code) || code === '53300' || code === '3D000' || networkCodes.has(code)) return 'database_unreachable';
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
