import { isDeepStrictEqual } from 'node:util';

// Details that hold over intervals of days, one after the other, and change field by field.

/** Details over an interval. `from` null: from the beginning; `to` null: without end. */
export interface DatedDetails<Details> {
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly details: Details;
}

/**
 * What a change from an instant on writes, oldest first, without overlaps. Each field holds until the next dated change
 * of the same field: what was decided for a later day stays, and what that day took over from the day before takes over
 * the new value.
 * @param history what is believed, oldest first, without gaps after its beginning
 * @param from null: from the beginning
 * @param plain what holds before the history begins
 * @returns empty: nothing changes
 */
export function changeFrom<Details extends object>(
  history: readonly DatedDetails<Details>[],
  from: Temporal.Instant | null,
  changes: Partial<Details>,
  plain: Details,
): DatedDetails<Details>[] {
  const begins = (row: DatedDetails<Details>) =>
    row.from === null || (from !== null && Temporal.Instant.compare(row.from, from) <= 0);
  const later = history.filter((row) => !begins(row));
  const before = history.findLast(begins);
  let old = before?.details ?? plain;
  let left = changes;
  const changed = { from, to: later[0]?.from ?? null, details: { ...old, ...changes } };
  // A first change to nothing is a change: it says that it is so.
  const written = before !== undefined && isDeepStrictEqual(changed.details, old) ? [] : [changed];
  for (const row of later) {
    const taken = Object.entries(left).filter(([name]) =>
      isDeepStrictEqual(row.details[name as keyof Details], old[name as keyof Details]),
    );
    left = Object.fromEntries(taken) as Partial<Details>;
    const details = { ...row.details, ...left };
    if (!isDeepStrictEqual(details, row.details)) written.push({ ...row, details });
    old = row.details;
  }
  return written;
}
