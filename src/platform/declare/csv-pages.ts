import type { z } from 'zod';
import { csvLine } from '../csv.ts';
import { ArcadiaError } from '../errors.ts';
import type { List } from './answer.ts';

// A list as CSV, page after page. The API sends it and a command writes it: the same bytes.

interface CsvPage {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
}

interface CsvRows {
  /** Rows, without the header line. */
  readonly max: number;
  /** It ends after so many; else a list with more is refused, so that nobody takes it for whole. */
  readonly isCutAllowed: boolean;
  /** Rows that are read at a time. */
  readonly pageSize: number;
}

/** The columns of a list's CSV, in this order. */
export function csvColumnsOf(list: List): readonly string[] {
  return Object.keys((list.row as z.ZodObject).shape);
}

/** A page at a time, as the reader takes them. Errors: range_too_large. */
export async function* csvOfPages(
  columns: readonly string[],
  first: CsvPage,
  { max, isCutAllowed, pageSize }: CsvRows,
  read: (limit: number, cursor: string) => Promise<CsvPage>,
): AsyncGenerator<string> {
  yield csvLine(columns);
  let left = max;
  for (let page = first; ; ) {
    const lines = page.items.slice(0, left).map((item) => csvLine(columns.map((column) => (item as never)[column])));
    yield lines.join('');
    left -= lines.length;
    if (page.nextCursor === null) return;
    if (left <= 0) {
      if (isCutAllowed) return;
      throw new ArcadiaError('range_too_large', `The list has more than ${max} rows.`);
    }
    page = await read(Math.min(left, pageSize), page.nextCursor);
  }
}
