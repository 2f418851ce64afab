import { z } from 'zod';
import { line, slug } from '../platform/declare/schemas.ts';
import { buyerFields } from './party.ts';

const printedLines = z.array(line).max(10);

/** How a customer is billed, as operations and files give it: what is left out stays, null takes it away. */
export const billingFields = {
  entity: slug.nullable().optional().meta({ description: 'The seller; null: the default one' }),
  legalName: line.nullable().optional().meta({ description: "null: the customer's name" }),
  address: printedLines.optional().meta({ description: 'As printed, line by line' }),
  taxIds: printedLines.optional().meta({ description: 'As printed', examples: [['VAT GB123456789']] }),
  poNumber: line.nullable().optional(),
  email: line.nullable().optional(),
  ...buyerFields,
  termsDays: z.int().min(0).max(365).nullable().optional().meta({ description: "null: the seller's" }),
  taxCategory: slug.optional().meta({ description: 'Whose rate is charged', examples: ['standard'] }),
  taxTreatment: z.enum(['taxed', 'exempt', 'reverse_charge']).optional(),
  taxNote: line.nullable().optional().meta({ description: 'Why no tax is charged, as printed' }),
};
