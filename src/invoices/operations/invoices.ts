import { z } from 'zod';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Principal,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import {
  currency,
  day,
  dayOut,
  decimalInput,
  decimalOut,
  id,
  instantOut,
  line as lineText,
  month,
  slug,
  nextOut,
} from '../../platform/declare/schemas.ts';
import { dayOf } from '../../metering/index.ts';
import { unbilledOut } from '../../pricing/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { sendSoon } from '../../webhooks/index.ts';
import { explainLine } from '../explain.ts';
import { invoiceFile } from '../files.ts';
import * as invoices from '../invoices.ts';
import { countInvoices } from '../month-figures.ts';
import { holdsOfInvoices } from '../month-invoices.ts';
import { changeOfListed, readMonthSummary } from '../month-summary.ts';
import type { Invoice, ListedInvoice } from '../invoices.ts';
import * as issue from '../issue.ts';
import { draftMonthJob, drawDocumentsJob } from '../jobs.ts';
import * as cancel from '../cancel.ts';
import { monthArchive, monthLines } from '../month-files.ts';
import { addLine, removeLine } from '../manual-lines.ts';
import { type MonthPreview, type MonthStep, previewMonthStep, stepMonth } from '../month-step.ts';
import { previewDeployment } from '../preview.ts';
import { invoiceName } from '../payment-fields.ts';
import { paymentStates, readStandings, standingOf } from '../payments.ts';
import { printedOf } from '../printed.ts';
import type { InvoiceDocument } from '../document.ts';
import { unbilledBeside } from '../unbilled.ts';
import { deciders, monthText, readerOf, readers, standingOut } from './schemas.ts';

/** An invoice in an answer, as `invoiceAnswer` makes it. */
export const invoiceOut = z
  .object({
    invoiceId: id,
    number: z.string().nullable().meta({ description: 'null: not issued' }),
    kind: z.enum(['invoice', 'credit_note']),
    state: z.enum(['draft', 'approved', 'issued', 'cancelled']),
    customer: z.string().meta({ description: "arcadia-app's id of the customer" }),
    customerName: z.string(),
    entity: z.string().meta({ description: 'The seller; empty for a customer' }),
    month: monthText,
    currency: z.string(),
    subtotal: decimalOut,
    tax: decimalOut,
    total: decimalOut,
    issuedAt: instantOut.nullable(),
    dueOn: dayOut.nullable(),
    credits: z.string().nullable().meta({ description: 'The invoice that a credit note corrects or cancels' }),
    documentDigest: z.string().nullable().meta({ description: 'sha256 of the canonical JSON' }),
    cancelledBy: z.string().nullable().meta({ description: 'The credit note that cancels it' }),
    cancelReason: z.string().nullable().meta({
      description: 'Why it was cancelled, as the customer reads it; also of the credit note that cancels one',
    }),
  })
  .meta({ id: 'Invoice', description: 'What a customer owes for a month' });

export function invoiceAnswer(row: Invoice): z.input<typeof invoiceOut> {
  return { ...row, month: row.month.toPlainYearMonth().toString() };
}

const which = z.object({ invoice: invoiceName });

const holdReason = z
  .enum(['not_final', 'in_grace', 'incomplete', 'no_exchange_rate', 'differs', 'numbered_elsewhere'])
  .meta({ description: 'Why an invoice is not issued with its month' });

const changeOut = {
  previous: decimalOut.nullable().meta({
    description: 'Before tax, of the month before in the currency, drafts included; null: none, or a customer reads',
  }),
  change: decimalOut.nullable().meta({ description: 'subtotal less previous' }),
  changePercent: z.string().nullable().meta({ description: 'The same in percent; null: nothing to compare with' }),
};

const listedInvoiceOut = invoiceOut
  .extend({
    ...standingOut,
    ...changeOut,
    holds: z.array(holdReason).meta({ description: 'What keeps it from being issued; none of what is issued' }),
    manualLines: z.int(),
    corrections: z.int().meta({ description: 'Lines that correct other months' }),
  })
  .meta({ id: 'ListedInvoice', description: 'An invoice beside that of the month before' });

