import { z } from 'zod';
import { customerAnswer, customerOut, showCustomer } from '../../deployments/index.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { currency, line } from '../../platform/declare/schemas.ts';
import { changeCustomer } from '../customer-currency.ts';

export const updateCustomer = declareOperation({
  method: 'PATCH',
  path: '/customers/:customer',
  name: 'customer set',
  operationId: 'updateCustomer',
  tag: 'customers',
  summary: "Change a customer's name or currency",
  description:
    'Omitted fields keep their value, and issued invoices are not affected. The currency stays while a deployment of the ' +
    'customer is on a plan in it.',
  roles: ['owner', 'operator'],
  params: showCustomer.params as z.ZodObject<{ customer: z.ZodString }>,
  body: z
    .strictObject({ name: line.optional(), currency: currency.optional() })
    .refine(({ name, currency: code }) => name !== undefined || code !== undefined, {
      error: 'must say what changes: name or currency',
    })
    .meta({ examples: [{ name: 'Acme Holding Ltd' }] }),
  response: customerOut,
  edits: showCustomer,
  async run({ db, params, body, now }) {
    return customerAnswer(await changeCustomer(db, params.customer, body, now));
  },
});

export const customerOperations: readonly Operation[] = [updateCustomer];
