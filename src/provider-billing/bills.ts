import type { BillHeader, BillList } from '../cloud/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import { storableLines } from './bill-line.ts';
import {
  type BillReading,
  deleteReading,
  deleteSameDay,
  insertPage,
  insertReading,
  type KnownBill,
  lockBill,
  sealReading,
  selectFingerprint,
  selectKnownBills,
  selectNewestVersion,
  selectReading,
} from './bills.store.ts';
import { writeEntries } from './history.store.ts';
import { isSameAmount, noteListed, notePreview } from './known-bills.ts';
import type { BillingReading } from './payers.ts';

/** The provider's own maximum. */
const perPageMost = 200;
/** So often a bill is read from its beginning because it changed meanwhile; then the next run goes on. */
const attemptsMax = 3;

export interface ReadBillsOptions {
  /** Months before an account was connected whose bills are read. */
  readonly monthsBefore: number;
  /** Bills that are known and whose header is unchanged, too: what changed beneath the same header is found by this alone. */
  readonly again: boolean;
  /** Items of a page; the provider's maximum unless given. */
  readonly perPage?: number;
  readonly by: string;
}

/**
 * Reads the billing history, and those bills of a payer that are new or whose header differs from what was read: final
 * ones, the newest first, and the running month's preview. Each page is stored as it was received, in a transaction of
 * its own, so that a reading that was cut off goes on behind the last page.
 *
 * Errors: those of BillingSource; provider_failed for bills that changed again and again while they were read: the others
 * were read all the same.
 */
export async function readBills(reading: BillingReading, options: ReadBillsOptions): Promise<void> {
  const { db, payer, source, signal, now } = reading;
  const entries = toStorableJson(
    (await source.history(signal)).map((entry) => ({ ...entry, at: entry.at.toString() })),
  );
  const list = await source.bills(signal);
  const seenAt = await now();
  const since = firstMonth(reading.connectedAt, options.monthsBefore);
  const noted = await db.transaction().execute(async (trx) => {
    await writeEntries(trx, payer.payerId, entries, seenAt);
    const finals = await noteListed(trx, payer.payerId, list.bills, since, seenAt);
    const { preview } = list;
    const previews =
      preview === null ? [] : [{ header: preview, billId: await notePreview(trx, payer.payerId, preview) }];
    return [...previews, ...finals.toSorted((a, b) => Temporal.PlainDate.compare(b.header.period, a.header.period))];
  });
  const known = new Map((await selectKnownBills(db, payer.payerId)).map((bill) => [bill.billId, bill]));
  const unsteady: string[] = [];
  for (const { header, billId } of noted) {
    signal.throwIfAborted();
    if (!options.again && isRead(known.get(billId), header)) continue;
    if (!(await readBill(reading, billId, header, options))) unsteady.push(describeHeader(header));
  }
  if (unsteady.length === 0) return;
  throw new ArcadiaError(
    'provider_failed',
    `The provider changed ${unsteady.join(', ')} ${attemptsMax} times while it was read; the next reading tries again.`,
  );
}

/** The first day of the first month whose bill is read. */
export function firstMonth(connectedAt: Temporal.Instant, monthsBefore: number): Temporal.PlainDate {
  const day = connectedAt.toZonedDateTimeISO('UTC').toPlainDate();
  return day.with({ day: 1 }).subtract({ months: monthsBefore });
}

function describeHeader({ externalId, number, period }: BillHeader): string {
  const month = period.toString().slice(0, 7);
  return externalId === 'preview' ? `the preview of ${month}` : `invoice ${number ?? externalId} of ${month}`;
}

/** Whether a bill was read from the API under this header. */
function isRead(known: KnownBill | undefined, header: BillHeader): boolean {
  if (known?.source !== 'api' || known.amount === null) return false;
  return isSameHeader({ ...header, externalId: known.externalId }, { ...known, amount: known.amount });
}

type HeaderFields = Pick<BillHeader, 'externalId' | 'number' | 'amount' | 'updatedAt'>;

function isSameHeader(a: HeaderFields, b: HeaderFields): boolean {
  const at = ({ updatedAt }: HeaderFields) => updatedAt?.toString() ?? null;
  return a.externalId === b.externalId && a.number === b.number && isSameAmount(a.amount, b.amount) && at(a) === at(b);
}

