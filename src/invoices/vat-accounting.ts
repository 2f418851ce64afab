import type { Queryable } from '../platform/database/database.ts';
import type { NextOperation } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import {
  convertMoney,
  type CurrencyPair,
  type DatedRate,
  findExchangeRates,
  rateAgeDaysMax,
} from '../pricing/index.ts';
import type { InvoiceRow, PartiesRow } from './invoices.store.ts';
import { type LineTax, type TaxTotal, taxKey } from './taxes.ts';
import { selectAccountedOf } from './vat-accounting.store.ts';

// The VAT of an invoice in a foreign currency, in the seller's: what Directive 2006/112/EC asks for in its article 230,
// and EN 16931 has as BT-6 (the currency) and BT-111 (the total).

/** 1 of the invoice's currency in the seller's, as the document shows it. */
interface DocumentRate extends CurrencyPair {
  readonly rate: string;
  readonly day: string;
  readonly source: string;
}

/** VAT in the seller's currency, as it is frozen in a document. Money has the digits of `currency`. */
export interface VatAccounting {
  /** BT-6 */
  readonly currency: string;
  readonly rate: DocumentRate;
  /** Of each of the document's taxes, in their order: its amount at the rate, rounded once. */
  readonly taxes: readonly (LineTax & { readonly amount: string })[];
  /** BT-111: the sum of these. */
  readonly tax: string;
}

/** A rate that an invoice is not issued without. */
interface NeededRate extends CurrencyPair {
  /** The tax point: the last day of the invoice's month. */
  readonly on: Temporal.PlainDate;
}

/** The VAT of a document in the seller's currency; the rate that it lacks; null: it needs none. */
export type Accounted = { readonly accounting: VatAccounting } | { readonly lacks: NeededRate } | null;

type Billed = Pick<InvoiceRow, 'invoiceId' | 'kind' | 'currency' | 'month' | 'taxes'>;

/** The VAT of one document in its seller's currency. A credit note has that of the invoice that it credits, at its rate. */
export async function accountVat(
  db: Queryable,
  invoice: Billed,
  seller: Pick<PartiesRow, 'seller'>,
): Promise<Accounted> {
  if (invoice.kind === 'credit_note') return accountNote(db, invoice);
  return (await accountVatOf(db, [{ invoice, seller }]))[0] ?? null;
}

/** The same of invoices, each with its seller, in their order and in one statement. */
export async function accountVatOf(
  db: Queryable,
  invoices: readonly { readonly invoice: Omit<Billed, 'kind'>; readonly seller: Pick<PartiesRow, 'seller'> }[],
): Promise<Accounted[]> {
  const needed = invoices.map(({ invoice, seller }) => neededRate(invoice, seller));
  const wanted = [...new Map(needed.flatMap((one) => (one === null ? [] : [[keyOf(one), one]]))).values()];
  const rates = await findExchangeRates(db, wanted);
  const known = new Map(wanted.map((one, index) => [keyOf(one), rates[index]]));
  return invoices.map(({ invoice: { taxes } }, index) => {
    const lacks = needed[index] ?? null;
    if (lacks === null) return null;
    const rate = known.get(keyOf(lacks));
    return rate === undefined ? { lacks } : { accounting: accountingOf(taxes, shownRate(rate), []) };
  });
}

function keyOf({ base, counter, on }: NeededRate): string {
  return `${base} ${counter} ${on}`;
}

/** What carries no VAT, or is in the seller's currency, needs no rate; nor does a seller that has named none. */
function neededRate(
  { currency, month, taxes }: Pick<Billed, 'currency' | 'month' | 'taxes'>,
  { seller: { vatCurrency } }: Pick<PartiesRow, 'seller'>,
): NeededRate | null {
  if (vatCurrency === null || vatCurrency === currency) return null;
  if (taxes.every(({ amount }) => new Decimal(amount).isZero())) return null;
  return { base: currency, counter: vatCurrency, on: month.add({ months: 1 }).subtract({ days: 1 }) };
}

function shownRate({ base, counter, rate, day, source }: DatedRate): DocumentRate {
  return { base, counter, rate, day: day.toString(), source };
}

/** What the invoice and its notes come to with this one, at the invoice's rate, less what the others say already. */
async function accountNote(db: Queryable, { invoiceId, taxes }: Billed): Promise<Accounted> {
  const before = await selectAccountedOf(db, invoiceId);
  const [first] = before;
  if (first === undefined) return null;
  return { accounting: accountingOf(taxes, first.accounting.rate, before) };
}

/** `before`: of a credit note, the invoice and its other notes, with their taxes in both currencies. */
function accountingOf(
  taxes: readonly TaxTotal[],
  rate: DocumentRate,
  before: readonly { readonly taxes: readonly TaxTotal[]; readonly accounting: VatAccounting }[],
): VatAccounting {
  const accounted = taxes.map(({ base: _, ...tax }) => {
    const key = taxKey(tax);
    const charged = sumOf(
      before.flatMap((one) => one.taxes),
      key,
    );
    const said = sumOf(
      before.flatMap((one) => one.accounting.taxes),
      key,
    );
    const now = new Decimal(convertMoney(charged.plus(tax.amount), rate));
    return { ...tax, amount: money(now.minus(said), rate) };
  });
  const tax = accounted.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
  return { currency: rate.counter, rate, taxes: accounted, tax: money(tax, rate) };
}

function sumOf(taxes: readonly (LineTax & { readonly amount: string })[], key: string): Decimal {
  return taxes.filter((one) => taxKey(one) === key).reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
}

/** An amount that is in the seller's currency already, with its digits. */
function money(amount: Decimal, { counter }: DocumentRate): string {
  return convertMoney(amount, { rate: '1', counter });
}

/** Why an invoice is not issued without a rate, and the operation that enters it. */
export function lackingRate({ base, counter, on }: NeededRate): {
  readonly message: string;
  readonly next: Required<NextOperation>;
} {
  return {
    message:
      `The VAT of an invoice in ${base} is shown in ${counter} too, and there is no exchange rate of ${base} in ${counter} for ` +
      `${on}, nor for the ${rateAgeDaysMax} days before.`,
    next: { operation: 'exchange-rate set', arguments: { base, counter, day: on.toString() } },
  };
}
