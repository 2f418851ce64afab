import { parse } from 'yaml';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import type { Database } from '../platform/database/database.ts';
import { draftMonth } from './drafts.ts';
import { createEntity, partyHistory, updateEntity } from './entities.ts';
import { listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { importLegalEntities } from './operations/seller-file.ts';
import { exportSellers, importSellers, type SellerFile } from './seller-file.ts';
import { setTaxRate } from './tax-rates.ts';

const now = at('2026-06-05');
const told = { by: 'test', now };

let database: TestDatabase;
let db: Database;
beforeEach(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  await openBusiness(db);
  await updateEntity(db, 'default', { footer: 'Line 1\nLine: 2', termsDays: 30 }, told);
  const address = ['1: Quay "Street"', '- Bristol, # UK'];
  await updateEntity(db, 'default', { address, vatId: 'GB123456789' }, { from: day('2026-04-10'), ...told });
  await createEntity(db, 'oslo', { name: 'Example AS', country: 'NO', invoicePrefix: 'O/' }, told);
  const vat = { entity: 'default', category: 'standard', title: 'VAT' };
  await setTaxRate(db, { ...vat, percent: '20', from: null }, 'test', now);
  await setTaxRate(db, { ...vat, percent: '21.5', from: day('2026-03-01') }, 'test', now);
});
afterEach(() => database.close());

/** As the operation reads a file. */
async function imported(on: Database, file: unknown, dryRun = false) {
  const body = importLegalEntities.body?.parse(file);
  const call = { db: on, body, query: { dryRun }, principal: { subject: 'test' }, now };
  return importLegalEntities.run(call as never, undefined);
}
const rows = async (on: Database) =>
  (
    await sql<{ row: string }>`
      SELECT p::text AS row FROM legal_entity_parties p UNION ALL SELECT t::text FROM tax_rates t
      UNION ALL SELECT e::text FROM legal_entities e ORDER BY 1`.execute(on)
  ).rows;

test('what is exported and imported into an empty database is exported as the same bytes, and again changes nothing', async () => {
  const file = await exportSellers(db);
  const before = await rows(db);
  const sellers = [
    { entity: 'default', change: 'unchanged', from: null, issued: 0 },
    { entity: 'oslo', change: 'unchanged', from: null, issued: 0 },
  ];
  expect(await imported(db, parse(file))).toEqual({ written: true, sellers });
  expect(await rows(db)).toEqual(before);

  const empty = await openTestDatabase();
  try {
    const untouched = await rows(empty.db);
    const found = await imported(empty.db, parse(file), true);
    expect(found).toMatchObject({ written: false, sellers: [{ change: 'changed' }, { change: 'created' }] });
    expect(await rows(empty.db)).toEqual(untouched);
    await imported(empty.db, parse(file));
    expect(await exportSellers(empty.db)).toBe(file);
    expect(await partyHistory(empty.db, 'default')).toMatchObject([
      { from: null, name: 'Example Hosting Ltd', vatId: null },
      { from: at('2026-04-10'), address: ['1: Quay "Street"', '- Bristol, # UK'], vatId: 'GB123456789' },
    ]);
  } finally {
    await empty.close();
  }
});

test('what changes is told from its day on, with the issued documents that show it; earlier days stay', async () => {
  await addDeployment(db, { customer: 'acme', slug: 'acme' });
  await settle(db, now);
  for (const month of ['2026-02-01', '2026-03-01', '2026-04-01']) {
    await draftMonth(db, { month: day(month), now });
    const { items } = await listInvoices(db, { month: day(month) }, { limit: 1, cursor: null });
    await approveInvoice(db, items[0]?.invoiceId ?? 0, told);
    await issueInvoice(db, items[0]?.invoiceId ?? 0, told);
  }
  const file = parse(await exportSellers(db)) as SellerFile;
  const details = file.details.map((row) => (String(row.from) === '2026-04-10' ? { ...row, name: 'Renamed' } : row));
  expect(await imported(db, { details }, true)).toMatchObject({
    sellers: [
      { entity: 'default', change: 'changed', from: day('2026-04-10'), issued: 1 },
      { entity: 'oslo', change: 'unchanged', issued: 0 },
    ],
  });
  const taxes = file.taxes.map((row) =>
    row.percent === '21.5' ? { ...row, percent: '22' } : { ...row, percent: '20.0' },
  );
  expect(await imported(db, { taxes })).toMatchObject({
    sellers: [{ entity: 'default', change: 'changed', from: day('2026-03-01'), issued: 2 }],
  });
  // The last of the file holds without end: what was told for later days gives way.
  expect(await imported(db, { details: details.slice(0, 1) })).toMatchObject({ sellers: [{ from: null, issued: 3 }] });
  expect(await partyHistory(db, 'default')).toMatchObject([{ from: null, name: 'Example Hosting Ltd', vatId: null }]);
});

test('a file that contradicts itself, or is about a seller that there is not, is refused whole', async () => {
  const before = await rows(db);
  const file = parse(await exportSellers(db)) as SellerFile;
  const [one, two] = file.sellers;
  for (const wrong of [
    {
      sellers: [
        { ...one, isDefault: true },
        { ...two, isDefault: true },
      ],
    },
    { sellers: [one, one] },
    { taxes: [file.taxes[0], file.taxes[0]] },
    { sellers: [{ ...two, termsDays: 3 }], details: [{ entity: 'nobody', name: 'X' }] },
    { sellers: [{ ...two, termsDays: 3 }], details: [{ entity: 'oslo', electronicAddress: 'a@b.example' }] },
  ])
    await expect(imported(db, wrong)).rejects.toMatchObject({
      code: expect.stringMatching(/invalid_argument|not_found/),
    });
  expect(await rows(db)).toEqual(before);
  await expect(importSellers(db, { sellers: [], details: [], taxes: [] }, { dryRun: false, ...told })).resolves.toEqual(
    {
      written: true,
      sellers: [],
    },
  );
});
