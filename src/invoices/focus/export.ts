import { listBillingKinds } from '../../metering/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { formatMoney } from '../../platform/money.ts';
import { Decimal } from '../../platform/quantity.ts';
import { focusVersion } from './columns.ts';
import { csvLines } from './csv.ts';
import * as store from './focus.store.ts';
import { type BilledLine, type BillingKinds, monthSpan } from './charge.ts';
import {
  type BillingPeriodRow,
  chooseColumns,
  type DatasetChoice,
  type DatasetName,
  type DatasetRow,
  type FocusMetadata,
  metadataOf,
} from './datasets.ts';
import { DocumentCharges } from './document-charges.ts';
import { type DetailedDocument, DocumentDetails } from './invoice-detail.ts';

export const focusFormats = ['csv', 'parquet'] as const;
export type FocusFormat = (typeof focusFormats)[number];

/** What an export held, and what it left out. */
export interface FocusSummary {
  readonly focusVersion: string;
  readonly dataset: DatasetName;
  readonly metadata: FocusMetadata;
  readonly side: 'customer';
  /** `2026-05` */
  readonly month: string;
  readonly format: FocusFormat;
  readonly rows: number;
  readonly invoices: number;
  readonly creditNotes: number;
  /** The sum of BilledCost, by currency: what those documents together ask for. */
  readonly billed: readonly { readonly currency: string; readonly amount: string }[];
  /** Invoices of the month that are not issued yet, and so are not in it. */
  readonly unissued: number;
}

export interface FocusExport {
  readonly filename: string;
  /** The file, as it is made: flat in memory, however large. To be read once. */
  readonly content: AsyncIterable<string | Uint8Array>;
  /** Of what has been read of `content`: of all of it once that has ended. */
  summary(): FocusSummary;
}

export interface FocusExportOptions {
  /** The first day of the month. */
  readonly month: Temporal.PlainDate;
  readonly format: FocusFormat;
  /** CostAndUsage unless given. */
  readonly dataset?: DatasetName | undefined;
  /** Only these of its columns; all unless given. */
  readonly columns?: readonly string[] | undefined;
  /** What is issued as of this instant. */
  readonly now: Temporal.Instant;
  readonly signal?: AbortSignal;
}

/**
 * A month of what customers were billed, in FOCUS 1.4: all lines and taxes of the month's issued invoices, and of the
 * credit notes issued in it, as they cost (CostAndUsage) or as they are on the documents
 * (InvoiceDetail); or how far the month is (BillingPeriod). The same documents always give the same rows.
 * @throws ArcadiaError invalid_argument (a column); cancelled, while `content` is read
 */
export async function exportFocus(db: Queryable, options: FocusExportOptions): Promise<FocusExport> {
  const { month, format, dataset = 'CostAndUsage' } = options;
  const choice = chooseColumns(dataset, options.columns);
  const without = await leftOut(db, month);
  const tally = new Tally();
  const batches = tally.counting(rowsOf(db, dataset, options, tally));
  const named = dataset === 'CostAndUsage' ? '' : `${dataset}-`;
  return {
    filename: `focus-${focusVersion}-${named}${month.toPlainYearMonth()}.${format}`,
    content: format === 'csv' ? csvLines(batches, choice.columns) : await focusParquet(batches, choice),
    summary: () => ({
      focusVersion,
      dataset,
      metadata: metadataOf(choice),
      side: 'customer',
      month: month.toPlainYearMonth().toString(),
      format,
      ...tally.counts(),
      ...without,
    }),
  };
}

/** As `parquetBytes`, which is loaded when it is needed: the library is large. */
export async function focusParquet(
  batches: AsyncIterable<readonly DatasetRow[]>,
  choice: DatasetChoice,
): Promise<AsyncGenerator<Uint8Array>> {
  const { parquetBytes } = await import('./parquet.ts');
  return parquetBytes(batches, choice);
}

/** How many documents of a month an export leaves out. */
export async function leftOut(db: Queryable, month: Temporal.PlainDate): Promise<store.LeftOut> {
  return store.selectLeftOut(db, month);
}

/** So many documents and lines are in memory at a time. */
const documentsPerPage = 200;
const linesPerPage = 2_000;

async function* rowsOf(
  db: Queryable,
  dataset: DatasetName,
  options: FocusExportOptions,
  tally: Tally,
): AsyncGenerator<readonly DatasetRow[]> {
  if (dataset === 'BillingPeriod') yield await periodsOf(db, options);
  else if (dataset === 'InvoiceDetail')
    yield* documentRows(db, options, tally, (...made) => new DocumentDetails(...made));
  else yield* documentRows(db, options, tally, (...made) => new DocumentCharges(...made));
}