async function listedAnswers(
  db: Queryable,
  items: readonly ListedInvoice[],
  { role }: Principal,
  now: Temporal.Instant,
): Promise<z.input<typeof listedInvoiceOut>[]> {
  const holds = role === 'customer' ? null : await holdsOfInvoices(db, items, now);
  const standings = await readStandings(db, items, now);
  return items.map((row) => ({
    ...invoiceAnswer(row),
    ...standingOf(standings, row.invoiceId),
    ...changeOfListed(row),
    holds: [...(holds?.get(row.invoiceId) ?? [])],
    manualLines: row.manualLines,
    corrections: row.corrections,
  }));
}

export const listInvoices = declareList({
  path: '/invoices',
  name: 'invoice list',
  operationId: 'listInvoices',
  tag: 'invoices',
  summary: 'Invoices and credit notes, the newest first',
  description: 'A customer sees their own, once they are issued.',
  roles: readers,
  query: z.object({
    month: month.optional(),
    state: z.enum(['draft', 'approved', 'issued', 'cancelled']).optional(),
    kind: z.enum(['invoice', 'credit_note']).optional(),
    customer: z.string().max(200).optional().meta({ description: "arcadia-app's id of the customer" }),
    currency: currency.optional(),
    entity: slug.optional().meta({ description: 'The seller; refused to a customer' }),
    totalMin: decimalInput.optional().meta({ description: 'With tax' }),
    totalMax: decimalInput.optional(),
    issuedFrom: day.optional().meta({ description: 'The first UTC day of the issue' }),
    issuedTo: day.optional().meta({ description: 'The day behind the last' }),
    dueBefore: day.optional(),
    payment: z.enum(paymentStates).optional().meta({ description: 'How its payment stands now' }),
  }),
  row: listedInvoiceOut,
  extra: z.object({
    totals: z
      .array(
        z.object({
          currency: z.string(),
          invoices: z.int(),
          subtotal: decimalOut,
          tax: decimalOut,
          total: decimalOut,
        }),
      )
      .meta({
        description: 'Of all documents that the filters let through, on every page',
      }),
  }),
  search: { in: "the number, and the customer's id and name" },
  sort: {
    by: ['invoiceId', 'number', 'customer', 'customerName', 'month', 'total', 'issuedAt', 'dueOn', 'change'],
    newestFirst: true,
  },
  total: { none: 'totals counts them by currency, and says what they come to' },
  async run({ db, query, principal, now }, page) {
    const reader = readerOf(principal);
    if (reader !== 'staff' && query.entity !== undefined)
      throw new ArcadiaError('invalid_argument', 'Invoices are not listed by seller here.');
    const { payment, ...others } = query;
    const filter = { ...others, payment: payment === undefined ? undefined : { state: payment, on: dayOf(now) } };
    const { items, nextCursor } = await invoices.listInvoices(db, filter, page, reader);
    const totals = await invoices.totalInvoices(db, { ...filter, q: page.q }, reader);
    return { items: await listedAnswers(db, items, principal, now), nextCursor, totals };
  },
});

export const summarizeInvoices = declareOperation({
  method: 'GET',
  path: '/invoices/summary',
  name: 'invoice summary',
  operationId: 'getInvoicesSummary',
  tag: 'invoices',
  summary: "How a month's invoices stand: what each state comes to, beside the month before, and what is in the way",
  roles: staff,
  query: z.object({
    month: month.optional().meta({ description: 'The last month that is over unless given' }),
  }),
  response: z
    .object({
      month: monthText,
      states: z
        .array(
          z.object({
            kind: z.enum(['invoice', 'credit_note']),
            state: z.enum(['draft', 'approved', 'issued', 'cancelled']),
            currency: z.string(),
            invoices: z.int(),
            subtotal: decimalOut,
            tax: decimalOut,
            total: decimalOut,
          }),
        )
        .readonly(),
      changes: z
        .array(
          z.object({
            currency: z.string(),
            invoices: z.int(),
            subtotal: decimalOut,
            previous: decimalOut,
            change: decimalOut.meta({ description: 'subtotal less previous' }),
          }),
        )
        .readonly()
        .meta({ description: 'Of all invoices that are not cancelled, before tax, beside the month before' }),
      holds: z
        .array(
          z.object({
            reason: holdReason,
            invoices: z.int(),
            message: z.string().meta({ description: 'Of the first of them' }),
          }),
        )
        .readonly()
        .meta({ description: 'What keeps invoices that are not issued, the most frequent first' }),
      movers: z
        .array(
          z.object({
            invoiceId: id,
            customer: z.string(),
            customerName: z.string(),
            currency: z.string(),
            subtotal: decimalOut,
            previous: decimalOut,
            change: decimalOut,
          }),
        )
        .readonly()
        .meta({ description: 'The five furthest from the month before, each in its currency' }),
    })
    .meta({ id: 'InvoicesSummary', description: "How a month's invoices stand" }),
  run: ({ db, query, now }) =>
    readMonthSummary(db, query.month ?? dayOf(now).with({ day: 1 }).subtract({ months: 1 }), now),
});

