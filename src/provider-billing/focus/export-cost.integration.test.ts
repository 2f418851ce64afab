import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { brokenRules } from '../../../test/fixtures/focus.ts';
import { readCsv, readParquet } from '../../../test/fixtures/focus-read-back.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import { openMistakenBill } from '../../../test/fixtures/mistaken-bill.ts';
import type { ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { Decimal } from '../../platform/quantity.ts';
import { selectCostBills, selectCostLines } from './cost.store.ts';
import { costColumns, type CostRow } from './cost-columns.ts';
import { CostRows } from './cost-rows.ts';

// The May bill of 70.49 with its five mistakes, and June's preview.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
const may = Temporal.PlainDate.from('2026-05-01');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openMistakenBill(database, (slugs, since) => createDeployments(db, slugs, since));
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await account.close();
  await database.close();
});

type Read = Readonly<Record<string, string | null>>;

async function file(query: string): Promise<Read[]> {
  const answer = await api.fetch(`/exports/focus-cost?${query}`, { as: 'finance' });
  expect([query, answer.status]).toEqual([query, 200]);
  return readCsv(await answer.text());
}

const sum = (amounts: Iterable<string | null | undefined>) =>
  [...amounts].reduce((total, amount) => total.plus(amount ?? 0), new Decimal(0)).toFixed(2);

test("the BilledCosts of an InvoiceId are the header's amount, in both datasets and for a preview", async () => {
  const bills = (await (await api.fetch('/bills')).json()) as {
    items: { month: string; kind: string; number: string; amount: string }[];
  };
  for (const { month, kind, number, amount } of bills.items) {
    const of = month.slice(0, 7);
    const invoice = kind === 'preview' ? `preview-acme-${of}` : number;
    for (const dataset of ['CostAndUsage', 'InvoiceDetail']) {
      const rows = await file(`month=${of}&dataset=${dataset}`);
      expect([...new Set(rows.map(({ InvoiceId }) => InvoiceId))]).toEqual([invoice]);
      expect([of, dataset, sum(rows.map(({ BilledCost }) => BilledCost))]).toEqual([of, dataset, amount]);
    }
  }
  expect(bills.items.length).toBe(2);
});

test('who bears what is a row of its own, by the method that split it', async () => {
  const rows = await file('month=2026-05');
  const of = (description: string) =>
    rows
      .filter(({ ChargeDescription }) => ChargeDescription?.startsWith(description))
      .map((row) => [row['x_DeploymentId'], row['BilledCost'], row['AllocatedMethodId'], row['ChargeCategory']]);
  expect(of('acme-studio-db-01')).toEqual([
    ['studio', '16', 'owner-time', 'Usage'],
    ['shop', '8', 'owner-time', 'Usage'],
  ]);
  expect(of('acme-studio-web-01')).toEqual([['studio', '36', null, 'Usage']]);
  expect(of('In the header')).toEqual([[null, '-5', null, 'Adjustment']]);
  const byDeployment = (slug: string | null) =>
    sum(
      rows
        .filter((row) => row['x_Target'] === 'deployment' && row['x_DeploymentId'] === slug)
        .map((row) => row['BilledCost']),
    );
  // As the program says it, taxes included: test/http/reconciliation.
  expect([byDeployment('studio'), byDeployment('shop'), byDeployment(null)]).toEqual(['57.28', '9.37', '1.07']);
  const unexplained = rows.filter((row) => row['x_Outcome'] === 'unexplained');
  expect(unexplained.map((row) => [row['BilledCost'], row['x_Target']])).toEqual([['7.77', null]]);
  const taxes = rows.filter(({ ChargeCategory }) => ChargeCategory === 'Tax');
  expect(sum(taxes.map(({ BilledCost }) => BilledCost))).toBe('4.44');
  expect(new Set(taxes.map(({ AllocatedMethodId }) => AllocatedMethodId))).toEqual(new Set(['matched-cost']));
});

