import type { Queryable } from '../platform/database/database.ts';
import { canonicalJson, type Json } from './canonical-json.ts';
import { documentCsv } from './csv.ts';
import * as entities from './entities.store.ts';
import { type Invoice, type Audience, readDocument } from './invoices.ts';
import * as store from './invoices.store.ts';

const fileFormats = ['pdf', 'csv', 'json'] as const;
type FileFormat = (typeof fileFormats)[number];

interface InvoiceFile {
  readonly type: 'application/pdf' | 'text/csv' | 'application/json';
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * An invoice as a file. The PDF of an issued one is drawn once and kept: whoever asks later gets the
 * same bytes, whatever drew it. A customer's asking keeps nothing. The JSON of an issued one is the
 * canonical text that its digest is of.
 * @param now for the PDF of a draft, which is drawn anew each time
 */
export async function invoiceFile(
  db: Queryable,
  invoice: Invoice,
  format: FileFormat,
  now: Temporal.Instant,
  reader: Audience = 'staff',
): Promise<InvoiceFile> {
  const name = `${invoice.number ?? `draft-${invoice.invoiceId}`}`.replaceAll(/[^\w.-]+/g, '-');
  const file = (type: InvoiceFile['type'], bytes: Uint8Array): InvoiceFile => ({
    type,
    name: `${name}.${format}`,
    bytes,
  });
  if (format === 'pdf') return file('application/pdf', await pdfOf(db, invoice, now, reader));
  const { document } = await readDocument(db, invoice);
  const text = format === 'csv' ? documentCsv(document) : canonicalJson(document as unknown as Json);
  return file(format === 'csv' ? 'text/csv' : 'application/json', Buffer.from(text));
}

async function pdfOf(db: Queryable, invoice: Invoice, now: Temporal.Instant, reader: Audience): Promise<Uint8Array> {
  const isIssued = invoice.issuedAt !== null;
  const kept = isIssued ? await store.selectPdf(db, invoice.invoiceId) : undefined;
  if (kept) return kept;
  const { document } = await readDocument(db, invoice);
  const asset = async (digest: string | null) =>
    digest === null ? null : ((await entities.selectAsset(db, digest))?.bytes ?? null);
  const assets = { logo: await asset(document.seller.logo), font: await asset(document.seller.font) };
  // Loaded when it is needed: the library is large, and most commands draw nothing.
  const { drawPdf } = await import('./pdf.ts');
  const bytes = await drawPdf(document, assets, invoice.issuedAt ?? now);
  if (isIssued && reader === 'staff') await store.insertPdf(db, invoice.invoiceId, bytes);
  return bytes;
}
