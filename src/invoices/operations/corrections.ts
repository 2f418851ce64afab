import { z } from 'zod';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { decimalInput, decimalOut, line as lineText, month, slug } from '../../platform/declare/schemas.ts';
import { sendSoon } from '../../webhooks/index.ts';
import * as corrections from '../corrections.ts';
import { drawDocumentsJob } from '../jobs.ts';
import { deciders, monthText } from './schemas.ts';

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

export const listCorrections = declareList({
  path: '/corrections',
  name: 'invoice correction list',
  operationId: 'listCorrections',
  tag: 'invoices',
  summary: 'What issued months cost now beyond what was issued for them, yet to be decided',
  description: 'As of the last look, which a job takes every day and each decision takes anew.',
  roles: staff,
  query: z.object({ deployment: slug.optional(), month: month.optional() }),
  row: correction,
  search: { in: 'the customer and the deployment' },
  sort: { by: ['deployment', 'customer', 'month', 'amount'] },
  total: true,
  extra: z.object({
    totals: z
      .array(z.object({ currency: z.string(), corrections: z.int(), amount: decimalOut }))
      .meta({ description: 'Of all that the filters let through, on every page' }),
  }),
  async run({ db, query }, page) {
    const { items, totals, nextCursor } = await corrections.proposalPage(db, query, page);
    return {
      items: items.map((row) => ({ ...row, lines: [...row.lines] })),
      nextCursor,
      total: totals.reduce((sum, { corrections: some }) => sum + some, 0),
      totals,
    };
  },
});

export const decideCorrection = declareOperation({
  method: 'POST',
  path: '/corrections/decide',
  name: 'invoice correction decide',
  operationId: 'decideCorrection',
  tag: 'invoices',
  summary: "Send a correction of a deployment's month, or waive it",
  description:
    'On the next invoice, as a credit note of each invoice that charged it, or waived with a reason: for exactly its ' +
    'amount. A pending decision the other way is undone first.',
  roles: deciders,
  command: { positional: ['deployment'], flags: { expectedAmount: 'amount' } },
  body: z.discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('invoice'), ...correctionRequest() }),
    z.strictObject({
      decision: z.literal('credit_note'),
      ...correctionRequest(),
      number: z
        .string()
        .max(64)
        .optional()
        .meta({ description: "The credit note's, where the accounting system gives them" }),
      incomplete: z.boolean().optional().meta({ description: 'Although names, addresses or tax ids are missing' }),
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
  followedBy: [drawDocumentsJob],
  async run({ db, body, principal, now, follow, enqueue }) {
    const who = { by: principal.subject, now };
    switch (body.decision) {
      case 'invoice':
        return corrections.correctOnNextInvoice(db, { ...body, ...who });
      case 'credit_note': {
        const issued = await corrections.issueCreditNote(db, { ...body, ...who });
        await db.transaction().execute((trx) => follow(trx, drawDocumentsJob, {}));
        await sendSoon({ db, enqueue });
        return issued;
      }
      case 'waive':
        return corrections.waiveCorrection(db, { ...body, ...who });
    }
  },
});

function correctionRequest() {
  return {
    deployment: slug,
    month,
    currency: z.string().length(3).optional().meta({ description: 'Where the month is corrected in several' }),
    expectedAmount: decimalInput.optional().meta({ description: 'Refused when the amount is different by now' }),
  };
}

export const checkCorrections = declareOperation({
  method: 'POST',
  path: '/corrections/check',
  name: 'invoice correction check',
  operationId: 'checkCorrections',
  tag: 'invoices',
  summary: 'Look now which issued months cost something else by now',
  roles: deciders,
  response: z.object({ monthsRated: z.int() }),
  async run({ db, signal }) {
    return { monthsRated: await corrections.checkCorrections(db, { signal }) };
  },
});

export const correctionOperations: readonly Operation[] = [listCorrections, decideCorrection, checkCorrections];
