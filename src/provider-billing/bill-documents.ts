import { createHash } from 'node:crypto';
import type { Config } from '../platform/config.ts';
import type { Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import {
  type BillFile,
  type BillForm,
  insertBillFile,
  selectBillFile,
  selectImportedFile,
} from './bill-documents.store.ts';
import { selectCostLines } from './focus/cost.store.ts';
import { isSameAmount } from './known-bills.ts';
import { askBilling, getPayer } from './payers.ts';
import { selectReconciliations } from './reconciliation/shown.store.ts';
import { getBill, type ShownBill } from './shown-bills.ts';

interface Asking {
  readonly db: Database;
  readonly config: Config;
  readonly now: Temporal.Instant;
  readonly signal: AbortSignal | undefined;
}

/**
 * The provider's own document of a bill's version, as received: kept, once somebody has asked for it. Of a version that
 * was imported the CSV is the file that it came from.
 *
 * Errors: not_found, also where the provider has none; conflict: it has not been kept, and the provider shows another
 * version by now; those of BillingSource.
 */
export async function readBillDocument(
  asking: Asking,
  billId: number,
  form: BillForm,
  version: number | null,
): Promise<BillFile> {
  const found = await getBill(asking.db, billId, version);
  const { shown } = found;
  if (shown === null) throw new ArcadiaError('not_found', `No version of bill ${billId} has been read whole yet.`);
  const kept = await selectBillFile(asking.db, shown.versionId, form);
  if (kept !== null) return kept;
  const file = await receive(asking, found, form);
  await insertBillFile(asking.db, shown.versionId, form, file, asking.now);
  return file;
}

async function receive({ db, config, signal }: Asking, { bill, shown }: ShownBill, form: BillForm): Promise<BillFile> {
  if (shown === null) throw new RangeError('a bill without a version');
  if (shown.source === 'csv') {
    const body = form === 'csv' ? await selectImportedFile(db, shown.versionId) : null;
    if (body === null)
      throw new ArcadiaError('not_found', `Bill ${bill.bill} was imported from a CSV file: there is no PDF of it.`);
    return fileOf(Buffer.from(body, 'utf8'));
  }
  if (shown.supersededAt !== null)
    throw new ArcadiaError(
      'conflict',
      `The ${form.toUpperCase()} of version ${shown.version} was not kept while it was current.`,
    );
  const bytes = await askBilling({ db, config, signal }, await getPayer(db, bill.payer), async (source) => {
    const { bills, preview } = await source.bills(signal);
    const listed = [...bills, ...(preview === null ? [] : [preview])].find(
      (each) => each.externalId === shown.externalId,
    );
    if (listed !== undefined && !isSameAmount(listed.amount, shown.amount))
      throw new ArcadiaError('conflict', `The provider shows another version of bill ${bill.bill} by now.`, {
        next: { operation: 'bill sync' },
      });
    return source.billFile(shown.externalId, form, signal);
  });
  if (bytes === null) throw notFound(`${form.toUpperCase()} at the provider of bill`, String(bill.bill));
  return fileOf(bytes);
}

function fileOf(bytes: Uint8Array): BillFile {
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}

const linesPerPage = 1_000;

/**
 * A bill with everything that is known of it: its header, versions, bridge and lines with who bears them, in pieces.
 * `head`: what comes before the lines. Errors: not_found, also where it has not been reconciled.
 */
export async function* wholeBill(db: Database, billId: number, head: object): AsyncGenerator<string> {
  const [counts] = await selectReconciliations(db, billId);
  yield `${JSON.stringify(head).slice(0, -1)},"lines":[`;
  for (let after = 0; counts !== undefined; ) {
    const lines = await selectCostLines(db, counts, { after, limit: linesPerPage });
    const last = lines.at(-1);
    if (last === undefined) break;
    yield `${after === 0 ? '' : ','}${lines.map((line) => JSON.stringify(line)).join(',')}`;
    after = last.position;
  }
  yield ']}\n';
}
