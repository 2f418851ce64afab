import { z } from 'zod';
import {
  declareList,
  declareOperation,
  moneyRoles as roles,
  type Operation,
} from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { dayOut, decimalInput, decimalOut, id, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { billFileBytesMax, importBill as importFile, readBillFile } from '../import.ts';
import { billingJobs, followWithReading } from '../jobs.ts';
import { ensurePayers, getPayer, listReads } from '../payers.ts';
import * as shown from '../shown-bills.ts';
import type { BillRow, VersionRow } from '../shown-bills.store.ts';
import { bridge, readBridge } from './reconciliation.ts';

const tag = 'provider billing';

const payer = slug.meta({ description: 'Who receives the bills', examples: ['acme'] });
const source = z.enum(['api', 'csv']).meta({ description: "api: the provider's API; csv: a file that was imported" });
const residual = decimalOut.meta({
  description: 'By how much the amount differs from the sum of the lines: what only the header has',
  examples: ['0.00'],
});

const billRow = z
  .object({
    bill: id,
    payer,
    month: dayOut.meta({ description: 'The first day of its month' }),
    kind: z.enum(['final', 'preview']).meta({ description: 'preview: of a month that has no invoice yet' }),
    source: source.nullable(),
    number: z
      .string()
      .nullable()
      .meta({ description: 'As it stands on the invoice', examples: ['412345678'] }),
    externalId: z.string().meta({ description: 'By which the provider shows it; of a file, csv:<month>:<number>' }),
    version: z.int().nullable().meta({
      description:
        'The one that was signed, or else the current one, of which the figures are; null: none is whole yet',
    }),
    versions: z.int(),
    currency: z.string(),
    amount: decimalOut.nullable().meta({ description: "The header's; of a file, the sum of its lines unless given" }),
    linesAmount: decimalOut.nullable(),
    residual: residual.nullable(),
    lines: z.int().nullable(),
    updatedAt: instantOut.nullable().meta({ description: 'When the provider made a preview' }),
    sealedAt: instantOut.nullable().meta({ description: 'When the version was whole, and agreed with its header' }),
    readingLines: z.int().nullable().meta({ description: 'Lines that a reading under way has stored; null: none is' }),
    readingTotal: z.int().nullable(),
    missingSince: instantOut.nullable().meta({ description: "Since when the provider's list does not show it" }),
    replaced: z.boolean().meta({ description: 'A preview whose month has a final bill by now' }),
    review: z.enum(['open', 'signed', 'changed']).nullable().meta({
      description: 'changed: it was signed, and comes to something else by now; null: it has not been reconciled',
    }),
    expected: decimalOut.nullable(),
    difference: decimalOut.nullable().meta({ description: 'From what was expected of all that has a price' }),
    allocated: decimalOut.nullable(),
    unexplained: decimalOut.nullable(),
    missing: z.int().nullable().meta({ description: 'Charges that should be on it and are not' }),
    changedSince: z
      .object({ version: z.int(), amount: decimalOut, difference: decimalOut, unexplained: decimalOut })
      .nullable()
      .meta({ description: 'What it comes to by what became known since it was signed; null: nothing has changed' }),
  })
  .meta({ id: 'ProviderBill', description: 'What the provider charges for a month' });

const reads = z
  .array(
    z.object({
      payer,
      part: z.enum(['balance', 'bills', 'insights']),
      readAt: instantOut,
      outcome: z
        .enum(['complete', 'refused', 'failed'])
        .meta({ description: 'refused: no token may read it, and so what it shows is not known' }),
      reason: z.string().nullable().meta({ description: 'A missing scope by its name' }),
      completedAt: instantOut.nullable().meta({ description: 'When it was last read whole; null: never' }),
    }),
  )
  .meta({ description: 'How the last reading of each part went' });

export const listBills = declareList({
  path: '/bills',
  name: 'bill list',
  operationId: 'listBills',
  tag,
  summary: "The provider's bills, the newest month first",
  roles,
  query: z.object({
    month: month.optional(),
    payer: payer.optional(),
    kind: z.enum(['final', 'preview']).optional(),
  }),
  row: billRow,
  extra: z.object({ reads }),
  search: { none: 'filters by month and payer say the same' },
  sort: { none: 'the newest month first' },
  total: { none: 'a month has few' },
  async run({ db, query }, { limit, cursor }) {
    const after = cursor === null ? null : pageKey.parse(JSON.parse(cursor));
    const rows = await shown.listBills(db, {
      ...query,
      limit: limit + 1,
      after: after === null ? null : { month: after[0], bill: after[1] },
    });
    const page = pageOf(rows, limit, ({ month: period, bill }) => JSON.stringify([period, bill]));
    return { ...page, reads: await listReads(db) };
  },
});

const pageKey = z.tuple([z.iso.date().transform((text) => Temporal.PlainDate.from(text)), z.int()]);

const versionRow = z.object({
  version: z.int(),
  source,
  externalId: z.string(),
  number: z.string().nullable(),
  amount: decimalOut,
  linesAmount: decimalOut,
  residual,
  pages: z.int(),
  lines: z.int(),
  updatedAt: instantOut.nullable(),
  beganAt: instantOut.meta({ description: 'When its reading began' }),
  sealedAt: instantOut,
  supersededAt: instantOut.nullable().meta({ description: 'When another version took its place; null: it is current' }),
  recordedBy: z.string(),
  digest: z.string().meta({ description: 'SHA-256 of its header and lines, whatever their order' }),
});

export const getBill = declareOperation({
  method: 'GET',
  path: '/bills/:bill',
  name: 'bill show',
  operationId: 'getBill',
  tag,
  summary: 'One bill: its header, its versions, and what its lines come to',
  roles,
  params: z.object({ bill: id }),
  query: z.object({
    version: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The one that was signed, or else the current one, unless given' }),
  }),
  response: z
    .object({
      ...billRow.shape,
      shown: z.int().nullable().meta({ description: 'The version that products and summary are of' }),
      products: z.array(z.object({ product: z.string().nullable(), lines: z.int(), amount: decimalOut })),
      summary: z
        .array(z.object({ name: z.string(), amount: decimalOut }))
        .meta({ description: "What the provider's own summary says that the amount is made of" }),
      history: z.array(versionRow).meta({ description: 'The versions, the newest first' }),
      bridge: bridge
        .nullable()
        .meta({ description: 'How its amount comes about, of the version that was reconciled; null: none was' }),
    })
    .meta({ id: 'ProviderBillDetails' }),
  async run({ db, params, query }) {
    const found = await shown.getBill(db, params.bill, query.version ?? null);
    return {
      ...headerOf(found.bill, found.shown),
      shown: found.shown?.version ?? null,
      products: [...found.products],
      summary: [...found.summary],
      history: [...found.versions],
      bridge: found.bill.review === null ? null : await readBridge(db, params.bill),
    };
  },
});

/** The bill as the version that is shown has it. */
export function headerOf(bill: BillRow, version: VersionRow | null): BillRow {
  if (version === null) return bill;
  const { source: from, number, amount, linesAmount, residual: rest, lines, updatedAt, sealedAt } = version;
  return { ...bill, source: from, number, amount, linesAmount, residual: rest, lines, updatedAt, sealedAt };
}

const itemRow = z
  .object({
    position: z.int().meta({ description: 'In the bill, from 1' }),
    page: z.int(),
    ordinal: z.int().meta({ description: 'In its page, from 1' }),
    product: z.string().nullable(),
    category: z.string().nullable(),
    description: z.string().nullable(),
    groupDescription: z.string().nullable().meta({ description: 'What it belongs to, such as a cluster' }),
    resourceUuid: z.string().nullable(),
    resourceId: z.string().nullable(),
    projectName: z.string().nullable().meta({ description: "The project's name when the bill was made" }),
    amount: decimalOut,
    duration: decimalOut.nullable(),
    durationUnit: z.string().nullable(),
    startTime: instantOut.nullable(),
    endTime: instantOut
      .nullable()
      .meta({ description: 'As the provider says it: of some lines the last second that is charged' }),
  })
  .meta({ id: 'ProviderBillLine', description: 'A line as the provider has it. Equal lines are separate lines' });

export const listBillItems = declareList({
  path: '/bills/:bill/items',
  name: 'bill items',
  operationId: 'listBillItems',
  tag,
  summary: 'The lines of a bill, in its own order',
  roles,
  params: z.object({ bill: id }),
  query: z.object({
    version: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'The one that was signed, or else the current one, unless given' }),
    product: line.optional().meta({ examples: ['Droplets'] }),
  }),
  row: itemRow,
  search: { in: 'their texts or ids' },
  sort: { none: "the provider's own order" },
  total: { none: 'bill show counts them, and says what they come to' },
  async run({ db, params, query: { version, product } }, { limit, cursor, q }) {
    const page = { product, search: q ?? undefined, limit: limit + 1, after: cursor === null ? 0 : Number(cursor) };
    const rows = await shown.listLines(db, params.bill, version ?? null, page);
    return pageOf(rows, limit, ({ position }) => String(position));
  },
});

