import { dayOf, startOfDay, monthStatus } from '../metering/index.ts';
import { readWatermark } from '../platform/changes.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, type NextOperation, notFound } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal, parseQuantity } from '../platform/quantity.ts';
import { customersWithoutBill } from '../pricing/index.ts';
import { writeMessages } from '../webhooks/index.ts';
import { canonicalJson, type Json, sha256 } from './canonical-json.ts';
import * as corrections from './corrections.store.ts';
import { lockMonth } from './drafts.store.ts';
import { buildDocument, missingFor } from './document.ts';
import { assertBegun, composeCustomer, draftCustomer } from './drafts.ts';
import {
  exchangeRateMissing,
  invoiceCancelled,
  invoiceFactsChanged,
  invoiceIncomplete,
  invoiceNotApproved,
  invoiceNotDraft,
  monthNotFinal,
  numberTaken,
} from './errors.ts';
import { isOfOne } from './failures.ts';
import * as store from './invoices.store.ts';
import { draftMonths } from './pending.ts';
import { withoutBill } from './month-invoices.ts';
import { accountVat, lackingRate, type VatAccounting } from './vat-accounting.ts';

// The steps of an invoice's life: draft -> approved -> issued (and cancelled: `cancel.ts`). Each
// locks the customer, so that of two who decide at once one waits and then sees what was decided, and
// then the month, which drafting locks before it locks drafts.

export interface ApproveOptions {
  readonly by: string;
  readonly now: Temporal.Instant;
  /** Why it is approved although its month is not final or its grace period not over. */
  readonly override?: string | undefined;
  /** What whoever approves has seen: refused where it is another total by now. */
  readonly expectedTotal?: string | undefined;
}

/**
 * Approves an invoice. It is first drafted from the facts once more, so that what is approved is
 * what is so; one that is approved already is approved afresh.
 * @throws ArcadiaError not_found; invoice_not_draft; invoice_facts_changed (nothing is due any more, another
 *   total than expected); month_not_final (or in its grace period, and no reason given)
 */
export async function approveInvoice(
  db: Database,
  invoiceId: number,
  options: ApproveOptions,
): Promise<{ total: string }> {
  const { by, now } = options;
  return inTransaction(db, invoiceId, async (trx, before) => {
    if (before.kind === 'credit_note' || before.state === 'issued' || before.state === 'cancelled')
      throw invoiceNotDraft(`Invoice ${before.number ?? invoiceId} is ${before.state}; only drafts are approved.`);
    await store.updateToDraft(trx, invoiceId);
    assertBegun(before.month, now);
    await draftCustomer(trx, before.customerId, before.month, now);
    const invoice = await store.lockInvoice(trx, invoiceId);
    if (!invoice) {
      throw invoiceFactsChanged(`Nothing is due for invoice ${invoiceId} any more: the facts have changed.`);
    }
    const total = assertTotal(invoice, options.expectedTotal);
    const blockers = await approvalBlockers(trx, invoice, now);
    const reason = options.override?.trim();
    if (blockers.length > 0 && !reason) {
      throw monthNotFinal(`Invoice ${invoiceId} cannot be approved yet: ${blockers.join(' ')}`, {
        details: { blockers },
        next: monthStatusOf(invoice.month),
      });
    }
    await store.updateApproved(trx, invoiceId, blockers.length > 0 ? (reason ?? null) : null, by, now);
    return { total };
  });
}

/** The total as it is printed. @throws ArcadiaError invoice_facts_changed where whoever decides has seen another */
function assertTotal(
  { invoiceId, total: exact, currency }: store.LockedInvoice,
  expectedTotal: string | undefined,
): string {
  const total = formatMoney(new Decimal(exact), currency);
  if (expectedTotal === undefined || parseQuantity(expectedTotal).eq(total)) return total;
  throw invoiceFactsChanged(`The total of invoice ${invoiceId} is ${total} ${currency} now, not ${expectedTotal}.`, {
    details: { total, expectedTotal },
    next: show(invoiceId),
  });
}

