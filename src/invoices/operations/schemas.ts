import { z } from 'zod';
import { type Principal, type Role, staff } from '../../platform/declare/operation.ts';
import { decimalOut, instantOut, line } from '../../platform/declare/schemas.ts';
import type { Reader } from '../invoices.ts';
import { paymentStates } from '../payments.ts';

// What several operations of invoices name.

export const deciders: readonly Role[] = ['owner', 'finance'];

/** Who reads invoices and what was paid of them. */
export const readers: readonly Role[] = [...staff, 'customer'];

export function readerOf({ customerId }: Principal): Reader {
  return customerId === null ? 'staff' : { customerId };
}

/** How an invoice's payment stands. */
export const standingOut = {
  paymentState: z.enum(paymentStates).nullable().meta({
    description:
      'overdue: something is left to pay after dueOn, a UTC day. credit: more was paid than is owed. null: nothing is to be paid of it',
  }),
  owed: decimalOut.nullable().meta({
    description: 'Its total less what was credited. null: a credit note, which its invoice counts, or a draft',
  }),
  paid: decimalOut.nullable().meta({ description: 'null as owed' }),
  balance: decimalOut
    .nullable()
    .meta({ description: "What is left to pay; below zero: in the customer's favour. null as owed" }),
};

export const monthText = z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] });
export const prefix = z.string().max(20).meta({ description: 'Letters, digits, dots, slashes and hyphens' });
export const printedLines = z.array(line).max(10).meta({ description: 'As printed, line by line' });
export const taxIds = z
  .array(line)
  .max(10)
  .meta({ description: 'As printed', examples: [['VAT GB123456789']] });
export const fromInstant = instantOut.nullable().meta({ description: 'null: from the beginning' });
export const toInstant = instantOut.nullable().meta({ description: 'null: still so' });

/** Fields of a party in an answer: null where they are not told. */
export function toldOf<Name extends string>(
  fields: Readonly<Record<Name, z.ZodType>>,
): Record<Name, z.ZodNullable<z.ZodString>> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, z.string().nullable()])) as never;
}
