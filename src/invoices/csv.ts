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
] as const;

/** A document's lines, one a row (RFC 4180). Amounts are without tax; taxes and totals are the document's. */
export function documentCsv(document: InvoiceDocument): string {
  const rows = document.sections.flatMap((section) =>
    section.lines.map((line): (string | null)[] => [
      document.number,
      document.kind,
      document.month,
      document.issuedOn,
      document.dueOn,
      document.buyer.customer,
      document.currency,
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
    ]),
  );
  return [[...header], ...rows].map(csvLine).join('');
}