const approve = (invoice: number): NextOperation => ({ operation: 'invoice approve', arguments: { invoice } });
const show = (invoice: number): NextOperation => ({ operation: 'invoice show', arguments: { invoice } });

function monthStatusOf(month: Temporal.PlainDate): NextOperation {
  const days = { from: month.toString(), to: month.add({ months: 1 }).toString() };
  return { operation: 'usage status', arguments: days };
}

/** Why an invoice is not to be approved yet; none: it is. */
async function approvalBlockers(
  trx: UnitOfWork,
  invoice: store.LockedInvoice,
  now: Temporal.Instant,
): Promise<string[]> {
  const { graceDays } = await store.selectParties(trx, invoice.invoiceId);
  const graceEnd = startOfDay(invoice.month.add({ months: 1 }).add({ days: graceDays }));
  const inGrace = Temporal.Instant.compare(now, graceEnd) < 0;
  const { blockers, blockersTotal } = await monthStatus(trx, {
    month: invoice.month.toPlainYearMonth(),
    customer: invoice.customer,
    now,
  });
  const shown = blockers.slice(0, 3).map((blocker) => blocker.message);
  if (blockersTotal > shown.length) shown.push(`And ${blockersTotal - shown.length} more reasons.`);
  const unbilled = await customersWithoutBill(trx, invoice.month.toPlainYearMonth(), invoice.customer);
  if (unbilled.size > 0) shown.push(withoutBill);
  return [...(inGrace ? [`Its grace period, for late facts, ends at ${graceEnd}.`] : []), ...shown];
}

export interface IssueOptions {
  readonly by: string;
  readonly now: Temporal.Instant;
  /** The accounting system's number, where the legal entity's numbers come from there. */
  readonly number?: string | undefined;
  /** Issue it although names, addresses or tax ids are missing. */
  readonly incomplete?: boolean | undefined;
  /** What whoever issues has seen: refused where it was approved at another total since. */
  readonly expectedTotal?: string | undefined;
}

export interface Issued {
  readonly number: string;
  /** sha256 of the document's canonical JSON, in hexadecimal. */
  readonly digest: string;
  /** False: somebody had issued it before, and this is what they issued. */
  readonly issuedNow: boolean;
}

/**
 * Issues an approved invoice: numbers it, freezes it and hashes it. Issuing one that is issued
 * changes nothing and answers what was issued.
 * @throws ArcadiaError not_found; invoice_not_approved; invoice_cancelled; invoice_facts_changed;
 *   invoice_incomplete; exchange_rate_missing; number_taken; conflict (it corrects what is not issued yet); invalid_argument (a number is missing, or not wanted)
 */
export async function issueInvoice(db: Database, invoiceId: number, options: IssueOptions): Promise<Issued> {
  // Before any fact is read: what changes meanwhile shows as a change later.
  const changeId = await readWatermark(db);
  return inTransaction(db, invoiceId, async (trx, invoice) => {
    if (invoice.state === 'issued') {
      const { documentDigest } = await one(trx, invoiceId);
      return { number: invoice.number as string, digest: documentDigest as string, issuedNow: false };
    }
    if (invoice.state === 'cancelled') throw invoiceCancelled(`Invoice ${invoice.number ?? invoiceId} is cancelled.`);
    if (invoice.state === 'draft')
      throw invoiceNotApproved(`Invoice ${invoiceId} is a draft.`, { next: approve(invoiceId) });
    assertTotal(invoice, options.expectedTotal);
    const [customer] = await composeCustomer(trx, invoice.customerId, invoice.month);
    const current = customer?.invoices.find((composed) => composed.currency === invoice.currency);
    if (current?.inputsDigest !== invoice.inputsDigest) {
      throw invoiceFactsChanged(
        `The facts have changed since invoice ${invoiceId} was approved: ${differenceOf(invoice, current)}.`,
        { next: approve(invoiceId) },
      );
    }
    await assertCharged(trx, invoice);
    await store.updateSeen(trx, invoiceId, changeId);
    const issued = await freeze(trx, invoiceId, options);
    const { customerId, month } = invoice;
    await corrections.upsertCheck(trx, { customerId, month, changeId });
    return { ...issued, issuedNow: true };
  });
}

