import { z } from 'zod';
import { declareDocument, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { day, dayOut, decimalInput, line, paragraphs, slug } from '../../platform/declare/schemas.ts';
import { plainSeller, sellerFields } from '../party.ts';
import { exportSellers, importSellers, type SellerDetails } from '../seller-file.ts';
import { deciders, prefix, printedLines, taxIds } from './schemas.ts';

// Sellers as a file.

const from = day.nullable().default(null).meta({ description: 'First UTC day; null: from the beginning' });

const sellerFile = z
  .strictObject({
    sellers: z
      .array(
        z.strictObject({
          entity: slug,
          isDefault: z.boolean().default(false),
          footer: paragraphs.nullable().default(null),
          numbering: z.enum(['own', 'external']),
          invoicePrefix: prefix,
          creditNotePrefix: prefix,
          numberDigits: z.int().min(1).max(12),
          termsDays: z.int().min(0).max(365),
          graceDays: z.int().min(0).max(60),
        }),
      )
      .max(1_000)
      .default([])
      .meta({ description: 'How each bills' }),
    details: z
      .array(
        z.strictObject({
          entity: slug,
          from,
          name: line.nullable().default(null),
          address: printedLines.default([]),
          taxIds: taxIds.default([]),
          email: line.nullable().default(null),
          ...sellerFields,
        }),
      )
      .max(2_000)
      .default([])
      .meta({ description: 'Who each is, from a day on: what is left out is not set' }),
    taxes: z
      .array(
        z.strictObject({
          entity: slug,
          category: slug.meta({ examples: ['standard'] }),
          title: line.meta({ examples: ['VAT'] }),
          percent: decimalInput.meta({ examples: ['20'] }),
          from,
        }),
      )
      .max(2_000)
      .default([])
      .meta({ description: 'What each charges, by category, from a day on' }),
  })
  .meta({ examples: [{ details: [{ entity: 'default', name: 'Example Hosting Ltd' }] }] });

function detailsOf({ from: since, entity, name, address, taxIds: ids, email, ...party }: FileDetails): SellerDetails {
  const told = Object.entries(party).filter(([, value]) => value !== undefined);
  return { entity, from: since, name, address, taxIds: ids, email, ...plainSeller, ...Object.fromEntries(told) };
}

type FileDetails = z.output<typeof sellerFile>['details'][number];

export const exportLegalEntities = declareDocument({
  path: '/legal-entity-file',
  name: 'entity export',
  operationId: 'exportLegalEntities',
  tag: 'billing',
  summary: 'All sellers with their details and taxes by day, as a file',
  description: 'Logos and fonts are files of their own. Imported again, here or elsewhere, it changes nothing.',
  roles: staff,
  produces: ['application/yaml'],
  run: async ({ db }) => ({ type: 'application/yaml', body: await exportSellers(db), filename: 'sellers.yaml' }),
});

export const importLegalEntities = declareOperation({
  method: 'POST',
  path: '/legal-entities/import',
  name: 'entity import',
  operationId: 'importLegalEntities',
  tag: 'billing',
  summary: 'Sellers with their details and taxes from a file, all or nothing',
  description: `The file is as the export gives it. A seller that it leaves out stays, and so do its details and categories of taxes that
the file says nothing of, and what is recorded for days before the first that it names. Issued documents stay as they are.`,
  command: { file: true },
  roles: deciders,
  query: z.object({
    dryRun: z.boolean().default(false).meta({ description: 'Write nothing; name what would change' }),
  }),
  body: sellerFile,
  response: z.object({
    written: z.boolean(),
    sellers: z
      .array(
        z.object({
          entity: slug,
          change: z.enum(['created', 'changed', 'unchanged']),
          from: dayOut
            .nullable()
            .meta({ description: 'First day whose details or taxes change; null: none, or from the beginning on' }),
          issued: z.int().meta({
            description: 'Issued documents of months that end on that day or later; they show what was recorded before',
          }),
        }),
      )
      .readonly(),
  }),
  run: ({ db, body, query: { dryRun }, principal, now }) =>
    importSellers(db, { ...body, details: body.details.map(detailsOf) }, { dryRun, by: principal.subject, now }),
});

export const sellerFileOperations: readonly Operation[] = [exportLegalEntities, importLegalEntities];