export const syncBills = declareOperation({
  method: 'POST',
  path: '/bills/sync',
  name: 'bill sync',
  operationId: 'syncBills',
  tag,
  summary: "Read the provider's balance, bills and Insights now",
  description:
    'By jobs; what waits or runs already is not enqueued twice. Bills that are known under the same header are not read again unless asked for.',
  roles,
  command: { positional: ['payer'] },
  body: z.strictObject({
    payer: payer.optional().meta({ description: 'Every payer unless given' }),
    again: z
      .boolean()
      .optional()
      .meta({ description: 'Read known bills again too: what changed under the same header is found by this alone' }),
  }),
  response: z.object({ payers: z.array(payer) }),
  status: 202,
  followedBy: billingJobs,
  async run({ db, body, principal, now, follow }) {
    return db.transaction().execute(async (trx) => {
      const all = await ensurePayers(trx, principal.subject, now);
      const payers = body.payer === undefined ? all : [await getPayer(trx, body.payer)];
      if (payers.length === 0)
        throw new ArcadiaError('not_found', 'No account is connected.', { next: { operation: 'account connect' } });
      await followWithReading(trx, payers, body.again ?? false, follow);
      return { payers: payers.map(({ slug: name }) => name) };
    });
  },
});

const fileExample = `product,group_description,description,hours,start,end,USD,project_name,category
Droplets,,web-1 (s-2vcpu-4gb),744,2026-05-01 00:00:00 +0000,2026-06-01 00:00:00 +0000,$24.00,web,iaas
`;