const lineOut = z.looseObject({
  position: z.int(),
  description: z.string(),
  kind: z.string(),
  component: z.string().meta({ description: 'What is billed, the same in every month' }),
  serviceMonth: monthText,
  quantity: decimalOut.nullable(),
  unit: z.string().nullable(),
  unitPrice: decimalOut.nullable(),
  amount: decimalOut,
  period: z.looseObject({ from: z.string(), to: z.string() }).optional(),
  details: z.record(z.string(), z.unknown()),
});

const documentOut = z
  .looseObject({
    format: z.literal('arcadia-invoice/1'),
    currency: z.string(),
    buyer: z.looseObject({ name: z.string() }),
    sections: z.array(z.looseObject({ deployment: z.string().nullable(), lines: z.array(lineOut) })),
    subtotal: decimalOut,
    taxes: z.array(
      z.looseObject({ title: z.string().nullable(), treatment: z.string(), percent: z.string(), amount: decimalOut }),
    ),
    vatAccounting: z
      .looseObject({
        currency: z.string(),
        rate: z.object({
          base: z.string(),
          counter: z.string(),
          rate: decimalOut,
          day: z.string(),
          source: z.string(),
        }),
        taxes: z.array(z.looseObject({ amount: decimalOut })),
        tax: decimalOut,
      })
      .optional()
      .meta({ description: "The VAT in the seller's currency, where that is another and VAT is charged" }),
    total: decimalOut,
  })
  .meta({
    id: 'InvoiceDocument',
    description: 'The whole of an invoice: parties, sections with their lines, taxes and totals',
  });

const printedParty = z.object({ name: z.string(), lines: z.array(z.string()).readonly() });

const printedOut = z
  .object({
    title: z.string(),
    facts: z.array(z.object({ label: z.string(), value: z.string() })).readonly(),
    from: printedParty,
    to: printedParty,
    settlement: z.string().meta({ description: "What is to be paid by when, or what is in the customer's favour" }),
    credit: z.string().nullable(),
    amountTitle: z.string(),
    sections: z
      .array(
        z.object({
          title: z.string(),
          lines: z
            .array(
              z.object({
                position: z.int(),
                kind: z.string(),
                description: z.string(),
                remark: z.string(),
                quantity: z.string(),
                unitPrice: z.string(),
                amount: z.string(),
              }),
            )
            .readonly(),
          subtotal: z.string().nullable(),
        }),
      )
      .readonly(),
    totals: z.array(z.object({ label: z.string(), amount: z.string() })).readonly(),
    notes: z.array(z.string()).readonly(),
  })
  .meta({ id: 'PrintedInvoice', description: 'The texts of the PDF, as they stand in it' });

function printedAnswer(document: InvoiceDocument): z.input<typeof printedOut> {
  return printedOf(document);
}

