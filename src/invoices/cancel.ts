import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { finish, storedLine } from './compose.ts';
import * as corrections from './corrections.store.ts';
import * as drafts from './drafts.store.ts';
import { invoiceCancelled } from './errors.ts';
import * as store from './invoices.store.ts';
import { draftAgain, freeze, inTransaction, type IssueOptions } from './issue.ts';
import { deleteDraftCheck } from './late-months.store.ts';
import type { Line } from './lines.ts';

export interface CancelOptions extends IssueOptions {
  /** Why, as the customer reads it on the credit note. */
  readonly reason: string;
  /** Cancel it although corrections of it were waived: its month is then billed with what was. */
  readonly dropWaivers?: boolean | undefined;
}

export interface Cancelled {
  readonly creditNoteId: number;
  /** The credit note's. */
  readonly number: string;
  /** What it gives back, with tax, with the currency's digits: negative as a rule. */
  readonly total: string;
}

/**
 * Cancels an issued invoice: issues a credit note of all that its credit notes have left of it, line by line, at the taxes at
 * which it was charged. What was decided about corrections of its month and is not issued is withdrawn, and the month is
 * drafted anew from the facts.
 * @throws ArcadiaError not_found; invoice_cancelled; invoice_incomplete; number_taken; conflict (not issued, a credit
 *   note, corrected by issued invoices, or waived of); invalid_argument (no reason; the number)
 */
export async function cancelInvoice(db: Database, invoiceId: number, options: CancelOptions): Promise<Cancelled> {
  const reason = options.reason.trim();
  if (reason === '')
    throw new ArcadiaError('invalid_argument', 'To cancel an invoice needs a reason: the customer reads it.');
  return inTransaction(db, invoiceId, async (trx, invoice) => {
    assertIssued(invoice);
    await assertAlone(trx, invoice, options.dropWaivers === true);
    const note = await writeNote(trx, invoice, options);
    await store.updateCancelled(trx, invoiceId, {
      noteId: note.creditNoteId,
      reason,
      by: options.by,
      now: options.now,
    });
    const months = await corrections.withdrawWith(trx, invoice, note.creditNoteId, options.now);
    await deleteDraftCheck(trx, invoice);
    await draftAgain(trx, invoice, [invoice.month, ...months], options.now);
    // Last, because it takes the number: see the order of locks in the README.
    const { number } = await freeze(trx, note.creditNoteId, options);
    return { ...note, number };
  });
}

function assertIssued({ invoiceId, number, kind, state }: store.LockedInvoice): void {
  const name = number ?? String(invoiceId);
  if (state === 'cancelled') throw invoiceCancelled(`${name} is cancelled already.`);
  if (kind === 'credit_note') {
    throw new ArcadiaError(
      'conflict',
      `${name} is a credit note. What it gives back beyond what the facts say is proposed as a correction.`,
      { next: { operation: 'invoice correction check' } },
    );
  }
  if (state === 'issued') return;
  if (state === 'approved') {
    throw new ArcadiaError('conflict', `${name} is approved and not issued: take the approval back instead.`, {
      next: { operation: 'invoice reopen', arguments: { invoice: invoiceId } },
    });
  }
  throw new ArcadiaError('conflict', `${name} is a draft: it follows the facts. Change those, and draft again.`);
}

/** Nothing else that is issued or decided rests on it. */
async function assertAlone(trx: UnitOfWork, invoice: store.LockedInvoice, dropsWaivers: boolean): Promise<void> {
  const correcting = await corrections.selectCorrectingDocuments(trx, invoice);
  if (correcting.length > 0) {
    throw new ArcadiaError(
      'conflict',
      `${invoice.number} has been corrected by ${correcting.join(', ')}; cancel what corrects it first.`,
    );
  }
  const waived = await corrections.selectWaived(trx, invoice);
  if (waived === null || dropsWaivers) return;
  throw new ArcadiaError(
    'conflict',
    `${formatMoney(new Decimal(waived), invoice.currency)} ${invoice.currency} of corrections of ${invoice.number} was waived. ` +
      'Once it is cancelled, its month is billed from the facts, with what was waived: drop the waivers if you want that, ' +
      'and add a manual line to the new draft if it should stay waived.',
  );
}

async function writeNote(
  trx: UnitOfWork,
  invoice: store.LockedInvoice,
  { by, now }: IssueOptions,
): Promise<Omit<Cancelled, 'number'>> {
  const [credited] = await corrections.selectCredited(trx, [invoice.invoiceId]);
  if (credited === undefined) throw new RangeError('an issued invoice that is not there');
  const { customerId, currency, month } = invoice;
  const seen = await drafts.selectSeen(trx, month);
  const left = await corrections.selectLeft(trx, invoice.invoiceId);
  const charged = left.filter(({ amount }) => !new Decimal(amount).isZero());
  // An invoice of 0.00 is cancelled by a note of 0.00: with its lines, so that it says of what.
  const lines = (charged.length > 0 ? charged : left).map((row) => reversed(row, currency, credited.number));
  const { lines: taxed, ...content } = finish(
    { customerId, legalEntityId: credited.legalEntityId },
    currency,
    lines,
    neverAsked,
    credited.taxes,
  );
  const note = { ...content, ...seen, month, creditsInvoiceId: invoice.invoiceId };
  const creditNoteId = await corrections.insertCreditNote(trx, note, by, now);
  await drafts.insertLines(
    trx,
    taxed.map((line, index) => ({ ...storedLine(line), invoiceId: creditNoteId, position: index + 1 })),
  );
  return { creditNoteId, total: content.total };
}

function neverAsked(): never {
  throw new RangeError('a line of an issued invoice without its tax');
}

/** A manual line is given back as one: corrections of a month's usage do not count it. */
function reversed(row: corrections.LeftRow, currency: string, number: string): Line {
  const { isManual, deploymentId, month, component, description, tax, amount, from, to } = row;
  return {
    kind: isManual ? 'manual' : 'correction',
    deploymentId,
    serviceMonth: month,
    component,
    description: `Cancelled: ${description}`,
    quantity: null,
    unit: null,
    unitPrice: null,
    amount: formatMoney(new Decimal(0).minus(amount), currency),
    taxCategory: null,
    charged: tax,
    details: { corrects: number, ...(from !== null && { from }), ...(to !== null && { to }) },
  };
}
