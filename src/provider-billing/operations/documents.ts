import { z } from 'zod';
import { declareDocument, declareList, moneyRoles as roles, type Operation } from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { decimalOut, id } from '../../platform/declare/schemas.ts';
import { formatMoney } from '../../platform/money.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { Decimal } from '../../platform/quantity.ts';
import { selectChangedLines } from '../bill-documents.store.ts';
import { readBillDocument, wholeBill } from '../bill-documents.ts';
import { getReconciliation } from '../reconciliation/review.ts';
import { getBill } from '../shown-bills.ts';
import { headerOf } from './bills.ts';
import { bridge, readBridge } from './reconciliation.ts';

// A bill as a document: the provider's own, or all that is known of it; and what its versions differ in.

const tag = 'provider billing';
const mediaTypes = { csv: 'text/csv', json: 'application/json', pdf: 'application/pdf' } as const;
const version = z.int().min(1).optional();

export const exportBill = declareDocument({
  path: '/bills/:bill/document',
  name: 'bill export',
  operationId: 'exportBill',
  tag,
  summary: "A bill as the provider's own CSV or PDF, or with everything that is known of it as JSON",
  description:
    "csv and pdf are the provider's, as received: asked for once, and kept with the version. json has the bridge and every line with who bears it; `bill lines` has the lines as CSV.",
  roles,
  params: z.object({ bill: id }),
  query: z.object({
    format: z.enum(['csv', 'json', 'pdf']).default('csv').meta({ description: 'The form of the file' }),
    version: version.meta({
      description: 'Of csv and pdf; the one that was signed, or else the current one, unless given',
    }),
  }),
  produces: Object.values(mediaTypes),
  async run({ db, config, now, signal, params: { bill }, query: { format, version: wanted = null } }) {
    const type = mediaTypes[format];
    if (format === 'json') {
      // Of the version that the lines and the bridge are of: what was signed stands when the bill is issued again.
      const { counts } = await getReconciliation(db, bill);
      const { bill: row, shown, summary, products, versions } = await getBill(db, bill, counts.version);
      const history = versions.map(({ versionId: _own, ...rest }) => rest);
      const header = { ...headerOf(row, shown), version: counts.version };
      const head = { ...header, summary, products, history, bridge: bridge.parse(await readBridge(db, bill)) };
      return { type, body: wholeBill(db, bill, head), filename: `bill-${bill}.json` };
    }
    const { bytes } = await readBillDocument({ db, config, now, signal }, bill, format, wanted);
    return { type, body: bytes, filename: `bill-${bill}.${format}` };
  },
});

const amount = decimalOut.nullable();

export const compareBillVersions = declareList({
  path: '/bills/:bill/changes',
  name: 'bill compare',
  operationId: 'compareBillVersions',
  tag,
  summary: 'What two versions of a bill differ in, line by line',
  description:
    'Lines have no ids: those with the same words and ids are the same line. What only the headers differ in is no line.',
  roles,
  params: z.object({ bill: id }),
  query: z.object({
    version: version.meta({ description: 'The current one unless given' }),
    base: version.meta({ description: 'What it is compared with: the version before it unless given' }),
  }),
  row: z
    .object({
      ordinal: z.int(),
      change: z.enum(['added', 'removed', 'changed']),
      product: z.string().nullable(),
      description: z.string().nullable(),
      before: amount,
      after: amount,
      difference: decimalOut,
      position: z.int().nullable().meta({ description: 'Its place in the later version; null: it is not in it' }),
    })
    .meta({ id: 'ChangedBillLine' }),
  extra: z.object({
    version: z.int(),
    base: z.int(),
    currency: z.string(),
    before: decimalOut.meta({ description: "The header's amount" }),
    after: decimalOut,
    difference: decimalOut,
  }),
  search: { none: 'the lines of a bill are searched' },
  sort: { none: "the later version's own order" },
  total: { none: 'they are found by comparing' },
  async run({ db, params: { bill: billId }, query }, { limit, cursor }) {
    const { bill, versions } = await getBill(db, billId, query.version ?? null);
    const later = versions.find(({ version: of, supersededAt }) =>
      query.version === undefined ? supersededAt === null : of === query.version,
    );
    const base = versions.find((each) =>
      query.base === undefined ? each.version < (later?.version ?? 0) : each.version === query.base,
    );
    if (later === undefined || base === undefined)
      throw new ArcadiaError('not_found', `Bill ${billId} has no earlier version to compare with.`);
    const page = { limit: limit + 1, after: cursor === null ? 0 : Number(cursor) };
    const rows = await selectChangedLines(db, [base.versionId, later.versionId], page);
    const money = (text: Decimal | string) => formatMoney(new Decimal(text), bill.currency);
    return {
      ...pageOf(rows, limit, ({ ordinal }) => String(ordinal)),
      version: later.version,
      base: base.version,
      currency: bill.currency,
      before: money(base.amount),
      after: money(later.amount),
      difference: money(new Decimal(later.amount).minus(base.amount)),
    };
  },
});

export const billDocumentOperations: readonly Operation[] = [exportBill, compareBillVersions];
