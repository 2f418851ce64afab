import { formatQuantity, parseQuantity } from '../../platform/quantity.ts';
import type { TaxTotal } from '../taxes.ts';
import { type BilledLine, type BillingKinds, chargesOf, describe, monthSpan } from './charge.ts';
import type { ChargeCategory, JsonObject } from './columns.ts';
import type { InvoiceDetailRow } from './datasets.ts';
import type { BilledDocument } from './document-charges.ts';
import { taxes as taxService } from './services.ts';
import { focusUnit } from './units.ts';

/** An issued document with what it says of its payment. */
export interface DetailedDocument extends BilledDocument {
  readonly issuedAt: Temporal.Instant;
  readonly issuedOn: string;
  /** Null: nothing is to be paid. */
  readonly dueOn: string | null;
  readonly termsDays: number;
  readonly poNumber: string | null;
}

/** The rows of FOCUS's Invoice Detail: one a line and one a tax, as the document shows them. */
export class DocumentDetails {
  readonly #document: DetailedDocument;
  readonly #common: ReturnType<typeof commonOf>;
  readonly #kinds: BillingKinds;

  constructor(document: DetailedDocument, kinds: BillingKinds) {
    this.#document = document;
    this.#common = commonOf(document);
    this.#kinds = kinds;
  }

  charge(line: BilledLine): InvoiceDetailRow[] {
    const [first] = chargesOf(line, this.#document.currency, this.#kinds);
    if (first === undefined) throw new RangeError('a line without a charge');
    const { ServiceName, SkuId = null } = first;
    const grain = {
      ServiceName,
      SkuId,
      SubAccountId: line.deployment,
      x_ServiceMonth: line.serviceMonth.toString().slice(0, 7),
    };
    return [
      {
        ...this.#row(String(line.position), first.ChargeCategory, line.amount, line.description, grain),
        x_Quantity: line.quantity,
        x_Unit: line.quantity === null ? null : focusUnit(line.unit),
        x_UnitPrice: line.unitPrice && formatQuantity(parseQuantity(line.unitPrice)),
      },
    ];
  }

  close(): InvoiceDetailRow[] {
    return this.#document.taxes.map((tax, index) => this.#taxRow(tax, index));
  }

  #taxRow(tax: TaxTotal, index: number): InvoiceDetailRow {
    const words = `${tax.title ?? tax.category}, ${tax.percent} % of ${tax.base} ${this.#document.currency}`;
    const grain = { ServiceName: taxService.name, x_TaxCategory: tax.category, x_TaxPercent: tax.percent };
    return {
      ...this.#row(`tax-${index + 1}`, 'Tax', tax.amount, words, grain),
      x_Quantity: null,
      x_Unit: null,
      x_UnitPrice: null,
    };
  }

  #row(id: string, category: ChargeCategory, amount: string, description: string, grain: JsonObject) {
    return {
      ...this.#common,
      BilledCost: amount,
      ChargeCategory: category,
      InvoiceDetailDescription: describe(description),
      InvoiceDetailGrain: Object.fromEntries(Object.entries(grain).filter(([, value]) => value !== null)),
      InvoiceDetailId: id,
    };
  }
}

function commonOf(document: DetailedDocument) {
  const { customer, currency, billingMonth, number, issuer, credits, issuedAt, kind, termsDays } = document;
  const period = monthSpan(billingMonth);
  const wholeSecond = (moment: Temporal.Instant) => moment.round({ smallestUnit: 'second', roundingMode: 'floor' });
  const day = (iso: string) => Temporal.PlainDate.from(iso).toZonedDateTime('UTC').toInstant();
  return {
    BillingAccountId: customer,
    BillingCurrency: currency,
    BillingPeriodEnd: period.to,
    BillingPeriodStart: period.from,
    InvoiceDetailCreated: wholeSecond(issuedAt),
    InvoiceDetailLastUpdated: wholeSecond(issuedAt),
    InvoiceId: number,
    InvoiceIssueDate: day(document.issuedOn),
    InvoiceIssueStatus: 'Issued',
    InvoiceIssuerName: issuer,
    PaymentDueDate: document.dueOn === null ? null : day(document.dueOn),
    PaymentTerms: termsOf(kind, termsDays),
    PurchaseOrderNumber: document.poNumber,
    ReferenceInvoiceId: credits ?? number,
    x_InvoiceKind: kind,
  } as const;
}

function termsOf(kind: BilledDocument['kind'], days: number): string {
  if (kind === 'credit_note') return 'Credit';
  return days === 0 ? 'Due on receipt' : `Net ${days}`;
}
