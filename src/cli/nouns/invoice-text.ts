import type { explainInvoiceLine, getInvoice, previewInvoice } from '../../invoices/operations/invoices.ts';
import { type Column, fields, moment, table } from '../engine/output.ts';
import { standingText } from './invoice-payment.ts';
import type { AnswerOf } from '../engine/views.ts';

// Invoices as a person reads them.

type Shown = AnswerOf<typeof getInvoice>;
type Document = Shown['document'];
type Preview = AnswerOf<typeof previewInvoice>;
type Explained = AnswerOf<typeof explainInvoiceLine>;

export function invoiceText(invoice: Shown): string {
  const { document } = invoice;
  const head = fields([
    ['id', String(invoice.invoiceId)],
    ['number', invoice.number],
    ['state', invoice.state],
    ['customer', `${invoice.customer} (${document.buyer.name})`],
    ['seller', invoice.entity],
    ['month', invoice.month],
    ['credits', invoice.credits],
    ['approved', invoice.approvedAt && `${moment(invoice.approvedAt)} by ${invoice.approvedBy}`],
    ['override', invoice.overrideReason],
    ['issued', invoice.issuedAt && `${moment(invoice.issuedAt)} by ${invoice.issuedBy}`],
    ['due', invoice.dueOn],
    ['payment', standingText(invoice)],
    [
      'cancelled',
      invoice.cancelledAt && `${moment(invoice.cancelledAt)} by ${invoice.cancelledBy}: ${invoice.cancelReason}`,
    ],
    ['sha256', invoice.documentDigest],
  ]);
  return [head, ...documentText(document)].join('\n\n');
}

function documentText({ currency, sections, subtotal, taxes, total, vatAccounting }: Document): string[] {
  const lines = sections.flatMap(({ deployment, lines: own }) => own.map((line) => ({ ...line, deployment })));
  const sums: [string, string][] = [
    ['subtotal', subtotal],
    ...taxes.map((tax): [string, string] => [
      `${tax.title ?? 'tax'} ${tax.treatment === 'taxed' ? `${tax.percent} %` : tax.treatment.replace('_', ' ')}`,
      tax.amount,
    ]),
    ['total', total],
  ];
  return [
    table(lines, lineColumns(currency)),
    sumsText(sums, currency),
    ...(vatAccounting === undefined ? [] : [accountingText(vatAccounting)]),
  ];
}

function accountingText({ currency, tax, rate }: NonNullable<Document['vatAccounting']>): string {
  const { base, counter } = rate;
  return `VAT in ${currency}: ${tax} at 1 ${base} = ${rate.rate} ${counter} (${rate.source}, ${rate.day})`;
}

function sumsText(sums: readonly (readonly [string, string])[], currency: string): string {
  const longest = Math.max(...sums.map(([, amount]) => amount.length));
  return fields(sums.map(([name, amount]) => [name, `${amount.padStart(longest)} ${currency}`] as const));
}

interface ShownLine {
  readonly position: number;
  readonly deployment: string | null;
  readonly description: string;
  readonly kind: string;
  readonly serviceMonth: string;
  readonly period?: { readonly from: string; readonly to: string } | undefined;
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly unitPrice: string | null;
  readonly amount: string;
  readonly details: Readonly<Record<string, unknown>>;
}

function lineColumns(currency: string): Column<ShownLine>[] {
  return [
    { header: 'line', value: (row) => String(row.position), align: 'right' },
    { header: 'deployment', value: (row) => row.deployment },
    { header: 'description', value: (row) => row.description },
    { header: 'service', value: serviceText },
    {
      header: 'used',
      value: (row) => (typeof row.details.used === 'string' ? row.details.used : null),
      align: 'right',
    },
    { header: 'charged', value: (row) => row.quantity, align: 'right' },
    { header: 'unit', value: (row) => row.unit },
    { header: 'unit price', value: (row) => row.unitPrice, align: 'right' },
    { header: `amount (${currency})`, value: (row) => row.amount, align: 'right' },
  ];
}

