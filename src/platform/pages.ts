import { ArcadiaError } from './errors.ts';
import type { Page, PageRequest } from './route.ts';

// How a list's page is made of rows. A domain is asked for one row more than a page holds: whether
// there is another page.

/** The page that these rows begin, read with `limit + 1`; `cursorOf` says where the next page goes on after a row. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/**
 * A page of what a domain gives whole, because there never is much of it. `keyOf` tells its items apart.
 * @throws ArcadiaError conflict: the item after which the page begins is gone. Where the list goes on
 *   is not known then, and to begin anew unasked would give rows twice.
 */
export function pageOfAll<Item>(all: readonly Item[], page: PageRequest, keyOf: (item: Item) => string): Page<Item> {
  const last = page.cursor === null ? -1 : all.findIndex((item) => keyOf(item) === page.cursor);
  if (page.cursor !== null && last < 0) {
    throw new ArcadiaError(
      'conflict',
      'The list has changed: what the last page ended with is gone. Begin anew, without a cursor.',
    );
  }
  return pageOf(all.slice(last + 1, last + page.limit + 2), page.limit, keyOf);
}
