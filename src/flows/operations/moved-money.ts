import { z } from 'zod';
import { decimalOut, id } from '../../platform/declare/schemas.ts';

const compared = {
  before: decimalOut.meta({ description: 'Without tax' }),
  after: decimalOut,
  difference: decimalOut,
};

const monthOut = z.string().meta({ examples: ['2026-05'] });

const customerOut = { customer: z.string(), customerName: z.string(), currency: z.string() };

/** What a change of ownership comes to: the fields of `MovedMoney`. */
export const movedMoney = z
  .object({
    months: z
      .array(z.object({ month: monthOut, over: z.boolean() }))
      .readonly()
      .meta({ description: 'In which owners change: all of them' }),
    customers: z
      .array(z.object({ ...customerOut, ...compared }))
      .readonly()
      .meta({ description: 'All months together, of those whose amount changes' }),
    bills: z
      .array(
        z.object({
          ...customerOut,
          month: monthOut,
          state: z
            .enum(['open', 'draft', 'approved', 'issued'])
            .meta({ description: 'Of its invoice; open: none yet' }),
          invoiceId: id.nullable(),
          number: z.string().nullable(),
          ...compared,
          correction: z
            .object({ ...compared, lines: z.int() })
            .nullable()
            .meta({ description: 'Of an issued invoice: what is to be corrected of it, before and after' }),
        }),
      )
      .readonly()
      .meta({
        description: 'Months that come to something else; of more than 200 those with the greatest differences',
      }),
    billsTotal: z.int(),
    corrections: z
      .object({
        invoices: z.int(),
        amounts: z.array(z.object({ currency: z.string(), more: decimalOut, less: decimalOut })).readonly(),
      })
      .meta({
        description:
          'Issued invoices of which something else is to be corrected: what is charged more and what is given back by it',
      }),
    leftOut: z
      .object({
        months: z.array(monthOut).readonly().meta({ description: 'The oldest, which would take too long' }),
        customers: z.int().meta({ description: 'Beyond the first hundred' }),
        days: z.int().meta({ description: 'Still to be metered as a whole' }),
        notRated: z.array(z.object({ customer: z.string(), month: monthOut, message: z.string() })).readonly(),
      })
      .meta({ description: 'What is not in the figures' }),
  })
  .nullable()
  .meta({ description: 'null: usage is in a ClickHouse, where nothing can be tried' });
