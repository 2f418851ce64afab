import { Decimal } from '../platform/quantity.ts';
import type { DocumentLine, InvoiceDocument } from './document.ts';

// How a printed document says days, numbers and lines. English, and the same on every machine.

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** `5 February 2026`: in words, as no two countries agree on digits. */
export function longDay(iso: string): string {
  const { year, month, day } = Temporal.PlainDate.from(iso);
  return `${day} ${months[month - 1]} ${year}`;
}

/** What stands below a party's name: its address, with the city where no line has it, and its ids. */
export function partyLines({
  address,
  taxIds,
  email,
  party,
}: InvoiceDocument['seller'] | InvoiceDocument['buyer']): string[] {
  const { city = null, postalCode = null, country = null, vatId = null } = party ?? {};
  const isTold = city === null || address.some((text) => text.includes(city));
  const place = [postalCode, city].filter((text) => text !== null).join(' ');
  return [
    ...address,
    ...(isTold ? [] : [place, ...(country === null ? [] : [country])]),
    ...taxIds,
    ...(vatId === null || taxIds.some((text) => text.replaceAll(' ', '').includes(vatId)) ? [] : [`VAT ${vatId}`]),
    ...(email === null || email === '' ? [] : [email]),
  ];
}

/** The account that is paid to; null: none is told. */
export function accountOf(payment: InvoiceDocument['payment']): string | null {
  const { accountName = null, iban = null, bic = null } = payment ?? {};
  const parts = [accountName, iban && `IBAN ${iban}`, bic && `BIC ${bic}`].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}

export function terms(days: number): string {
  return days === 0 ? 'due on receipt' : `${days} days`;
}

