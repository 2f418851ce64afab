import { csvLine } from '../platform/csv.ts';
import type { InvoiceDocument } from './document.ts';

const header = [
  'document',
  'kind',
  'month',
  'issued_on',
  'due_on',
  'customer',
  'currency',
  'position',
  'deployment',
  'line_kind',
  'service_month',
  'period_from',
  'period_to',
  'component',
  'description',
  'quantity',
  'unit',
  'unit_price',
  'amount',
  'tax_category',
  'tax_percent',
  'tax_base',
  'credits',
  'cancels',
  'vat_currency',
  'vat_amount',
  'exchange_rate',
  'exchange_rate_day',
  'exchange_rate_source',
] as const;

/** The first line. */
export const csvHeader: string = csvLine([...header]);

/**
 * A document's lines and its taxes, one a row (RFC 4180): lines without tax, then a row of the kind `tax` for each tax, with
 * what it is charged on, and what it is in the seller's currency where the document says it. The amounts add up to the total.
 */
export function documentCsv(document: InvoiceDocument): string {
  return csvHeader + documentRows(document);
}

/** The same without the first line. */
export function documentRows(document: InvoiceDocument): string {
  const head = [
    document.number,
    document.kind,
    document.month,
    document.issuedOn,
    document.dueOn,
    document.buyer.customer,
    document.currency,
  ];
  // Of a credit note: which invoice it corrects, and why it cancels it where it does.
  const tail = [document.credits, document.cancels ?? null];
  const rows = document.sections.flatMap((section) =>
    section.lines.map((line): (string | null)[] => [
      ...head,
      String(line.position),
      section.deployment,
      line.kind,
      line.serviceMonth,
      line.period?.from ?? null,
      line.period?.to ?? null,
      line.component,
      line.description,
      line.quantity,
      line.unit,
      line.unitPrice,
      line.amount,
      line.taxCategory,
      line.taxPercent,
      null,
      ...tail,
      ...Array.from({ length: 5 }, () => null),
    ]),
  );
  const { vatAccounting: vat } = document;
  const taxes = document.taxes.map((tax, index): (string | null)[] => [
    ...head,
    null,
    null,
    'tax',
    document.month,
    document.period.from,
    document.period.to,
    `tax ${tax.category}`,
    tax.note ?? tax.title,
    null,
    null,
    null,
    tax.amount,
    tax.category,
    tax.percent,
    tax.base,
    ...tail,
    vat?.currency ?? null,
    vat?.taxes[index]?.amount ?? null,
    vat?.rate.rate ?? null,
    vat?.rate.day ?? null,
    vat?.rate.source ?? null,
  ]);
  return [...rows, ...taxes].map(csvLine).join('');
}
