import { z } from 'zod';
import { dayOf } from '../../metering/index.ts';
import { readCsvFile } from '../../platform/csv-file.ts';
import { declareDocument, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { day, instantOut, slug } from '../../platform/declare/schemas.ts';
import { type Billing, billingHistory, setBilling } from '../billing.ts';
import { billingFields } from '../billing-fields.ts';
import { exportBilling, importBilling } from '../billing-file.ts';
import { buyerFields } from '../party.ts';
import { deciders, fromInstant, toInstant, toldOf } from './schemas.ts';

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
        recordedBy: z.string().nullable().meta({ description: 'null for a customer' }),
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
  description:
    'A customer without billing details has an empty history: billed by the default seller, and taxed. A customer ' +
    'reads their own, without the seller and who recorded it.',
  roles: [...staff, 'customer'],
  params: ofCustomer,
  response: billing,
  run: async ({ db, params, principal }) =>
    billingAnswer(params.customer, await billingHistory(db, params.customer, principal.customerId)),
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
    ...billingFields,
  }),
  response: billing,
  edits: getCustomerBilling,
  async run({ db, params, body, principal, now }) {
    const { from = null, ...changes } = body;
    await setBilling(db, params.customer, changes, from, principal.subject, now);
    return billingAnswer(params.customer, await billingHistory(db, params.customer));
  },
});

export const exportCustomerBilling = declareDocument({
  path: '/customer-billing',
  name: 'customer billing export',
  operationId: 'exportCustomerBilling',
  tag: 'billing',
  summary: 'How all customers are billed, as CSV',
  description: 'With names, addresses, tax ids and terms, as they hold on a day. Imported again it changes nothing.',
  roles: ['owner', 'finance'],
  query: z.object({ at: day.optional().meta({ description: 'Another UTC day than today' }) }),
  produces: ['text/csv'],
  async run({ db, query, now }) {
    const on = query.at ?? dayOf(now);
    return { type: 'text/csv', body: exportBilling(db, on), filename: `customer-billing-${on}.csv` };
  },
});

export const importCustomerBilling = declareOperation({
  method: 'POST',
  path: '/customer-billing/import',
  name: 'customer billing import',
  operationId: 'importCustomerBilling',
  tag: 'billing',
  summary: 'How customers are billed, from a CSV file, all or nothing',
  description: `The columns are those of the export; \`customer_external_id\` is needed, and a column that is left out keeps what is
there. An empty cell takes a value away. An address and tax ids are a line each within their cell.`,
  roles: deciders,
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name each bad row' }),
    from: day.optional().meta({ description: 'First UTC day; as for one customer unless given' }),
  }),
  consumes: 'text/csv',
  body: z
    .string()
    .min(1)
    .max(4_194_304)
    .meta({ contentMediaType: 'text/csv', examples: ['customer_external_id\nc-17\n'] }),
  response: z.object({
    written: z.boolean(),
    changed: z.array(z.string()).readonly().meta({ description: 'Ids of the customers whose details changed' }),
    unchanged: z.int(),
    problems: z.array(z.object({ line: z.int(), column: z.string().nullable(), reason: z.string() })).readonly(),
  }),
  prepare: ({ body, signal }) => readCsvFile(body, signal),
  run: ({ db, query: { from = null, dryRun }, principal, now }, file) =>
    importBilling(db, file, { from, dryRun, by: principal.subject, now }),
});

export const customerBillingOperations: readonly Operation[] = [
  exportCustomerBilling,
  importCustomerBilling,
  getCustomerBilling,
  updateCustomerBilling,
];
