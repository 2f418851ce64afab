import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { insertIssued } from '../../../test/fixtures/focus.ts';
import { readCsv, readParquet } from '../../../test/fixtures/focus-read-back.ts';
import { exportOperations } from '../operations/export.ts';

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await openTestDatabase();
  await insertIssued(database.db, Temporal.PlainDate.from('2026-05-01'), 'INV-1', 2_500);
  api = await startTestApi(database, { operations: exportOperations });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

test('a month is a CSV file, unless Parquet is asked for', async () => {
  const csv = await api.fetch('/exports/focus?month=2026-05', { as: 'finance' });
  expect(csv.status).toBe(200);
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.headers.get('content-disposition')).toBe('attachment; filename="focus-1.4-2026-05.csv"');
  const rows = readCsv(await csv.text());
  expect(rows).toHaveLength(2_500);

  const parquet = await api.fetch('/exports/focus?month=2026-05&format=parquet');
  expect(parquet.headers.get('content-type')).toBe('application/vnd.apache.parquet');
  expect((await readParquet(new Uint8Array(await parquet.arrayBuffer()))).rows).toEqual(rows);
});

test('only who deals with money may have it', async () => {
  for (const as of ['operator', 'viewer'] as const) {
    expect((await api.fetch('/exports/focus?month=2026-05', { as })).status).toBe(403);
  }
  const customer = await api.fetch('/exports/focus?month=2026-05', { as: 'customer', customer: 'INV-1' });
  expect(customer.status).toBe(403);
});

test('a month that is none, and a format that there is not, are refused', async () => {
  for (const query of ['', '?month=2026-13', '?month=2026-05&format=xlsx', '?month=2026-05&side=cost']) {
    expect({ query, status: (await api.fetch(`/exports/focus${query}`)).status }).toEqual({ query, status: 400 });
  }
});