/** Reads one bill and seals it. false: it changed under the reader each time. */
async function readBill(
  reading: BillingReading,
  billId: number,
  listed: BillHeader,
  options: ReadBillsOptions,
): Promise<boolean> {
  const { db, source, signal } = reading;
  let header: BillHeader | null = listed;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const begun = await beginReading(reading, billId, header, options);
    const read = await readPages(reading, begun, header);
    const summary = read === 'whole' ? await source.billSummary(header.externalId, signal) : null;
    const shown = findHeader(await source.bills(signal), header);
    if (read === 'whole' && shown !== null && isSameHeader(shown, header)) {
      await seal(db, begun, { header, summary, now: await reading.now() });
      return true;
    }
    await deleteReading(db, begun.versionId);
    // Gone from the list: the next reading finds what took its place.
    if (shown === null || !shown.period.equals(header.period)) return true;
    header = shown;
  }
  return false;
}

function findHeader({ bills, preview }: BillList, { externalId }: BillHeader): BillHeader | null {
  if (externalId === 'preview') return preview;
  return bills.find((bill) => bill.externalId === externalId) ?? null;
}

/** Goes on with the reading that is under way, if it is of this header; else begins one. */
async function beginReading(
  { db, now }: BillingReading,
  billId: number,
  header: BillHeader,
  { perPage = perPageMost, by }: ReadBillsOptions,
): Promise<BillReading> {
  const { externalId, number, amount, updatedAt } = header;
  for (;;) {
    const under = await selectReading(db, billId);
    if (under !== null && isSameHeader(under, header)) return under;
    if (under !== null) await deleteReading(db, under.versionId);
    const begun = { billId, source: 'api', externalId, number, amount, updatedAt, perPage, by } as const;
    const made = await insertReading(db, begun, await now());
    if (made !== null) return made;
  }
}

/** Reads what is left of a bill's pages. `changed`: the provider counts otherwise than before, or has no such bill any more. */
async function readPages(
  { db, payer, source, signal, report }: BillingReading,
  begun: BillReading,
  header: BillHeader,
): Promise<'whole' | 'changed'> {
  const { versionId, perPage } = begun;
  let state: BillReading | null = begun;
  while (state !== null && !state.isWhole) {
    const page: number = state.pages + 1;
    const answer = await source.billPage(header.externalId, { page, perPage }, signal);
    if (answer === null || (page > 1 && answer.total !== state.total)) return 'changed';
    const { body, items, total, isLast } = answer;
    const stored = { page, body, lines: storableLines(items), count: items.length, total, isLast };
    // Whoever else reads the same bill may have stored the page: what counts is what is there.
    const after = (await insertPage(db, versionId, stored)) ?? (await selectReading(db, begun.billId));
    state = after?.versionId === versionId ? after : null;
    if (state !== null) report(`${payer.slug}: ${describeHeader(header)}: ${state.lines} of ${total ?? '?'} lines`);
  }
  return state !== null && (state.total === null || state.total === state.lines) ? 'whole' : 'changed';
}

interface Sealing {
  readonly header: Pick<BillHeader, 'externalId' | 'number' | 'amount' | 'updatedAt'>;
  readonly summary: string | null;
  readonly now: Temporal.Instant;
}

/** A reading that is whole becomes the next version, unless the current one says the same. */
async function seal(db: Database, begun: BillReading, sealing: Sealing): Promise<void> {
  await db.transaction().execute((trx) => sealWithin(trx, begun, sealing));
}

/** As `seal`, as part of a transaction. The number of the version that says so now. */
export async function sealWithin(
  trx: UnitOfWork,
  { versionId, billId }: Pick<BillReading, 'versionId' | 'billId'>,
  { header, summary, now }: Sealing,
): Promise<{ readonly version: number; readonly isNew: boolean }> {
  const current = await lockBill(trx, billId);
  const { externalId, number, amount, updatedAt } = header;
  const said = JSON.stringify([externalId, number, amount, updatedAt?.toString() ?? null]);
  const fingerprint = await selectFingerprint(trx, versionId, said);
  if (current !== null && current.digest === fingerprint.digest) {
    await deleteReading(trx, versionId);
    return { version: current.version, isNew: false };
  }
  const version = (await selectNewestVersion(trx, billId)) + 1;
  const storable = summary?.replaceAll('\0', '') ?? null;
  if (!(await sealReading(trx, { versionId, billId }, { ...fingerprint, version, summary: storable }, now)))
    throw new ArcadiaError('conflict', 'Somebody else gave up the reading of this bill meanwhile.');
  if (externalId === 'preview') await deleteSameDay(trx, versionId);
  return { version, isNew: true };
}