/** A half-open period as people say it: with its last day. */
export function periodOf({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${longDay(from)} to ${longDay(Temporal.PlainDate.from(to).subtract({ days: 1 }).toString())}`;
}

/** 1234567.891 as 1,234,567.891 */
export function grouped(decimal: string): string {
  const [whole = '', fraction] = decimal.split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return (fraction === undefined ? digits : `${digits}.${fraction}`).replace(/^-/, '\u2212');
}

export function quantityOf({ quantity, unit, kind }: DocumentLine): string {
  if (quantity === null || kind === 'base') return '';
  if (!unit) return grouped(quantity);
  return kind === 'usage' ? withUnit(quantity, unit) : `${grouped(quantity)} ${unit}`;
}

/** 744 of hour as `744 hours` */
function withUnit(quantity: string, unit: string | null): string {
  if (!unit) return grouped(quantity);
  return `${grouped(quantity)} ${quantity === '1' ? unit : `${unit}s`}`;
}

/** How much of what was used costs nothing; empty where nothing is included. */
function includedOf(used: string, included: string | null): string {
  if (included === null || new Decimal(included).isZero()) return '';
  return new Decimal(included).gte(used) ? ', all included' : `, ${grouped(included)} included`;
}

/** What a fraction of a month's unit is: `1 zone-month is 1 zone for the whole month`; null: there is none. */
function partialOf(unit: string | null, quantities: readonly (string | null)[]): string | null {
  const [, thing] = /^(.+)-month$/.exec(unit ?? '') ?? [];
  const isPart = quantities.some((quantity) => quantity?.includes('.') === true);
  return thing === undefined || !isPart ? null : `1 ${unit} is 1 ${thing} for the whole month, and less time its part`;
}

/** What a line is called, and how it comes about. */
export function describe(line: DocumentLine, month: string): { description: string; remark: string } {
  const corrected = `${months[Number(line.serviceMonth.slice(5, 7)) - 1]} ${line.serviceMonth.slice(0, 4)}`;
  const { details } = line;
  if (line.kind === 'correction') {
    const of = typeof details.corrects === 'string' ? `Corrects invoice ${details.corrects}` : '';
    return { description: `Correction for ${corrected}: ${line.description}`, remark: of };
  }
  const text = (name: string) => {
    const value = details[name];
    return typeof value === 'string' ? value : null;
  };
  const remarks: string[] = [];
  const used = text('used');
  if (line.kind === 'usage' && used !== null) {
    remarks.push(`${withUnit(used, line.unit)} used${includedOf(used, text('included'))}`);
    const model = text('model');
    if (model === null) remarks.push('not charged');
    else if (line.unitPrice === null && line.quantity !== '0') remarks.push(`${model} pricing`);
    const limitedBy = text('limitedBy');
    if (limitedBy !== null) remarks.push(limitedBy === 'cap' ? 'capped' : 'minimum');
  }
  const partial = line.kind === 'usage' ? partialOf(line.unit, [used, line.quantity]) : null;
  if (partial !== null) remarks.push(partial);
  const from = text('from');
  const to = text('to');
  if (from !== null && to !== null) {
    const span = spanOf(from, to, month, line.kind === 'base');
    if (span !== null) remarks.push(span);
  }
  return { description: line.description, remark: remarks.join('; ') };
}

/** The days of a line's own period; null where it is the invoice's month, and `always` does not ask for it. */
function spanOf(from: string, to: string, month: string, always: boolean): string | null {
  const first = Temporal.Instant.from(from).toZonedDateTimeISO('UTC').toPlainDate();
  const last = Temporal.Instant.from(to).subtract({ nanoseconds: 1 }).toZonedDateTimeISO('UTC').toPlainDate();
  const whole = Temporal.PlainYearMonth.from(month);
  const isWhole =
    first.equals(whole.toPlainDate({ day: 1 })) && last.equals(whole.toPlainDate({ day: whole.daysInMonth }));
  return isWhole && !always ? null : `${longDay(first.toString())} to ${longDay(last.toString())}`;
}

/** What is to be paid by when, or what is in the customer's favour: the heading of a document. */
export function settlementOf({ kind, total, currency, dueOn, number }: InvoiceDocument): string {
  const amount = `${grouped(total)} ${currency}`;
  if (number === null) return `${amount}, not issued yet`;
  if (isCredit({ kind, total })) return `${grouped(total.replace(/^-/, ''))} ${currency} credited`;
  if (new Decimal(total).isZero()) return `${amount}, nothing is to be paid`;
  return dueOn === null ? amount : `${amount} due ${longDay(dueOn)}`;
}

export function isCredit({ kind, total }: Pick<InvoiceDocument, 'kind' | 'total'>): boolean {
  return kind === 'credit_note' || (new Decimal(total).isNegative() && !new Decimal(total).isZero());
}

/** What the taxes are called together; `tax` where they have several names, or none. */
export function taxWord(taxes: InvoiceDocument['taxes']): string {
  const titles = new Set(taxes.map(({ title }) => title));
  const [title] = titles;
  return titles.size === 1 && title ? title : 'tax';
}

/**
 * The VAT in the seller's currency, a sentence for each tax that is charged and one for their sum where there are several:
 * `VAT 20 %: 12.00 USD = 10.98 EUR at 1 USD = 0.915 EUR (ECB, 2026-05-31)`. Empty where the document does not say it.
 */
export function accountingLines({ vatAccounting, taxes, tax, currency }: InvoiceDocument): string[] {
  if (vatAccounting === undefined) return [];
  const { rate } = vatAccounting;
  const at = `at 1 ${rate.base} = ${grouped(rate.rate)} ${rate.counter} (${rate.source}, ${rate.day})`;
  const line = (what: string, amount: string, accounted: string) =>
    `${what}: ${grouped(amount)} ${currency} = ${grouped(accounted)} ${vatAccounting.currency} ${at}`;
  const charged = taxes.flatMap((one, index) =>
    one.treatment === 'taxed'
      ? [line(`${one.title ?? 'Tax'} ${one.percent} %`, one.amount, vatAccounting.taxes[index]?.amount ?? '0')]
      : [],
  );
  return charged.length > 1 ? [...charged, line(`${taxWord(taxes)} in all`, tax, vatAccounting.tax)] : charged;
}

export function taxLabel(tax: InvoiceDocument['taxes'][number], currency: string): string {
  const on = `on ${grouped(tax.base)} ${currency}`;
  const title = tax.title ?? 'Tax';
  if (tax.treatment === 'exempt') return `${title}: exempt, ${on}`;
  if (tax.treatment === 'reverse_charge') return `${title}: reverse charge, ${on}`;
  return `${title} ${tax.percent} % ${on}`;
}
