import { formatMoney } from '../../platform/money.ts';
import { Decimal, formatQuantity, parseQuantity } from '../../platform/quantity.ts';
import type { LineTax, TaxTotal } from '../taxes.ts';
import {
  type BilledLine,
  type BillingKinds,
  type Charge,
  chargesOf,
  describe,
  monthSpan,
  noCharge,
  type Span,
  serviceColumns,
} from './charge.ts';
import { type FocusRow, noHost } from './columns.ts';
import { remember } from './remember.ts';
import { taxes } from './services.ts';

/** Who runs what the operator sells; there is one provider. */
const hostProvider = 'DigitalOcean';

/** An issued invoice or credit note, as it was issued. Money has its currency's digits. */
export interface BilledDocument {
  readonly kind: 'invoice' | 'credit_note';
  readonly number: string;
  /** The invoice that a credit note corrects. */
  readonly credits: string | null;
  /** The legal entity's name. */
  readonly issuer: string;
  /** The customer's external id, and its name on the document. */
  readonly customer: string;
  readonly customerName: string;
  readonly currency: string;
  /** The first day of the month that it is billed in. */
  readonly billingMonth: Temporal.PlainDate;
  readonly total: string;
  readonly taxes: readonly TaxTotal[];
}

/**
 * Turns one document into charges: `charge` each of its lines, in their order, then `close` for its
 * taxes. The BilledCosts of all of them add up to the document's total, to the digit.
 */
export class DocumentCharges {
  readonly #document: BilledDocument;
  /** What all charges of the document say alike. */
  readonly #common: ReturnType<typeof commonOf>;
  readonly #kinds: BillingKinds;
  readonly #taxed = new Map<string, TaxedCharges>();
  #billed = new Decimal(0);

  constructor(document: BilledDocument, kinds: BillingKinds) {
    this.#document = document;
    this.#common = commonOf(document);
    this.#kinds = kinds;
  }

  /** The rows of a line: more than one where its units have several prices, or a limit decides. */
  charge(line: BilledLine): FocusRow[] {
    return chargesOf(line, this.#document.currency, this.#kinds).map((charge) => this.#rowOf(line, charge));
  }

  #rowOf(line: BilledLine, charge: Charge): FocusRow {
    const row: FocusRow = {
      ...this.#common,
      ...noCharge,
      ...charge,
      EffectiveCost: charge.BilledCost,
      InvoiceDetailId: String(line.position),
      SubAccountId: line.deployment,
      SubAccountName: line.deploymentName,
      x_LineKind: line.kind,
      x_TaxCategory: line.tax.category,
      x_TaxName: line.tax.title,
      x_TaxPercent: percentOf(line.tax),
    };
    this.#billed = this.#billed.plus(row.BilledCost);
    this.#addToTax(line.tax, row);
    return row;
  }

  /** The taxes, one row for each that the document shows. */
  close(): FocusRow[] {
    const rows = this.#document.taxes.map((tax, index) => this.#taxRow(tax, index));
    const sum = rows.reduce((total, row) => total.plus(row.BilledCost), this.#billed);
    if (!sum.eq(this.#document.total)) {
      throw new RangeError(`${this.#document.number}: the charges are ${sum}, its total is ${this.#document.total}`);
    }
    return rows;
  }

  #addToTax(tax: LineTax, row: FocusRow): void {
    const key = taxKey(tax);
    const span = { from: row.ChargePeriodStart, to: row.ChargePeriodEnd };
    const charges = this.#taxed.get(key) ?? { contracted: new Decimal(0), corrected: span };
    const corrected =
      row.ChargeClass === 'Correction' && charges.corrected !== null ? hull(charges.corrected, span) : null;
    this.#taxed.set(key, { contracted: charges.contracted.plus(row.ContractedCost), corrected });
  }

  /** A tax on nothing but corrections is one itself, for the time that they are for. */
  #taxRow(tax: TaxTotal, index: number): FocusRow {
    const { currency, kind } = this.#document;
    const charges = this.#taxed.get(taxKey(tax));
    const percent = percentOf(tax);
    const contracted = formatMoney((charges?.contracted ?? new Decimal(tax.base)).times(percent).div(100), currency);
    const corrected = charges?.corrected ?? null;
    const span = corrected ?? { from: this.#common.BillingPeriodStart, to: this.#common.BillingPeriodEnd };
    const name = tax.title ?? tax.category;
    return {
      ...this.#common,
      ...noCharge,
      ...serviceColumns(taxes),
      HostProviderName: noHost,
      BilledCost: tax.amount,
      ChargeCategory: 'Tax',
      ChargeClass: corrected === null ? null : 'Correction',
      ChargeDescription: describe(`${name}, ${percent} % of ${tax.base} ${currency}${tax.note ? `. ${tax.note}` : ''}`),
      ChargeFrequency: kind === 'invoice' ? 'Recurring' : 'One-Time',
      ChargePeriodEnd: span.to,
      ChargePeriodStart: span.from,
      ContractedCost: contracted,
      EffectiveCost: tax.amount,
      InvoiceDetailId: `tax-${index + 1}`,
      ListCost: contracted,
      x_LineKind: 'tax',
      x_TaxCategory: tax.category,
      x_TaxName: tax.title,
      x_TaxPercent: percent,
    };
  }
}

function commonOf({ kind, number, credits, issuer, customer, customerName, currency, billingMonth }: BilledDocument) {
  const period = monthSpan(billingMonth);
  return {
    BillingAccountId: customer,
    BillingAccountName: customerName,
    BillingCurrency: currency,
    BillingPeriodEnd: period.to,
    BillingPeriodStart: period.from,
    HostProviderName: hostProvider,
    InvoiceId: number,
    InvoiceIssuerName: issuer,
    ServiceProviderName: issuer,
    x_CreditedInvoiceId: credits,
    x_InvoiceKind: kind,
  } as const;
}

/** The charges that a tax is on. */
interface TaxedCharges {
  readonly contracted: Decimal;
  /** The time of them all, where they are all corrections; else null. */
  readonly corrected: Span | null;
}

function hull(a: Span, b: Span): Span {
  const isBefore = (one: Temporal.Instant, other: Temporal.Instant) => Temporal.Instant.compare(one, other) < 0;
  return { from: isBefore(b.from, a.from) ? b.from : a.from, to: isBefore(a.to, b.to) ? b.to : a.to };
}

/** As the document groups them. */
function taxKey(tax: LineTax): string {
  return JSON.stringify([tax.treatment, tax.category, percentOf(tax), tax.title, tax.note]);
}

function percentOf({ percent }: Pick<LineTax, 'percent'>): string {
  return plainPercent(percent);
}

const plainPercent = remember(1_000, (percent: string) => formatQuantity(parseQuantity(percent)));
