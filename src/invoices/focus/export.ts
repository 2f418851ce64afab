import { listBillingKinds } from '../../metering/kinds.ts';
import type { Database } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { formatMoney } from '../../platform/money.ts';
import { Exact } from '../../platform/quantity.ts';
import { type FocusRow, focusVersion } from './columns.ts';
import { csvLines } from './csv.ts';
import * as store from './focus.store.ts';
import { parquetBytes } from './parquet.ts';
import type { BillingKinds } from './charge.ts';
import { type BilledDocument, DocumentCharges } from './document-charges.ts';

export const focusFormats = ['csv', 'parquet'] as const;
export type FocusFormat = (typeof focusFormats)[number];

/** What an export held, and what it left out. */
export interface FocusSummary {
  readonly focusVersion: string;
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
  /** Documents of the month that were taken back, and so are not in it. */
  readonly void: number;
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
  /** What is issued, and what is void, as of this instant. */
  readonly now: Temporal.Instant;
  readonly signal?: AbortSignal;
}

/**
 * A month of what customers were billed, as FOCUS 1.4 Cost and Usage: all lines and taxes of the
 * month's issued invoices, and of the credit notes issued in it. The same documents always give the
 * same rows.
 * @throws ArcadiaError cancelled, while `content` is read
 */
export async function exportFocus(db: Database, options: FocusExportOptions): Promise<FocusExport> {
  const { month, format } = options;
  const leftOut = await store.selectLeftOut(db, month);
  const tally = new Tally();
  const batches = tally.counting(chargesOf(db, options, tally));
  return {
    filename: `focus-${focusVersion}-${month.toPlainYearMonth()}.${format}`,
    content: format === 'csv' ? csvLines(batches) : parquetBytes(batches),
    summary: () => ({
      focusVersion,
      side: 'customer',
      month: month.toPlainYearMonth().toString(),
      format,
      ...tally.counts(),
      ...leftOut,
    }),
  };
}

/** So many documents and lines are in memory at a time. */
const documentsPerPage = 200;
const linesPerPage = 2_000;

async function* chargesOf(
  db: Database,
  { month, now, signal }: FocusExportOptions,
  tally: Tally,
): AsyncGenerator<FocusRow[]> {
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
      yield* chargesOfGroup(db, group, month, kinds);
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

async function* chargesOfGroup(
  db: Database,
  group: readonly store.DocumentRow[],
  month: Temporal.PlainDate,
  kinds: BillingKinds,
): AsyncGenerator<FocusRow[]> {
  const ids = group.map((document) => document.invoiceId);
  const waiting = group.map((document) => ({
    invoiceId: document.invoiceId,
    deploymentNames: document.deploymentNames,
    charges: new DocumentCharges({ ...document, billingMonth: month } satisfies BilledDocument, kinds),
  }));
  for (let after = 0; ; ) {
    const lines = await store.selectLines(db, ids, { after, limit: linesPerPage });
    const rows: FocusRow[] = [];
    for (const line of lines) {
      while (waiting[0] !== undefined && waiting[0].invoiceId < line.invoiceId) {
        rows.push(...waiting[0].charges.close());
        waiting.shift();
      }
      const { charges, deploymentNames } = waiting[0] as (typeof waiting)[number];
      const name = line.deployment === null ? null : (deploymentNames[line.deployment] ?? line.deployment);
      rows.push(charges.charge({ ...line, deploymentName: name }));
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
  readonly #billed = new Map<string, Exact>();

  count(kind: 'invoice' | 'credit_note'): void {
    if (kind === 'invoice') this.#invoices += 1;
    else this.#creditNotes += 1;
  }

  async *counting(batches: AsyncIterable<FocusRow[]>): AsyncGenerator<FocusRow[]> {
    for await (const rows of batches) {
      this.#rows += rows.length;
      for (const { BillingCurrency: currency, BilledCost: amount } of rows) {
        this.#billed.set(currency, (this.#billed.get(currency) ?? new Exact(0)).plus(amount));
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
