import { z } from 'zod';
import { declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { day, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { type Billing, billingHistory, setBilling } from '../billing.ts';
import { buyerFields } from '../party.ts';
import { deciders, printedLines, taxIds, fromInstant, toInstant, toldOf } from './schemas.ts';

const billing = z
  .object({
    customer: z.string().meta({ description: "arcadia-app's id of the customer" }),
    history: z.array(
      z.object({
        from: fromInstant,
        to: toInstant,
        entity: slug.nullable().meta({ description: 'The seller; null: the default one' }),
        legalName: z.string().nullable().meta({ description: "null: the customer's name" }),
        address: z.array(z.string()),
        taxIds: z.array(z.string()),
        poNumber: z.string().nullable(),
        email: z.string().nullable(),
        ...toldOf(buyerFields),
        termsDays: z.int().nullable().meta({ description: "null: the seller's" }),
        taxCategory: slug.meta({ examples: ['standard'] }),
        taxTreatment: z.enum(['taxed', 'exempt', 'reverse_charge']),
        taxNote: z.string().nullable().meta({ description: 'Why no tax is charged, as printed' }),
        recordedAt: instantOut.nullable(),
        recordedBy: z.string(),
      }),
    ),
  })
  .meta({ id: 'CustomerBilling', description: 'How a customer is billed over time, the oldest first' });

function billingAnswer(customer: string, history: readonly Billing[]): z.input<typeof billing> {
  return { customer, history: history.map(({ customer: _, ...row }) => row) };
}

const ofCustomer = z.object({
  customer: z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, { error: 'is not 1 to 200 visible characters without blanks' })
    .meta({ description: "arcadia-app's id of a customer", examples: ['c-17'] }),
});

export const getCustomerBilling = declareOperation({
  method: 'GET',
  path: '/customers/:customer/billing',
  name: 'customer billing show',
  operationId: 'getCustomerBilling',
  tag: 'billing',
  summary: 'How a customer is billed, over time',
  description: 'A customer without billing details has an empty history: billed by the default seller, and taxed.',
  roles: staff,
  params: ofCustomer,
  response: billing,
  run: async ({ db, params }) => billingAnswer(params.customer, await billingHistory(db, params.customer)),
});

export const updateCustomerBilling = declareOperation({
  method: 'PATCH',
  path: '/customers/:customer/billing',
  name: 'customer billing set',
  operationId: 'updateCustomerBilling',
  command: { flags: { taxIds: 'tax-id' } },
  tag: 'billing',
  summary: 'Change how a customer is billed, from a day on',
  description: `Omitted fields keep their value. An invoice uses what applies on the last day of its month. Without \`from\`: from the
beginning the first time, then from today (UTC).`,
  roles: deciders,
  params: ofCustomer,
  body: z.strictObject({
    from: day.optional().meta({ description: 'First UTC day' }),
    entity: slug.nullable().optional().meta({ description: 'The seller; null: the default one' }),
    legalName: line.nullable().optional().meta({ description: "null: the customer's name" }),
    address: printedLines.optional(),
    taxIds: taxIds.optional(),
    poNumber: line.nullable().optional(),
    email: line.nullable().optional(),
    ...buyerFields,
    termsDays: z.int().min(0).max(365).nullable().optional().meta({ description: "null: the seller's" }),
    taxCategory: slug.optional().meta({ description: 'Whose rate is charged', examples: ['standard'] }),
    taxTreatment: z.enum(['taxed', 'exempt', 'reverse_charge']).optional(),
    taxNote: line.nullable().optional().meta({ description: 'Why no tax is charged, as printed' }),
  }),
  response: billing,
  edits: getCustomerBilling,
  async run({ db, params, body, principal, now }) {
    const { from = null, ...changes } = body;
    await setBilling(db, params.customer, changes, from, principal.subject, now);
    return billingAnswer(params.customer, await billingHistory(db, params.customer));
  },
});

export const customerBillingOperations: readonly Operation[] = [getCustomerBilling, updateCustomerBilling];
