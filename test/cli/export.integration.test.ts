import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertIssued } from '../fixtures/focus.ts';
import { readCsv, readParquet } from '../fixtures/focus-read-back.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { arcadia, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// A month with two issued invoices and a draft, exported as a person would.

let database: TestDatabase;
const folder = makeFolder();
const may = Temporal.PlainDate.from('2026-05-01');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  for (const [number, lines] of [
    ['INV-1', 3],
    ['INV-2', 5_000],
  ] as const)
    await insertIssued(db, may, number, lines);
  await sql`
    INSERT INTO invoices (kind, legal_entity_id, customer_id, currency, month, state, change_id, usage_revision,
                          inputs_digest, subtotal, tax, total, taxes, drafted_at)
    SELECT kind, legal_entity_id, customer_id, 'EUR', month, 'draft', 0, 0, '', 0, 0, 0, '[]', drafted_at
    FROM invoices WHERE number = 'INV-1'`.execute(db);
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

const runBy = (by: typeof arcadia, args: readonly string[]) =>
  by(['export', 'focus', ...args], {
    env: { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path },
    cwd: folder.path,
  });
const run = (...args: string[]) => runBy(arcadiaHere, args);
const path = (name: string) => join(folder.path, name);

describe('arcadia export focus', () => {
  test('writes CSV to stdout and what it did to stderr, with what is not issued', async () => {
    const { code, stdout, stderr } = await runBy(arcadia, ['--month', '2026-05']);
    expect(code).toBe(0);
    const rows = readCsv(stdout);
    expect(rows).toHaveLength(5_003);
    expect(rows[0]).toMatchObject({ InvoiceId: 'INV-1', BilledCost: '0.24', ChargeCategory: 'Usage' });
    expect(stderr).toContain('1 invoice of the month is not issued, and so not in the export');
  });

  test('writes a file whole, and replaces it only when told to', async () => {
    const written = await run('--month', '2026-05', '--format', 'parquet', '--out', 'may.parquet');
    expect(written).toMatchObject({ code: 0, stdout: '' });
    expect((await readParquet(readFileSync(path('may.parquet')))).rows).toHaveLength(5_003);

    const again = await run('--month', '2026-04', '--out', 'may.parquet');
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('--force');
    const forced = await runBy(arcadia, ['--month', '2026-04', '--out', 'may.parquet', '--force']);
    expect(forced).toMatchObject({ code: 0, stdout: '' });
    expect(readCsv(readFileSync(path('may.parquet'), 'utf8'))).toEqual([]);
  });

  test.each([
    [['--month', '2026-13'], /not a month/],
    [['--month', '2026-05', '--format', 'xlsx'], /--format/],
    [['--month', '2026-05', '--out', 'no/such/folder/may.csv'], /cannot be written/],
  ])('refuses %j', async (args, words) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(words);
  });
});
