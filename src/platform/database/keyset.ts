import { type RawBuilder, sql } from 'kysely';

// Pages of rows in an order that is asked for: sorted by one value, and by what is unique among those that have the same.
// A page begins behind the two values that the page before ended with, so that what is added or removed meanwhile moves
// no other row.

/** What rows can be sorted by: never null, and what its text is read as. */
export interface SortKey {
  readonly of: RawBuilder<unknown>;
  readonly type: 'text' | 'bigint' | 'numeric' | 'date' | 'timestamptz';
}

/** Of a row that was selected with `columns`: where it stands in its order. */
export interface Sorted {
  readonly sortKey: string;
  readonly sortTie: string;
}

interface KeysetRequest {
  readonly order: 'asc' | 'desc';
  /** What `cursorOf` said of the last row; null: from the beginning. */
  readonly cursor: string | null;
}

/** `tie`: unique among the rows. What is written as an index is serves as one. */
export function keyset(key: SortKey, tie: SortKey, { order, cursor }: KeysetRequest) {
  const direction = order === 'asc' ? sql`ASC` : sql`DESC`;
  const typed = (value: string, { type }: SortKey) => sql`${value}::text::${sql.raw(type)}`;
  const [afterKey, afterTie] = cursor === null ? [] : (JSON.parse(cursor) as [string, string]);
  const beyond =
    afterKey === undefined || afterTie === undefined
      ? sql<boolean>`true`
      : sql<boolean>`(${key.of}, ${tie.of}) ${order === 'asc' ? sql`>` : sql`<`} (${typed(afterKey, key)}, ${typed(afterTie, tie)})`;
  return {
    /** Two columns of each row: the list of columns ends with them. */
    columns: sql`(${key.of})::text AS "sortKey", (${tie.of})::text AS "sortTie"`,
    beyond,
    by: sql`${key.of} ${direction}, ${tie.of} ${direction}`,
  };
}

export function cursorOf({ sortKey, sortTie }: Sorted): string {
  return JSON.stringify([sortKey, sortTie]);
}

/** Whether one of these texts holds another, without case; null: nothing is looked for. */
export function holds(q: string | null, ...texts: readonly RawBuilder<unknown>[]): RawBuilder<boolean> {
  if (q === null) return sql<boolean>`true`;
  return sql<boolean>`(${sql.join(
    texts.map((text) => sql`position(lower(${q}) IN lower(${text})) > 0`),
    sql` OR `,
  )})`;
}
