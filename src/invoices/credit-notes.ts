import type { UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { finish, openTaxes, storedLine } from './compose.ts';
import * as store from './corrections.store.ts';
import { type CreditLine, splitCredit } from './credit-split.ts';
import * as drafts from './drafts.store.ts';
import { freeze, type IssueOptions } from './issue.ts';
import { correctionLine } from './lines.ts';

export interface CreditNote {
  readonly invoiceId: number;
  readonly number: string;
  /** The number of the invoice that it credits. */
  readonly credits: string;
  /** With tax, with the currency's digits: negative. */
  readonly total: string;
}

type Proposals = readonly [store.ProposalRow, ...store.ProposalRow[]];

/**
 * Credits what is proposed of one deployment's month, by a credit note of each invoice that charged it, the
 * oldest first, in the transaction that holds the customer's lock.
 * @throws ArcadiaError conflict (nothing to give back, or an invoice would be credited beyond its total; details are
 *   missing); invalid_argument (the number)
 */
export async function issueCreditNotes(
  trx: UnitOfWork,
  proposals: Proposals,
  options: IssueOptions,
): Promise<CreditNote[]> {
  const [{ customerId, currency, month, deployment }] = proposals;
  const charged = await store.selectCharged(trx, proposals[0]);
  assertCharged(proposals, charged);
  const own = await store.selectIssuedInvoice(trx, customerId, currency, month);
  if (own === undefined) throw new RangeError('a proposal without an issued invoice');
  const parts = splitCredit(proposals, charged, own);
  if (parts.size > 1 && options.number !== undefined) {
    throw new ArcadiaError(
      'invalid_argument',
      `${deployment} was charged for ${month.toPlainYearMonth()} on ${parts.size} invoices: it takes a credit note of each, and one ` +
        'number was given. Put it on the next invoice instead.',
    );
  }
  const seen = await drafts.selectSeen(trx, month);
  const notes: CreditNote[] = [];
  for (const credited of await store.selectCredited(trx, [...parts.keys()])) {
    notes.push(await issueOne(trx, credited, parts.get(credited.invoiceId) as CreditLine[], seen, options));
  }
  return notes;
}

/** No more is given back than was charged for the month: the rest of it is on drafts, or was waived. */
function assertCharged(proposals: Proposals, charged: readonly store.ChargedRow[]): void {
  const [{ deployment, currency, month }] = proposals;
  const credit = sum(proposals.map((row) => row.amount));
  const left = sum(charged.map((row) => row.amount));
  if (credit.isNegative() && !credit.isZero() && !left.plus(credit).isNegative()) return;
  const money = (amount: Decimal) => `${formatMoney(amount, currency)} ${currency}`;
  throw new ArcadiaError(
    'conflict',
    `Of ${month.toPlainYearMonth()} ${money(left)} is issued to ${deployment}, and ${money(credit)} is left to be decided once what ` +
      'is pending was taken back: nothing that a credit note could give back. Put it on the next invoice instead.',
  );
}

async function issueOne(
  trx: UnitOfWork,
  credited: store.CreditedInvoice,
  parts: readonly CreditLine[],
  seen: drafts.Seen,
  options: IssueOptions,
): Promise<CreditNote> {
  const rows = parts.map(({ proposal, amount }) => ({ ...proposal, amount: formatMoney(amount, proposal.currency) }));
  const { customerId, currency, month } = rows[0] as store.ProposalRow;
  const taxOf = await openTaxes(trx, [{ customerId, month }]);
  const charged = await drafts.selectChargedTaxes(trx, rows);
  const lines = rows.map((row, index) =>
    correctionLine(
      { ...row, correctionId: 0, corrects: credited.number },
      currency,
      parts[index]?.tax ?? charged[index] ?? null,
    ),
  );
  const who = { customerId, legalEntityId: credited.legalEntityId };
  const { lines: taxed, ...content } = finish(who, currency, lines, taxOf, credited.taxes);
  for (const [left, given] of [
    [credited.subtotal, content.subtotal],
    [credited.total, content.total],
  ] as const) {
    if (!new Decimal(left).plus(given).isNegative()) continue;
    throw new ArcadiaError(
      'conflict',
      `${formatMoney(new Decimal(left), currency)} ${currency} is left of ${credited.number}, less than the ` +
        `${formatMoney(new Decimal(given).neg(), currency)} that a credit note would give back. Put it on the next invoice instead.`,
    );
  }
  const note = { ...content, ...seen, month, creditsInvoiceId: credited.invoiceId };
  const invoiceId = await store.insertCreditNote(trx, note, options.by, options.now);
  const decision = { decision: 'credit_note', targetMonth: null, creditNoteId: invoiceId, reason: null } as const;
  const ids = await store.insertCorrections(trx, rows, decision, options.by, options.now);
  await drafts.insertLines(
    trx,
    taxed.map((line, index) => ({
      ...storedLine(line),
      details: { ...line.details, correctionId: ids[index] as number },
      invoiceId,
      position: index + 1,
    })),
  );
  const { number } = await freeze(trx, invoiceId, options);
  return { invoiceId, number, credits: credited.number, total: content.total };
}

function sum(amounts: readonly string[]): Decimal {
  return amounts.reduce((total, amount) => total.plus(amount), new Decimal(0));
}
