import { runTask } from './workers/pool.ts';
import { declareTask } from './workers/task.ts';

// CSV files that people hand in, read in a process of the pool.

/** A file's records, each with the line that it begins on; what kept it from being read. */
export interface ReadRecords {
  readonly records: readonly { readonly line: number; readonly cells: readonly string[] }[];
  readonly problem: string | null;
}

/** Something wrong with a file, by its line; a null column: the whole row. */
export interface CsvProblem {
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

const readCsv = declareTask<string, ReadRecords>({
  name: 'read_csv',
  file: new URL('./csv-file.task.ts', import.meta.url),
  inputBytesMax: 4 * 1024 * 1024,
  msMax: 10_000,
});

/**
 * A file's records, the header first.
 * @throws ArcadiaError too_costly, overloaded
 */
export async function readCsvFile(csv: string, signal?: AbortSignal): Promise<ReadRecords> {
  return runTask(readCsv, csv, { what: 'The CSV file', signal });
}

/** The problems of a file, one a line. */
export function csvProblemText(problems: readonly CsvProblem[]): string {
  const head = problems.length === 1 ? '1 error' : `${problems.length} errors`;
  const lines = problems.map(
    ({ line, column, reason }) => `line ${line}${column === null ? '' : `, ${column}`}: ${reason}`,
  );
  return `${head}. Nothing imported:\n${lines.join('\n')}`;
}
