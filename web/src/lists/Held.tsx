import { type ReactNode, useState } from 'react';
import styles from './lists.module.css';

interface HeldProps<Row> {
  readonly items: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Which list it is: of another, all rows are shown as they come. */
  readonly list: string;
  /** What is shown is still of the list before. */
  readonly isBefore: boolean;
  /** There is a page behind this one: what was at the end may be on it now. */
  readonly hasNext: boolean;
  /** The rows, and the keys of those that have left the list. */
  readonly children: (items: readonly Row[], left: ReadonlySet<string>) => ReactNode;
}

const none: ReadonlySet<string> = new Set();

/**
 * A list that is read again and again: rows keep their places, those that have left it too, and new ones wait until
 * somebody wants to see them.
 */
export function Held<Row>({ items, keyOf, list, isBefore, hasNext, children }: HeldProps<Row>) {
  const [held, setHeld] = useState<{ readonly list: string; readonly rows: readonly Row[] } | null>(null);
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  const lastThere = held?.list === list ? held.rows.findLastIndex((row) => byKey.has(keyOf(row))) : -1;
  const take = () => setHeld({ list, rows: items });
  // Where none of them is there any more, nobody loses the place.
  const isNew = lastThere === -1 && !(held?.list === list && held.rows === items);
  if (!isBefore && isNew) take();
  if (isBefore || isNew || held === null) return children(items, none);
  const kept = held.rows.filter((row, at) => byKey.has(keyOf(row)) || at < lastThere || !hasNext);
  const keys = new Set(held.rows.map(keyOf));
  const waiting = items.filter((item) => !keys.has(keyOf(item))).length;
  const left = new Set(kept.map(keyOf).filter((key) => !byKey.has(key)));
  return (
    <>
      <p className={styles.waiting} role="status">
        {waiting === 0 ? null : (
          <button type="button" className={styles.chip} data-chosen="true" onClick={take}>
            {waiting} new: show
          </button>
        )}
      </p>
      {children(
        kept.map((row) => byKey.get(keyOf(row)) ?? row),
        left,
      )}
    </>
  );
}