async function periodsOf(db: Queryable, { month, now }: FocusExportOptions): Promise<BillingPeriodRow[]> {
  const { from, to } = monthSpan(month);
  return (await store.selectPeriods(db, month, now)).map(({ issuer, updatedAt, isClosed }) => ({
    BillingPeriodCreated: from,
    BillingPeriodEnd: to,
    BillingPeriodLastUpdated: updatedAt.round({ smallestUnit: 'second', roundingMode: 'floor' }),
    BillingPeriodStart: from,
    BillingPeriodStatus: isClosed ? 'Closed' : 'Open',
    InvoiceIssuerName: issuer,
  }));
}

/** What makes rows of a document: of each line in their order, then of its taxes. */
interface DocumentRows {
  charge(line: BilledLine): readonly DatasetRow[];
  close(): readonly DatasetRow[];
}

type MakeRows = (document: DetailedDocument, kinds: BillingKinds) => DocumentRows;

async function* documentRows(
  db: Queryable,
  { month, now, signal }: FocusExportOptions,
  tally: Tally,
  make: MakeRows,
): AsyncGenerator<readonly DatasetRow[]> {
  const definitions = await listBillingKinds(db, month.add({ months: 1 }).subtract({ days: 1 }));
  const kinds: BillingKinds = new Map(definitions.map((kind) => [kind.slug, kind]));
  for (let after = 0; ; ) {
    const documents = await store.selectDocuments(db, month, now, { after, limit: documentsPerPage });
    const last = documents.at(-1);
    if (last === undefined) return;
    for (const group of groupsOf(documents)) {
      if (signal?.aborted) {
        throw new ArcadiaError(
          'cancelled',
          `The export of ${month.toPlainYearMonth()} stopped; its file is not whole.`,
        );
      }
      yield* rowsOfGroup(db, group, month, (document) => make(document, kinds));
      for (const { kind } of group) tally.count(kind);
    }
    after = last.invoiceId;
  }
}

/** Documents in their order, as many together as one page of lines holds; a larger one alone. */
function groupsOf(documents: readonly store.DocumentRow[]): store.DocumentRow[][] {
  const groups: store.DocumentRow[][] = [];
  let room = 0;
  for (const document of documents) {
    if (document.lines > room) {
      groups.push([]);
      room = linesPerPage;
    }
    groups.at(-1)?.push(document);
    room -= document.lines;
  }
  return groups;
}

async function* rowsOfGroup(
  db: Queryable,
  group: readonly store.DocumentRow[],
  month: Temporal.PlainDate,
  make: (document: DetailedDocument) => DocumentRows,
): AsyncGenerator<readonly DatasetRow[]> {
  const ids = group.map((document) => document.invoiceId);
  const waiting = group.map((document) => ({
    invoiceId: document.invoiceId,
    deploymentNames: document.deploymentNames,
    charges: make({ ...document, billingMonth: month }),
  }));
  for (let after = 0; ; ) {
    const lines = await store.selectLines(db, ids, { after, limit: linesPerPage });
    const rows: DatasetRow[] = [];
    for (const line of lines) {
      while (waiting[0] !== undefined && waiting[0].invoiceId < line.invoiceId) {
        rows.push(...waiting[0].charges.close());
        waiting.shift();
      }
      const { charges, deploymentNames } = waiting[0] as (typeof waiting)[number];
      const name = line.deployment === null ? null : (deploymentNames[line.deployment] ?? line.deployment);
      rows.push(...charges.charge({ ...line, deploymentName: name }));
    }
    yield rows;
    // Only a document that is alone can have more lines than a page.
    const last = lines.at(-1);
    if (group.length > 1 || last === undefined || lines.length < linesPerPage) break;
    after = last.position;
  }
  yield waiting.flatMap(({ charges }) => charges.close());
}

class Tally {
  #rows = 0;
  #invoices = 0;
  #creditNotes = 0;
  readonly #billed = new Map<string, Decimal>();

  count(kind: 'invoice' | 'credit_note'): void {
    if (kind === 'invoice') this.#invoices += 1;
    else this.#creditNotes += 1;
  }

  async *counting(batches: AsyncIterable<readonly DatasetRow[]>): AsyncGenerator<readonly DatasetRow[]> {
    for await (const rows of batches) {
      this.#rows += rows.length;
      for (const { BillingCurrency: currency, BilledCost: amount } of rows) {
        if (typeof currency !== 'string' || typeof amount !== 'string') continue;
        this.#billed.set(currency, (this.#billed.get(currency) ?? new Decimal(0)).plus(amount));
      }
      yield rows;
    }
  }

  counts(): Pick<FocusSummary, 'rows' | 'invoices' | 'creditNotes' | 'billed'> {
    return {
      rows: this.#rows,
      invoices: this.#invoices,
      creditNotes: this.#creditNotes,
      billed: [...this.#billed]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, amount]) => ({ currency, amount: formatMoney(amount, currency) })),
    };
  }
}