export const getInvoice = declareOperation({
  method: 'GET',
  path: '/invoices/:invoice',
  name: 'invoice show',
  operationId: 'getInvoice',
  tag: 'invoices',
  summary: 'One invoice with its document, and what it lacks to be issued',
  roles: readers,
  params: which,
  response: invoiceOut.extend({
    ...standingOut,
    approvedAt: instantOut.nullable(),
    approvedBy: z.string().nullable().meta({ description: 'Who approved it; null for a customer' }),
    overrideReason: z.string().nullable().meta({ description: 'Why, before its month was final; null for a customer' }),
    issuedBy: z.string().nullable().meta({ description: 'Who issued it; null for a customer' }),
    cancelledAt: instantOut.nullable(),
    document: documentOut,
    printed: printedOut,
    missing: z.array(z.string()).meta({ description: 'What it lacks to be issued' }),
    settles: z
      .array(z.object({ message: z.string(), next: nextOut }))
      .meta({ description: 'The same, each with the operation that adds it; empty for a customer' }),
    lacking: z
      .array(z.object({ rule: z.string(), message: z.string(), next: nextOut }))
      .meta({ description: 'What it lacks to be an electronic invoice, by rule; it can be issued without' }),
    unbilled: unbilledOut,
  }),
  async run({ db, params, principal, now }) {
    const row = await invoices.getInvoice(db, params.invoice, readerOf(principal));
    const { document, missing, lacking } = await invoices.readDocument(db, row);
    const unbilled = principal.role === 'customer' ? [] : await unbilledBeside(db, row, now);
    const { approvedAt, approvedBy, overrideReason, issuedBy, cancelledAt } = row;
    return {
      ...invoiceAnswer(row),
      ...standingOf(await readStandings(db, [row], now), row.invoiceId),
      approvedAt,
      approvedBy,
      overrideReason,
      issuedBy,
      cancelledAt,
      document: document as object as z.input<typeof documentOut>,
      printed: printedAnswer(document),
      missing: missing.map(({ message }) => message),
      settles:
        principal.role === 'customer'
          ? []
          : missing.map(({ message, next }) => ({
              message,
              next: { operation: next.operation, arguments: next.arguments ?? {} },
            })),
      lacking: principal.role === 'customer' ? [] : [...lacking],
      unbilled,
    };
  },
});

const files = {
  pdf: {
    operationId: 'getInvoicePdf',
    type: 'application/pdf',
    summary: 'An invoice as a PDF to send to the customer',
  },
  csv: { operationId: 'getInvoiceCsv', type: 'text/csv', summary: "An invoice's lines as CSV" },
  json: {
    operationId: 'getInvoiceJson',
    type: 'application/json',
    summary: 'The document of an invoice as canonical JSON, whose sha256 is its digest once it is issued',
  },
} as const;

function declareFile(format: keyof typeof files) {
  const { operationId, type: produced, summary } = files[format];
  return declareDocument({
    path: `/invoices/:invoice/${format}`,
    name: `invoice ${format}`,
    operationId,
    tag: 'invoices',
    summary,
    roles: readers,
    params: which,
    produces: [produced],
    hasETag: true,
    async run({ db, params, now, signal, principal }) {
      const row = await invoices.getInvoice(db, params.invoice, readerOf(principal));
      const { type, name, bytes, digest } = await invoiceFile(db, row, format, { now, signal });
      return { type, body: bytes, digest, filename: name };
    },
  });
}

export const getInvoicePdf = declareFile('pdf');

export const getInvoiceCsv = declareFile('csv');

export const getInvoiceJson = declareFile('json');

const monthFile = {
  tag: 'invoices',
  roles: ['owner', 'finance'],
  params: z.object({ month }),
} as const;

export const archiveMonth = declareDocument({
  ...monthFile,
  path: '/invoice-months/:month/archive',
  name: 'invoice archive',
  operationId: 'archiveInvoicesOfMonth',
  summary: "A month's issued documents as PDFs, with their lines as CSV, in one ZIP",
  description: 'Invoices and credit notes, cancelled ones too, in a folder for each seller. It is sent as it is made.',
  produces: ['application/zip'],
  async run({ db, params, now, signal }) {
    const body = await monthArchive(db, { ...params, now, signal });
    return { type: 'application/zip', body, filename: `invoices-${params.month.toPlainYearMonth()}.zip` };
  },
});

export const getMonthLines = declareDocument({
  ...monthFile,
  path: '/invoice-months/:month/lines',
  name: 'invoice lines',
  operationId: 'getInvoiceLinesOfMonth',
  summary: "All lines and taxes of a month's issued documents as CSV",
  description: 'As the CSV of each document, one after the other. A tax is a row of the kind `tax`.',
  produces: ['text/csv'],
  async run({ db, params, now, signal }) {
    const body = monthLines(db, { ...params, now, signal });
    return { type: 'text/csv', body, filename: `invoice-lines-${params.month.toPlainYearMonth()}.csv` };
  },
});

