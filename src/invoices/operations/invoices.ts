import { z } from 'zod';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Principal,
  type Role,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import {
  dayOut,
  decimalInput,
  decimalOut,
  id,
  instantOut,
  line as lineText,
  month,
  slug,
} from '../../platform/declare/schemas.ts';
import { explainLine } from '../explain.ts';
import { invoiceFile } from '../files.ts';
import * as invoices from '../invoices.ts';
import type { Invoice, Reader } from '../invoices.ts';
import * as issue from '../issue.ts';
import { draftMonthJob } from '../jobs.ts';
import { addLine, removeLine } from '../manual-lines.ts';
import { previewDeployment } from '../preview.ts';
import { deciders, monthText } from './schemas.ts';

const readers: readonly Role[] = [...staff, 'customer'];

function readerOf({ role }: Principal): Reader {
  return role === 'customer' ? 'customer' : 'staff';
}

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
    state: z.enum(['draft', 'approved', 'issued', 'void']).optional(),
    kind: z.enum(['invoice', 'credit_note']).optional(),
    customer: z.string().max(200).optional().meta({ description: "arcadia-app's id of the customer" }),
  }),
  row: invoice,
  async run({ db, query, principal }, page) {
    const { items, nextCursor } = await invoices.listInvoices(db, query, page, readerOf(principal));
    return { items: items.map(invoiceAnswer), nextCursor };
  },
});

const documentOut = z.looseObject({ format: z.literal('arcadia-invoice/1') }).meta({
  id: 'InvoiceDocument',
  description: 'The whole of an invoice: parties, sections with their lines, taxes and totals',
});

export const getInvoice = declareOperation({
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
    const row = await invoices.getInvoice(db, params.invoice, readerOf(principal));
    const { document, missing } = await invoices.readDocument(db, row);
    return { ...invoiceAnswer(row), document: { ...document }, missing: [...missing] };
  },
});

function declareFile(format: 'pdf' | 'csv') {
  return declareDocument({
    path: `/invoices/:invoice/${format}`,
    name: `invoice ${format}`,
    operationId: format === 'pdf' ? 'getInvoicePdf' : 'getInvoiceCsv',
    tag: 'invoices',
    summary: format === 'pdf' ? 'An invoice as a PDF to send to the customer' : "An invoice's lines as CSV",
    roles: readers,
    params: which,
    produces: [format === 'pdf' ? 'application/pdf' : 'text/csv'],
    async run({ db, params, now, principal }) {
      const row = await invoices.getInvoice(db, params.invoice, readerOf(principal));
      // A GET keeps nothing; drawn again, an issued one has the same bytes.
      const { type, name, bytes } = await invoiceFile(db, row, format, now, 'customer');
      return { type, body: bytes, filename: name };
    },
  });
}

export const getInvoicePdf = declareFile('pdf');

export const getInvoiceCsv = declareFile('csv');

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
  response: z.looseObject({ invoice: z.string(), changedSince: z.boolean() }),
  async run({ db, params, query, principal }) {
    const reader = readerOf(principal);
    const row = await invoices.getInvoice(db, params.invoice, reader);
    return { ...(await explainLine(db, row, { line: params.line, ...query }, reader)) };
  },
});

export const previewInvoice = declareOperation({
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

export const draftInvoices = declareOperation({
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

export const approveInvoice = declareOperation({
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
  body: z.strictObject({ number: z.string().max(64).optional(), incomplete: z.boolean().optional() }),
  response: invoice,
  async run({ db, params, body, principal, now }) {
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    await issue.issueInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await invoices.getInvoice(db, String(invoiceId)));
  },
});

export const voidInvoice = declareOperation({
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
    const { invoiceId } = await invoices.getInvoice(db, params.invoice);
    await issue.voidInvoice(db, invoiceId, { ...body, by: principal.subject, now });
    return invoiceAnswer(await invoices.getInvoice(db, String(invoiceId)));
  },
});

export const addInvoiceLine = declareOperation({
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
  summary: 'Take a line by hand away from a draft',
  roles: deciders,
  params: z.object({ line: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
  async run({ db, params, principal, now }) {
    await removeLine(db, params.line, principal.subject, now);
  },
});

export const invoiceOperations: readonly Operation[] = [
  listInvoices,
  getInvoice,
  getInvoicePdf,
  getInvoiceCsv,
  explainInvoiceLine,
  previewInvoice,
  draftInvoices,
  approveInvoice,
  issueInvoice,
  voidInvoice,
  addInvoiceLine,
  removeInvoiceLine,
];
