import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { type Command, InvalidArgumentError } from 'commander';
import type { PreviewedInvoice } from '../../invoices/preview.ts';
import type { InvoiceDocument } from '../../invoices/document.ts';
import type { FileFormat } from '../../invoices/files.ts';
import type { Invoice, InvoiceFilter } from '../../invoices/invoices.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { monthArgument } from './invoice-month.ts';
import { type Column, fields, moment, plural, table } from '../engine/output.ts';

const states = ['draft', 'approved', 'issued', 'void'] as const;
const formats = ['pdf', 'csv', 'json'] as const;

const invoiceColumns: Column<Invoice>[] = [
  { header: 'id', value: (row) => String(row.invoiceId), align: 'right' },
  { header: 'number', value: (row) => row.number },
  { header: 'kind', value: (row) => row.kind.replace('_', ' ') },
  { header: 'state', value: (row) => row.state },
  { header: 'customer', value: (row) => row.customer },
  { header: 'month', value: (row) => row.month.toPlainYearMonth().toString() },
  { header: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
  { header: 'due', value: (row) => row.dueOn?.toString() ?? null },
];

/** Those that only look. */
export function addInvoiceReadingCommands(invoice: Command): void {
  addListCommand(invoice);
  addShowCommand(invoice);
  addPreviewCommand(invoice);
  addExplainCommand(invoice);
  addExportCommand(invoice);
}

function addListCommand(invoice: Command): void {
  addCommand(invoice, 'list', {
    summary: 'invoices and credit notes, the newest first',
    example: `
$ arcadia invoice list --month 2026-05
ID  NUMBER      KIND     STATE   CUSTOMER  MONTH         TOTAL  DUE
17  INV-000017  invoice  issued  acme      2026-05  129.76 USD  2026-06-18`,
  })
    .option('--month <month>', 'a UTC calendar month, 2026-05')
    .option('--state <state>', states.join(', '), oneOf(states))
    .option('--customer <id>', "the customer's external id")
    .option('--entity <slug>', 'the legal entity that bills')
    .option('--limit <n>', 'how many at most', wholeNumber, 100)
    .action(
      withSession(async (session, options: Omit<InvoiceFilter, 'month'> & { month?: string; limit: number }) => {
        const { month, limit, state, customer, entity } = options;
        const filter = { state, customer, entity, month: month === undefined ? undefined : monthArgument(month) };
        const { listInvoices } = await import('../../invoices/invoices.ts');
        const { db } = await session.database();
        const { items, nextCursor } = await listInvoices(db, filter, { limit, cursor: null });
        await session.output.list(items, invoiceColumns, 'No invoice is like that. Next: arcadia invoice draft --help');
        if (nextCursor !== null) session.output.note(`There are more than ${limit}; --limit shows more.`);
      }),
    );
}

function addShowCommand(invoice: Command): void {
  addCommand(invoice, 'show', {
    summary: 'an invoice, line by line, and what it lacks to be issued',
    example: `
$ arcadia invoice show INV-000017
number    INV-000017
state     issued
customer  acme`,
  })
    .argument('<invoice>', 'id or number')
    .action(
      withSession(async (session, which: string) => {
        const { getInvoice, readDocument } = await import('../../invoices/invoices.ts');
        const { db } = await session.database();
        const row = await getInvoice(db, which);
        const { document, missing } = await readDocument(db, row);
        if (session.output.json) return session.output.value({ ...row, document, missing });
        const head = fields([
          ['id', String(row.invoiceId)],
          ['number', row.number],
          ['state', row.state],
          ['customer', `${row.customer} (${document.buyer.name})`],
          ['legal entity', row.entity],
          ['month', row.month.toPlainYearMonth().toString()],
          ['credits', row.credits],
          ['approved', row.approvedAt && `${moment(row.approvedAt)} by ${row.approvedBy}`],
          ['override', row.overrideReason],
          ['issued', row.issuedAt && `${moment(row.issuedAt)} by ${row.issuedBy}`],
          ['due', row.dueOn?.toString() ?? null],
          ['void', row.voidAt && `${moment(row.voidAt)}: ${row.voidReason}`],
          ['sha256', row.documentDigest],
        ]);
        await session.output.text([head, ...documentText(document)].join('\n\n'));
        for (const sentence of missing) session.output.note(sentence);
      }),
    );
}

function documentText(document: InvoiceDocument): string[] {
  const { currency } = document;
  const lines = document.sections.flatMap((section) =>
    section.lines.map((line) => ({ ...line, deployment: section.deployment })),
  );
  const sums: [string, string][] = [
    ['subtotal', document.subtotal],
    ...document.taxes.map((tax): [string, string] => [
      `${tax.title ?? 'tax'} ${tax.treatment === 'taxed' ? `${tax.percent} %` : tax.treatment.replace('_', ' ')}`,
      tax.amount,
    ]),
    ['total', document.total],
  ];
  return [table(lines, lineColumns(currency)), sumsText(sums, currency)];
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
  readonly period?: { readonly from: string; readonly to: string };
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

function addPreviewCommand(invoice: Command): void {
  addCommand(invoice, 'preview', {
    summary: "the invoice that would follow now for a deployment's customer; nothing is written",
    details: 'Without --month: the current month, to where it is metered. It is the same composition as of an invoice.',
    example: `
$ arcadia invoice preview acme-shop --month 2026-05
acme, 2026-05, as far as the facts are known now`,
  })
    .argument('<deployment>', "the deployment's slug")
    .option('--month <month>', 'a UTC calendar month, 2026-05')
    .action(
      withSession(async (session, deployment: string, options: { month?: string }) => {
        const asked = options.month === undefined ? null : monthArgument(options.month);
        const { previewDeployment } = await import('../../invoices/preview.ts');
        const { dayOf } = await import('../../metering/period.ts');
        const { db, clock } = await session.database();
        const now = await clock.now();
        const preview = await previewDeployment(db, deployment, asked ?? dayOf(now).with({ day: 1 }), now);
        if (session.output.json) return session.output.value(preview);
        await session.output.text(`${preview.customer}, ${preview.month}, as far as the facts are known now`);
        for (const one of preview.invoices) await session.output.text(`\n${previewText(one, preview.slugs)}`);
        if (preview.invoices.length === 0) session.output.note('Nothing would be billed: it is on no plan.');
        for (const { deployment: slug, usage } of preview.uncharged) {
          session.output.note(
            `${slug}: ${usage.quantity} ${usage.billingKind} not charged (${usage.reason.replace('_', ' ')})`,
          );
        }
      }),
    );
}

function previewText(composed: PreviewedInvoice, slugs: Readonly<Record<number, string>>): string {
  const lines = composed.lines.map((line, index) => ({
    ...line,
    position: index + 1,
    serviceMonth: line.serviceMonth.toPlainYearMonth().toString(),
    deployment: line.deploymentId === null ? null : (slugs[line.deploymentId] ?? null),
  }));
  const { subtotal, tax, total, currency } = composed;
  return `${table(lines, lineColumns(currency))}\n\n${sumsText(
    [
      ['subtotal', subtotal],
      ['tax', tax],
      ['total', total],
    ],
    currency,
  )}`;
}

function addExplainCommand(invoice: Command): void {
  addCommand(invoice, 'explain', {
    summary: 'open a line to the days, resources and intervals that it is made of',
    example: `
$ arcadia invoice explain INV-000017 --line 2
Droplet hours, running: 29.76 USD
2232 used, 1488 included, 744 charged at 0.04`,
  })
    .argument('<invoice>', 'id or number')
    .requiredOption('--line <n>', 'its number on the document', wholeNumber)
    .option('--limit <n>', 'resources at most', wholeNumber, 20)
    .action(
      withSession(async (session, which: string, options: { line: number; limit: number }) => {
        const { getInvoice } = await import('../../invoices/invoices.ts');
        const { explainLine } = await import('../../invoices/explain.ts');
        const { db } = await session.database();
        const explained = await explainLine(db, await getInvoice(db, which), options);
        if (session.output.json) return session.output.value(explained);
        const { line, usage, currency } = explained;
        const { used, included, model } = line.details;
        const parts = [`${line.description}: ${line.amount} ${currency}`];
        if (usage !== null) {
          const text = (value: unknown) => (typeof value === 'string' ? value : '-');
          const price =
            line.unitPrice === null ? `by ${model === null ? 'no price' : text(model)}` : `at ${line.unitPrice}`;
          parts.push(`${text(used)} used, ${text(included)} included, ${line.quantity} charged ${price}`);
          const intervals = usage.resources.flatMap((resource) =>
            resource.intervals.map((interval) => ({ ...interval, resource: resource.name ?? resource.externalId })),
          );
          if (intervals.length > 0) parts.push(`\n${table(intervals, intervalColumns)}`);
        }
        await session.output.text(parts.join('\n'));
        if (usage !== null && usage.nextCursor !== null) {
          session.output.note(
            `${plural(usage.resourcesTotal, 'resource')} in all; --limit shows more, --json each day.`,
          );
        }
        if (explained.changedSince) {
          session.output.note(
            `Facts have changed since: ${usage?.quantity} are known by now. See: arcadia invoice corrections`,
          );
        }
      }),
    );
}

const intervalColumns: Column<{
  readonly resource: string;
  readonly from: string;
  readonly to: string;
  readonly level: string;
  readonly share: string | null;
  readonly quantity: string;
}>[] = [
  { header: 'resource', value: (row) => row.resource },
  { header: 'from', value: (row) => row.from },
  { header: 'to', value: (row) => row.to },
  { header: 'level', value: (row) => row.level, align: 'right' },
  { header: 'share', value: (row) => row.share, align: 'right' },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
];

function addExportCommand(invoice: Command): void {
  addCommand(invoice, 'export', {
    summary: 'an invoice as PDF, CSV or JSON',
    details:
      'CSV and JSON go to stdout, PDF to a file named by its number, unless --output says otherwise (- is stdout).',
    example: `
$ arcadia invoice export INV-000017 --format pdf
INV-000017.pdf`,
  })
    .argument('<invoice>', 'id or number')
    .option('--format <format>', formats.join(', '), oneOf(formats), 'pdf')
    .option('--output <file>', '- for stdout')
    .action(
      withSession(async (session, which: string, options: { format: FileFormat; output?: string }) => {
        const { getInvoice } = await import('../../invoices/invoices.ts');
        const { invoiceFile } = await import('../../invoices/files.ts');
        const { db, clock } = await session.database();
        const file = await invoiceFile(db, await getInvoice(db, which), options.format, await clock.now());
        const output = options.output ?? (options.format === 'pdf' ? file.name : '-');
        if (output === '-') {
          await session.output.stream(Readable.from([file.bytes]));
          return;
        }
        try {
          await writeFile(output, file.bytes);
        } catch (cause) {
          throw new ArcadiaError('invalid_argument', `${output} cannot be written: ${(cause as Error).message}.`, {
            cause,
          });
        }
        if (session.output.json)
          await session.output.value({ file: output, type: file.type, bytes: file.bytes.length });
        else await session.output.text(output);
      }),
    );
}

function oneOf<Value extends string>(values: readonly Value[]) {
  return (text: string): Value => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new InvalidArgumentError(`It is one of ${values.join(', ')}.`);
    return found;
  };
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 1 to 99999.');
  return Number(text);
}
