import { z } from 'zod';
import { currency, decimalInput, id, line, slug } from '../platform/declare/schemas.ts';
import { paymentKinds } from './payments.ts';

/** A number of a document: those of accounting systems may hold spaces. */
export const invoiceNumber = z
  .string()
  .regex(/^\S(.{0,62}\S)?$/)
  .meta({ description: "The invoice's number", examples: ['INV-000017'] });

/** What says which invoice: its id, or the number of an issued one. */
export const invoiceName = z
  .string()
  .regex(/^\S(.{0,62}\S)?$/)
  .meta({ description: 'Id, or number of an issued one', examples: ['17', 'INV-000017'] });

/** Of a payment, as operations and files give it. */
export const paymentFields = {
  provider: slug.meta({ description: 'Who says that it was paid', examples: ['bank'] }),
  payment: line.meta({
    description: "The provider's id of it. A refund and a chargeback have one of their own",
    examples: ['tx-4711'],
  }),
  kind: z.enum(paymentKinds).exclude(['failed']).meta({
    description:
      'refund and chargeback lessen what was paid; reversal takes back what was recorded under the same id in error, as a whole',
  }),
  invoice: invoiceNumber,
  invoiceId: id.optional().meta({ description: 'Its id as well, where two sellers have a document of its number' }),
  amount: decimalInput.meta({ description: 'Above zero, whatever the kind', examples: ['120.00'] }),
  currency: currency.meta({ description: "The invoice's" }),
  note: line.optional().meta({ description: 'For us; a customer does not read it' }),
};
