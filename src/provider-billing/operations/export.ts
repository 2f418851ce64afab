import { z } from 'zod';
import { focusFormats } from '../../invoices/index.ts';
import { declareDocument, moneyRoles as roles, type Operation } from '../../platform/declare/operation.ts';
import { month } from '../../platform/declare/schemas.ts';
import { costDatasets } from '../focus/cost-columns.ts';
import { exportCost } from '../focus/export-cost.ts';

const mediaTypes = { csv: 'text/csv', parquet: 'application/vnd.apache.parquet' } as const;

export const exportFocusCost = declareDocument({
  path: '/exports/focus-cost',
  name: 'export focus-cost',
  operationId: 'exportFocusCost',
  tag: 'provider billing',
  summary: 'A month of what the provider charged and who bears it, in FOCUS 1.4',
  description:
    'Of the bills that count: signed, else final, else the preview. A row for each share of a line, or with InvoiceDetail ' +
    'one for each line; what only the header has is a row of its own. The BilledCosts of an InvoiceId add up to the ' +
    "header's amount. Not for customers. It is sent as it is made.",
  roles,
  query: z.object({
    month,
    format: z.enum(focusFormats).default('csv').meta({ description: 'The form of the file' }),
    dataset: z.enum(costDatasets).default('CostAndUsage').meta({ description: 'What is exported' }),
    columns: z
      .string()
      .max(4_000)
      .optional()
      .meta({ description: 'Only these columns of it, separated by commas; all where it is left out' }),
  }),
  produces: Object.values(mediaTypes),
  async run({ db, query, signal }) {
    const { filename, content } = await exportCost(db, {
      ...query,
      columns: query.columns?.split(',').map((name) => name.trim()),
      signal,
    });
    return { type: mediaTypes[query.format], body: content, filename };
  },
});

export const costExportOperations: readonly Operation[] = [exportFocusCost];
