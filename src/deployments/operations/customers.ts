import { z } from 'zod';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { currency, instantOut } from '../../platform/declare/schemas.ts';
import { notFound } from '../../platform/errors.ts';
import { externalId, name } from '../schemas.ts';
import * as customers from '../customers.ts';
import type { Customer } from '../customers.ts';

export const customerOut = z
  .object({
    customer: externalId,
    name: z.string().meta({ examples: ['Acme Ltd'] }),
    currency,
    deployments: z.int(),
    closedAt: instantOut.nullable().meta({ description: 'From when on all its deployments have ended; null: open' }),
  })
  .meta({ id: 'Customer', description: 'Who pays' });

export function customerAnswer({ externalId: id, name, currency: code, deployments, closedAt }: Customer) {
  return { customer: id, name, currency: code, deployments, closedAt };
}

export const listCustomers = declareList({
  path: '/customers',
  name: 'customer list',
  operationId: 'listCustomers',
  tag: 'customers',
  summary: 'All customers, by their id',
  roles: staff,
  row: customerOut,
  search: { in: 'the id and the name' },
  sort: { by: ['customer', 'name', 'currency'] },
  total: true,
  async run({ db }, page) {
    const { items, ...rest } = await customers.customerPage(db, page);
    return { items: items.map(customerAnswer), ...rest };
  },
});

export const getCustomer = declareOperation({
  method: 'GET',
  path: '/customers/:customer',
  name: 'customer show',
  operationId: 'getCustomer',
  tag: 'customers',
  summary: 'One customer',
  description: 'A customer reads their own.',
  roles: [...staff, 'customer'],
  params: z.object({ customer: externalId }),
  response: customerOut,
  async run({ db, params, principal: { customerId } }) {
    const { customer } = await customers.getCustomer(db, params.customer);
    if (customerId !== null && customer.customerId !== customerId) throw notFound('customer', params.customer);
    return customerAnswer(customer);
  },
});

export const createCustomer = declareOperation({
  method: 'POST',
  path: '/customers',
  name: 'customer create',
  operationId: 'createCustomer',
  tag: 'customers',
  summary: 'Create a customer',
  command: { positional: ['customer'] },
  roles: ['owner', 'operator'],
  body: z.strictObject({ customer: externalId, name, currency }),
  response: customerOut,
  status: 201,
  location: (made) => `/customers/${encodeURIComponent(made.customer)}`,
  async run({ db, body, now }) {
    const { customer: id, ...rest } = body;
    return customerAnswer(await customers.createCustomer(db, { externalId: id, ...rest }, now));
  },
});

export const customerOperations: readonly Operation[] = [listCustomers, getCustomer, createCustomer];
