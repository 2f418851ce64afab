import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { chunk, pngHead, pngHeader } from '../../test/fixtures/images.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { draftMonth } from './drafts.ts';
import { setAsset } from './entities.ts';
import { drawMissing, invoiceFile } from './files.ts';
import { getInvoice, invoicesOfMonth } from './invoices.ts';
import { insertPdf } from './invoices.store.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { monthArchive, monthLines } from './month-files.ts';

const now = at('2026-02-05');
const { signal } = new AbortController();

let test: TestDatabase;
const ids: number[] = [];
beforeAll(async () => {
  test = await openTestDatabase();
  await openBusiness(test.db, '2026-01-31');
  for (const name of ['a', 'b', 'c']) await addDeployment(test.db, { customer: `c-${name}`, slug: `d-${name}` });
  await settle(test.db, now);
  await draftMonth(test.db, { month: day('2026-01-01'), now });
  for await (const { invoiceId } of invoicesOfMonth(test.db, day('2026-01-01'), 'draft')) ids.push(invoiceId);
  expect(ids).toHaveLength(3);
});
afterAll(() => test.close());

async function issue(id: number): Promise<string> {
  await approveInvoice(test.db, id, { by: 'ann', now });
  return (await issueInvoice(test.db, id, { by: 'ann', now })).number;
}

const pdf = async (which: string) => invoiceFile(test.db, await getInvoice(test.db, which), 'pdf', { now, signal });

async function keptIds(): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`SELECT invoice_id AS id FROM invoice_pdfs ORDER BY 1`.execute(test.db);
  return rows.map(({ id }) => id);
}

it('is drawn for whoever asks until it is kept, with the same bytes, and asking keeps nothing', async () => {
  const [first = 0] = ids;
  const number = await issue(first);
  const asked = await Promise.all([pdf(number), pdf(number)]);
  expect(asked[0]?.bytes).toBe(asked[1]?.bytes);
  expect(await keptIds()).toEqual([]);
  expect(await drawMissing(test.db, signal)).toEqual({ drawn: 1, failures: [] });
  expect(await keptIds()).toEqual([first]);
  const kept = await pdf(number);
  expect(kept).toMatchObject({ name: `${number}.pdf`, digest: asked[0]?.digest });
  expect(createHash('sha256').update(kept.bytes).digest('hex')).toBe(kept.digest);
  expect(await drawMissing(test.db, signal)).toEqual({ drawn: 0, failures: [] });
});

it('is not drawn again once it is kept, whatever drew it', async () => {
  const [, second = 0] = ids;
  const number = await issue(second);
  await insertPdf(test.db, second, Buffer.from('as another version drew it'));
  expect(Buffer.from((await pdf(number)).bytes).toString()).toBe('as another version drew it');
});

it('is issued although it cannot be drawn, which is told, holds up no other, and is tried again', async () => {
  const [, , third = 0] = ids;
  // As it could be kept before images were written anew: pdfkit throws where nobody can catch it.
  const bytes = Buffer.concat([
    pngHead,
    pngHeader({ width: 1, height: 1 }),
    pngHeader({ width: 2_147_483_647, height: 2_147_483_647 }),
    chunk('IDAT', deflateSync(Buffer.alloc(5))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  await setAsset(test.db, 'default', 'logo', { type: 'image/png', bytes });
  const number = await issue(third);
  expect(number).toBe('INV-000003');
  await expect(pdf(number)).rejects.toMatchObject({
    code: 'document_not_drawn',
    message: 'The PDF of INV-000003 cannot be drawn.',
  });
  const failed = { drawn: 0, failures: ['The PDF of INV-000003 cannot be drawn.'] };
  expect(await drawMissing(test.db, signal)).toEqual(failed);
  expect(await drawMissing(test.db, signal)).toEqual(failed);
  await expect(invoiceFile(test.db, await getInvoice(test.db, number), 'csv', { now, signal })).resolves.toMatchObject({
    type: 'text/csv',
  });
});

it('of a month is one ZIP, with the lines of all documents as they are by themselves', async () => {
  const month = day('2026-01-01');
  const collect = async () => Buffer.concat(await Array.fromAsync(await monthArchive(test.db, { month, now, signal })));
  const bytes = await collect();
  expect((await collect()).equals(bytes)).toBe(true);
  const entries = unzipSync(bytes);
  const { rows } = await sql<{ number: string }>`
    SELECT number FROM invoices WHERE number IS NOT NULL ORDER BY invoice_id`.execute(test.db);
  // The third cannot be drawn, for its logo is damaged: see above.
  const [first, second, third] = rows.map(({ number }) => number);
  expect(Object.keys(entries)).toEqual([`default/${first}.pdf`, `default/${second}.pdf`, 'lines.csv', 'not-drawn.txt']);
  expect(Buffer.from(entries['not-drawn.txt'] ?? []).toString()).toBe(`The PDF of ${third} cannot be drawn.\n`);
  expect(Buffer.from(entries[`default/${first}.pdf`] ?? [])).toEqual(Buffer.from((await pdf(first ?? '')).bytes));
  const lines = Buffer.from(entries['lines.csv'] ?? []).toString();
  expect(lines).toBe((await Array.fromAsync(monthLines(test.db, { month, now, signal }))).join(''));
  // A header, and one line of 50.00 for each.
  expect(lines.split('\r\n')).toHaveLength(rows.length + 2);
  await expect(monthArchive(test.db, { month: day('2025-12-01'), now, signal })).rejects.toMatchObject({
    code: 'not_found',
  });
});