const explainedOut = z.looseObject({
  invoice: z.string(),
  currency: z.string(),
  deployment: slug.nullable().meta({ description: 'null: for the customer as a whole' }),
  line: lineOut,
  usage: z
    .looseObject({
      quantity: decimalOut,
      resources: z.array(
        z.looseObject({
          name: z.string().nullable(),
          externalId: z.string(),
          quantity: decimalOut,
          intervals: z.array(
            z.looseObject({
              from: z.string(),
              to: z.string(),
              level: decimalOut,
              share: z.string().nullable(),
              quantity: decimalOut,
            }),
          ),
        }),
      ),
      resourcesTotal: z.int(),
      nextCursor: z.string().nullable(),
    })
    .nullable()
    .meta({
      description:
        'As GET .../usage/explanation answers, of a correction for what it corrects; null for what is not usage',
    }),
  correction: z
    .object({
      month: monthText,
      invoice: z.string().nullable().meta({ description: 'The number of the invoice that is corrected' }),
      issued: decimalOut.meta({ description: 'What other documents have issued for the same line, before tax' }),
      decidedAt: z.string(),
      decidedBy: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'Of a correction; null for every other line, and for a customer' }),
  changedSince: z.boolean().meta({ description: 'Usage has changed since the invoice' }),
});

export const explainInvoiceLine = declareOperation({
  method: 'GET',
  path: '/invoices/:invoice/lines/:line',
  name: 'invoice explain',
  operationId: 'explainInvoiceLine',
  tag: 'invoices',
  summary: 'A line opened to the days, resources and intervals that it is made of',
  roles: readers,
  params: which.extend({ line: z.coerce.number().int().min(1).max(1_000_000) }),
  query: z.object({
    limit: z.coerce.number().int().min(1).max(100).optional(),
    cursor: z.string().max(100).optional(),
  }),
  command: { positional: ['invoice', 'line'] },
  response: explainedOut,
  async run({ db, params, query, principal }) {
    const row = await invoices.getInvoice(db, params.invoice, readerOf(principal));
    const audience = principal.role === 'customer' ? 'customer' : 'staff';
    const explained = await explainLine(db, row, { line: params.line, ...query }, audience);
    return explained as object as z.input<typeof explainedOut>;
  },
});

export const previewInvoice = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/invoice-preview',
  name: 'invoice preview',
  operationId: 'previewInvoice',
  tag: 'invoices',
  summary: "The invoice that would follow now for a deployment's customer",
  roles: staff,
  params: z.object({ deployment: slug }),
  query: z.object({ month: month.optional().meta({ description: 'Another than the current one' }) }),
  response: z.object({
    customer: z.string(),
    month: monthText,
    invoices: z.array(
      z.object({
        currency: z.string(),
        lines: z.array(
          z.object({
            deployment: slug.nullable().meta({ description: 'null: of the customer as a whole' }),
            kind: z.string(),
            component: z.string().meta({ description: 'What is billed' }),
            description: z.string(),
            serviceMonth: monthText,
            period: z.object({ from: z.string(), to: z.string() }),
            quantity: decimalOut.nullable(),
            unit: z.string().nullable(),
            unitPrice: decimalOut.nullable(),
            amount: decimalOut,
            details: z.record(z.string(), z.unknown()),
          }),
        ),
        subtotal: decimalOut,
        tax: decimalOut,
        total: decimalOut,
      }),
    ),
    uncharged: z
      .array(
        z.object({ deployment: slug, kind: z.string(), quantity: decimalOut, reason: z.enum(['paused', 'no_plan']) }),
      )
      .meta({ description: 'Usage that no plan charges' }),
    unbilled: unbilledOut,
  }),
  async run({ db, params, query, now }) {
    const asked = query.month ?? dayOf(now).with({ day: 1 });
    const {
      customer,
      month: of,
      invoices: due,
      slugs,
      uncharged,
      unbilled,
    } = await previewDeployment(db, params.deployment, asked, now);
    return {
      customer,
      month: of,
      invoices: due.map((one) => ({
        ...one,
        lines: one.lines.map(({ deploymentId, serviceMonth, details, ...line }) => ({
          ...line,
          deployment: deploymentId === null ? null : (slugs[deploymentId] ?? null),
          serviceMonth: serviceMonth.toPlainYearMonth().toString(),
          details: { ...details },
        })),
      })),
      uncharged: uncharged.map(({ deployment, usage: { billingKind, quantity, reason } }) => ({
        deployment,
        kind: billingKind,
        quantity,
        reason,
      })),
      unbilled,
    };
  },
});

