import { z } from 'zod';
import { pageOfAll } from '../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Principal,
  type Role,
  type Operation,
  staff,
} from '../platform/declare/operation.ts';
import {
  dayOut,
  decimalInput,
  decimalOut,
  id,
  instantOut,
  line as lineText,
  month,
  slug,
} from '../platform/declare/schemas.ts';
import {
  checkCorrections,
  correctOnNextInvoice,
  issueCreditNote,
  listProposals,
  waiveCorrection,
} from './corrections.ts';
import { explainLine } from './explain.ts';
import { invoiceFile } from './files.ts';
import { getInvoice, type Invoice, listInvoices, type Reader, readDocument } from './invoices.ts';
import { approveInvoice, issueInvoice, voidInvoice } from './issue.ts';
import { draftMonthJob } from './jobs.ts';
import { addLine, removeLine } from './manual-lines.ts';
import { previewDeployment } from './preview.ts';

const readers: readonly Role[] = [...staff, 'customer'];
const deciders: readonly Role[] = ['owner', 'finance'];

function readerOf({ role }: Principal): Reader {
  return role === 'customer' ? 'customer' : 'staff';
}

const monthText = z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] });
const invoice = z
  .object({
    invoiceId: id,
    number: z.string().nullable().meta({ description: 'null: not issued' }),
    kind: z.enum(['invoice', 'credit_note']),
    state: z.enum(['draft', 'approved', 'issued', 'void']),
    customer: z.string().meta({ description: "arcadia-app's id of the customer" }),
    customerName: z.string(),
    entity: z.string().meta({ description: 'The legal entity that bills; empty for a customer' }),
    month: monthText,
    currency: z.string(),
    subtotal: decimalOut,
    tax: decimalOut,
    total: decimalOut,
    issuedAt: instantOut.nullable(),
    dueOn: dayOut.nullable(),
    credits: z.string().nullable().meta({ description: 'The invoice that a credit note takes back a part of' }),
    documentDigest: z.string().nullable().meta({ description: 'sha256 of the canonical JSON' }),
    voidReason: z.string().nullable(),
  })
  .meta({ id: 'Invoice', description: 'What a customer owes for a month' });

function invoiceAnswer(row: Invoice): z.input<typeof invoice> {
  return { ...row, month: row.month.toPlainYearMonth().toString() };
}

const which = z.object({
  invoice: z
    .string()
    .regex(/^\S{1,64}$/)
    .meta({ description: 'Id, or number of an issued one', examples: ['17', 'INV-000017'] }),
});

const listInvoicesRoute = declareList({
  path: '/invoices',
  name: 'invoice list',
  operationId: 'listInvoices',
  tag: 'invoices',
  summary: 'Invoices and credit notes, the newest first',
  description: 'A customer sees their own, once they are issued.',
  roles: readers,
  query: z.object({
    month: month.optional(),
    state: z.enum(['draft', 'approved', 'issued', 'void']).optional(),
    kind: z.enum(['invoice', 'credit_note']).optional(),
    customer: z.string().max(200).optional().meta({ description: "arcadia-app's id of the customer" }),
  }),
  row: invoice,
  async run({ db, query, principal }, page) {
    const { items, nextCursor } = await listInvoices(db, query, page, readerOf(principal));
    return { items: items.map(invoiceAnswer), nextCursor };
  },
});

const documentOut = z.looseObject({ format: z.literal('arcadia-invoice/1') }).meta({
  id: 'InvoiceDocument',
  description: 'The whole of an invoice: parties, sections with their lines, taxes and totals',
});

const getInvoiceRoute = declareOperation({
  method: 'GET',
  path: '/invoices/:invoice',
  name: 'invoice show',
  operationId: 'getInvoice',
  tag: 'invoices',
  summary: 'One invoice with its document, and what it lacks to be issued',
  roles: readers,
  params: which,
  response: invoice.extend({ document: documentOut, missing: z.array(z.string()) }),
  async run({ db, params, principal }) {
    const row = await getInvoice(db, params.invoice, readerOf(principal));
    const { document, missing } = await readDocument(db, row);
    return { ...invoiceAnswer(row), document: { ...document }, missing: [...missing] };
  },
});

