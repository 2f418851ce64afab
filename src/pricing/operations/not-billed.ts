import { z } from 'zod';
import { decimalOut, nextOut, slug } from '../../platform/declare/schemas.ts';

const amounts = z.array(z.object({ currency: z.string(), amount: decimalOut })).readonly();

const counts = {
  resources: z.int(),
  running: z.int().meta({ description: 'How many of them stand still at its end' }),
  unpriced: z.int().meta({ description: 'How many have no price in the price book: they are in no amount' }),
  amounts,
};

/** What several answers say of what runs and is on nobody's plan. */
export const notBilledOut = z
  .array(
    z.object({
      reason: z.enum(['ended', 'unassigned', 'no_plan', 'paused']).meta({
        description: 'Of a deployment that has ended or left its plan for good; of nobody; on no plan; paused',
      }),
      ...counts,
      deployments: z
        .array(
          z.object({
            deployment: slug.nullable().meta({ description: 'null: unassigned' }),
            customer: z.string().nullable(),
            customerName: z.string().nullable(),
            ...counts,
            next: nextOut,
          }),
        )
        .readonly()
        .meta({ description: 'The first 100, those that run still first' }),
      deploymentsTotal: z.int(),
    }),
  )
  .readonly()
  .meta({ description: "What ran in the month and is not billed, at the provider's list price" });