export const draftInvoices = declareOperation({
  method: 'POST',
  path: '/invoices/drafts',
  name: 'invoice draft',
  operationId: 'draftInvoices',
  tag: 'invoices',
  summary: "Bring a month's drafts up to date with the facts, by a job",
  roles: deciders,
  body: z.strictObject({ month }),
  response: z.object({ month: monthText, drafts: z.int().meta({ description: 'Of the month, before the job' }) }),
  status: 202,
  followedBy: [draftMonthJob],
  async run({ db, body, follow }) {
    const name = body.month.toPlainYearMonth().toString();
    const drafts = (await countInvoices(db, body.month)).filter(({ state }) => state === 'draft');
    await db.transaction().execute((trx) => follow(trx, draftMonthJob, { month: name }));
    return { month: name, drafts: drafts.reduce((sum, { documents }) => sum + documents, 0) };
  },
});

export const approveInvoice = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/approve',
  name: 'invoice approve',
  operationId: 'approveInvoice',
  tag: 'invoices',
  summary: 'Approve a draft',
  description: 'It is drafted from the facts once more first. Before its month is final it takes a reason.',
  roles: deciders,
  params: which,
  edits: getInvoice,
  command: { flags: { expectedTotal: 'total' } },
  body: z.strictObject({
    override: lineText.optional().meta({ description: 'Why, although its month is not final' }),
    expectedTotal: decimalInput.optional().meta({ description: 'Refused when the total is different by now' }),
  }),
  response: invoiceOut,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    await issue.approveInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await invoices.getInvoice(db, String(invoiceId)));
  },
});

export const issueInvoice = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/issue',
  name: 'invoice issue',
  operationId: 'issueInvoice',
  tag: 'invoices',
  summary: 'Number, freeze and hash an approved invoice',
  description: 'Issuing one that is issued changes nothing and answers it.',
  roles: deciders,
  params: which,
  edits: getInvoice,
  body: z.strictObject({
    number: z.string().max(64).optional().meta({ description: "The accounting system's, where it gives them" }),
    incomplete: z.boolean().optional().meta({ description: 'Although names, addresses or tax ids are missing' }),
  }),
  response: invoiceOut,
  followedBy: [drawDocumentsJob],
  async run({ db, params, body, principal, now, follow, enqueue }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    await issue.issueInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    await db.transaction().execute((trx) => follow(trx, drawDocumentsJob, {}));
    await sendSoon({ db, enqueue });
    return invoiceAnswer(await invoices.getInvoice(db, String(invoiceId)));
  },
});

/** Which of the month's invoices, and what they are expected to come to. */
const chosenOfMonth = {
  only: z.array(id).min(1).max(1000).optional().meta({ description: 'Only these invoices' }),
  except: z.array(id).max(1000).optional().meta({ description: 'All but these' }),
  expected: z
    .array(z.strictObject({ currency, invoices: z.int(), total: decimalInput }))
    .max(100)
    .optional()
    .meta({
      description:
        'With tax, of those beyond `after`: as a preview says, then `rest` of the answer before. Refused where they come to something else by now',
    }),
};

