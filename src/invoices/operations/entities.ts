import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type FileType,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import {
  bytes,
  day,
  decimalInput,
  decimalOut,
  instantOut,
  line,
  paragraphs,
  slug,
} from '../../platform/declare/schemas.ts';
import { type AssetField, assetBytesMax, readAsset } from '../assets.ts';
import {
  createEntity,
  getAsset,
  getEntity,
  type LegalEntity,
  listEntities,
  partyHistory,
  setAsset,
  setDefaultEntity,
  updateEntity,
} from '../entities.ts';
import { sellerFields } from '../party.ts';
import * as taxRates from '../tax-rates.ts';
import type { TaxRate } from '../tax-rates.ts';
import { deciders, prefix, printedLines, taxIds, fromInstant, toInstant, toldOf } from './schemas.ts';

// Who bills.

const entity = z
  .object({
    entity: slug,
    isDefault: z.boolean().meta({ description: 'It bills those customers for whom no other is named' }),
    name: z.string().nullable().meta({ description: 'null: missing; nothing is issued without it' }),
    address: z.array(z.string()),
    taxIds: z.array(z.string()),
    email: z.string().nullable(),
    ...toldOf(sellerFields),
    footer: z.string().nullable(),
    numbering: z.enum(['own', 'external']),
    invoicePrefix: z.string().meta({ examples: ['INV-'] }),
    creditNotePrefix: z.string().meta({ examples: ['CN-'] }),
    numberDigits: z.int(),
    termsDays: z.int(),
    graceDays: z.int(),
    logo: z.string().nullable().meta({ description: 'sha256 of the image on its documents' }),
    font: z.string().nullable().meta({ description: 'sha256 of the font of its own' }),
  })
  .meta({ id: 'LegalEntity', description: 'A company that bills' });

function entityAnswer({ slug: name, ...rest }: LegalEntity): z.input<typeof entity> {
  return { ...rest, entity: name };
}

const entityDetails = {
  name: line.optional(),
  address: printedLines.optional(),
  taxIds: taxIds.optional(),
  email: line.nullable().optional(),
  ...sellerFields,
  footer: paragraphs.nullable().optional().meta({ description: 'Below the totals: registration, bank account' }),
  numbering: z
    .enum(['own', 'external'])
    .optional()
    .meta({ description: 'external: the accounting system gives the numbers' }),
  invoicePrefix: prefix.optional(),
  creditNotePrefix: prefix.optional(),
  numberDigits: z.int().min(1).max(12).optional(),
  termsDays: z.int().min(0).max(365).optional().meta({ description: 'To pay' }),
  graceDays: z
    .int()
    .min(0)
    .max(60)
    .optional()
    .meta({ description: 'After a month, before its invoices can be approved' }),
};

export const listLegalEntities = declareList({
  path: '/legal-entities',
  name: 'entity list',
  operationId: 'listLegalEntities',
  tag: 'billing',
  summary: 'The companies that bill, the default one first',
  roles: staff,
  row: entity,
  search: { in: 'the slug and the name' },
  sort: { none: 'the default one first, and there are few' },
  total: true,
  async run({ db }, page) {
    return pageOfAll((await listEntities(db)).map(entityAnswer), page, (row) => [row.isDefault ? 0 : 1, row.entity], {
      texts: ({ entity: slugOf, name }) => [slugOf, name],
    });
  },
});

const which = z.object({ entity: slug });

export const getLegalEntity = declareOperation({
  method: 'GET',
  path: '/legal-entities/:entity',
  name: 'entity show',
  operationId: 'getLegalEntity',
  tag: 'billing',
  summary: 'One seller',
  roles: staff,
  params: which,
  response: entity,
  run: async ({ db, params }) => entityAnswer(await getEntity(db, params.entity)),
});

const party = z.object({
  from: fromInstant,
  to: toInstant,
  name: z.string().nullable(),
  address: z.array(z.string()),
  taxIds: z.array(z.string()),
  email: z.string().nullable(),
  ...toldOf(sellerFields),
  recordedAt: instantOut,
  recordedBy: z.string(),
});