const invoiceFileRoutes = (['pdf', 'csv'] as const).map((format) =>
  declareDocument({
    path: `/invoices/:invoice/${format}`,
    name: `invoice ${format}`,
    operationId: format === 'pdf' ? 'getInvoicePdf' : 'getInvoiceCsv',
    tag: 'invoices',
    summary: format === 'pdf' ? 'An invoice as a PDF to send to the customer' : "An invoice's lines as CSV",
    roles: readers,
    params: which,
    produces: [format === 'pdf' ? 'application/pdf' : 'text/csv'],
    async run({ db, params, now, principal }) {
      const row = await getInvoice(db, params.invoice, readerOf(principal));
      // A GET keeps nothing; drawn again, an issued one has the same bytes.
      const { type, name, bytes } = await invoiceFile(db, row, format, now, 'customer');
      return { type, body: bytes, filename: name };
    },
  }),
);

const explainLineRoute = declareOperation({
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
  response: z.looseObject({ invoice: z.string(), changedSince: z.boolean() }),
  async run({ db, params, query, principal }) {
    const reader = readerOf(principal);
    const row = await getInvoice(db, params.invoice, reader);
    return { ...(await explainLine(db, row, { line: params.line, ...query }, reader)) };
  },
});

const previewRoute = declareOperation({
  method: 'GET',
  path: '/deployments/:slug/invoice-preview',
  name: 'invoice preview',
  operationId: 'previewInvoice',
  tag: 'invoices',
  summary: "The invoice that would follow now for a deployment's customer",
  roles: staff,
  params: z.object({ slug }),
  query: z.object({ month }),
  response: z.looseObject({
    customer: z.string(),
    month: monthText,
    invoices: z.array(
      z.looseObject({ currency: z.string(), subtotal: decimalOut, tax: decimalOut, total: decimalOut }),
    ),
  }),
  async run({ db, params, query, now }) {
    const { customer, month: of, invoices } = await previewDeployment(db, params.slug, query.month, now);
    const lines = (all: (typeof invoices)[number]['lines']) =>
      all.map(({ serviceMonth, ...rest }) => ({ ...rest, serviceMonth: serviceMonth.toPlainYearMonth().toString() }));
    return { customer, month: of, invoices: invoices.map((one) => ({ ...one, lines: lines(one.lines) })) };
  },
});

const draftRoute = declareOperation({
  method: 'POST',
  path: '/invoices/drafts',
  name: 'invoice draft',
  operationId: 'draftInvoices',
  tag: 'invoices',
  summary: "Bring a month's drafts up to date with the facts, by a job",
  roles: deciders,
  body: z.strictObject({ month }),
  response: z.object({ month: monthText }),
  status: 202,
  async run({ db, body, enqueue }) {
    const name = body.month.toPlainYearMonth().toString();
    await db.transaction().execute((trx) => enqueue(trx, draftMonthJob, { month: name }));
    return { month: name };
  },
});

const approveRoute = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/approve',
  name: 'invoice approve',
  operationId: 'approveInvoice',
  tag: 'invoices',
  summary: 'Agree to a draft',
  description: 'It is drafted from the facts once more first. Before its month is final it takes a reason.',
  roles: deciders,
  params: which,
  body: z.strictObject({ override: lineText.optional(), expectedTotal: decimalInput.optional() }),
  response: invoice,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await getInvoice(db, params.invoice);
    await approveInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await getInvoice(db, String(invoiceId)));
  },
});

const issueRoute = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/issue',
  name: 'invoice issue',
  operationId: 'issueInvoice',
  tag: 'invoices',
  summary: 'Number, freeze and hash an approved invoice',
  description: 'Issuing one that is issued changes nothing and answers it.',
  roles: deciders,
  params: which,
  body: z.strictObject({ number: z.string().max(64).optional(), incomplete: z.boolean().optional() }),
  response: invoice,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await getInvoice(db, params.invoice);
    await issueInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await getInvoice(db, String(invoiceId)));
  },
});

const voidRoute = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/void',
  name: 'invoice void',
  operationId: 'voidInvoice',
  tag: 'invoices',
  summary: 'Take an approved or issued document back',
  roles: deciders,
  params: which,
  body: z.strictObject({ reason: lineText, dropWaivers: z.boolean().optional() }),
  response: invoice,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await getInvoice(db, params.invoice);
    await voidInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await getInvoice(db, String(invoiceId)));
  },
});

const addLineRoute = declareOperation({
  method: 'POST',
  path: '/invoices/:invoice/lines',
  name: 'invoice line add',
  operationId: 'addInvoiceLine',
  tag: 'invoices',
  summary: 'Add a line by hand to a draft',
  roles: deciders,
  params: which,
  body: z.strictObject({
    description: lineText,
    quantity: decimalInput,
    unit: lineText.nullable().optional(),
    unitPrice: decimalInput,
    taxCategory: slug.nullable().optional(),
    deployment: slug.nullable().optional(),
  }),
  response: z.object({ lineId: id }),
  status: 201,
  location: ({ lineId }) => `/invoice-lines/${lineId}`,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await getInvoice(db, params.invoice);
    return addLine(db, invoiceId, body, principal.subject, now);
  },
});