export const importBill = declareOperation({
  method: 'POST',
  path: '/bills/import',
  name: 'bill import',
  operationId: 'importBill',
  tag,
  summary: 'A bill from the CSV file that the provider offers for download',
  description: `The file has no ids, no total and no number. Importing the same again changes nothing, nor does a file whose lines
are those of bills read from the provider's API. A bill read from it later becomes the next version of the imported one.`,
  roles,
  query: z.object({
    payer,
    month: month.optional().meta({ description: 'The month that it is the bill of; that of most lines unless given' }),
    number: line.optional().meta({ description: 'The number on the invoice', examples: ['412345678'] }),
    amount: decimalInput
      .optional()
      .meta({ description: 'The amount on the invoice; the sum of its lines unless given' }),
  }),
  consumes: 'text/csv',
  fileBytesMax: billFileBytesMax,
  body: z
    .string()
    .min(1)
    .max(billFileBytesMax)
    .meta({ contentMediaType: 'text/csv', examples: [fileExample] }),
  response: z.object({
    bill: id,
    month: dayOut,
    version: z.int(),
    imported: z.boolean().meta({ description: 'false: it was known already, and nothing was written' }),
    lines: z.int(),
  }),
  prepare: ({ body, signal }) => readBillFile(body, signal),
  async run({ db, body, query, principal, now }, file) {
    const { month: period = null, number = null, amount = null, payer: of } = query;
    const asked = { payer: of, csv: body, file, month: period, number, amount };
    const { billId, ...rest } = await importFile(db, asked, principal.subject, now);
    return { bill: billId, ...rest };
  },
});

export const billOperations: readonly Operation[] = [listBills, getBill, listBillItems, syncBills, importBill];