export const getLegalEntityHistory = declareOperation({
  method: 'GET',
  path: '/legal-entities/:entity/history',
  name: 'entity history',
  operationId: 'getLegalEntityHistory',
  tag: 'billing',
  summary: "A seller's details over time, the oldest first",
  roles: staff,
  params: which,
  response: z.object({ entity: slug, history: z.array(party) }),
  run: async ({ db, params }) => ({ ...params, history: await partyHistory(db, params.entity) }),
});

export const createLegalEntity = declareOperation({
  method: 'POST',
  path: '/legal-entities',
  name: 'entity create',
  operationId: 'createLegalEntity',
  tag: 'billing',
  summary: 'Create a seller',
  description: 'Its numbers begin with its slug unless other prefixes are given.',
  command: { positional: ['entity'], flags: { taxIds: 'tax-id' } },
  roles: deciders,
  body: z.strictObject({ entity: slug, ...entityDetails }),
  response: entity,
  status: 201,
  location: (made) => `/legal-entities/${made.entity}`,
  async run({ db, body, principal, now }) {
    const { entity: name, ...details } = body;
    return entityAnswer(await createEntity(db, name, details, { by: principal.subject, now }));
  },
});

export const updateLegalEntity = declareOperation({
  method: 'PATCH',
  path: '/legal-entities/:entity',
  name: 'entity set',
  operationId: 'updateLegalEntity',
  tag: 'billing',
  summary: "Change a seller's details",
  description: `Omitted fields keep their value. Issued invoices are not affected. Who it is (name, address, ids, contact, account)
is dated: an invoice uses what applies on the last day of its month. Without \`from\`: from the beginning the first time, then
from today (UTC). Each field holds until its own next dated change.`,
  command: { flags: { isDefault: 'default', taxIds: 'tax-id' } },
  roles: deciders,
  params: which,
  body: z.strictObject({
    from: day.optional().meta({ description: 'First UTC day of these details' }),
    ...entityDetails,
    isDefault: z.literal(true).optional().meta({ description: 'Takes it from the one that was the default' }),
  }),
  response: entity,
  edits: getLegalEntity,
  async run({ db, params, body, principal, now }) {
    const { isDefault, from, ...details } = body;
    await updateEntity(db, params.entity, details, { from, by: principal.subject, now });
    if (isDefault === true) await setDefaultEntity(db, params.entity);
    return entityAnswer(await getEntity(db, params.entity));
  },
});

const ofEntity = 'With the ETag of the seller.';

const keptByIssued = 'Issued documents keep what they were drawn with.';

/** What all of them have in common; `types` are those of the file. */
function assetOperations(
  field: AssetField,
  types: readonly FileType[],
  words: { readonly title: string; readonly what: string },
) {
  const path = `/legal-entities/:entity/${field}`;
  return {
    show: declareDocument({
      path,
      name: `entity ${field} show`,
      operationId: `getLegalEntity${words.title}`,
      tag: 'billing',
      summary: `The ${field} of a seller, as the file that it is`,
      roles: staff,
      params: which,
      produces: types,
      hasETag: true,
      async run({ db, params }) {
        const { type, bytes: body, digest } = await getAsset(db, params.entity, field);
        return { type, body, digest, filename: `${params.entity}-${field}.${type.split('/')[1]}` };
      },
    }),
    set: declareOperation({
      method: 'PUT',
      path,
      name: `entity ${field} set`,
      operationId: `setLegalEntity${words.title}`,
      tag: 'billing',
      summary: `Set the ${field} of its documents`,
      description: `The body is the file, ${words.what}, ${assetBytesMax[field]} bytes at most. A damaged one is refused.${field === 'logo' ? ' Only its pixels are kept.' : ''} ${ofEntity} ${keptByIssued}`,
      roles: deciders,
      params: which,
      consumes: types,
      fileBytesMax: assetBytesMax[field],
      body: bytes,
      response: entity,
      edits: getLegalEntity,
      prepare: ({ body, signal }) => readAsset(field, body, signal),
      run: async ({ db, params }, asset) => entityAnswer(await setAsset(db, params.entity, field, asset)),
    }),
    remove: declareOperation({
      method: 'DELETE',
      path,
      name: `entity ${field} remove`,
      operationId: `removeLegalEntity${words.title}`,
      tag: 'billing',
      summary: `Remove the ${field} of a seller`,
      command: { confirm: `Remove the ${field} of {entity}?` },
      description: `${ofEntity} ${keptByIssued}`,
      roles: deciders,
      params: which,
      response: entity,
      edits: getLegalEntity,
      run: async ({ db, params }) => entityAnswer(await setAsset(db, params.entity, field, null)),
    }),
  };
}

