import { type ReactNode, useState } from 'react';
import styles from './lists.module.css';

interface HeldProps<Row> {
  readonly items: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Which list it is: of another, all rows are shown as they come. */
  readonly list: string;
  /** What is shown is still of the list before. */
  readonly isBefore: boolean;
  readonly children: (items: readonly Row[]) => ReactNode;
}

/** A list that is read again and again: rows keep their places, and new ones wait until somebody wants to see them. */
export function Held<Row>({ items, keyOf, list, isBefore, children }: HeldProps<Row>) {
  const [held, setHeld] = useState<{ readonly list: string; readonly keys: readonly string[] } | null>(null);
  const keys = items.map(keyOf);
  if (!isBefore && held?.list !== list) setHeld({ list, keys });
  if (isBefore || held?.list !== list) return children(items);
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  const known = held.keys.flatMap((key) => byKey.get(key) ?? []);
  const waiting = keys.filter((key) => !held.keys.includes(key)).length;
  return (
    <>
      <p className={styles.waiting} role="status">
        {waiting === 0 ? null : (
          <button type="button" className={styles.chip} data-chosen="true" onClick={() => setHeld({ list, keys })}>
            {waiting} new: show
          </button>
        )}
      </p>
      {children(known)}
    </>
  );
}
