import { describeProblem } from '../deployments/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { runTask } from '../platform/workers/pool.ts';
import { declareTask } from '../platform/workers/task.ts';
import type { BillFile } from './bill-file.ts';
import { sealWithin } from './bills.ts';
import {
  insertBill,
  insertPage,
  insertReading,
  type KnownBill,
  lockBill,
  lockBills,
  selectFileFingerprint,
  selectKnownBills,
} from './bills.store.ts';
import { ensurePayers, getPayer } from './payers.ts';

/** As many bytes as one file may have: some 200,000 lines. */
export const billFileBytesMax = 33_554_432;

const readFile = declareTask<string, BillFile>({
  name: 'read_bill',
  file: new URL('./bill-file.task.ts', import.meta.url),
  inputBytesMax: billFileBytesMax,
  msMax: 60_000,
});

/**
 * Reads an invoice's CSV file (`parseBillFile`), in a process of the pool.
 *
 * Errors: too_costly, overloaded; invalid_argument where lines have problems: each by line, column and reason, also in
 * `details.problems`, the first thousand.
 */
export async function readBillFile(csv: string, signal?: AbortSignal): Promise<BillFile> {
  const file = await runTask(readFile, csv, { what: 'The CSV file', signal });
  const { problems } = file;
  if (problems.length === 0) return file;
  const found = `${problems.length} error${problems.length === 1 ? '' : 's'}`;
  throw new ArcadiaError(
    'invalid_argument',
    `${found}. Nothing imported:\n${problems.map(describeProblem).join('\n')}`,
    { details: { problems } },
  );
}

interface ImportBill {
  readonly payer: string;
  /** As it came. */
  readonly csv: string;
  readonly file: BillFile;
  /** The first day of the bill's month; null: the one in which most lines begin. */
  readonly month: Temporal.PlainDate | null;
  /** What stands on the invoice, where somebody says so; the file has neither. */
  readonly number: string | null;
  readonly amount: string | null;
}

interface ImportedBill {
  readonly billId: number;
  readonly month: Temporal.PlainDate;
  readonly version: number;
  /** false: the bill says the same already; nothing was written. */
  readonly imported: boolean;
  readonly lines: number;
}

/**
 * Keeps an invoice's CSV file as a bill, or as the next version of the one that another file of the same month and
 * number made. The same lines again change nothing, whether they came from a file or from the provider.
 *
 * Errors: not_found; invalid_argument where no month can be told; conflict where the provider's own bill of the month has
 * other lines.
 */
export async function importBill(
  db: Database,
  asked: ImportBill,
  by: string,
  now: Temporal.Instant,
): Promise<ImportedBill> {
  return db.transaction().execute(async (trx) => {
    await ensurePayers(trx, by, now);
    const { payerId } = await getPayer(trx, asked.payer);
    await lockBills(trx, payerId);
    const month = asked.month ?? monthOf(asked.file);
    const known = (await selectKnownBills(trx, payerId)).filter(
      ({ kind, period }) => kind === 'final' && period.equals(month),
    );
    return writeFile(trx, { ...asked, payerId, month, known }, by, now);
  });
}

interface WriteFile extends ImportBill {
  readonly payerId: number;
  readonly month: Temporal.PlainDate;
  /** The payer's final bills of the month. */
  readonly known: readonly KnownBill[];
}

async function writeFile(trx: UnitOfWork, asked: WriteFile, by: string, now: Temporal.Instant): Promise<ImportedBill> {
  const { payerId, month, known, number, csv, file } = asked;
  const { contentDigest, linesAmount } = await selectFileFingerprint(trx, file.lines);
  const same = known.find((bill) => bill.contentDigest === contentDigest);
  const counted = { month, lines: file.count };
  if (same !== undefined) {
    const current = await lockBill(trx, same.billId);
    return { ...counted, billId: same.billId, version: current?.version ?? 0, imported: false };
  }
  const read = known.find((bill) => bill.source !== 'csv');
  if (read !== undefined) {
    throw new ArcadiaError(
      'conflict',
      `The bill of ${month.toString().slice(0, 7)} comes from the provider already, and its lines are not those of the file. Nothing was imported.`,
      { next: { operation: 'bill show', arguments: { bill: read.billId } } },
    );
  }
  const externalId = `csv:${month.toString().slice(0, 7)}:${number ?? ''}`;
  const own = known.find((bill) => bill.externalId === externalId);
  const billId = own?.billId ?? (await insertBill(trx, { payerId, kind: 'final', externalId, period: month }));
  const header = { externalId, number, amount: asked.amount ?? linesAmount, updatedAt: null };
  const made = await insertReading(trx, { ...header, billId, source: 'csv', perPage: file.count, by }, now);
  if (made === null) throw new ArcadiaError('conflict', 'Somebody else imports the same bill just now.');
  const page = { page: 1, body: csv, lines: file.lines, count: file.count, total: file.count, isLast: true };
  await insertPage(trx, made.versionId, page);
  const { version, isNew } = await sealWithin(trx, made, { header, summary: null, now });
  return { ...counted, billId, version, imported: isNew };
}

/** The month in which most lines begin. Errors: invalid_argument where several have as many. */
function monthOf({ months }: BillFile): Temporal.PlainDate {
  const [first, second] = Object.entries(months).sort(([, a], [, b]) => b - a);
  if (first !== undefined && first[1] !== second?.[1]) return Temporal.PlainDate.from(`${first[0]}-01`);
  throw new ArcadiaError(
    'invalid_argument',
    'The lines of the file do not say which month it is the bill of: give the month.',
  );
}
