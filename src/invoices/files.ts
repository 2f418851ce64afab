import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { runTask } from '../platform/workers/pool.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { documentCsv } from './csv.ts';
import * as entities from './entities.store.ts';
import { documentNotDrawn } from './errors.ts';
import { type Invoice, readDocument } from './invoices.ts';
import * as store from './invoices.store.ts';
import { drawDocument } from './tasks.ts';

const fileFormats = ['pdf', 'csv', 'json'] as const;
type FileFormat = (typeof fileFormats)[number];

interface InvoiceFile {
  readonly type: 'application/pdf' | 'text/csv' | 'application/json';
  readonly name: string;
  readonly bytes: Uint8Array;
  /** sha256 of the bytes, in hexadecimal. */
  readonly digest: string;
}

interface Asking {
  /** For the PDF of a draft, which is drawn anew each time. */
  readonly now: Temporal.Instant;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An invoice as a file. The PDF of an issued one is drawn once and kept (`drawMissing`): whoever asks gets the same bytes,
 * whatever drew it. Asking keeps nothing. The JSON of an issued one is the canonical text that its digest is of.
 * @throws ArcadiaError document_not_drawn, overloaded
 */
export async function invoiceFile(
  db: Queryable,
  invoice: Invoice,
  format: FileFormat,
  asking: Asking,
): Promise<InvoiceFile> {
  const name = `${nameOf(invoice).replaceAll(/[^\w.-]+/g, '-')}.${format}`;
  const kept = format === 'pdf' && invoice.issuedAt !== null ? await store.selectPdf(db, invoice.invoiceId) : undefined;
  if (kept !== undefined) return { type: 'application/pdf', name, ...kept };
  const bytes = await bytesOf(db, invoice, format, asking);
  const type = ({ pdf: 'application/pdf', csv: 'text/csv', json: 'application/json' } as const)[format];
  return { type, name, bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}

function nameOf({ number, invoiceId }: Invoice): string {
  return number ?? `draft-${invoiceId}`;
}

async function bytesOf(db: Queryable, invoice: Invoice, format: FileFormat, asking: Asking): Promise<Uint8Array> {
  if (format === 'pdf') return draw(db, invoice, asking);
  const { document } = await readDocument(db, invoice);
  return Buffer.from(format === 'csv' ? documentCsv(document) : canonicalJson(document as unknown as Json));
}

/** All who ask for the same issued one meanwhile get the same drawing. */
async function draw(db: Queryable, invoice: Invoice, { now, signal }: Asking): Promise<Uint8Array> {
  const { document } = await readDocument(db, invoice);
  const asset = async (digest: string | null) =>
    digest === null ? null : ((await entities.selectAsset(db, digest))?.bytes ?? null);
  const assets = { logo: await asset(document.seller.logo), font: await asset(document.seller.font) };
  const what = `The PDF of ${nameOf(invoice)}`;
  try {
    const at = (invoice.issuedAt ?? now).toString();
    const sharing = invoice.documentDigest === null ? { signal } : { sharedBy: invoice.documentDigest };
    return await runTask(drawDocument, { document, ...assets, at }, { what, ...sharing });
  } catch (error) {
    // Whoever asks gave nothing that they could make simpler.
    if (!(error instanceof ArcadiaError) || !['too_costly', 'file_unreadable'].includes(error.code)) throw error;
    throw documentNotDrawn(`${what} cannot be drawn.`, { cause: error });
  }
}

interface Drawn {
  readonly drawn: number;
  /** Of those that could not be drawn; they are tried again by whoever calls next. */
  readonly failures: readonly string[];
}

/** Documents whose ids are read at a time. */
const atOnce = 500;

/**
 * Draws and keeps the PDF of every issued document that has none: outside the transaction that issued it, so that no
 * number is held up or lost by a drawing.
 */
export async function drawMissing(db: Database, signal: AbortSignal): Promise<Drawn> {
  const failures: string[] = [];
  let drawn = 0;
  for (let after = 0; ; ) {
    const ids = await store.selectUndrawn(db, after, atOnce);
    for (const id of ids) {
      signal.throwIfAborted();
      const [invoice] = await store.selectInvoice(db, { id }, null);
      if (!invoice?.issuedAt) continue;
      try {
        await store.insertPdf(db, id, await draw(db, invoice, { now: invoice.issuedAt, signal }));
        drawn += 1;
      } catch (error) {
        if (!(error instanceof ArcadiaError) || error.code !== 'document_not_drawn') throw error;
        failures.push(error.message);
      }
    }
    const last = ids.at(-1);
    if (last === undefined || ids.length < atOnce) return { drawn, failures };
    after = last;
  }
}
