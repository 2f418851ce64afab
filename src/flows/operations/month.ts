import { z } from 'zod';
import { closeMonthStep, drawDocumentsJob, invoiceAnswer, invoiceOut } from '../../invoices/index.ts';
import { declareOperation, type Operation, type Role, staff } from '../../platform/declare/operation.ts';
import { decimalInput, decimalOut, id, line, month, nextOut, slug } from '../../platform/declare/schemas.ts';
import { sendSoon } from '../../webhooks/index.ts';
import * as flow from '../month.ts';

const deciders: readonly Role[] = ['owner', 'finance'];

const amounts = z.array(z.object({ currency: z.string(), amount: decimalOut })).readonly();

const totals = z
  .array(z.object({ entity: slug, currency: z.string(), invoices: z.int(), total: decimalOut }))
  .readonly();

export const showMonthStatus = declareOperation({
  method: 'GET',
  path: '/months/:month',
  name: 'month status',
  operationId: 'getMonthStatus',
  tag: 'invoices',
  summary: 'What keeps a month from closing, with counts, money and what settles it',
  description: 'As the facts are now; nothing is written.',
  roles: staff,
  params: z.object({ month }),
  query: z.object({
    override: z.boolean().default(false).meta({ description: 'What is ready although the month is not final' }),
    incomplete: z.boolean().default(false).meta({ description: 'What is ready although details are missing' }),
    differing: z
      .boolean()
      .default(false)
      .meta({ description: 'What is ready although it differs from the month before' }),
  }),
  response: z.object({
    month: z.string().meta({ examples: ['2026-05'] }),
    over: z.boolean(),
    final: z.boolean().meta({ description: 'All of its usage is confirmed and metered, with no change pending' }),
    closed: z.boolean().meta({ description: 'It is over, and nothing is left to be issued' }),
    issued: totals.meta({ description: 'With tax, by seller and currency' }),
    ready: totals.meta({ description: 'What closing issues as it is' }),
    held: totals.meta({ description: 'What something keeps' }),
    items: z
      .array(
        z.object({
          code: z
            .enum([
              'drafts_behind',
              'not_rated',
              'not_final',
              'in_grace',
              'incomplete',
              'differs',
              'no_exchange_rate',
              'numbered_elsewhere',
              'ended',
              'unassigned',
              'no_plan',
              'paused',
              'unbilled',
              'gaps',
              'gone',
              'corrections_behind',
              'corrections',
              'electronic',
            ])
            .meta({ description: 'What it is about' }),
          count: z.int(),
          amounts: amounts.meta({ description: 'What it comes to, where that is known' }),
          holds: z.int().meta({ description: 'How many invoices it keeps from being issued' }),
          details: z
            .array(z.object({ about: z.string(), message: z.string(), next: nextOut }))
            .readonly()
            .meta({ description: 'The first 20' }),
        }),
      )
      .readonly(),
  }),
  run: ({ db, params, query: { override, ...query }, now }) =>
    flow.readMonthStatus(db, params.month, now, { ...query, ...(override && { override: 'accepted' }) }),
});

export const closeMonth = declareOperation({
  method: 'POST',
  path: '/months/:month/close',
  name: 'month close',
  operationId: 'closeMonth',
  tag: 'invoices',
  summary: 'Draft, approve and issue what may be issued of a month, in batches of fifty',
  description:
    'The first step drafts the month, and looks which issued months cost something else by now. What something keeps is named and stops no other. What is issued stays so: begin ' +
    'again wherever it was stopped.',
  roles: deciders,
  params: z.object({ month }),
  query: z.object({
    after: z.coerce.number().int().min(0).default(0).meta({ description: 'Where the answer before says to go on' }),
  }),
  body: z.strictObject({
    override: line.optional().meta({ description: 'Why, although the month is not final' }),
    incomplete: z.boolean().optional().meta({ description: 'Although names, addresses or tax ids are missing' }),
    differing: z
      .boolean()
      .optional()
      .meta({ description: 'Although they differ by more than 20 % from the month before' }),
    draftOnly: z.boolean().optional().meta({ description: 'Only bring its drafts up to date, and issue nothing' }),
    expected: z
      .array(z.strictObject({ entity: slug, currency: z.string().length(3), invoices: z.int(), total: decimalInput }))
      .max(1000)
      .optional()
      .meta({ description: 'Of the first step: refused where what may be issued comes to something else by now' }),
  }),
  response: z.object({
    issued: z.array(invoiceOut),
    notIssued: z
      .array(
        z.object({
          invoiceId: id,
          customer: z.string(),
          customerName: z.string(),
          total: decimalOut,
          currency: z.string(),
          code: z.string(),
          message: z.string(),
          next: nextOut,
        }),
      )
      .readonly()
      .meta({ description: 'What was kept, and why' }),
    notDrafted: z.string().nullable().meta({ description: 'What kept customers from being drafted; null: all were' }),
    next: id.nullable().meta({ description: 'There are more: ask again with it as `after`' }),
  }),
  followedBy: [drawDocumentsJob],
  async run({ db, params, query, body, principal, now, signal, follow, enqueue }) {
    const step = await closeMonthStep(db, { ...params, ...query, ...body, by: principal.subject, now, signal });
    if (step.next === null && body.draftOnly !== true)
      await db.transaction().execute((trx) => follow(trx, drawDocumentsJob, {}));
    await sendSoon({ db, enqueue });
    return { ...step, issued: step.issued.map(invoiceAnswer) };
  },
});

export const monthOperations: readonly Operation[] = [showMonthStatus, closeMonth];
