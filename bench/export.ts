import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sql } from 'kysely';
import { exportFocus, type FocusFormat, focusFormats } from '../src/invoices/focus/export.ts';
import { insertIssued } from '../test/fixtures/focus.ts';
import type { Database } from '../src/platform/database/database.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

const invoices = Number(process.env.BENCH_INVOICES ?? 100);
const linesPerInvoice = 2_000;
const month = Temporal.PlainDate.from('2026-05-01');
const now = Temporal.Instant.from('2026-06-05T00:00:00Z');

/** The bare cost: the same lines read in pages, and nothing done with them. */
async function bare(db: Database): Promise<void> {
  for (let after = 0; ; ) {
    const { rows } = await sql<{ invoice_id: number }>`
      SELECT * FROM invoice_lines WHERE invoice_id = (SELECT min(invoice_id) FROM invoice_lines WHERE invoice_id > ${after})
      ORDER BY position`.execute(db);
    if (rows[0] === undefined) return;
    after = rows[0].invoice_id;
  }
}

async function write(db: Database, format: FocusFormat): Promise<void> {
  const path = join(tmpdir(), `arcadia-bench-${process.pid}.${format}`);
  const { content } = await exportFocus(db, { month, format, now });
  await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(path));
  await rm(path);
}

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db) => {
    const lines = (invoices * linesPerInvoice).toLocaleString('en');
    say(`Issuing ${invoices} invoices of together ${lines} lines ...`);
    for (let index = 0; index < invoices; index += 1) await insertIssued(db, month, `INV-${index}`, linesPerInvoice);
    await bare(db);
    const baseline = 'the same lines read from the database, and nothing done with them';
    const baselineMs = await timed(() => bare(db));
    const rows: Row[] = [];
    for (const format of focusFormats) {
      say(`Exporting them as ${format} ...`);
      const ms = await timed(() => write(db, format));
      rows.push(row(`export: ${lines} lines as FOCUS in ${format}`, ms, baseline, baselineMs, null));
    }
    const memory = process.resourceUsage().maxRSS / 1024;
    rows.push(row('export: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1));
    return rows;
  });
}
