import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { at, day } from '../../test/fixtures/invoices.ts';
import { createCustomer } from '../deployments/customers.ts';
import { readCsvFile } from '../platform/csv-file.ts';
import { billingHistory, setBilling } from './billing.ts';
import { exportBilling, importBilling } from './billing-file.ts';
import { createEntity } from './entities.ts';

const now = at('2026-06-05');

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  for (const name of ['anna', 'bert', 'carl']) {
    await createCustomer(db, { externalId: name, name: `${name}, "Ltd"`, currency: 'EUR' }, now);
  }
  await createEntity(db, 'second', { name: 'Second' }, { by: 'test', now });
  const bert = {
    entity: 'second',
    address: ['2 Hill Road, Bath', '-1 Cellar; left'],
    taxIds: ['VAT GB1', 'EORI 2'],
    phone: '+44 20 1234',
    country: 'GB',
    termsDays: 30,
  };
  await setBilling(db, 'bert', bert, null, 'test', now);
  await setBilling(db, 'bert', { termsDays: 60 }, day('2026-09-01'), 'test', now);
  await setBilling(db, 'carl', { taxTreatment: 'exempt', taxNote: '=exempt' }, null, 'test', now);
});
afterAll(() => database.close());

const exported = async () => (await Array.fromAsync(exportBilling(database.db, day('2026-06-05')))).join('');
const options = { from: null, dryRun: false, by: 'test', now };
const imported = async (csv: string, more: object = {}) =>
  importBilling(database.db, await readCsvFile(csv), { ...options, ...more });
const rows = async () =>
  (await sql<{ row: string }>`SELECT b::text AS row FROM customer_billing b ORDER BY 1`.execute(database.db)).rows;

test('what is exported and imported again changes nothing, not even what was decided for later', async () => {
  const csv = await exported();
  expect(csv.split('\r\n')[1]).toMatch(/^anna,"anna, ""Ltd""",/);
  const before = await rows();
  expect(await imported(csv)).toEqual({ written: true, changed: [], unchanged: 3, problems: [] });
  expect(await rows()).toEqual(before);
  expect(await exported()).toBe(csv);
});

test('a changed cell changes that customer alone; an empty one takes away, a column left out keeps', async () => {
  const { db } = database;
  const csv = 'customer_external_id,terms_days,phone\nbert,14,\nanna,,\n';
  expect(await imported(csv, { dryRun: true })).toMatchObject({ written: false, changed: ['bert'], unchanged: 1 });
  expect((await billingHistory(db, 'bert')).map(({ termsDays }) => termsDays)).toEqual([30, 60]);
  expect(await imported(csv)).toMatchObject({ written: true, changed: ['bert'], unchanged: 1 });
  // Terms that were decided for later stay; the phone is gone from there on too.
  expect((await billingHistory(db, 'bert')).map(({ termsDays, phone }) => [termsDays, phone])).toEqual([
    [30, '+44 20 1234'],
    [14, null],
    [60, null],
  ]);
  expect((await billingHistory(db, 'bert')).at(-1)).toMatchObject({
    phone: null,
    country: 'GB',
    address: ['2 Hill Road, Bath', '-1 Cellar; left'],
    entity: 'second',
  });
  expect(await billingHistory(db, 'anna')).toEqual([]);
});

test('a row that is wrong is named by line and column, and nothing of the file is written', async () => {
  const before = await rows();
  const csv = 'customer_external_id,country,entity\nbert,DE,second\ncarl,Germany,\nnobody,,\nanna,,third\n';
  const { problems } = await imported(csv, { dryRun: true });
  expect(problems).toEqual([
    { line: 3, column: 'country', reason: 'is not a country of ISO 3166, such as GB' },
    { line: 4, column: null, reason: expect.stringContaining('nobody') },
    { line: 5, column: null, reason: expect.stringContaining('third') },
  ]);
  await expect(imported(csv)).rejects.toMatchObject({ code: 'invalid_argument', details: { problems } });
  await expect(imported('name,country\nx,GB\n')).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(await rows()).toEqual(before);
});
