// What lists' addresses have in common. The router knows it, so that it is loaded with the first view.

/** What every list's address may have. */
export interface ListSearch {
  readonly q?: string;
  /** By which column, and in which direction. */
  readonly sorted?: string;
  readonly direction?: 'asc' | 'desc';
  readonly cursor?: string;
}

/** Of an address, what a list with these sorts takes. */
export function listSearch(search: Record<string, unknown>, sorts: readonly string[]): ListSearch {
  const { q, sorted, direction, cursor } = search;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const [found, place] = [text(q)?.slice(0, 200), text(cursor)];
  const known = sorts.find((each) => each === sorted);
  return {
    ...(found === undefined ? {} : { q: found }),
    ...(known === undefined ? {} : { sorted: known }),
    ...(direction === 'asc' || direction === 'desc' ? { direction } : {}),
    ...(place === undefined ? {} : { cursor: place }),
  };
}

/** The same, as the API's lists name it. */
export function listQuery<Sort extends string>({ q, sorted, direction, cursor }: ListSearch) {
  return {
    ...(q === undefined ? {} : { q }),
    ...(sorted === undefined ? {} : { sort: sorted as Sort }),
    ...(direction === undefined ? {} : { order: direction }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
