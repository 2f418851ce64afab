import { createHash } from 'node:crypto';
import { type SecretKey, sealRepeatably, unseal } from '../secrets/crypto.ts';
import { ArcadiaError } from '../errors.ts';
import type { Principal } from './operation.ts';
import { InvalidRequest } from './invalid-input.ts';

// Where a page begins, sealed: a caller can neither read nor make one, nor use it with another
// list, with other filters, or with somebody else's rights.

export interface CursorScope {
  readonly operationId: string;
  readonly principal: Principal;
  /** The path's and the query's values without limit and cursor, as they came. */
  readonly filters: Readonly<Record<string, unknown>>;
}

function purposeOf({ operationId, principal, filters }: CursorScope): string {
  const named = Object.keys(filters)
    .sort()
    .map((name) => [name, filters[name]]);
  const whose = principal.role === 'customer' ? `customer ${principal.customerId}` : 'staff';
  return `http.cursor ${operationId} ${whose} ${createHash('sha256').update(JSON.stringify(named)).digest('base64url')}`;
}

export function sealCursor(key: SecretKey, scope: CursorScope, cursor: string): string {
  return sealRepeatably(key, purposeOf(scope), cursor).toString('base64url');
}

/** Errors: invalid_argument, for what is no cursor of this list with these filters for this caller. */
export function unsealCursor(key: SecretKey, scope: CursorScope, sealed: string): string {
  try {
    return unseal(key, purposeOf(scope), Buffer.from(sealed, 'base64url'));
  } catch (error) {
    if (!(error instanceof ArcadiaError) || error.code !== 'secret_unreadable') throw error;
    throw new InvalidRequest([
      { in: 'query', pointer: 'cursor', detail: 'is no cursor of this list with these parameters; begin without one' },
    ]);
  }
}
