import type { Page, PageRequest } from './operation.ts';

// How a list's page is made of rows. A domain is asked for one row more than a page holds: whether
// there is another page.

/** The page that these rows begin, read with `limit + 1`; `cursorOf` says where the next page goes on after a row. */
export function pageOf<Row>(rows: readonly Row[], limit: number, cursorOf: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : null };
}

/** Part by part; null comes first. No two items of a list have the same. */
export type ListKey = readonly (string | number | Temporal.Instant | Temporal.PlainDate | null)[];

/** What is looked through, and what is sorted by, of items that are all at hand. */
interface Findable<Item, Sort extends string> {
  /** In which of its texts `q` is looked for, without case. */
  texts?(item: Item): readonly (string | null)[];
  /** Sorts other than the own order. */
  readonly sorts?: Readonly<Partial<Record<Sort, (item: Item) => ListKey[number]>>>;
}

/**
 * A page of what a domain gives whole, because there never is much of it, in the order of its keys, or in the one that is
 * asked for and then in that of the keys. It goes on behind the key that the last page ended with, whether that item is
 * still there or not.
 */
export function pageOfAll<Item, Sort extends string = string>(
  all: readonly Item[],
  page: PageRequest<Sort>,
  keyOf: (item: Item) => ListKey,
  { texts, sorts }: Findable<Item, Sort> = {},
): Required<Page<Item>> {
  const last = page.cursor === null ? null : (JSON.parse(page.cursor) as Comparable);
  const wanted = page.q?.toLowerCase();
  const found = wanted === undefined || texts === undefined ? all : all.filter((item) => has(texts(item), wanted));
  const first = sorts?.[page.sort];
  const direction = page.order === 'desc' ? -1 : 1;
  const compare = (a: Comparable, b: Comparable) => direction * compareKeys(a, b);
  const behind = found
    .map((item) => ({ item, key: comparable([...(first === undefined ? [] : [first(item)]), ...keyOf(item)]) }))
    .filter(({ key }) => last === null || compare(key, last) > 0)
    .sort((a, b) => compare(a.key, b.key));
  const { items, nextCursor } = pageOf(behind, page.limit, ({ key }) => JSON.stringify(key));
  return { items: items.map(({ item }) => item), nextCursor, total: found.length };
}

/** `wanted` is in small letters. */
function has(texts: readonly (string | null)[], wanted: string): boolean {
  return texts.some((text) => text?.toLowerCase().includes(wanted) === true);
}

type Comparable = readonly (string | number | null)[];

function comparable(key: ListKey): Comparable {
  return key.map((part) => {
    // The text of a moment does not sort: its fraction is left out where it is 0.
    if (part instanceof Temporal.Instant) return Number(part.epochNanoseconds / 1000n);
    return part instanceof Temporal.PlainDate ? part.toString() : part;
  });
}

function compareKeys(a: Comparable, b: Comparable): number {
  for (const [place, part] of a.entries()) {
    const other = b[place] ?? null;
    if (part === other) continue;
    if (part === null || other === null) return part === null ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return 0;
}
