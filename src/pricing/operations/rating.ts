import { z } from 'zod';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { decimalOut } from '../../platform/declare/schemas.ts';
import { rateCase, ratingCase } from '../rating/rate.ts';

const ratingOut = z.object({
  amount: decimalOut.meta({ description: 'Decimal, not rounded' }),
  tiers: z
    .array(
      z.object({
        from: decimalOut,
        upTo: decimalOut.nullable(),
        units: decimalOut,
        unitPrice: decimalOut,
        flatFee: decimalOut,
        amount: decimalOut,
      }),
    )
    .readonly()
    .meta({ description: 'Their amounts add up to `amount`; none of models without tiers' }),
});

const rateUnits = declareOperation({
  method: 'POST',
  asks: true,
  path: '/ratings',
  name: 'rate case',
  operationId: 'rateUnits',
  tag: 'plans',
  summary: 'What units cost under a charge model',
  description: 'The function that rates invoices, for cases of your own. Decimals are strings.',
  roles: staff,
  command: { none: 'The command rate takes any number of cases from standard input and answers each as it comes.' },
  body: ratingCase.meta({
    examples: [{ model: 'standard', properties: { unitPrice: '0.04' }, units: '100' }],
  }),
  response: ratingOut,
  run: async ({ body }) => rateCase(body),
});

export const ratingOperations: readonly Operation[] = [rateUnits];
