import { csvLine } from '../../platform/csv.ts';
import type { Column, FocusValue } from './columns.ts';
import type { DatasetRow } from './datasets.ts';
import { remember } from './remember.ts';

// RFC 4180 in UTF-8, as FOCUS wants values: nothing is an empty field, decimals are exact and
// without exponent, moments are `2026-05-01T00:00:00Z`, JSON is on one line. A name that a spreadsheet
// would run is disarmed as in every CSV; in Parquet, which no spreadsheet runs, it is as it is.

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
  return csvLine(values.map((value) => (value instanceof Temporal.Instant ? momentOf(value) : value)));
}

/** The charges of a document share theirs. */
const momentOf = remember(1_000, (moment: Temporal.Instant) => moment.toString());
