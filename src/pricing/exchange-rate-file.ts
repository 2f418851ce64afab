import { z } from 'zod';
import { withoutGuard } from '../platform/csv.ts';
import { type CsvProblem, csvProblemText, type ReadRecords } from '../platform/csv-file.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { rolledBack } from '../platform/database/rolled-back.ts';
import { currency, day, decimalInput, line } from '../platform/declare/schemas.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { DatedRate } from './exchange-rate.ts';
import { plain, problemOf } from './exchange-rates.ts';
import * as store from './exchange-rates.store.ts';

// Exchange rates from a CSV file: as the list writes it, what is imported again changes nothing.

const row = z.object({ base: currency, counter: currency, day, rate: decimalInput, source: line });
const needed = Object.keys(row.shape) as (keyof typeof row.shape)[];
/** In the list's CSV too: they say nothing here. */
const ignored: readonly string[] = ['recordedAt', 'recordedBy'];

const rowsMax = 20_000;
const problemsMax = 1_000;

interface ImportedRates {
  readonly written: boolean;
  readonly changed: number;
  readonly unchanged: number;
  readonly problems: readonly CsvProblem[];
}

/**
 * Imports rates, all or nothing. Those that the file does not have stay. A dry run is the same, rolled back.
 * @throws ArcadiaError invalid_argument where a row has a problem and it is no dry run
 */
export async function importExchangeRates(
  db: Database,
  file: ReadRecords,
  { dryRun, by, now }: { readonly dryRun: boolean; readonly by: string; readonly now: Temporal.Instant },
): Promise<ImportedRates> {
  const { rates, problems } = readRates(file);
  if (problems.length > 0) {
    if (dryRun) return { written: false, changed: 0, unchanged: 0, problems: problems.slice(0, problemsMax) };
    const shown = problems.slice(0, problemsMax);
    throw new ArcadiaError('invalid_argument', csvProblemText(shown), { details: { problems: shown } });
  }
  const write = (trx: UnitOfWork) => store.rewriteExchangeRates(trx, rates, by, now);
  const changed = await (dryRun ? rolledBack(db, write) : db.transaction().execute(write));
  return { written: !dryRun, changed, unchanged: rates.length - changed, problems: [] };
}

function readRates({ records, problem }: ReadRecords): {
  readonly rates: readonly DatedRate[];
  readonly problems: readonly CsvProblem[];
} {
  const [header, ...rows] = records;
  const names = header?.cells ?? [];
  const wrong = problem === null ? headerProblems(names, rows.length) : [problem];
  if (wrong.length > 0) {
    return { rates: [], problems: wrong.map((reason) => ({ line: 1, column: null, reason })) };
  }
  const problems: CsvProblem[] = [];
  const lines = new Map<string, number>();
  const rates: DatedRate[] = [];
  for (const { line: at, cells } of rows) {
    const read = row.safeParse(
      Object.fromEntries(names.map((name, index) => [name, withoutGuard(cells[index] ?? '')])),
    );
    if (!read.success) {
      const [issue] = read.error.issues;
      problems.push({ line: at, column: String(issue?.path[0]), reason: issue?.message ?? 'is not valid' });
      continue;
    }
    const { base, counter, day: of } = read.data;
    const key = `${base} ${counter} ${of}`;
    const before = lines.get(key);
    const reason = before === undefined ? problemOf(read.data) : `is there already, on line ${before}`;
    if (reason !== null) problems.push({ line: at, column: null, reason });
    lines.set(key, at);
    rates.push(plain(read.data));
  }
  return { rates, problems };
}

function headerProblems(names: readonly string[], rows: number): string[] {
  if (names.length === 0) return ['the file is empty'];
  if (rows > rowsMax) return [`the file has ${rows} rates; ${rowsMax} are read at most`];
  return [
    ...needed.filter((name) => !names.includes(name)).map((name) => `the column ${name} is missing`),
    ...names
      .filter((name) => !ignored.includes(name) && !needed.some((one) => one === name))
      .map((name) => `${name} is no column of exchange rates`),
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `the column ${name} is there twice`),
  ];
}
