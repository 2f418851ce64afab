import type { Column, FocusValue } from './columns.ts';
import type { DatasetRow } from './datasets.ts';
import { remember } from './remember.ts';

// RFC 4180 in UTF-8, as FOCUS wants values: nothing is an empty field, decimals are exact and
// without exponent, moments are `2026-05-01T00:00:00Z`, JSON is on one line. A value is never
// changed to disarm a spreadsheet: FOCUS wants names and ids as they are (see charge.ts).

/** The lines of a file, header first. */
export async function* csvLines(
  batches: AsyncIterable<readonly DatasetRow[]>,
  columns: readonly Column[],
): AsyncGenerator<string> {
  yield lineOf(columns.map(({ name }) => name));
  for await (const rows of batches) {
    if (rows.length > 0) yield rows.map((row) => lineOf(columns.map(({ name }) => row[name] ?? null))).join('');
  }
}

function lineOf(values: readonly FocusValue[]): string {
  return `${values.map(fieldOf).join(',')}\r\n`;
}

function fieldOf(value: FocusValue): string {
  if (value === null) return '';
  if (value instanceof Temporal.Instant) return momentOf(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The charges of a document share theirs. */
const momentOf = remember(1_000, (moment: Temporal.Instant) => moment.toString());