/** The part of a sentence that says what an approved invoice comes to now. */
function differenceOf(
  { total, currency }: store.LockedInvoice,
  current: { readonly total: string } | undefined,
): string {
  if (current === undefined) return 'nothing is due for it now';
  const [then, now] = [total, current.total].map(
    (amount) => `${formatMoney(new Decimal(amount), currency)} ${currency}`,
  );
  return then === now
    ? `its total is still ${then}, but its lines have changed`
    : `its total is ${now} now and was ${then} when it was approved`;
}

/** What an invoice gives back of another month was charged before: not on a draft that is to be issued yet. */
async function assertCharged(trx: UnitOfWork, invoice: store.LockedInvoice): Promise<void> {
  const uncharged = await corrections.selectUncharged(trx, invoice.invoiceId);
  if (uncharged === undefined) return;
  const { deployment, month } = uncharged;
  const money = (amount: string) => `${formatMoney(new Decimal(amount), invoice.currency)} ${invoice.currency}`;
  throw new ArcadiaError(
    'conflict',
    `Invoice ${invoice.invoiceId} corrects ${month.toPlainYearMonth()} of ${deployment} by ${money(uncharged.correction)}, and ` +
      `${money(uncharged.issued)} is issued for it: the rest is on an earlier invoice, which is to be issued first.`,
  );
}

/** Gives an approved document its number, dates, text and digest. The transaction holds the customer's lock. */
export async function freeze(
  trx: UnitOfWork,
  invoiceId: number,
  options: IssueOptions,
): Promise<{ number: string; digest: string }> {
  const invoice = await one(trx, invoiceId);
  const parties = await store.selectParties(trx, invoiceId);
  const missing = missingFor(parties, invoice);
  if (missing.length > 0 && !options.incomplete) {
    throw invoiceIncomplete(
      `Not issued, because details are missing. ${missing.map(({ message }) => message).join(' ')}`,
      {
        details: { missing: missing.map(({ message }) => message) },
        ...(missing[0] && { next: missing[0].next }),
      },
    );
  }
  const vatAccounting = await accountedVat(trx, invoice, parties);
  const issuedOn = dayOf(options.now);
  const dueOn = invoice.kind === 'invoice' ? issuedOn.add({ days: parties.termsDays }) : issuedOn;
  const lines = await store.selectLines(trx, invoiceId);
  // Last, so that whoever issues another document waits as short as can be.
  const { number, sequenceNumber } = await nextNumber(trx, invoice.kind, parties, options.number);
  const document = canonicalJson(
    buildDocument(invoice, lines, parties, { number, issuedOn, dueOn }, vatAccounting) as unknown as Json,
  );
  const digest = sha256(document);
  await store.updateIssued(
    trx,
    invoiceId,
    { number, sequenceNumber, dueOn, document, digest },
    options.by,
    options.now,
  );
  await publishIssued(trx, invoice, { number, dueOn }, options.now);
  return { number, digest };
}

/** To webhooks: ours, and the customer's own. */
async function publishIssued(
  trx: UnitOfWork,
  invoice: store.InvoiceRow,
  { number, dueOn }: { readonly number: string; readonly dueOn: Temporal.PlainDate },
  now: Temporal.Instant,
): Promise<void> {
  const { invoiceId, customerId, customer, currency, credits } = invoice;
  const data = {
    invoiceId,
    number,
    customer,
    month: invoice.month.toPlainYearMonth().toString(),
    currency,
    total: formatMoney(new Decimal(invoice.total), currency),
    path: `/api/v1/invoices/${invoiceId}`,
  };
  if (invoice.kind === 'invoice')
    await writeMessages(trx, 'invoice.issued', [{ customerId, data: { ...data, dueOn } }], now);
  else await writeMessages(trx, 'invoice.corrected', [{ customerId, data: { ...data, credits } }], now);
}

