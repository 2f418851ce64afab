import { CsvError, parse } from 'csv-parse';
import type { ReadRecords } from './csv-file.ts';
import type { TaskWork } from './workers/task.ts';

// A CSV file as records of cells, each with the line that it begins on.

/** Enough for the most rows that a file may have, each with all columns. */
const cellsMax = 200_000;

export const run: TaskWork<string, ReadRecords> = async (csv) => {
  const parser = parse({
    bom: true,
    trim: true,
    relax_column_count: true,
    info: true,
    skip_records_with_empty_values: true,
  });
  parser.end(csv);
  const records: ReadRecords['records'][number][] = [];
  let cells = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      cells += record.length;
      if (cells > cellsMax) return { records: [], problem: `the file has more than ${cellsMax} cells` };
      // The parser counts up to a record's last line; quoted cells may hold line breaks.
      records.push({ line: info.lines - record.join('').split('\n').length + 1, cells: record });
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { records: [], problem: error.message };
  }
  return { records, problem: null };
};
