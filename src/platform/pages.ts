import type { Page, PageRequest } from './route.ts';

// How a list's page is made of rows. A domain is asked for one row more than a page holds: whether
// there is another page.

/** The page that these rows begin, read with `limit + 1`; `cursorOf` says where the next page goes on after a row. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** A page of what a domain gives whole, because there never is much of it. `keyOf` tells its items apart. */
export function pageOfAll<Item>(all: readonly Item[], page: PageRequest, keyOf: (item: Item) => string): Page<Item> {
  const begin = page.cursor === null ? 0 : all.findIndex((item) => keyOf(item) === page.cursor) + 1;
  return pageOf(all.slice(begin, begin + page.limit + 1), page.limit, keyOf);
}
