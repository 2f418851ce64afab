import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { id, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { reconcileBillsJob } from '../jobs.ts';
import { selectDecisions } from '../reconciliation/decisions.store.ts';
import { decide, getReconciliation, previewAssignment, reopenBill, signBill } from '../reconciliation/review.ts';
import { preview } from './billing-rules.ts';

// What people say about bills and their lines.

const tag = 'provider billing';
const params = z.object({ bill: id });
const position = z.int().min(1).meta({ description: 'The line, by its place in the bill' });
const reason = line.meta({ description: 'Why', examples: ['agreed in ticket 8123456'] });
const saved = z.object({ saved: z.literal(true) });

export const listBillDecisions = declareList({
  path: '/bills/:bill/decisions',
  name: 'bill decisions',
  operationId: 'listBillDecisions',
  tag,
  summary: 'Notes, assignments, acceptances and signatures of a bill, the newest first',
  roles,
  params,
  query: z.object({ position: position.optional() }),
  row: z
    .object({
      decision: id,
      kind: z.enum(['note', 'assign', 'accept', 'sign', 'reopen']),
      position: z.int().nullable().meta({ description: 'null: the bill as a whole' }),
      version: z.int().meta({ description: "The bill's version that it is about" }),
      deployment: slug.nullable(),
      reason: z.string(),
      recordedAt: instantOut,
      recordedBy: z.string(),
    })
    .meta({ id: 'BillDecision' }),
  search: { none: 'a bill has few' },
  sort: { none: 'the newest first' },
  total: { none: 'a bill has few' },
  async run({ db, params: { bill }, query }, { limit, cursor }) {
    await getReconciliation(db, bill);
    const page = { ...query, limit: limit + 1, before: cursor === null ? null : Number(cursor) };
    return pageOf(await selectDecisions(db, bill, page), limit, ({ decision }) => String(decision));
  },
});

export const addBillNote = declareOperation({
  method: 'POST',
  path: '/bills/:bill/notes',
  name: 'bill note',
  operationId: 'addBillNote',
  tag,
  summary: 'Add a note to a bill or to one of its lines',
  roles,
  params,
  body: z.strictObject({ position: position.optional(), reason: reason.meta({ description: 'The note' }) }),
  response: saved,
  run: ({ db, params: { bill }, body, principal, now }) =>
    db.transaction().execute(async (trx) => {
      const said = { billId: bill, position: body.position ?? null, kind: 'note', reason: body.reason } as const;
      await decide(trx, said, principal.subject, now);
      return { saved: true } as const;
    }),
});

export const acceptBillLine = declareOperation({
  method: 'POST',
  path: '/bills/:bill/acceptances',
  name: 'bill accept',
  operationId: 'acceptBillLine',
  tag,
  summary: "Accept a line's difference",
  description: 'The figures stay as they are; the line is marked.',
  roles,
  params,
  body: z.strictObject({ position, reason }),
  response: saved,
  run: ({ db, params: { bill }, body, principal, now }) =>
    db.transaction().execute(async (trx) => {
      await decide(trx, { billId: bill, kind: 'accept', ...body }, principal.subject, now);
      return { saved: true } as const;
    }),
});

const assigned = slug.nullable().meta({ description: 'Who bears the line; null: what the rules say again' });

export const previewBillAssignment = declareOperation({
  method: 'POST',
  path: '/bills/:bill/assignments/preview',
  asks: true,
  name: 'bill assign-preview',
  operationId: 'previewBillAssignment',
  tag,
  summary: 'What assigning a line to a deployment would change, in money',
  description: 'Nothing is written.',
  roles,
  params,
  body: z.strictObject({ position, deployment: assigned }),
  response: preview,
  async run({ db, params: { bill }, body }) {
    const { months, bearers } = await previewAssignment(db, bill, body);
    return { months: [...months], bearers: [...bearers] };
  },
});

export const assignBillLine = declareOperation({
  method: 'POST',
  path: '/bills/:bill/assignments',
  name: 'bill assign',
  operationId: 'assignBillLine',
  tag,
  summary: 'Assign a line to a deployment, whatever the rules say',
  description: 'The month is reconciled again. A bill that is signed must be reopened before.',
  roles,
  params,
  body: z.strictObject({
    position,
    deployment: assigned,
    reason,
  }),
  response: saved,
  followedBy: [reconcileBillsJob],
  run: ({ db, params: { bill }, body, principal, now, follow }) =>
    db.transaction().execute(async (trx) => {
      await decide(trx, { billId: bill, kind: 'assign', ...body }, principal.subject, now);
      const { counts } = await getReconciliation(trx, bill);
      await follow(trx, reconcileBillsJob, { payer: counts.payer, month: counts.month.toString() });
      return { saved: true } as const;
    }),
});

export const signOffBill = declareOperation({
  method: 'POST',
  path: '/bills/:bill/sign-off',
  name: 'bill sign',
  operationId: 'signOffBill',
  tag,
  summary: 'Sign a bill: its figures stand from now on',
  description:
    'What becomes known later stands beside them. With something unexplained, or a residual, a reason must be given.',
  roles,
  params,
  body: z.strictObject({ reason: reason.optional() }),
  response: saved,
  run: ({ db, params: { bill }, body, principal, now }) =>
    db.transaction().execute(async (trx) => {
      await signBill(trx, bill, body.reason ?? null, principal.subject, now);
      return { saved: true } as const;
    }),
});

export const reopenSignedBill = declareOperation({
  method: 'POST',
  path: '/bills/:bill/reopening',
  name: 'bill reopen',
  operationId: 'reopenSignedBill',
  tag,
  summary: 'Reopen a bill that was signed',
  description: 'What was signed stays on record; what stands now counts again.',
  roles,
  params,
  body: z.strictObject({ reason }),
  response: saved,
  followedBy: [reconcileBillsJob],
  run: ({ db, params: { bill }, body, principal, now, follow }) =>
    db.transaction().execute(async (trx) => {
      const { payer, month } = await reopenBill(trx, bill, body.reason, principal.subject, now);
      await follow(trx, reconcileBillsJob, { payer, month: month.toString() });
      return { saved: true } as const;
    }),
});

export const decisionOperations: readonly Operation[] = [
  listBillDecisions,
  addBillNote,
  acceptBillLine,
  previewBillAssignment,
  assignBillLine,
  signOffBill,
  reopenSignedBill,
];
