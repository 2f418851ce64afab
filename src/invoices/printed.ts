import type { DocumentLine, InvoiceDocument } from './document.ts';
import {
  accountingLines,
  accountOf,
  describe,
  grouped,
  isCredit,
  longDay,
  partyLines,
  periodOf,
  quantityOf,
  settlementOf,
  taxLabel,
  taxWord,
  terms,
} from './pdf-words.ts';

// A document as it is printed, text by text: the PDF draws it, and the dashboard shows it, so that both say the same.

/** A row of the table of lines; '' where a cell has nothing. */
interface PrintedLine {
  readonly position: number;
  readonly kind: DocumentLine['kind'];
  readonly description: string;
  /** How it comes about; '' where nothing is to be said. */
  readonly remark: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
}

interface PrintedSection {
  readonly title: string;
  readonly lines: readonly PrintedLine[];
  /** null: it is the only section. */
  readonly subtotal: string | null;
}

interface PrintedParty {
  readonly name: string;
  readonly lines: readonly string[];
}

export interface PrintedDocument {
  readonly title: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly from: PrintedParty;
  readonly to: PrintedParty;
  /** What is to be paid by when, or what is in the customer's favour. */
  readonly settlement: string;
  readonly credit: string | null;
  readonly amountTitle: string;
  readonly sections: readonly PrintedSection[];
  readonly totals: readonly { readonly label: string; readonly amount: string }[];
  readonly notes: readonly string[];
}

/** All texts of a document, in the order in which they stand. */
export function printedOf(document: InvoiceDocument): PrintedDocument {
  const { kind, number, seller, buyer, credit = null, currency, sections } = document;
  const what = kind === 'invoice' ? 'Invoice' : 'Credit note';
  return {
    title: number === null ? `${what} (draft)` : what,
    facts: factsOf(document),
    from: { name: seller.name, lines: partyLines(seller) },
    to: { name: buyer.name, lines: partyLines(buyer) },
    settlement: settlementOf(document),
    credit,
    amountTitle: `Amount (${currency})`,
    sections: sections.map((section) => ({
      title: sectionTitle(section),
      lines: section.lines.map((line) => printedLine(line, document.month)),
      subtotal: sections.length > 1 ? grouped(section.subtotal) : null,
    })),
    totals: totalsOf(document),
    notes: notesOf(document),
  };
}

function factsOf(document: InvoiceDocument): PrintedDocument['facts'] {
  const { kind, number, issuedOn, dueOn, period, buyer, credits, cancels, termsDays, payment } = document;
  const facts: [string, string | null][] = [
    [kind === 'invoice' ? 'Invoice number' : 'Credit note number', number ?? 'given when it is issued'],
    [cancels === undefined ? 'Credits invoice' : 'Cancels invoice', credits],
    ['Reason', cancels ?? null],
    ['Date of issue', issuedOn && longDay(issuedOn)],
    ['Date due', !isCredit(document) && dueOn !== null ? `${longDay(dueOn)} (${terms(termsDays)})` : null],
    ['Service period', periodOf(period)],
    ['Customer', buyer.customer],
    ['PO number', buyer.poNumber],
    ['Your reference', buyer.reference ?? null],
    ['Account', isCredit(document) ? null : accountOf(payment)],
    ['Terms', isCredit(document) ? null : (payment?.terms ?? null)],
  ];
  return facts.flatMap(([label, value]) => (value === null || value === '' ? [] : [{ label, value }]));
}

function sectionTitle({ deployment, name }: InvoiceDocument['sections'][number]): string {
  if (deployment === null) return 'Other services';
  return name && name !== deployment ? `${name} (${deployment})` : deployment;
}

function printedLine(line: DocumentLine, month: string): PrintedLine {
  return {
    position: line.position,
    kind: line.kind,
    ...describe(line, month),
    quantity: quantityOf(line),
    unitPrice: line.unitPrice === null || line.kind === 'base' ? '' : grouped(line.unitPrice),
    amount: grouped(line.amount),
  };
}

function totalsOf({ subtotal, taxes, total, currency, kind }: InvoiceDocument): PrintedDocument['totals'] {
  return [
    { label: `Subtotal excl. ${taxWord(taxes)}`, amount: grouped(subtotal) },
    ...taxes.map((tax) => ({ label: taxLabel(tax, currency), amount: grouped(tax.amount) })),
    {
      label: isCredit({ kind, total }) ? 'Total, in your favour' : 'Total due',
      amount: `${grouped(total)} ${currency}`,
    },
  ];
}

function notesOf(document: InvoiceDocument): string[] {
  const { taxes, seller } = document;
  return [
    ...accountingLines(document),
    ...new Set(taxes.flatMap((tax) => (tax.note === null ? [] : [tax.note]))),
    ...(seller.footer ? seller.footer.split(/\n{2,}/) : []),
  ];
}
