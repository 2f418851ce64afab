import { formatMoney } from '../platform/money.ts';
import type { NextOperation } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import { type BilledUnits, billedUnits } from './billed-units.ts';
import type { Json } from './canonical-json.ts';
import { type InvoiceRow, isOwed, type LineRow, type PartiesRow } from './invoices.store.ts';
import { nextForParties } from './legal-rules.ts';
import { linePeriod, type Period } from './line-period.ts';
import type { Party, Seller } from './party.ts';
import { type TaxCategory, taxCategoryOf } from './tax-categories.ts';
import type { TaxTotal } from './taxes.ts';
import type { VatAccounting } from './vat-accounting.ts';

/** A line as the document shows it. Money has its currency's digits; quantities are exact decimals. */
export interface DocumentLine {
  /** Its number on the document, from 1. */
  readonly position: number;
  readonly kind: LineRow['kind'];
  /** `2026-05`: when it was used; of a correction, the month that is corrected. */
  readonly serviceMonth: string;
  /** The days that it is for. Documents that were issued before it was written lack it. */
  readonly period?: Period;
  readonly component: string;
  readonly description: string;
  /** What is charged: of usage, what lies beyond what is included. */
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly unitPrice: string | null;
  readonly amount: string;
  /** The line as quantities times prices, as a rule one. Documents that were issued before it was written lack it, as `vat`. */
  readonly billed?: readonly BilledUnits[];
  readonly taxCategory: string;
  readonly taxPercent: string;
  readonly vat?: TaxCategory;
  readonly details: { readonly [key: string]: Json };
}

interface DocumentSection {
  /** A deployment's slug and name; null: for the customer as a whole. */
  readonly deployment: string | null;
  readonly name: string | null;
  readonly lines: readonly DocumentLine[];
  readonly subtotal: string;
}

/** A party as it is printed, and in the fields of electronic invoices, which older documents lack. */
interface Printed {
  readonly name: string;
  readonly address: readonly string[];
  readonly taxIds: readonly string[];
  readonly email: string | null;
}

/** The whole of an invoice or credit note: every other form of it is made from this. Days are UTC. */
export interface InvoiceDocument {
  readonly format: 'arcadia-invoice/1';
  readonly kind: 'invoice' | 'credit_note';
  /** Null: a draft. */
  readonly number: string | null;
  readonly issuedOn: string | null;
  /** Null: a draft, or nothing is to be paid. */
  readonly dueOn: string | null;
  /** What happens to a total in the customer's favour, in words; null or absent: there is none. */
  readonly credit?: string | null;
  readonly termsDays: number;
  readonly currency: string;
  readonly month: string;
  /** Half-open. */
  readonly period: Period;
  readonly seller: Printed & {
    readonly party?: Party;
    readonly footer: string | null;
    readonly logo: string | null;
    readonly font: string | null;
  };
  readonly buyer: Printed & {
    readonly party?: Party;
    readonly customer: string;
    readonly poNumber: string | null;
    readonly reference?: string | null;
  };
  /** How it is paid; null where nothing is told of it. */
  readonly payment?: PaymentMeans | null;
  /** The number of the invoice that a credit note takes back, wholly or in part. */
  readonly credits: string | null;
  /** Only of a credit note that cancels its invoice: why. */
  readonly cancels?: string;
  readonly sections: readonly DocumentSection[];
  /** The sum of all lines' amounts. */
  readonly subtotal: string;
  readonly taxes: readonly (TaxTotal & { readonly vat?: TaxCategory })[];
  /** The sum of the taxes' amounts. */
  readonly tax: string;
  /** The VAT in the seller's currency; absent where it needs no other than the document's. */
  readonly vatAccounting?: VatAccounting;
  /** subtotal + tax */
  readonly total: string;
  /** The newest metering that it was made from. */
  readonly usageRevision: number;
}

interface PaymentMeans {
  readonly iban: string | null;
  readonly bic: string | null;
  readonly accountName: string | null;
  /** In words. */
  readonly terms: string | null;
}

function paymentOf({ iban, bic, accountName, paymentTerms: terms }: Seller): PaymentMeans | null {
  const means = { iban, bic, accountName, terms };
  return Object.values(means).every((one) => one === null) ? null : means;
}

/** What happens to a total below zero. Nothing is known here of payments, so that it is for the seller to do. */
export const creditWords =
  'Nothing is to be paid. The amount is credited to you: it is deducted from what you pay next.';

