import { z } from 'zod';
import { declareDocument, declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { month } from '../../platform/declare/schemas.ts';
import { datasetNames } from '../focus/datasets.ts';
import * as focus from '../focus/export.ts';

const mediaTypes = { csv: 'text/csv', parquet: 'application/vnd.apache.parquet' } as const;

export const exportFocus = declareDocument({
  path: '/exports/focus',
  name: 'export focus',
  operationId: 'exportFocus',
  tag: 'invoices',
  summary: 'A month of what customers were billed, in FOCUS 1.4',
  description:
    'Every line and tax of the invoices of the month that are issued, and of the credit notes issued in it; what is a ' +
    'draft or approved is left out. A cancelled invoice is in it, and the credit note that cancels it in the month of its ' +
    'issue. The BilledCosts of an InvoiceId add up to its total. It is sent as it is made.',
  roles: ['owner', 'finance'],
  query: z.object({
    month,
    format: z.enum(focus.focusFormats).default('csv').meta({ description: 'The form of the file' }),
    dataset: z.enum(datasetNames).default('CostAndUsage').meta({ description: 'What is exported' }),
    columns: z
      .string()
      .max(4_000)
      .optional()
      .meta({ description: 'Only these columns of it, separated by commas; all where it is left out' }),
  }),
  produces: Object.values(mediaTypes),
  async run({ db, query, now, signal }) {
    const { filename, content } = await focus.exportFocus(db, {
      ...query,
      columns: query.columns?.split(',').map((name) => name.trim()),
      now,
      signal,
    });
    return { type: mediaTypes[query.format], body: content, filename };
  },
});

export const getExportCoverage = declareOperation({
  method: 'GET',
  path: '/exports/focus/coverage',
  name: 'export coverage',
  operationId: 'getExportCoverage',
  tag: 'invoices',
  summary: 'How many documents of a month an export leaves out',
  roles: ['owner', 'finance'],
  query: z.object({ month }),
  response: z.object({
    unissued: z.int().meta({ description: 'Invoices that are drafts or approved' }),
  }),
  run: ({ db, query }) => focus.leftOut(db, query.month),
});

export const exportOperations: readonly Operation[] = [exportFocus, getExportCoverage];
