import { z } from 'zod';
import { decimalOut, nextOut, slug } from '../../platform/declare/schemas.ts';

/** What several answers say of what is used and billed to nobody. */
export const unbilledOut = z
  .array(
    z.object({
      reason: z.enum(['not_metered', 'no_price']).meta({
        description: 'The plan prices a kind that is not metered, or has no price for one that is',
      }),
      kind: z.string(),
      plans: z.array(slug).readonly(),
      deployments: z.array(slug).readonly(),
      quantity: decimalOut.nullable().meta({ description: 'null: not known' }),
      currency: z.string(),
      amount: decimalOut.nullable().meta({
        description: "Its amount beyond the allowances, before a plan's minimum, cap and discount",
      }),
      message: z.string(),
      next: nextOut,
    }),
  )
  .readonly()
  .meta({ description: 'What is used and not billed; of complete days. Empty for a customer' });
