import { checkCorrections, decideCorrection, listCorrections } from '../../invoices/operations/corrections.ts';
import {
  addInvoiceLine,
  approveInvoice,
  approveMonth,
  archiveMonth,
  cancelInvoice,
  draftInvoices,
  explainInvoiceLine,
  getInvoice,
  getInvoiceCsv,
  getInvoiceJson,
  getInvoicePdf,
  getMonthLines,
  issueInvoice,
  issueMonth,
  listInvoices,
  previewInvoice,
  removeInvoiceLine,
  reopenInvoice,
  summarizeInvoices,
} from '../../invoices/operations/invoices.ts';
import { type Column, count, plural, table } from '../engine/output.ts';
import { everyRow, noInput } from '../engine/surface.ts';
import {
  type AnswerOf,
  actionView,
  documentView,
  listView,
  type Noun,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';
import { explainedText, invoiceText, previewText } from './invoice-text.ts';
import { unbilledNotes } from './unbilled-text.ts';

type Listed = RowOf<typeof listInvoices>;
type Month = AnswerOf<typeof approveMonth>;
type Invoice = Month['done'][number];
type Summary = AnswerOf<typeof summarizeInvoices>;
type Correction = RowOf<typeof listCorrections>;
type Decided = AnswerOf<typeof decideCorrection>;

const invoiceColumns: readonly Column<Listed>[] = [
  { header: 'id', value: (row) => String(row.invoiceId), align: 'right' },
  { header: 'number', value: (row) => row.number },
  { header: 'kind', value: (row) => row.kind.replace('_', ' ') },
  { header: 'state', value: (row) => row.state },
  { header: 'customer', value: (row) => row.customer },
  { header: 'name', value: (row) => row.customerName },
  { header: 'month', value: (row) => row.month },
  { header: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
  { header: 'change', value: (row) => (row.changePercent === null ? null : `${row.changePercent} %`), align: 'right' },
  { header: 'held by', value: (row) => row.holds.join(', ').replaceAll('_', ' ') },
  { header: 'due', value: (row) => row.dueOn },
  { header: 'payment', value: (row) => row.paymentState?.replace('_', ' ') ?? null },
];

const stateColumns: readonly Column<Summary['states'][number]>[] = [
  { header: 'kind', value: (row) => row.kind.replace('_', ' ') },
  { header: 'state', value: (row) => row.state },
  { header: 'documents', value: (row) => count(row.invoices), align: 'right' },
  { header: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
];

const holdColumns: readonly Column<Summary['holds'][number]>[] = [
  { header: 'held by', value: (row) => row.reason.replaceAll('_', ' ') },
  { header: 'invoices', value: (row) => count(row.invoices), align: 'right' },
  { header: 'such as', value: (row) => row.message },
];

const moverColumns: readonly Column<Summary['movers'][number]>[] = [
  { header: 'invoice', value: (row) => String(row.invoiceId), align: 'right' },
  { header: 'customer', value: (row) => row.customer },
  { header: 'before tax', value: (row) => `${row.subtotal} ${row.currency}`, align: 'right' },
  { header: 'change', value: (row) => row.change, align: 'right' },
];

function summaryText({ month, states, changes, holds, movers }: Summary): string {
  if (states.length === 0) return `${monthName(month)}: no invoices.`;
  const parts = changes.map(
    ({ currency, invoices, subtotal, previous, change }) =>
      `${plural(invoices, 'invoice')}: ${subtotal} ${currency} before tax; the month before ${previous}, change ${change}.`,
  );
  return [
    table(states, stateColumns),
    parts.join('\n'),
    ...(holds.length === 0 ? [] : [table(holds, holdColumns)]),
    ...(movers.length === 0 ? [] : [table(movers, moverColumns)]),
  ].join('\n\n');
}

function stepText({ invoiceId, customer, total, currency, state, number }: Invoice): string {
  return `${invoiceId}  ${customer}  ${total} ${currency} ${state}${number === null ? '' : ` as ${number}`}`;
}

type Totals = Pick<Invoice, 'currency' | 'subtotal' | 'tax' | 'total'> & { readonly invoices: number };

/** Of all that the filters let through, whatever the page holds. */
function totalsText({ currency, invoices, subtotal, tax, total }: Totals): string {
  return `${plural(invoices, 'document')}: ${subtotal} ${currency}, tax ${tax} ${currency}, total ${total} ${currency}.`;
}

/** `May 2026: 30 drafts created, total 3912.40 USD.` `before`: how many there were. */
function draftedText(month: string, totals: readonly Totals[], before: number): string {
  const drafts = totals.reduce((sum, { invoices }) => sum + invoices, 0);
  if (drafts === 0) return `${monthName(month)}: no drafts. Nothing is to be billed that is not approved or issued.`;
  const created = drafts > before ? (before === 0 ? ' created' : `, ${count(drafts - before)} of them created`) : '';
  const sums = totals.map(({ total, currency }) => `${total} ${currency}`).join(' and ');
  return `${monthName(month)}: ${plural(drafts, 'draft')}${created}, total ${sums}.`;
}

/** `2026-05` is `May 2026`. */
function monthName(month: string): string {
  return Temporal.PlainYearMonth.from(month)
    .toPlainDate({ day: 1 })
    .toLocaleString('en', { month: 'long', year: 'numeric' });
}

interface CorrectionTotals {
  readonly currency: string;
  readonly corrections: number;
  readonly amount: string;
}

function correctionTotalsText({ currency, corrections, amount }: CorrectionTotals): string {
  return `${plural(corrections, 'correction')}: ${amount} ${currency} (excl. tax).`;
}

const refusedColumns: readonly Column<Month['refused'][number]>[] = [
  { header: 'refused', value: (row) => String(row.invoiceId), align: 'right' },
  { header: 'customer', value: (row) => row.customer },
  { header: 'why', value: (row) => row.message },
];

function monthText({ done, refused, preview }: Month): string {
  if (preview !== null) return previewedText(preview);
  const parts = [
    ...(done.length > 0 ? [done.map(stepText).join('\n')] : []),
    ...(refused.length > 0 ? [table(refused, refusedColumns)] : []),
  ];
  return parts.length === 0 ? 'No invoices to process.' : parts.join('\n\n');
}

const exceptionColumns: readonly Column<NonNullable<Month['preview']>['exceptions'][number]>[] = [
  { header: 'look at', value: (row) => String(row.invoiceId), align: 'right' },
  { header: 'customer', value: (row) => row.customer },
  { header: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
  { header: 'why', value: (row) => row.holds.map(({ message }) => message).join(' ') },
];

function previewedText({ totals, exceptions, exceptionsTotal }: NonNullable<Month['preview']>): string {
  if (totals.length === 0) return 'No invoices to process.';
  const sums = totals.map(
    ({ invoices, total, currency }) => `${plural(invoices, 'invoice')}: total ${total} ${currency}.`,
  );
  const looked = exceptionsTotal === 0 ? [] : [table(exceptions, exceptionColumns)];
  return [sums.join('\n'), ...looked].join('\n\n');
}

const monthNotes = ({ next }: Month) => (next === null ? [] : [`There are more: run it again with --after ${next}`]);

/** What would be given back: the invoice, less its credit notes. */
async function askedCancel({ surface, input }: ViewTools): Promise<string | null> {
  const show = { ...noInput, params: input.params };
  const { number, invoiceId, state, total, currency } = (await surface.act(getInvoice, show)) as AnswerOf<
    typeof getInvoice
  >;
  if (state !== 'issued') return null;
  return (
    `Cancel ${number ?? invoiceId}, of ${total} ${currency} with tax, by a credit note of what its credit notes have left of it? ` +
    'Its month is drafted anew.'
  );
}

const steps = [
  actionView(draftInvoices, {
    summary: "update a month's drafts",
    details: `A job does this every day for the last month; it can be run at any time, for the current month
too. Approved and issued invoices are unchanged. On a server a job does it.`,
    example: `
$ arcadia invoice draft --month 2026-05
May 2026: 30 drafts created, total 3912.40 USD.
Next: arcadia invoice list --month 2026-05 --state draft`,
    text: ({ month }) => `${monthName(month)}: a job brings the drafts up to date.`,
    notes: ({ month }) => [`Next: arcadia invoice list --month ${month} --state draft`],
    async afterJobs({ month, drafts: before }, { surface, output }) {
      if (output.json) return null;
      const asked = { ...noInput, query: { month, state: 'draft', limit: 1 } };
      const { totals } = await surface.page(listInvoices, asked);
      await output.text(draftedText(month, totals as readonly Totals[], before));
      output.note(`Next: arcadia invoice list --month ${month} --state draft`);
      return null;
    },
  }),
  actionView(approveInvoice, {
    summary: 'approve a draft',
    details: `It is drafted once more first, so that what is approved is what is so. Before the month is final, or within the
seller's grace period, it takes --override and a reason.`,
    example: `
$ arcadia invoice approve 17 --total 129.76
17  acme  129.76 USD approved`,
    text: stepText,
  }),
  actionView(approveMonth, {
    summary: "approve a month's drafts, in batches of a hundred",
    details: `What is refused is named, and stops no other. --except leaves out invoices by their ids, and --only takes no
others.`,
    example: `
$ arcadia invoice approve-month 2026-05
17  acme  129.76 USD approved
18  beta  60.00 USD approved`,
    text: monthText,
    notes: monthNotes,
  }),
  actionView(issueInvoice, {
    summary: 'number, freeze and hash an approved invoice',
    details: 'Issued invoices never change.',
    example: `
$ arcadia invoice issue 17
17  acme  129.76 USD issued as INV-000017`,
    text: stepText,
  }),
  actionView(issueMonth, {
    summary: "number, freeze and hash a month's approved invoices, in batches of a hundred",
    details: 'What is refused is named, and stops no other.',
    example: `
$ arcadia invoice issue-month 2026-05
17  acme  129.76 USD issued as INV-000017
18  beta  60.00 USD issued as INV-000018`,
    text: monthText,
    notes: monthNotes,
  }),
  actionView(reopenInvoice, {
    summary: 'take the approval of an invoice back: it is a draft again',
    example: `
$ arcadia invoice reopen 17
Invoice 17 is a draft again: 129.76 USD.`,
    text: ({ invoice }, { input }) =>
      invoice === null
        ? `Nothing is due for invoice ${String(input.params.invoice)} any more.`
        : `Invoice ${invoice.invoiceId} is a draft again: ${invoice.total} ${invoice.currency}.`,
  }),
  actionView(cancelInvoice, {
    summary: 'cancel an issued invoice by a credit note of all that is left of it',
    details: `The credit note is issued at once, with the taxes at which the invoice was charged; credit notes that the invoice
has already are taken off. Its month is drafted anew, and so is what was decided about corrections of it. It asks
first.`,
    confirm: askedCancel,
    example: `
$ arcadia invoice cancel INV-000017 --reason 'wrong customer' --yes
INV-000017 is cancelled by credit note CN-000001: -129.76 USD with tax.
Next: arcadia invoice list --month 2026-05 --state draft`,
    text: ({ invoice, creditNote }) =>
      `${invoice.number} is cancelled by credit note ${creditNote.number}: ${creditNote.total} ${creditNote.currency} with tax.`,
    notes: ({ invoice }) => [`Next: arcadia invoice list --month ${invoice.month} --state draft`],
  }),
];

const reading = [
  listView(listInvoices, {
    summary: 'invoices and credit notes, the newest first',
    example: `
$ arcadia invoice list --month 2026-05
ID  NUMBER      KIND     STATE   CUSTOMER  NAME      MONTH         TOTAL  CHANGE  HELD BY  DUE
17  INV-000017  invoice  issued  acme      Acme Ltd  2026-05  129.76 USD   8.1 %  -        2026-06-18
1 document: 108.13 USD, tax 21.63 USD, total 129.76 USD.`,
    columns: invoiceColumns,
    notes: (page) => (page.totals as readonly Totals[]).map(totalsText),
    empty: 'No matching invoices. Next: arcadia invoice draft --help',
  }),
  actionView(summarizeInvoices, {
    summary: "how a month's invoices stand, beside the month before",
    details: 'Without --month: the last month that is over.',
    example: `
$ arcadia invoice summary --month 2026-05
KIND     STATE   DOCUMENTS       TOTAL
invoice  issued          1  129.76 USD`,
    text: summaryText,
  }),
  actionView(getInvoice, {
    summary: 'an invoice, line by line, and what it lacks to be issued',
    example: `
$ arcadia invoice show INV-000017
id        17
number    INV-000017
state     issued
customer  acme (Acme Ltd)`,
    text: invoiceText,
    notes: ({ missing, lacking, unbilled }) => [
      ...missing,
      ...(lacking.length === 0
        ? []
        : [`To be an electronic invoice it lacks ${lacking.map(({ message }) => message).join('; ')}.`]),
      ...unbilledNotes(unbilled),
    ],
  }),
  actionView(previewInvoice, {
    summary: "the invoice that would follow now for a deployment's customer; nothing is written",
    details: 'Without --month: the current month, to where it is metered. It is the same composition as of an invoice.',
    example: `
$ arcadia invoice preview acme-shop --month 2026-05
acme, 2026-05, as far as the facts are known now`,
    text: previewText,
    notes: ({ invoices, uncharged, unbilled }) => [
      ...(invoices.length === 0 ? ['Nothing would be billed: it is on no plan.'] : []),
      ...uncharged.map(
        ({ deployment, quantity, kind, reason }) =>
          `${deployment}: ${quantity} ${kind} not charged (${reason.replace('_', ' ')})`,
      ),
      ...unbilledNotes(unbilled),
    ],
  }),
  actionView(explainInvoiceLine, {
    summary: 'open a line to the days, resources and intervals that it is made of',
    example: `
$ arcadia invoice explain INV-000017 2
Droplet hours, running: 29.76 USD
2232 used, 1488 included, 744 charged at 0.04`,
    text: explainedText,
    notes: ({ usage, changedSince }) => [
      ...(usage !== null && usage.nextCursor !== null
        ? [`${plural(usage.resourcesTotal, 'resource')} in all; --limit shows more, --json each day.`]
        : []),
      ...(changedSince && usage !== null
        ? [`Facts have changed since: ${usage.quantity} are known by now. See: arcadia invoice correction check`]
        : []),
    ],
  }),
  documentView(getInvoicePdf, {
    summary: 'an invoice as a PDF to send to the customer',
    example: `
$ arcadia invoice pdf INV-000017 --out INV-000017.pdf
Written to INV-000017.pdf.`,
  }),
  documentView(getInvoiceCsv, {
    summary: "an invoice's lines as CSV",
    example: `
$ arcadia invoice csv INV-000017 > INV-000017.csv`,
  }),
  documentView(archiveMonth, {
    summary: "a month's issued documents as PDFs, with their lines as CSV, in one ZIP",
    example: `
$ arcadia invoice archive 2026-05 --out invoices-2026-05.zip
Written to invoices-2026-05.zip.`,
  }),
  documentView(getMonthLines, {
    summary: "all lines and taxes of a month's issued documents as CSV",
    example: `
$ arcadia invoice lines 2026-05 --out invoice-lines-2026-05.csv
Written to invoice-lines-2026-05.csv.`,
  }),
  documentView(getInvoiceJson, {
    summary: 'the document of an invoice as canonical JSON, whose sha256 is its digest once it is issued',
    example: `
$ arcadia invoice json INV-000017 | sha256sum`,
  }),
];

const lines = [
  actionView(addInvoiceLine, {
    summary: 'add a manual line to a draft: quantity times unit price, rounded once',
    details: 'It stays when the draft is brought up to date. A negative quantity gives back.',
    example: `
$ arcadia invoice line add 17 --description 'Support' --quantity 2.5 --unit hour --unit-price 80
Line 3 added. Invoice 17 total: 329.76 USD.`,
    async text({ lineId }, { surface, input }) {
      const show = { ...noInput, params: input.params };
      const { invoiceId, total, currency } = (await surface.act(getInvoice, show)) as AnswerOf<typeof getInvoice>;
      return `Line ${lineId} added. Invoice ${invoiceId} total: ${total} ${currency}.`;
    },
  }),
  actionView(removeInvoiceLine, {
    summary: 'remove a manual line from a draft',
    example: `
$ arcadia invoice line remove 3 --yes
Line 3 was removed.`,
    text: (_, { input }) => `Line ${String(input.params.line)} was removed.`,
  }),
];

const correctionColumns: readonly Column<Correction>[] = [
  { header: 'customer', value: (row) => row.customer },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'month', value: (row) => row.month },
  { header: 'amount', value: (row) => `${row.amount} ${row.currency}`, align: 'right' },
  { header: 'of', value: (row) => row.lines.map(({ description, amount }) => `${description} ${amount}`).join(', ') },
];

function decidedText({ takenBack, amount, month, creditNotes = [] }: Decided, done: string): string {
  return [
    ...takenBack.map((one) =>
      one.month === null
        ? `The waiver of ${one.amount} is withdrawn.`
        : `${one.amount} is taken off the draft of ${one.month}.`,
    ),
    ...creditNotes.map((note) => `${note.total} with tax: credit note ${note.number} of ${note.credits}.`),
    ...(amount !== undefined && month !== null
      ? [`${amount} ${month === undefined ? done : `${done} ${month}`}.`]
      : []),
  ].join('\n');
}

/** What a decision is about, as of the last look; the decision looks again, and says what it came to. */
async function askedCorrection(
  { surface, input }: ViewTools,
  question: (amount: string) => string,
): Promise<string | null> {
  const { deployment, month, currency } = input.body as Readonly<Record<string, string | undefined>>;
  const proposals = await everyRow(surface, listCorrections, { ...noInput, query: { deployment, month } });
  const own = proposals.filter((one) => currency === undefined || one.currency === currency);
  if (own.length === 0) return question(`what is to be corrected of ${month} of ${deployment}`);
  const amounts = own.map((one) => `${one.amount} ${one.currency}`).join(' and ');
  return question(`a correction of ${amounts} (excl. tax) for ${month} of ${deployment}`);
}

const corrections = [
  listView(listCorrections, {
    summary: 'what issued months cost now beyond what was issued for them',
    details: `Late facts change no issued invoice. What they come to is listed here until somebody decides: on the next
invoice, as a credit note, or waived. It is as of the last look; arcadia invoice correction check looks now.`,
    example: `
$ arcadia invoice correction list
CUSTOMER  DEPLOYMENT  MONTH        AMOUNT  OF
acme      shop        2026-05  -10.56 USD  Droplet hours, running -10.56
1 correction: -10.56 USD (excl. tax).`,
    columns: correctionColumns,
    notes: (page) => (page.totals as readonly CorrectionTotals[]).map(correctionTotalsText),
    empty: 'No corrections were found at the last look. To look now: arcadia invoice correction check',
    differs: ({ items }) => items.length > 0,
  }),
  actionView(checkCorrections, {
    summary: 'look now which issued months cost something else by now',
    details: 'A job does this every day, and each decision does it first.',
    example: `
$ arcadia invoice correction check
Looked at 2 months. See: arcadia invoice correction list`,
    text: ({ monthsRated }) => `Looked at ${plural(monthsRated, 'month')}. See: arcadia invoice correction list`,
  }),
  actionView(decideCorrection, {
    name: 'invoice correct',
    summary: "put a correction of a deployment's month on the next invoice",
    details: 'It asks first, with what it comes to.',
    confirm: (tools) => askedCorrection(tools, (amount) => `Put ${amount} on the next invoice?`),
    example: `
$ arcadia invoice correct shop --month 2026-05 --yes
-10.56 comes on the invoice of 2026-06.`,
    fixed: { decision: 'invoice' },
    text: (decided) => decidedText(decided, 'comes on the invoice of'),
  }),
  actionView(decideCorrection, {
    name: 'invoice credit',
    summary: "give a correction of a deployment's month back as credit notes, each with a number of its own series",
    details: 'It asks first, with what it comes to: a credit note is issued at once.',
    confirm: (tools) => askedCorrection(tools, (amount) => `Issue credit notes of ${amount} now?`),
    example: `
$ arcadia invoice credit shop --month 2026-05 --yes
-12.67 with tax: credit note CN-000001 of INV-000017.`,
    fixed: { decision: 'credit_note' },
    text: (decided) => decidedText(decided, 'is credited'),
  }),
  actionView(decideCorrection, {
    name: 'invoice waive',
    summary: "waive a correction of a deployment's month",
    details: 'For exactly its amount, which it asks about first: what changes afterwards is proposed again.',
    confirm: (tools) => askedCorrection(tools, (amount) => `Waive ${amount}?`),
    example: `
$ arcadia invoice waive shop --month 2026-05 --reason 'a trifle' --yes
-10.56 is waived.`,
    fixed: { decision: 'waive' },
    text: (decided) => decidedText(decided, 'is waived'),
  }),
];

export const invoiceNoun: Noun = {
  name: 'invoice',
  summary: 'what customers owe for a month',
  description: 'What customers owe for a month: drafts that are kept up to date, approved, issued and frozen.',
  views: [...steps, ...reading],
};

export const invoiceLineNoun: Noun = {
  name: 'invoice line',
  summary: 'manual lines on drafts',
  views: lines,
};

export const invoiceCorrectionNoun: Noun = {
  name: 'invoice correction',
  summary: 'what later facts change about issued months',
  views: corrections,
};
