import { z } from 'zod';
import { startOfDay } from '../metering/index.ts';
import { withoutGuard } from '../platform/csv.ts';
import { type CsvProblem, csvProblemText, type ReadRecords } from '../platform/csv-file.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { rolledBackWithin } from '../platform/database/rolled-back.ts';
import { day, instant } from '../platform/declare/schemas.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { paymentFields } from './payment-fields.ts';
import { paymentKinds, recordPayments, type SaidPayment } from './payments.ts';

// Payments from a CSV file, as the list of payments is written as CSV, or as somebody makes it of what a bank exports: one a
// line, all or nothing.

/** As many as are recorded well within the time of a request. */
export const paymentRowsMax = 10_000;
const problemsMax = 1_000;

const required = ['provider', 'payment', 'invoice', 'amount', 'currency', 'paidAt'];
const optional = ['invoiceId', 'kind', 'note'];
/** For whoever reads the list as CSV: they say nothing. */
const unread = ['paymentId', 'customer', 'customerName', 'recordedAt', 'recordedBy'];

const row = z
  .strictObject({
    provider: paymentFields.provider,
    payment: paymentFields.payment,
    kind: z.enum(paymentKinds).default('payment'),
    invoice: paymentFields.invoice,
    invoiceId: z
      .string()
      .regex(/^[1-9]\d{0,14}$/, { error: 'is no id of an invoice' })
      .transform(Number)
      .nullable()
      .default(null),
    amount: paymentFields.amount,
    currency: paymentFields.currency,
    paidAt: z.union([day.transform(startOfDay), instant], {
      error: 'is neither a UTC day nor a moment with an offset',
    }),
    note: paymentFields.note.nullable().default(null),
  })
  // What is given back stands below zero in the list.
  .transform((said) => (said.kind === 'payment' ? said : { ...said, amount: said.amount.replace(/^-/, '') }));

interface ImportedPayments {
  readonly written: boolean;
  readonly recorded: number;
  /** Recorded before, and the same. */
  readonly known: number;
  readonly problems: readonly CsvProblem[];
}

/**
 * Records all of a file, or nothing. A dry run is the same, rolled back.
 * @throws ArcadiaError where it is no dry run: invalid_argument (a row that cannot be read), conflict (payments that cannot be recorded)
 */
export async function importPayments(
  db: Database,
  file: ReadRecords,
  { dryRun, by, now }: { readonly dryRun: boolean; readonly by: string; readonly now: Temporal.Instant },
): Promise<ImportedPayments> {
  const { payments, lines, problems } = readRows(file);
  const work = async (trx: UnitOfWork): Promise<ImportedPayments> => {
    const done = problems.length > 0 ? [] : await recordPayments(trx, payments, { by, now });
    const refused = done.flatMap((one, place): CsvProblem[] =>
      one instanceof ArcadiaError ? [{ line: lines[place] ?? 0, column: null, reason: one.message }] : [],
    );
    const count = (status: 'recorded' | 'known') =>
      done.filter((one) => !(one instanceof ArcadiaError) && one.status === status).length;
    const all = [...problems, ...refused].slice(0, problemsMax);
    return {
      written: !dryRun && all.length === 0,
      recorded: count('recorded'),
      known: count('known'),
      problems: all,
    };
  };
  return db.transaction().execute(async (trx) => {
    if (dryRun) return rolledBackWithin(trx, work);
    const imported = await work(trx);
    if (imported.written) return imported;
    // What can be read is refused by what is there.
    throw new ArcadiaError(problems.length > 0 ? 'invalid_argument' : 'conflict', csvProblemText(imported.problems), {
      details: { problems: imported.problems },
    });
  });
}

interface ReadPayments {
  readonly payments: readonly SaidPayment[];
  /** Of each payment, the line that it is on. */
  readonly lines: readonly number[];
  readonly problems: readonly CsvProblem[];
}

function readRows({ records, problem }: ReadRecords): ReadPayments {
  const [header, ...rows] = records;
  const problems = problem === null ? headerProblems(header?.cells, rows.length) : [whole(problem)];
  if (problems.length > 0 || header === undefined) return { payments: [], lines: [], problems };
  const payments: SaidPayment[] = [];
  const lines: number[] = [];
  for (const { line, cells } of rows) {
    const given = header.cells.map((column, place): [string, string] => [
      column,
      withoutGuard(cells[place] ?? '').trim(),
    ]);
    // An empty cell is none.
    const read = row.safeParse(
      Object.fromEntries(given.filter(([name, cell]) => cell !== '' && !unread.includes(name))),
    );
    if (read.success) {
      payments.push(read.data);
      lines.push(line);
      continue;
    }
    const [issue] = read.error.issues;
    problems.push({ line, column: String(issue?.path[0] ?? ''), reason: issue?.message ?? 'is not valid' });
  }
  return { payments, lines, problems };
}

const whole = (reason: string): CsvProblem => ({ line: 1, column: null, reason });

function headerProblems(columns: readonly string[] | undefined, rows: number): CsvProblem[] {
  if (columns === undefined) return [whole('the file is empty')];
  if (rows > paymentRowsMax) return [whole(`the file has ${rows} payments; ${paymentRowsMax} are read at most`)];
  const known = [...required, ...optional, ...unread];
  const twice = columns.filter((name, place) => columns.indexOf(name) < place);
  return [
    ...columns.filter((name) => !known.includes(name)).map((column) => problemOf(column, 'is no column of payments')),
    ...twice.map((column) => problemOf(column, 'is there twice')),
    ...required.filter((name) => !columns.includes(name)).map((column) => problemOf(column, 'is missing')),
  ];
}

const problemOf = (column: string, reason: string): CsvProblem => ({ line: 1, column, reason });
