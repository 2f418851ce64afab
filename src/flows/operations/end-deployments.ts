import { z } from 'zod';
import { declareOperation, type Operation, type OperationCall, type Role } from '../../platform/declare/operation.ts';
import { decimalOut, id, instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { externalId } from '../../deployments/index.ts';
import { notBilledOut } from '../../pricing/index.ts';
import { checkCorrectionsJob } from '../../invoices/index.ts';
import { sendSoon } from '../../webhooks/index.ts';
import * as flow from '../end-deployments.ts';

const deciders: readonly Role[] = ['owner', 'finance'];

const ended = z.object({
  customer: z.string(),
  deployments: z.array(slug).readonly(),
  endsAt: instantOut,
  changed: z.boolean().meta({ description: 'false: it was so already' }),
  unissued: z
    .array(
      z.object({
        invoiceId: id,
        month: z.string().meta({ examples: ['2026-05'] }),
        state: z.enum(['draft', 'approved']),
        currency: z.string(),
        subtotal: decimalOut,
        tax: decimalOut,
        total: decimalOut,
      }),
    )
    .readonly()
    .meta({ description: "All of the customer's invoices that are not issued yet, the oldest first" }),
  runsOn: notBilledOut,
});

const endsAt = instant.meta({
  description: 'From when on nothing is billed: the beginning of a UTC day',
  examples: ['2026-06-01T00:00:00Z'],
});

/** Issued months may cost something else: that is seen once this is committed. */
async function correctLater(
  { db, follow }: Pick<OperationCall, 'db' | 'follow'>,
  { changed }: flow.Ended,
): Promise<void> {
  if (changed) await db.transaction().execute((trx) => follow(trx, checkCorrectionsJob, {}));
}

export const endDeployment = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/end',
  name: 'deployment end',
  operationId: 'endDeployment',
  tag: 'deployments',
  summary: 'End a deployment and its subscription, and draft the final bill',
  description: 'What it owns stays its own and is metered, and is not billed: the overview shows what goes on running.',
  roles: deciders,
  params: z.object({ deployment: slug }),
  command: { flags: { endsAt: 'at' }, confirm: 'End {deployment} at {endsAt}? It is billed up to then.' },
  body: z.strictObject({ endsAt }),
  response: ended,
  followedBy: [checkCorrectionsJob],
  async run(call) {
    const done = await flow.endDeployment(call.db, { ...call.params, ...call.body }, call);
    await correctLater(call, done);
    await sendSoon(call);
    return done;
  },
});

export const reopenDeployment = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/reopen',
  name: 'deployment reopen',
  operationId: 'reopenDeployment',
  tag: 'deployments',
  summary: 'Take the end of a deployment back',
  description: 'It is on no plan then: start its subscription again.',
  roles: deciders,
  params: z.object({ deployment: slug }),
  response: z.object({ changed: z.boolean().meta({ description: 'false: it had no end' }) }),
  async run({ db, params, now, enqueue }) {
    const done = await flow.reopenDeployment(db, params.deployment, now);
    await sendSoon({ db, enqueue });
    return done;
  },
});

export const closeCustomer = declareOperation({
  method: 'POST',
  path: '/customers/:customer/close',
  name: 'customer close',
  operationId: 'closeCustomer',
  tag: 'customers',
  summary: "End all of a customer's deployments, and draft the final bill",
  description: 'Deployments that ended before keep their end.',
  roles: deciders,
  params: z.object({ customer: externalId }),
  command: {
    flags: { endsAt: 'at' },
    confirm: 'End all deployments of {customer} at {endsAt}? They are billed up to then.',
  },
  body: z.strictObject({ endsAt }),
  response: ended,
  followedBy: [checkCorrectionsJob],
  async run(call) {
    const done = await flow.closeCustomer(call.db, { ...call.params, ...call.body }, call);
    await correctLater(call, done);
    await sendSoon(call);
    return done;
  },
});

export const endOperations: readonly Operation[] = [endDeployment, reopenDeployment, closeCustomer];
