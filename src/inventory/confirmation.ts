import type { Provider } from '../cloud/provider.ts';

/**
 * No false deaths. Only a complete listing of a kind ends a resource, and a suspicious one must be
 * confirmed, for each resource that it left out: by a look-up that the provider answers with "gone",
 * or by this many complete listings in a row that leave it out, this far apart. The life then ended
 * at the first of them. A resource that is listed again, or that a look-up finds, starts afresh.
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

export interface LookedUp {
  readonly gone: readonly number[];
  readonly exists: readonly number[];
}

/**
 * Looks resources up one by one, and stops at the first for which there is no answer: what hides
 * one hides the next, and the requests are better kept for the next run.
 */
export async function lookUp(
  provider: Provider,
  missing: readonly { readonly resourceId: number; readonly kind: string; readonly externalId: string }[],
  signal?: AbortSignal,
): Promise<LookedUp> {
  const found = { gone: [] as number[], exists: [] as number[] };
  for (const { resourceId, kind, externalId } of missing) {
    const answer = signal?.aborted ? 'unknown' : await provider.lookup(kind, externalId, signal);
    if (answer === 'unknown') break;
    found[answer].push(resourceId);
  }
  return found;
}