/** A fee shows its days, which may lie in another month. */
function serviceText({ kind, serviceMonth, period }: ShownLine): string {
  if (kind !== 'base' || period === undefined) return serviceMonth;
  return `${period.from} to ${Temporal.PlainDate.from(period.to).subtract({ days: 1 })}`;
}

export function previewText({ customer, month, invoices }: Preview): string {
  return [`${customer}, ${month}, as far as the facts are known now`, ...invoices.map(dueText)].join('\n\n');
}

function dueText({ currency, lines, subtotal, tax, total }: Preview['invoices'][number]): string {
  const numbered = lines.map((line, index) => ({ ...line, position: index + 1 }));
  const sums = sumsText(
    [
      ['subtotal', subtotal],
      ['tax', tax],
      ['total', total],
    ],
    currency,
  );
  return `${table(numbered, lineColumns(currency))}\n\n${sums}`;
}

export function explainedText(explained: Explained): string {
  const { line, usage, currency } = explained;
  const heading = [`${line.description}: ${line.amount} ${currency}`, ...reasonLines(explained)];
  if (usage === null) return heading.join('\n');
  const { used, included, model } = line.details;
  const text = (value: unknown) => (typeof value === 'string' ? value : '-');
  const price = line.unitPrice === null ? `by ${model === null ? 'no price' : text(model)}` : `at ${line.unitPrice}`;
  const intervals = usage.resources.flatMap((resource) =>
    resource.intervals.map((interval) => ({ ...interval, resource: resource.name ?? resource.externalId })),
  );
  return [
    ...heading,
    line.kind === 'correction'
      ? `${usage.quantity} used, as is known now`
      : `${text(used)} used, ${text(included)} included, ${line.quantity} charged ${price}`,
    ...tierLines(line, currency),
    ...(intervals.length > 0 ? [`\n${table(intervals, intervalColumns)}`] : []),
  ].join('\n');
}

/** How the amount of a fee or a correction comes about. */
function reasonLines({ line, correction, currency }: Explained): string[] {
  const { fee, part, every } = line.details;
  const period = line.period;
  const days =
    period === undefined ? '' : `, ${period.from} to ${Temporal.PlainDate.from(period.to).subtract({ days: 1 })}`;
  if (line.kind === 'base' && typeof fee === 'string' && typeof part === 'string') {
    return [`${part} of ${fee} ${currency} for each ${String(every)}${days}`];
  }
  if (line.kind !== 'correction') return [];
  if (correction === null || correction === undefined) return [`For ${line.serviceMonth}${days}`];
  const { month, invoice, issued, decidedAt, decidedBy } = correction;
  return [
    `Corrects ${month}${invoice === null ? '' : `, invoice ${invoice}`}: ${issued} ${currency} issued on other documents`,
    `Decided ${moment(decidedAt)}${decidedBy === null ? '' : ` by ${decidedBy}`}`,
  ];
}

/** A table of the tiers that were reached; of a line without tiers nothing. */
function tierLines({ details }: Explained['line'], currency: string): string[] {
  const tiers = (details.tiers ?? []) as readonly Readonly<Record<string, string | null>>[];
  if (tiers.length === 0) return [];
  const rows = table(tiers, [
    { header: 'above', value: (row) => row.from ?? null, align: 'right' },
    { header: 'up to', value: (row) => row.upTo ?? null, align: 'right' },
    { header: 'units', value: (row) => row.units ?? null, align: 'right' },
    { header: 'unit price', value: (row) => row.unitPrice ?? null, align: 'right' },
    { header: 'flat fee', value: (row) => row.flatFee ?? null, align: 'right' },
    { header: `amount (${currency})`, value: (row) => row.amount ?? null, align: 'right' },
  ]);
  return [`\n${rows}`];
}

const intervalColumns: readonly Column<{
  readonly resource: string;
  readonly from: string;
  readonly to: string;
  readonly level: string;
  readonly share: string | null;
  readonly quantity: string;
}>[] = [
  { header: 'resource', value: (row) => row.resource },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'level', value: (row) => row.level, align: 'right' },
  { header: 'share', value: (row) => row.share, align: 'right' },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
];