const removeLineRoute = declareOperation({
  method: 'DELETE',
  path: '/invoice-lines/:line',
  name: 'invoice line remove',
  operationId: 'removeInvoiceLine',
  tag: 'invoices',
  summary: 'Take a line by hand away from a draft',
  roles: deciders,
  params: z.object({ line: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
  async run({ db, params, principal, now }) {
    await removeLine(db, params.line, principal.subject, now);
  },
});

const correction = z
  .object({
    customer: z.string(),
    deployment: slug,
    month: monthText,
    currency: z.string(),
    amount: decimalOut,
    lines: z.array(
      z.object({
        component: z.string(),
        description: z.string(),
        costs: decimalOut,
        issued: decimalOut,
        decided: decimalOut,
        amount: decimalOut,
      }),
    ),
  })
  .meta({ id: 'Correction', description: 'What an issued month costs now beyond what was issued and decided' });

const listCorrectionsRoute = declareList({
  path: '/corrections',
  name: 'invoice correction list',
  operationId: 'listCorrections',
  tag: 'invoices',
  summary: 'What issued months cost now beyond what was issued for them, yet to be decided',
  description: 'As of the last look, which a job takes every day and each decision takes anew.',
  roles: staff,
  query: z.object({ deployment: slug.optional(), month: month.optional() }),
  row: correction,
  async run({ db, query }, page) {
    const rows = (await listProposals(db, query)).map((row) => ({
      ...row,
      lines: row.lines.map((one) => ({ ...one })),
    }));
    return pageOfAll(rows, page, (row) => [row.deployment, row.month, row.currency]);
  },
});

const decideCorrectionRoute = declareOperation({
  method: 'POST',
  path: '/corrections/decide',
  name: 'invoice correction decide',
  operationId: 'decideCorrection',
  tag: 'invoices',
  summary: "Send a correction of a deployment's month, or waive it",
  description:
    'On the next invoice, as a credit note of each invoice that charged it, or waived with a reason: for exactly its ' +
    'amount. What was decided the other way and is not issued is taken back first.',
  roles: deciders,
  body: z.discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('invoice'), ...correctionRequest() }),
    z.strictObject({
      decision: z.literal('credit_note'),
      ...correctionRequest(),
      number: z.string().max(64).optional(),
      incomplete: z.boolean().optional(),
    }),
    z.strictObject({ decision: z.literal('waive'), ...correctionRequest(), reason: lineText }),
  ]),
  response: z.object({
    amount: decimalOut.optional().meta({ description: 'What comes on the next invoice, or is waived' }),
    month: monthText.nullable().optional().meta({ description: 'Whose invoice it comes on; null: nothing comes' }),
    creditNotes: z.array(z.object({ number: z.string(), credits: z.string(), total: decimalOut })).optional(),
    takenBack: z
      .array(z.object({ month: monthText.nullable(), amount: decimalOut }))
      .meta({ description: 'What is taken off the draft of a month; null: what had been waived' }),
  }),
  async run({ db, body, principal, now }) {
    const who = { by: principal.subject, now };
    switch (body.decision) {
      case 'invoice':
        return correctOnNextInvoice(db, { ...body, ...who });
      case 'credit_note':
        return issueCreditNote(db, { ...body, ...who });
      case 'waive':
        return waiveCorrection(db, { ...body, ...who });
    }
  },
});

function correctionRequest() {
  return {
    deployment: slug,
    month,
    currency: z.string().length(3).optional(),
    expectedAmount: decimalInput.optional().meta({ description: 'Refused where it comes to another amount by now' }),
  };
}

const checkCorrectionsRoute = declareOperation({
  method: 'POST',
  path: '/corrections/check',
  name: 'invoice correction check',
  operationId: 'checkCorrections',
  tag: 'invoices',
  summary: 'Look now which issued months cost something else by now',
  roles: deciders,
  response: z.object({ monthsRated: z.int() }),
  async run({ db, signal }) {
    return { monthsRated: await checkCorrections(db, { signal }) };
  },
});

export const invoiceRoutes: readonly Operation[] = [
  listInvoicesRoute,
  getInvoiceRoute,
  ...invoiceFileRoutes,
  explainLineRoute,
  previewRoute,
  draftRoute,
  approveRoute,
  issueRoute,
  voidRoute,
  addLineRoute,
  removeLineRoute,
  listCorrectionsRoute,
  checkCorrectionsRoute,
  decideCorrectionRoute,
];
