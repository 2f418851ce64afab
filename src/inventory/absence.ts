import type { Provider } from '../cloud/provider.ts';

/**
 * No false deaths. Only a complete listing of a kind ends a resource, and a suspicious one must be
 * confirmed, for each resource that it left out: by a look-up that the provider answers with "gone",
 * or by this many complete listings in a row that leave it out, this far apart. The life then ended
 * at the first of them. A resource that is listed again starts afresh; and a look-up that finds one
 * refutes its kind's whole listing, which then counts against nobody.
 */
export const listingsToConfirm = 3;
export const listingsApartMinutes = 10;

/** A run looks up this many at most: a listing that lost thousands must not spend an hour's requests. */
export const lookupsMax = 50;

/** Below this many, losing more than half is an ordinary day; losing all is suspicious at any number. */
export const suspicionFloor = 3;

/**
 * Does a complete listing tell of more deaths than we believe without asking? It does if it shows
 * none of those that were alive, or, of at least `suspicionFloor`, fewer than half.
 */
export function isSuspicious(alive: number, missing: number): boolean {
  if (missing === 0) return false;
  const left = alive - missing;
  return left === 0 || (alive >= suspicionFloor && left * 2 < alive);
}

export interface Missing {
  readonly resourceId: number;
  readonly kind: string;
  readonly externalId: string;
}

export interface LookedUp {
  /** Resources that the provider says are gone. */
  readonly gone: readonly number[];
  /** The kind whose listing left out something that is there. */
  readonly refuted: string | null;
}

/**
 * Looks resources up one by one, and stops at the first answer that is not "gone": what one look-up
 * refutes needs no other, and what hides one hides the next.
 */
export async function lookUp(
  provider: Pick<Provider, 'lookup'>,
  missing: readonly Missing[],
  signal?: AbortSignal,
): Promise<LookedUp> {
  const gone: number[] = [];
  for (const { resourceId, kind, externalId } of missing) {
    const answer = signal?.aborted ? 'unknown' : await provider.lookup(kind, externalId, signal);
    if (answer !== 'gone') return { gone, refuted: answer === 'exists' ? kind : null };
    gone.push(resourceId);
  }
  return { gone, refuted: null };
}
