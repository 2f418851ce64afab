import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { csvHeader, documentRows } from './csv.ts';
import { invoiceFile } from './files.ts';
import { type Invoice, readDocument } from './invoices.ts';
import { selectIssuedDocuments } from './invoices.store.ts';

// A month's issued documents as one file, sent as it is made: one document is in memory at a time.

interface MonthFiles {
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  readonly now: Temporal.Instant;
  readonly signal: AbortSignal;
}

/** Documents whose rows are read at a time. */
const pageSize = 100;

/** What is issued of a month, invoices and credit notes, void ones too, in the order of their ids. */
async function* documentsOf(db: Queryable, { month, signal }: MonthFiles): AsyncGenerator<Invoice> {
  for (let after = 0; ; ) {
    signal.throwIfAborted();
    const page = await selectIssuedDocuments(db, month, after, pageSize);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last.invoiceId;
  }
}

/** All lines and taxes of a month's issued documents as one CSV, as `documentCsv` of each has them. */
export async function* monthLines(db: Queryable, files: MonthFiles): AsyncGenerator<string> {
  yield csvHeader;
  for await (const row of documentsOf(db, files)) yield documentRows((await readDocument(db, row)).document);
}

/**
 * `archiveOf`, once it is known that there is something in it.
 * @throws ArcadiaError not_found where nothing is issued
 */
export async function monthArchive(db: Queryable, files: MonthFiles): Promise<AsyncGenerator<Uint8Array>> {
  const [first] = await selectIssuedDocuments(db, files.month, 0, 1);
  if (first === undefined) {
    throw new ArcadiaError('not_found', `Nothing is issued of ${files.month.toPlainYearMonth()}.`);
  }
  return archiveOf(db, files);
}

/**
 * A ZIP of the PDFs of a month's issued documents, in a folder for each seller, and of their lines as `lines.csv`. One
 * that cannot be drawn is named in `not-drawn.txt`. The same documents give the same bytes.
 * @throws ArcadiaError overloaded, cancelled
 */
async function* archiveOf(db: Queryable, files: MonthFiles): AsyncGenerator<Uint8Array> {
  const made: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    made.push(chunk);
  });
  const notDrawn: string[] = [];
  for await (const row of documentsOf(db, files)) {
    try {
      const { name, bytes } = await invoiceFile(db, row, 'pdf', files);
      const entry = new ZipPassThrough(`${row.entity}/${name}`);
      entry.mtime = dosTime(row.issuedAt);
      zip.add(entry);
      entry.push(bytes, true);
    } catch (error) {
      if (!(error instanceof ArcadiaError) || error.code !== 'document_not_drawn') throw error;
      notDrawn.push(error.message);
    }
    yield* made.splice(0);
  }
  const lines = new ZipDeflate('lines.csv');
  lines.mtime = dosTime(null);
  zip.add(lines);
  for await (const text of monthLines(db, files)) {
    lines.push(Buffer.from(text));
    yield* made.splice(0);
  }
  lines.push(new Uint8Array(), true);
  if (notDrawn.length > 0) {
    const entry = new ZipPassThrough('not-drawn.txt');
    entry.mtime = dosTime(null);
    zip.add(entry);
    entry.push(Buffer.from(`${notDrawn.join('\n')}\n`), true);
  }
  zip.end();
  yield* made.splice(0);
}

/** A time that the form can hold, whatever the zone of the machine: of a document its issue, else the form's first. */
function dosTime(at: Temporal.Instant | null): string {
  const { year, month, day } = (at ?? Temporal.Instant.from('1980-01-02T00:00:00Z')).toZonedDateTimeISO('UTC');
  const two = (part: number) => String(part).padStart(2, '0');
  // Without an offset it is the machine's own time, which the form stores as it is.
  return `${year}-${two(month)}-${two(day)}T00:00:00`;
}