const stepOfMonth = {
  params: z.object({ month }),
  command: { flags: { preview: 'dry-run' } },
  roles: deciders,
  query: z.object({
    after: z.coerce.number().int().min(0).default(0).meta({ description: 'Where the answer before says to go on' }),
    preview: z.boolean().default(false).meta({ description: 'Write nothing; say what it would be done to' }),
  }),
  response: z.object({
    preview: z
      .object({
        totals: z
          .array(z.object({ currency: z.string(), invoices: z.int(), total: decimalOut }))
          .readonly()
          .meta({ description: 'With tax: `expected`' }),
        exceptions: z
          .array(
            z.object({
              invoiceId: id,
              customer: z.string(),
              customerName: z.string(),
              currency: z.string(),
              total: decimalOut,
              subtotal: decimalOut,
              before: decimalOut.nullable().meta({ description: 'Before tax, of the month before; null: none' }),
              holds: z.array(z.object({ reason: holdReason, message: z.string() })).readonly(),
            }),
          )
          .readonly()
          .meta({ description: 'What somebody should look at first; 100 at most' }),
        exceptionsTotal: z.int(),
      })
      .nullable()
      .meta({ description: 'null: it was done' }),
    done: z.array(invoiceOut),
    refused: z
      .array(z.object({ invoiceId: id, customer: z.string(), code: z.string(), message: z.string() }))
      .meta({ description: 'They do not stop the others' }),
    next: id.nullable().meta({ description: 'There are more: ask again with it as `after`' }),
    rest: z
      .array(z.object({ currency: z.string(), invoices: z.int(), total: decimalOut }))
      .meta({ description: 'What those came to when the step began, with tax: `expected` of the next' }),
  }),
};

function monthAnswer({ done, ...rest }: MonthStep): z.input<typeof stepOfMonth.response> {
  return { preview: null, ...rest, done: done.map(invoiceAnswer), refused: [...rest.refused], rest: [...rest.rest] };
}

function previewAnswer({ exceptions, ...preview }: MonthPreview): z.input<typeof stepOfMonth.response> {
  const looked = exceptions.map(({ state: _state, entity: _entity, lacking: _lacking, holds, ...row }) => ({
    ...row,
    holds: holds.map(({ reason, message }) => ({ reason, message })),
  }));
  return { preview: { ...preview, exceptions: looked }, done: [], refused: [], next: null, rest: [] };
}

export const approveMonth = declareOperation({
  ...stepOfMonth,
  method: 'POST',
  path: '/invoice-months/:month/approve',
  name: 'invoice approve-month',
  operationId: 'approveInvoicesOfMonth',
  tag: 'invoices',
  summary: "Approve a month's drafts, in batches of a hundred",
  body: z.strictObject({
    override: lineText.optional().meta({ description: 'Why, although the month is not final' }),
    ...chosenOfMonth,
  }),
  async run({ db, params, query: { preview, ...query }, body: { override, ...chosen }, principal, now, signal }) {
    if (preview) return previewAnswer(await previewMonthStep(db, { ...params, ...chosen, state: 'draft' }, now));
    const options = { override, by: principal.subject, now };
    const step = (invoiceId: number, expectedTotal: string | undefined) =>
      issue.approveInvoice(db, invoiceId, { ...options, expectedTotal });
    return monthAnswer(await stepMonth(db, { ...params, ...query, ...chosen, state: 'draft', signal }, step));
  },
});

export const issueMonth = declareOperation({
  ...stepOfMonth,
  method: 'POST',
  path: '/invoice-months/:month/issue',
  name: 'invoice issue-month',
  operationId: 'issueInvoicesOfMonth',
  tag: 'invoices',
  summary: "Number, freeze and hash a month's approved invoices, in batches of a hundred",
  body: z.strictObject({
    incomplete: z.boolean().optional().meta({ description: 'Although names, addresses or tax ids are missing' }),
    ...chosenOfMonth,
  }),
  followedBy: [drawDocumentsJob],
  async run({ db, params, query: { preview, ...query }, body, principal, now, signal, follow, enqueue }) {
    const { incomplete, ...chosen } = body;
    if (preview) return previewAnswer(await previewMonthStep(db, { ...params, ...chosen, state: 'approved' }, now));
    const options = { incomplete, by: principal.subject, now };
    const step = (invoiceId: number, expectedTotal: string | undefined) =>
      issue.issueInvoice(db, invoiceId, { ...options, expectedTotal });
    const done = await stepMonth(db, { ...params, ...query, ...chosen, state: 'approved', signal }, step);
    if (done.done.length > 0) {
      await db.transaction().execute((trx) => follow(trx, drawDocumentsJob, {}));
      await sendSoon({ db, enqueue });
    }
    return monthAnswer(done);
  },
});

