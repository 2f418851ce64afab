import type { Shape } from './shapes.ts';

/** What is wrong with the rows of a statement; null: nothing. Of many rows the first thousand are looked at. */
export function wrongIn(shape: Shape, rows: readonly Readonly<Record<string, unknown>>[]): string | null {
  for (const row of rows.slice(0, 1_000)) {
    for (const column of Object.keys(row)) if (!(column in shape)) return `the column ${column} is not in the row type`;
    for (const [column, allowed] of Object.entries(shape)) {
      if (!(column in row)) {
        if (!allowed.includes('undefined')) return `the column ${column} of the row type is not there`;
        continue;
      }
      const found = nameOf(row[column]);
      if (!allowed.includes('any') && !allowed.includes(found))
        return `${column} is ${found} where the row type says ${allowed.join(' | ')}`;
    }
  }
  return null;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Temporal.Instant) return 'Instant';
  if (value instanceof Temporal.PlainDate) return 'PlainDate';
  if (value instanceof Uint8Array) return 'Uint8Array';
  return typeof value;
}