/** What the document says of its VAT in the seller's currency. @throws ArcadiaError exchange_rate_missing */
async function accountedVat(
  trx: UnitOfWork,
  invoice: store.InvoiceRow,
  parties: store.PartiesRow,
): Promise<VatAccounting | null> {
  const accounted = await accountVat(trx, invoice, parties);
  if (accounted === null || 'accounting' in accounted) return accounted?.accounting ?? null;
  const { message, next } = lackingRate(accounted.lacks);
  throw exchangeRateMissing(`Not issued. ${message}`, {
    details: { ...accounted.lacks, on: String(accounted.lacks.on) },
    next,
  });
}

async function nextNumber(
  trx: UnitOfWork,
  kind: 'invoice' | 'credit_note',
  parties: store.PartiesRow,
  given: string | undefined,
): Promise<{ number: string; sequenceNumber: number | null }> {
  const { entity, numbering, legalEntityId } = parties;
  if (numbering === 'external') {
    if (given === undefined || !/^\S(.{0,62}\S)?$/.test(given)) {
      throw new ArcadiaError(
        'invalid_argument',
        `"${entity}" has its numbers from its accounting system: give the one for this document.`,
      );
    }
    if (await store.selectNumberTaken(trx, legalEntityId, given)) {
      throw numberTaken(`"${entity}" has a document ${given} already.`);
    }
    return { number: given, sequenceNumber: null };
  }
  if (given !== undefined) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${entity}" numbers its documents itself, without gaps: give no number.`,
    );
  }
  const prefix = kind === 'invoice' ? parties.invoicePrefix : parties.creditNotePrefix;
  const sequenceNumber = await store.takeNumber(trx, legalEntityId, kind);
  const number = prefix + String(sequenceNumber).padStart(parties.numberDigits, '0');
  if (await store.selectNumberTaken(trx, legalEntityId, number)) {
    throw numberTaken(`"${entity}" has a document ${number} already, with a number from elsewhere.`, {
      next: { operation: 'entity set', arguments: { entity } },
    });
  }
  return { number, sequenceNumber };
}

/**
 * Takes the approval of an invoice back: it is a draft again, and follows the facts.
 * @throws ArcadiaError not_found; conflict (it is a draft, or was issued)
 */
export async function reopenInvoice(db: Database, invoiceId: number, now: Temporal.Instant): Promise<void> {
  await inTransaction(db, invoiceId, async (trx, invoice) => {
    if (invoice.state !== 'approved') {
      const message = `Invoice ${invoice.number ?? invoiceId} is ${invoice.state}: there is no approval to take back.`;
      if (invoice.state !== 'issued') throw new ArcadiaError('conflict', message);
      const next = { operation: 'invoice cancel', arguments: { invoice: invoiceId } };
      throw new ArcadiaError('conflict', message, { todo: 'Cancel it: by a credit note.', next });
    }
    await store.updateToDraft(trx, invoiceId);
    await draftAgain(trx, invoice, [invoice.month], now);
  });
}

/** What cannot be rated any more is taken back all the same; whoever drafts the month is told of it. */
export async function draftAgain(
  trx: UnitOfWork,
  { customerId }: Pick<store.LockedInvoice, 'customerId'>,
  months: readonly Temporal.PlainDate[],
  now: Temporal.Instant,
): Promise<void> {
  try {
    await draftMonths(trx, customerId, months, now);
  } catch (error) {
    if (!isOfOne(error)) throw error;
  }
}

async function one(db: Queryable, invoiceId: number): Promise<store.InvoiceRow> {
  const [invoice] = await store.selectInvoice(db, { id: invoiceId }, null);
  if (!invoice) throw notFound('invoice', invoiceId);
  return invoice;
}

/** Work on an invoice, under the locks of its customer and its month. */
export async function inTransaction<T>(
  db: Database,
  invoiceId: number,
  work: (trx: UnitOfWork, invoice: store.LockedInvoice) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (trx) => {
    const owner = await store.selectOwnerOf(trx, invoiceId);
    if (owner) {
      await store.lockCustomer(trx, owner.customerId);
      await lockMonth(trx, owner.month);
    }
    const invoice = await store.lockInvoice(trx, invoiceId);
    if (!invoice) throw notFound('invoice', invoiceId);
    return work(trx, invoice);
  });
}