export const reopenInvoice = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/reopen',
  name: 'invoice reopen',
  operationId: 'reopenInvoice',
  tag: 'invoices',
  summary: 'Take the approval of an invoice back: it is a draft again',
  roles: deciders,
  params: which,
  edits: getInvoice,
  response: z.object({
    invoice: invoiceOut.nullable().meta({ description: 'null: nothing is due any more, and there is no draft' }),
  }),
  async run({ db, params, now }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    await issue.reopenInvoice(db, invoiceId, now);
    const left = await invoices.findInvoice(db, invoiceId);
    return { invoice: left === undefined ? null : invoiceAnswer(left) };
  },
});

export const cancelInvoice = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/cancel',
  name: 'invoice cancel',
  operationId: 'cancelInvoice',
  tag: 'invoices',
  summary: 'Cancel an issued invoice by a credit note of all that is left of it',
  description:
    'The credit note is issued at once, with the taxes at which the invoice was charged. What was decided about ' +
    'corrections of its month is withdrawn, and the month is drafted anew.',
  roles: deciders,
  params: which,
  edits: getInvoice,
  body: z.strictObject({
    reason: lineText.meta({ description: 'Why. The customer reads it on the credit note' }),
    dropWaivers: z
      .boolean()
      .optional()
      .meta({ description: 'Although corrections of it were waived: they are billed again' }),
    number: z
      .string()
      .max(64)
      .optional()
      .meta({ description: "The credit note's, where the accounting system gives them" }),
    incomplete: z.boolean().optional().meta({ description: 'Although names, addresses or tax ids are missing' }),
  }),
  response: z.object({ invoice: invoiceOut, creditNote: invoiceOut }),
  followedBy: [drawDocumentsJob],
  async run({ db, params, body, principal, now, follow, enqueue }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    const { creditNoteId } = await cancel.cancelInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    await db.transaction().execute((trx) => follow(trx, drawDocumentsJob, {}));
    await sendSoon({ db, enqueue });
    return {
      invoice: invoiceAnswer(await invoices.getInvoice(db, String(invoiceId))),
      creditNote: invoiceAnswer(await invoices.getInvoice(db, String(creditNoteId))),
    };
  },
});

export const addInvoiceLine = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/lines',
  name: 'invoice line add',
  operationId: 'addInvoiceLine',
  tag: 'invoices',
  summary: 'Add a manual line to a draft',
  roles: deciders,
  params: which,
  edits: getInvoice,
  body: z.strictObject({
    description: lineText,
    quantity: decimalInput.default('1'),
    unit: lineText.nullable().optional(),
    unitPrice: decimalInput,
    taxCategory: slug.nullable().optional(),
    deployment: slug.nullable().optional(),
  }),
  response: z.object({ lineId: id }),
  status: 201,
  location: ({ lineId }) => `/invoice-lines/${lineId}`,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    return addLine(db, invoiceId, body, principal.subject, now);
  },
});

export const removeInvoiceLine = declareOperation({
  method: 'DELETE',
  path: '/invoice-lines/:line',
  name: 'invoice line remove',
  operationId: 'removeInvoiceLine',
  tag: 'invoices',
  summary: 'Remove a manual line from a draft',
  roles: deciders,
  command: { confirm: 'Remove line {line} from its draft?' },
  params: z.object({ line: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
  async run({ db, params, principal, now }) {
    await removeLine(db, params.line, principal.subject, now);
  },
});

export const invoiceOperations: readonly Operation[] = [
  listInvoices,
  summarizeInvoices,
  getInvoice,
  getInvoicePdf,
  getInvoiceCsv,
  getInvoiceJson,
  archiveMonth,
  getMonthLines,
  explainInvoiceLine,
  previewInvoice,
  draftInvoices,
  approveInvoice,
  issueInvoice,
  approveMonth,
  issueMonth,
  reopenInvoice,
  cancelInvoice,
  addInvoiceLine,
  removeInvoiceLine,
];