/** The document of an invoice as it is; `issue` gives a draft what it gets when it is issued. */
export function buildDocument(
  invoice: InvoiceRow,
  lines: readonly LineRow[],
  parties: PartiesRow,
  issue: { readonly number: string; readonly issuedOn: Temporal.PlainDate; readonly dueOn: Temporal.PlainDate } | null,
  vatAccounting: VatAccounting | null,
): InvoiceDocument {
  const total = new Decimal(invoice.total);
  const money = (amount: string) => formatMoney(new Decimal(amount), invoice.currency);
  const sections = new Map<string, { name: string | null; deployment: string | null; lines: DocumentLine[] }>();
  for (const line of lines) {
    const key = line.deployment ?? '';
    const section = sections.get(key) ?? { deployment: line.deployment, name: line.deploymentName, lines: [] };
    section.lines.push(documentLine(line, invoice.currency));
    sections.set(key, section);
  }
  const { iban: _, bic: _b, accountName: _a, paymentTerms: _t, vatCurrency: _v, ...sellerParty } = parties.seller;
  const { buyerReference, ...buyerParty } = parties.buyer;
  return {
    format: 'arcadia-invoice/1',
    kind: invoice.kind,
    number: issue?.number ?? invoice.number,
    issuedOn: issue?.issuedOn.toString() ?? null,
    dueOn: isOwed(invoice) ? (issue?.dueOn.toString() ?? null) : null,
    credit: total.isNegative() && !total.isZero() ? creditWords : null,
    termsDays: parties.termsDays,
    currency: invoice.currency,
    month: invoice.month.toPlainYearMonth().toString(),
    period: { from: invoice.month.toString(), to: invoice.month.add({ months: 1 }).toString() },
    seller: {
      name: parties.sellerName ?? '',
      address: parties.sellerAddress,
      taxIds: parties.sellerTaxIds,
      email: parties.sellerEmail,
      party: sellerParty,
      footer: parties.footer,
      logo: parties.logo,
      font: parties.font,
    },
    buyer: {
      customer: invoice.customer,
      name: parties.buyerName,
      address: parties.buyerAddress,
      taxIds: parties.buyerTaxIds,
      email: parties.buyerEmail,
      poNumber: parties.poNumber,
      reference: buyerReference,
      party: buyerParty,
    },
    payment: paymentOf(parties.seller),
    credits: invoice.credits,
    ...(invoice.kind === 'credit_note' && invoice.cancelReason !== null && { cancels: invoice.cancelReason }),
    sections: [...sections.values()].map((section) => ({
      ...section,
      subtotal: formatMoney(
        section.lines.reduce((sum, line) => sum.plus(line.amount), new Decimal(0)),
        invoice.currency,
      ),
    })),
    subtotal: money(invoice.subtotal),
    taxes: invoice.taxes.map((tax) => documentTax(tax, money)),
    tax: money(invoice.tax),
    ...(vatAccounting !== null && { vatAccounting }),
    total: money(invoice.total),
    usageRevision: invoice.usageRevision,
  };
}

function documentTax(tax: TaxTotal, money: (amount: string) => string): InvoiceDocument['taxes'][number] {
  return { ...tax, base: money(tax.base), amount: money(tax.amount), vat: taxCategoryOf(tax) };
}

function documentLine(line: LineRow, currency: string): DocumentLine {
  return {
    position: line.position,
    kind: line.kind,
    serviceMonth: line.serviceMonth.toPlainYearMonth().toString(),
    period: linePeriod({ ...line, details: line.details as DocumentLine['details'] }),
    component: line.component,
    description: line.description,
    quantity: line.quantity,
    unit: line.unit,
    unitPrice: line.unitPrice,
    amount: formatMoney(new Decimal(line.amount), currency),
    billed: billedUnits(line, currency),
    taxCategory: line.tax.category,
    taxPercent: line.tax.percent,
    vat: taxCategoryOf(line.tax),
    details: line.details as { readonly [key: string]: Json },
  };
}

/** What a document lacks, as a sentence, and the operation that adds it. */
/** What a document lacks, and the operation that adds it. */
export interface Missing {
  readonly message: string;
  readonly next: NextOperation;
}

/**
 * What a document to be issued still lacks. What is told of a party counts from a day on, and a document takes what
 * holds on its month's last day: the sentence names the day from which it is known, and the operation the month's first.
 */
export function missingFor(
  parties: PartiesRow,
  invoice: Pick<InvoiceRow, 'customer' | 'taxes' | 'subtotal' | 'month'>,
): Missing[] {
  const { sellerLater, buyerLater } = parties;
  const next = nextForParties(parties, invoice);
  const lastDay = invoice.month.add({ months: 1 }).subtract({ days: 1 });
  const missing: Missing[] = [];
  const lacks = (who: string, what: string, from: string | null, operation: NextOperation) => {
    const known = from === null ? '' : ` on ${lastDay}: it is set from ${from} on`;
    missing.push({ message: `${who} ${what}${known}.`, next: operation });
  };
  const ofSeller = (what: string, from: string | null) => lacks(`Seller "${parties.entity}"`, what, from, next.seller);
  const ofBuyer = (what: string, from: string | null) =>
    lacks(`Customer "${invoice.customer}"`, what, from, next.buyer);
  if (parties.sellerName === null) ofSeller('has no name', sellerLater.name);
  if (parties.sellerAddress.length === 0 && parties.seller.city === null)
    ofSeller('has no address', sellerLater.address);
  if (parties.buyerAddress.length === 0 && parties.buyer.city === null) ofBuyer('has no address', buyerLater.address);
  const taxed = invoice.taxes.some((tax) => tax.treatment === 'taxed' && !new Decimal(tax.percent).isZero());
  if (taxed && parties.sellerTaxIds.length === 0 && parties.seller.vatId === null)
    ofSeller('charges tax and has no tax id', sellerLater.taxId);
  if (parties.taxTreatment === 'reverse_charge' && parties.buyerTaxIds.length === 0 && parties.buyer.vatId === null)
    ofBuyer('needs a tax id for a reverse charge and has none', buyerLater.taxId);
  return missing;
}