const logoOperations = assetOperations('logo', ['image/png', 'image/jpeg'], { title: 'Logo', what: 'PNG or JPEG' });

const fontOperations = assetOperations('font', ['font/ttf', 'font/otf'], {
  title: 'Font',
  what: 'TrueType or OpenType',
});

export const getLegalEntityLogo = logoOperations.show;

export const setLegalEntityLogo = logoOperations.set;

export const removeLegalEntityLogo = logoOperations.remove;

export const getLegalEntityFont = fontOperations.show;

export const setLegalEntityFont = fontOperations.set;

export const removeLegalEntityFont = fontOperations.remove;

const taxRate = z
  .object({
    entity: slug,
    category: slug.meta({ examples: ['standard'] }),
    title: z.string().meta({ description: 'As printed', examples: ['VAT'] }),
    percent: decimalOut,
    from: fromInstant,
    to: toInstant,
  })
  .meta({ id: 'TaxRate', description: "A seller's tax rates of a category, by day" });

function taxRateAnswer({ legalEntityId: _, ...rate }: TaxRate): z.input<typeof taxRate> {
  return rate;
}

export const listTaxRates = declareList({
  path: '/tax-rates',
  name: 'entity tax list',
  operationId: 'listTaxRates',
  tag: 'billing',
  summary: 'Tax rates by seller, category and day',
  roles: staff,
  query: z.object({ at: day.optional().meta({ description: 'Only those that hold on a day' }) }),
  row: taxRate,
  search: { in: 'the seller and the category' },
  sort: { none: 'by seller, category and day' },
  total: true,
  async run({ db, query }, page) {
    const rates = await (query.at === undefined ? taxRates.listTaxRates(db) : taxRates.taxRatesOn(db, query.at));
    return pageOfAll(rates.map(taxRateAnswer), page, (row) => [row.entity, row.category, row.from], {
      texts: ({ entity: slugOf, category }) => [slugOf, category],
    });
  },
});

export const setTaxRate = declareOperation({
  method: 'POST',
  path: '/tax-rates',
  name: 'entity tax set',
  operationId: 'setTaxRate',
  tag: 'billing',
  summary: "Set the rate of a seller's tax category, from a day on",
  command: { positional: ['category', 'percent'] },
  description: "The rate of a month's last day applies to the whole month. A category without a rate is not taxed.",
  roles: deciders,
  body: z.strictObject({
    entity: slug.nullable().default(null).meta({ description: 'null: the default one' }),
    category: slug.meta({ description: 'standard unless the customer has another', examples: ['standard'] }),
    title: line.meta({ description: 'As it is printed', examples: ['VAT'] }),
    percent: decimalInput.meta({ description: '0 to 100', examples: ['20'] }),
    from: day.nullable().default(null).meta({ description: 'First UTC day; null: from the beginning' }),
  }),
  response: z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) }),
  run: ({ db, body, principal, now }) => taxRates.setTaxRate(db, body, principal.subject, now),
});

export const entityOperations: readonly Operation[] = [
  listLegalEntities,
  getLegalEntity,
  getLegalEntityHistory,
  createLegalEntity,
  updateLegalEntity,
  getLegalEntityLogo,
  setLegalEntityLogo,
  removeLegalEntityLogo,
  getLegalEntityFont,
  setLegalEntityFont,
  removeLegalEntityFont,
  listTaxRates,
  setTaxRate,
];