test('a price is the one of the price book, and its cost what should have been charged', async () => {
  const [web] = (await file('month=2026-05')).filter(({ ResourceName }) => ResourceName === 'acme-studio-web-01');
  expect(web).toMatchObject({
    PricingUnit: 'Hours',
    PricingQuantity: '672',
    ConsumedQuantity: '744',
    ResourceType: 'droplet',
    ServiceName: 'Droplets',
    SubAccountId: 'acme',
    BillingAccountId: 'acme',
    SkuId: 'droplet_size:s-1vcpu-2gb',
    x_Cause: 'price',
    x_Difference: '24',
    x_ExpectedCost: '12',
    x_BillState: 'final',
  });
  expect(new Decimal(web?.['ContractedCost'] ?? 0).toFixed(2)).toBe('12.00');
  const [volume] = (await file('month=2026-05')).filter(({ ResourceType }) => ResourceType === 'volume');
  expect(volume).toMatchObject({ PricingUnit: 'GiB-Months', ListUnitPrice: '0.1' });
});

test('every row keeps what FOCUS wants of types, nulls and what hangs together', async () => {
  const { db } = database;
  let seen = 0;
  for (const month of [may, may.add({ months: 1 })])
    for (const bill of await selectCostBills(db, month)) {
      const made = new CostRows(bill, month);
      const lines = await selectCostLines(db, bill, { after: 0, limit: 10_000 });
      for (const row of [...lines.flatMap((line) => made.charges(line)), made.residual()]) {
        expect([row['ChargeDescription'], brokenRules(row as never, costColumns.CostAndUsage)]).toEqual([
          row['ChargeDescription'],
          [],
        ]);
        expect(Object.keys(row).sort()).toEqual(costColumns.CostAndUsage.map(({ name }) => name).sort());
        seen += 1;
      }
      for (const row of [...lines.map((line) => made.detail(line)), made.residualDetail()]) expectDetail(row);
    }
  expect(seen).toBeGreaterThan(12);
});

function expectDetail(row: CostRow): void {
  for (const { name, nullable, allowed } of costColumns.InvoiceDetail) {
    const value = row[name];
    expect([name, value === undefined, value === null && !nullable]).toEqual([name, false, false]);
    if (allowed !== undefined) expect([name, allowed]).toEqual([name, expect.arrayContaining([value])]);
  }
}

test('Parquet says the same; columns are chosen; one that there is not is refused', async () => {
  const parquet = await api.fetch('/exports/focus-cost?month=2026-05&format=parquet');
  expect(parquet.headers.get('content-type')).toBe('application/vnd.apache.parquet');
  const read = (await readParquet(new Uint8Array(await parquet.arrayBuffer()))).rows;
  const csv = await file('month=2026-05&columns=BilledCost,x_DeploymentId');
  expect(Object.keys(csv[0] ?? {})).toEqual(['BilledCost', 'x_DeploymentId']);
  expect(sum(read.map((row) => row['BilledCost']))).toBe('70.49');
  expect(read.map((row) => row['x_DeploymentId'])).toEqual(csv.map((row) => row['x_DeploymentId']));
  for (const query of ['', '?month=2026-05&columns=x_PlanId', '?month=2026-05&dataset=BillingPeriod'])
    expect([query, (await api.fetch(`/exports/focus-cost${query}`)).status]).toEqual([query, 400]);
  expect(await file('month=2024-01')).toEqual([]);
});

test("owner and finance alone have it; the customers' side has none of it", async () => {
  for (const as of ['operator', 'viewer'] as const)
    expect([as, (await api.fetch('/exports/focus-cost?month=2026-05', { as })).status]).toEqual([as, 403]);
  const customer = await api.fetch('/exports/focus-cost?month=2026-05', { as: 'customer', customer: 'acme' });
  expect(customer.status).toBe(403);
  const revenue = await (await api.fetch('/exports/focus?month=2026-05')).text();
  for (const { name } of costColumns.CostAndUsage.filter((column) => column.name.startsWith('x_')))
    expect([name, revenue.includes(name)]).toEqual([name, false]);
});

test("rows that are not the header's amount are no file", async () => {
  await database.db
    .transaction()
    .execute(async (trx) => {
      await sql`ALTER TABLE reconciliations DISABLE TRIGGER USER`.execute(trx);
      await sql`UPDATE reconciliations SET amount = amount + 1, expected = expected + 1`.execute(trx);
      const [bill] = await selectCostBills(trx, may);
      expect(bill?.amount).toBe('71.49');
      const { exportCost } = await import('./export-cost.ts');
      const { content } = await exportCost(trx, { month: may, format: 'csv', dataset: 'InvoiceDetail' });
      await expect(Array.fromAsync(content)).rejects.toThrow('has rows of 70.49');
      throw new Error('undone');
    })
    .catch((error: Error) => expect(error.message).toBe('undone'));
});
