import type { Provider } from '../cloud/index.ts';

/**
 * No false deaths. Only a collection that was read whole ends a resource of it. Where it had several
 * pages, between which items may have moved, or where it is suspicious, that must be confirmed for
 * each resource that it left out: by a look-up that the provider answers with "gone", or by this many
 * such listings in a row that leave it out, this far apart. The life then ended at the first of them.
 * A resource that is listed again starts afresh; and a look-up that finds one refutes the whole of a
 * suspicious listing, which then counts against nobody. Where an item could not be identified, which
 * may be any that seems to be missing, only a look-up ends one.
 */
export const listingsToConfirm = 3;
export const listingsApartMinutes = 10;

/** A run looks up this many at most: a listing that lost thousands must not spend an hour's requests. */
export const lookupsMax = 50;

/** Below this many, losing more than half is an ordinary day; losing all is suspicious at any number. */
const suspicionFloor = 3;

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

interface LookedUp {
  /** Resources that the provider says are gone. */
  readonly gone: readonly number[];
  /** Resources that are there. */
  readonly found: readonly Missing[];
}

/**
 * Looks resources up one by one. With `untilFound` it stops at the first answer that is not "gone": of
 * a suspicious listing, what one look-up refutes needs no other, and what hides one hides the next.
 */
export async function lookUp(
  provider: Pick<Provider, 'lookup'>,
  missing: readonly Missing[],
  { untilFound, signal }: { readonly untilFound: boolean; readonly signal?: AbortSignal | undefined },
): Promise<LookedUp> {
  const gone: number[] = [];
  const found: Missing[] = [];
  for (const each of missing) {
    const answer = signal?.aborted ? 'unknown' : await provider.lookup(each.kind, each.externalId, signal);
    if (answer === 'gone') gone.push(each.resourceId);
    else if (answer === 'exists') found.push(each);
    if (answer !== 'gone' && untilFound) break;
  }
  return { gone, found };
}
