import { z } from 'zod';
import type { Database, Queryable } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { csvLine, withoutGuard } from '../platform/csv.ts';
import { type CsvProblem, csvProblemText, type ReadRecords } from '../platform/csv-file.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { setBilling } from './billing.ts';
import { billingFields } from './billing-fields.ts';
import * as store from './entities.store.ts';
import { plainBuyer } from './party.ts';

// Billing details of all customers as one CSV: what is exported and imported again changes nothing.

const names = Object.keys(billingFields) as (keyof typeof billingFields)[];

/** `termsDays` is `terms_days`. */
function columnOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const customerColumn = 'customer_external_id';
/** For whoever reads the file: it says nothing. */
const nameColumn = 'customer_name';
const columns = new Map(names.map((name) => [columnOf(name), name]));
const schema = z.strictObject(billingFields);

/** Customers that are read at a time. */
const pageSize = 500;
/** As many as end well within the time of a request. */
const rowsMax = 2_000;
const problemsMax = 1_000;

/** How every customer is billed on a day, one a line, by their ids. Cells of several lines hold line breaks. */
export async function* exportBilling(db: Queryable, day: Temporal.PlainDate): AsyncGenerator<string> {
  yield csvLine([customerColumn, nameColumn, ...columns.keys()]);
  for (let after = ''; ; ) {
    const page = await store.selectBillingOn(db, day, after, pageSize);
    for (const { customer, customerName, party, ...row } of page) {
      const all: Readonly<Record<string, unknown>> = { ...row, ...plainBuyer, ...party };
      const cells = names.map((name) => {
        const value = all[name];
        return Array.isArray(value) ? value.join('\n') : value;
      });
      yield csvLine([customer, customerName, ...cells]);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last.customer;
  }
}

interface ImportedBilling {
  readonly written: boolean;
  readonly changed: readonly string[];
  readonly unchanged: number;
  readonly problems: readonly CsvProblem[];
}

/**
 * Imports billing details, all or nothing, each by the function that changes one customer's. A column that is left out
 * keeps what is there, an empty cell takes it away. A dry run is the same, rolled back.
 * @param from the day from which on it holds; null: as `setBilling` takes it
 * @throws ArcadiaError invalid_argument where a row has a problem and it is no dry run
 */
export async function importBilling(
  db: Database,
  { records, problem }: ReadRecords,
  {
    from,
    dryRun,
    by,
    now,
  }: {
    readonly from: Temporal.PlainDate | null;
    readonly dryRun: boolean;
    readonly by: string;
    readonly now: Temporal.Instant;
  },
): Promise<ImportedBilling> {
  const [header, ...rows] = records;
  const problems = problem === null ? headerProblems(header, rows.length) : [whole(problem)];
  const changed: string[] = [];
  let unchanged = 0;
  const result = () => ({ written: !dryRun && problems.length === 0, changed, unchanged, problems });
  try {
    return await db.transaction().execute(async (trx) => {
      const nested = nestedDatabase(trx);
      for (const { line, cells } of problems.length > 0 ? [] : rows) {
        const read = readRow(header?.cells ?? [], cells);
        if ('column' in read) {
          problems.push({ line, ...read });
          continue;
        }
        try {
          const done = await setBilling(nested, read.customer, read.changes, from, by, now);
          if (done.changed) changed.push(read.customer);
          else unchanged += 1;
        } catch (error) {
          if (!(error instanceof ArcadiaError) || !['not_found', 'invalid_argument'].includes(error.code)) throw error;
          problems.push({ line, column: null, reason: error.message });
        }
      }
      if (problems.length === 0 && !dryRun) return result();
      throw new RolledBack();
    });
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
  problems.splice(problemsMax);
  if (dryRun) return result();
  throw new ArcadiaError('invalid_argument', csvProblemText(problems), { details: { problems } });
}

/** Takes the transaction back. */
class RolledBack extends Error {}

function whole(reason: string): CsvProblem {
  return { line: 1, column: null, reason };
}

function headerProblems(header: ReadRecords['records'][number] | undefined, rows: number): CsvProblem[] {
  if (header === undefined) return [whole('the file is empty')];
  if (rows > rowsMax) return [whole(`the file has ${rows} customers; ${rowsMax} are read at most`)];
  const unknown = header.cells.filter((name) => ![customerColumn, nameColumn].includes(name) && !columns.has(name));
  const twice = header.cells.filter((name, index) => header.cells.indexOf(name) < index);
  return [
    ...unknown.map((column) => ({ line: 1, column, reason: 'is no column of billing details' })),
    ...twice.map((column) => ({ line: 1, column, reason: 'is there twice' })),
    ...(header.cells.includes(customerColumn) ? [] : [{ line: 1, column: customerColumn, reason: 'is missing' }]),
  ];
}

type Changes = z.output<typeof schema>;

function readRow(
  header: readonly string[],
  cells: readonly string[],
): { customer: string; changes: Changes } | { column: string | null; reason: string } {
  const given: Record<string, unknown> = {};
  let customer = '';
  for (const [index, column] of header.entries()) {
    const cell = withoutGuard(cells[index] ?? '');
    const name = columns.get(column);
    if (column === customerColumn) customer = cell;
    else if (name !== undefined) given[name] = valueOf(name, cell);
  }
  if (customer === '') return { column: customerColumn, reason: 'is missing' };
  const read = schema.safeParse(given);
  if (read.success) return { customer, changes: read.data };
  const [issue] = read.error.issues;
  return { column: columnOf(String(issue?.path[0] ?? '')), reason: issue?.message ?? 'is not valid' };
}

function valueOf(name: string, cell: string): unknown {
  if (name === 'address' || name === 'taxIds') return cell === '' ? [] : cell.split(/\r?\n/).map((line) => line.trim());
  if (name === 'taxCategory') return cell === '' ? 'standard' : cell;
  if (name === 'taxTreatment') return cell === '' ? 'taxed' : cell;
  if (cell === '') return null;
  return name === 'termsDays' && /^\d{1,3}$/.test(cell) ? Number(cell) : cell;
}
