import { z } from 'zod';
import { readCsvFile } from '../../platform/csv-file.ts';
import { declareList, declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { decimalOut, id, instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { sendSoon } from '../../webhooks/index.ts';
import { paymentConflict, paymentCurrency } from '../errors.ts';
import { invoiceNumber, paymentFields } from '../payment-fields.ts';
import { importPayments, paymentRowsMax } from '../payment-file.ts';
import * as payments from '../payments.ts';
import { deciders, readerOf, readers, standingOut } from './schemas.ts';

const payment = z
  .object({
    paymentId: id,
    provider: slug.meta({ examples: ['bank'] }),
    payment: z.string().meta({ description: "The provider's id of it", examples: ['tx-4711'] }),
    kind: z.enum(payments.paymentKinds).meta({
      description:
        'reversal is the opposite of what was recorded under its id in error; failed is an attempt that brought nothing',
    }),
    invoiceId: id,
    invoice: z.string().meta({ description: "The invoice's number", examples: ['INV-000017'] }),
    customer: z.string().meta({ description: "arcadia-app's id of the customer" }),
    customerName: z.string(),
    currency: z.string(),
    amount: decimalOut.meta({
      description: 'Below zero: it lessens what was paid; of a reversal the opposite of what it takes back',
    }),
    paidAt: instantOut,
    note: z.string().nullable().meta({ description: 'null: none, or a customer reads' }),
    recordedAt: instantOut,
    recordedBy: z.string().nullable().meta({ description: 'null for a customer' }),
  })
  .meta({ id: 'Payment', description: 'What was said to be paid of an invoice, or given back; it never changes' });

export const recordPayment = declareOperation({
  method: 'POST',
  path: '/payments',
  name: 'invoice payment record',
  operationId: 'recordPayment',
  tag: 'invoices',
  summary: 'Record that something was paid of an invoice, or given back',
  description:
    'A payment is known by its provider, its id and its kind: the same again changes nothing, and something else under them is refused. ' +
    'It never changes. What was recorded in error is taken back as a whole by one of the kind `reversal` under its id.',
  roles: deciders,
  command: { positional: ['invoice'] },
  body: z.strictObject({
    ...paymentFields,
    provider: paymentFields.provider.default('manual'),
    kind: paymentFields.kind.default('payment'),
    paidAt: instant.optional().meta({ description: 'Now unless given' }),
  }),
  response: payment.extend({
    changed: z.boolean().meta({ description: 'false: it was recorded before' }),
    ...standingOut,
  }),
  refuses: [paymentCurrency, paymentConflict],
  async run({ db, body: { note = null, paidAt = null, invoiceId = null, ...said }, principal, now, enqueue }) {
    const done = await payments.recordPayment(db, { ...said, invoiceId, note, paidAt }, { by: principal.subject, now });
    await sendSoon({ db, enqueue });
    const standings = await payments.readStandings(db, [done.payment], now);
    return {
      ...done.payment,
      changed: done.status === 'recorded',
      ...payments.standingOf(standings, done.payment.invoiceId),
    };
  },
});

const fileExample = `provider,payment,invoice,amount,currency,paidAt
bank,tx-4711,INV-000017,120.00,USD,2026-05-04
`;

export const importPaymentsOperation = declareOperation({
  method: 'POST',
  path: '/payments/import',
  name: 'invoice payment import',
  operationId: 'importPayments',
  tag: 'invoices',
  summary: 'Record payments from a CSV file, all or nothing',
  description: `The columns are those of the list as CSV: \`provider, payment, invoice, amount, currency, paidAt\` and, if wanted, \`kind\` and \`note\`. \`paidAt\` is a
UTC day or a moment with its offset, \`invoice\` a number, and \`invoiceId\` says which where two sellers have a document of it. What was recorded before and says the same is left as it
is, so that a file can be imported again. It has ${paymentRowsMax} payments at most.`,
  roles: deciders,
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name each bad row' }),
  }),
  consumes: 'text/csv',
  body: z
    .string()
    .min(1)
    .max(4_194_304)
    .meta({ contentMediaType: 'text/csv', examples: [fileExample] }),
  response: z.object({
    written: z.boolean(),
    recorded: z.int(),
    known: z.int().meta({ description: 'Recorded before, and the same' }),
    problems: z.array(z.object({ line: z.int(), column: z.string().nullable(), reason: z.string() })).readonly(),
  }),
  prepare: ({ body, signal }) => readCsvFile(body, signal),
  async run({ db, query: { dryRun }, principal, now, enqueue }, file) {
    const imported = await importPayments(db, file, { dryRun, by: principal.subject, now });
    if (imported.written) await sendSoon({ db, enqueue });
    return imported;
  },
});

export const listPayments = declareList({
  path: '/payments',
  name: 'invoice payment list',
  operationId: 'listPayments',
  tag: 'invoices',
  summary: 'What was paid of invoices, and given back, the newest first',
  description: 'A customer sees what is theirs.',
  roles: readers,
  query: z.object({
    invoice: invoiceNumber.optional(),
    invoiceId: z.coerce
      .number()
      .int()
      .min(1)
      .max(Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ description: "The invoice's id" }),
    customer: z.string().max(200).optional().meta({ description: "arcadia-app's id of the customer" }),
    provider: slug.optional(),
    kind: z.enum(payments.paymentKinds).optional(),
  }),
  row: payment,
  search: { in: "the payment's id, the invoice's number, and the customer's id and name" },
  sort: { by: ['paymentId', 'paidAt', 'amount'], newestFirst: true },
  total: { none: 'they grow without end' },
  run: ({ db, query, principal }, page) => payments.paymentPage(db, query, page, readerOf(principal)),
});

export const paymentOperations: readonly Operation[] = [recordPayment, importPaymentsOperation, listPayments];
