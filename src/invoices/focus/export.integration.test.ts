import { buffer, text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { Decimal } from '../../platform/quantity.ts';
import { planSchema } from '../../pricing/plan.ts';
import { addPlanVersion } from '../../pricing/plans.ts';
import { checkCorrections, correctOnNextInvoice, issueCreditNote } from '../corrections.ts';
import { draftMonth } from '../drafts.ts';
import { updateEntity } from '../entities.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  settle,
  writeState,
} from '../../../test/fixtures/invoices.ts';
import { getInvoice, listInvoices } from '../invoices.ts';
import { cancelInvoice } from '../cancel.ts';
import { approveInvoice, issueInvoice } from '../issue.ts';
import { addLine } from '../manual-lines.ts';
import { setTaxRate } from '../tax-rates.ts';
import { columns } from './columns.ts';
import type { DatasetName } from './datasets.ts';
import { exportFocus, type FocusFormat, type FocusSummary } from './export.ts';
import { brokenRules, insertIssued } from '../../../test/fixtures/focus.ts';
import { readCsv, readParquet } from '../../../test/fixtures/focus-read-back.ts';

const january = day('2026-01-01');
const february = day('2026-02-01');
const feb5 = at('2026-02-05');
const march5 = at('2026-03-05');

type Row = Readonly<Record<string, string | null>>;

let test: TestDatabase;

/** A world in which three customers were billed: one of them corrected later, one in a currency without minor units. */
beforeAll(async () => {
  test = await openTestDatabase();
  const { db } = test;
  const account = await openBusiness(db);
  const yen = planSchema.parse({
    plan: 'yen',
    name: 'Yen',
    from: '2026-01-01',
    currency: 'JPY',
    base: '5000',
    discount: { percent: '10' },
    items: [
      {
        kind: 'droplet_hours',
        model: 'graduated',
        properties: {
          tiers: [
            { upTo: '100', unitPrice: '1.5' },
            { upTo: null, unitPrice: '1.2' },
          ],
        },
      },
    ],
  });
  await addPlanVersion(db, yen, 'test', at('2026-01-01'));
  await addDeployment(db, { customer: 'acme', slug: 'shop' });
  await addDeployment(db, { customer: 'acme', slug: 'blog' });
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  await addDeployment(db, { customer: 'kaisha', slug: 'tokyo', plan: 'yen', currency: 'JPY' });
  for (const name of ['a', 'b', 'c']) await addDroplet(db, account, name, ['shop'], '2026-01-01');
  await addDroplet(db, account, 'd', ['wiki'], '2026-01-10');
  await addDroplet(db, account, 'e', ['tokyo'], '2026-01-01');
  await settle(db, feb5);
  const vat = { entity: null, category: 'standard', title: 'VAT', percent: '20', from: null };
  await setTaxRate(db, vat, 'ann', feb5);
  await draftMonth(db, { month: january, now: feb5 });
});
afterAll(() => test.close());

async function issueAll(month: Temporal.PlainDate, now: Temporal.Instant): Promise<void> {
  const { items } = await listInvoices(test.db, { month, state: 'draft' }, { limit: 100, cursor: null });
  for (const { invoiceId } of items.toReversed()) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now, override: 'test' });
    await issueInvoice(test.db, invoiceId, { by: 'ann', now });
  }
}

async function read(
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  format: FocusFormat = 'csv',
  only: { dataset?: DatasetName; columns?: string[] } = {},
) {
  const made = await exportFocus(test.db, { month, now, format, ...only });
  const stream = Readable.from(made.content, { objectMode: false });
  const rows = format === 'csv' ? readCsv(await text(stream)) : (await readParquet(await buffer(stream))).rows;
  return { rows, summary: made.summary() };
}

/** Back to what was written, so that the same rules can be asked of a file. */
function checkRules(rows: readonly Row[]): void {
  for (const row of rows) {
    const typed = Object.fromEntries(
      columns.map(({ name, type }) => {
        const value = row[name] ?? null;
        return [
          name,
          value === null || type === 'Decimal' || type === 'String'
            ? value
            : type === 'JSON'
              ? JSON.parse(value)
              : Temporal.Instant.from(value),
        ];
      }),
    );
    expect({ row, broken: brokenRules(typed as never, columns) }).toEqual({ row, broken: [] });
  }
}

const sumOf = (rows: readonly Row[], column: string) =>
  rows.reduce((sum, row) => sum.plus(row[column] as string), new Decimal(0));

/** Law "what you see is what you owe": of every document all of it, and nothing else. */
async function checkTotals(rows: readonly Row[], { billed, invoices, creditNotes }: FocusSummary): Promise<void> {
  const numbers = [...new Set(rows.map((row) => row.InvoiceId as string))];
  expect(numbers).toHaveLength(invoices + creditNotes);
  const totals = new Map<string, Decimal>();
  for (const number of numbers) {
    const own = rows.filter((row) => row.InvoiceId === number);
    const { total, currency } = await getInvoice(test.db, number);
    expect({ number, sum: sumOf(own, 'BilledCost').toFixed() }).toEqual({ number, sum: new Decimal(total).toFixed() });
    expect(new Set(own.map((row) => row.BillingCurrency))).toEqual(new Set([currency]));
    totals.set(currency, (totals.get(currency) ?? new Decimal(0)).plus(total));
  }
  expect(billed.map(({ currency }) => currency)).toEqual([...totals.keys()].sort());
  for (const { currency, amount } of billed) expect(totals.get(currency)?.eq(amount)).toBe(true);
}

describe('a month before it is issued', () => {
  it('has no rows, and says how many invoices are not in it', async () => {
    const { rows, summary } = await read(january, feb5);
    expect(rows).toEqual([]);
    expect(summary).toMatchObject({ month: '2026-01', rows: 0, invoices: 0, billed: [], unissued: 3 });
  });
});

describe('an issued month', () => {
  beforeAll(async () => {
    const { items } = await listInvoices(test.db, { month: january, customer: 'beta' }, { limit: 1, cursor: null });
    const invoiceId = items[0]?.invoiceId as number;
    await addLine(
      test.db,
      invoiceId,
      { description: 'Set-up', quantity: '2.5', unit: 'hour', unitPrice: '80.01' },
      'ann',
      feb5,
    );
    await addLine(
      test.db,
      invoiceId,
      { description: 'Goodwill', quantity: '-1', unitPrice: '10', deployment: 'wiki' },
      'ann',
      feb5,
    );
    await issueAll(january, feb5);
  });

  it('is each line and tax of its invoices, to the digit, in both formats', async () => {
    const { rows, summary } = await read(january, feb5);
    checkRules(rows);
    await checkTotals(rows, summary);
    expect(summary).toMatchObject({ focusVersion: '1.4', side: 'customer', invoices: 3, creditNotes: 0, unissued: 0 });
    expect(summary.rows).toBe(rows.length);
    expect((await read(january, feb5, 'parquet')).rows).toEqual(rows);
  });

  it('says what each charge is', async () => {
    const { rows } = await read(january, feb5);
    const shown = (row: Row) =>
      [row.SubAccountId, row.ChargeCategory, row.ChargeFrequency, row.SkuId, row.PricingQuantity, row.BilledCost].join(
        ' ',
      );
    const of = (customer: string) => rows.filter((row) => row.BillingAccountId === customer).map(shown);
    expect(of('acme')).toEqual([
      'blog Purchase Recurring plan/studio 1 50',
      'shop Purchase Recurring plan/studio 1 50',
      'shop Usage Usage-Based droplet_hours 744 29.76',
      ' Tax Recurring   25.95',
    ]);
    expect(of('beta')).toEqual([
      'wiki Purchase Recurring plan/studio 1 50',
      'wiki Usage Usage-Based droplet_hours 0 0',
      ' Purchase One-Time manual 2.5 200.03',
      'wiki Credit One-Time   -10',
      ' Tax Recurring   48.01',
    ]);
    const [first] = rows;
    expect(first).toMatchObject({
      BillingAccountName: 'acme Ltd',
      HostProviderName: 'DigitalOcean',
      InvoiceIssuerName: 'Example Hosting Ltd',
      InvoiceId: 'INV-000001',
      SubAccountName: 'blog',
    });
  });

  it('has whole amounts in a currency without minor units', async () => {
    const { rows } = await read(january, feb5);
    const yen = rows.filter((row) => row.BillingCurrency === 'JPY');
    // 744 hours: 100 at 1.5 and 644 at 1.2 are 922.8; a tenth of 5923 is off.
    expect(yen.map((row) => [row.ChargeCategory, row.BilledCost])).toEqual([
      ['Purchase', '5000'],
      ['Usage', '150'],
      ['Usage', '773'],
      ['Credit', '-592'],
      ['Tax', '1066'],
    ]);
    expect(yen.slice(1, 3)).toMatchObject([
      { ConsumedQuantity: '100', PricingQuantity: '100', ContractedUnitPrice: '1.5' },
      { ConsumedQuantity: '644', PricingQuantity: '644', ContractedUnitPrice: '1.2' },
    ]);
  });

  it('tells nothing of what we pay: no column, and no word in any value', async () => {
    const { rows } = await read(january, feb5);
    expect(JSON.stringify(rows)).not.toMatch(/margin|markup|provider_cost|price_hourly|override/i);
  });
});

describe('what is corrected later', () => {
  beforeAll(async () => {
    const { db } = test;
    const idOf = async (name: string) => {
      const { rows } = await sql<{
        id: number;
      }>`SELECT resource_id AS id FROM resources WHERE external_id = ${name}`.execute(db);
      return rows[0]?.id as number;
    };
    // Droplet c went on the 21st already: 264 of its hours were billed at 0.04.
    await writeState(db, await idOf('c'), null, at('2026-01-21'), null, at('2026-02-07'));
    await settle(db, march5);
    await checkCorrections(db);
    await correctOnNextInvoice(db, { deployment: 'shop', month: january, by: 'ann', now: march5 });
    await draftMonth(db, { month: february, now: march5 });
    await issueAll(february, march5);
    // And droplet b was off for a day.
    await writeState(db, await idOf('b'), { status: 'off' }, at('2026-01-02'), at('2026-01-03'), march5);
    await settle(db, march5);
    await issueCreditNote(db, { deployment: 'shop', month: january, by: 'ann', now: at('2026-03-09') });
  });

  it('is a Correction in the month that bills it, for the month in which it was', async () => {
    const { rows, summary } = await read(february, march5);
    checkRules(rows);
    await checkTotals(rows, summary);
    const corrections = rows.filter((row) => row.ChargeClass === 'Correction');
    expect(corrections).toMatchObject([
      {
        BilledCost: '-10.56',
        BillingPeriodStart: '2026-02-01T00:00:00Z',
        ChargeCategory: 'Usage',
        ChargePeriodEnd: '2026-02-01T00:00:00Z',
        ChargePeriodStart: '2026-01-01T00:00:00Z',
        InvoiceId: expect.stringMatching(/^INV-/),
        SkuId: 'droplet_hours',
        SubAccountId: 'shop',
      },
    ]);
  });

  it('by a credit note, is in the month in which that was issued', async () => {
    const { rows, summary } = await read(day('2026-03-01'), at('2026-03-10'));
    checkRules(rows);
    await checkTotals(rows, summary);
    expect(summary).toMatchObject({ invoices: 0, creditNotes: 1, billed: [{ currency: 'USD', amount: '-1.15' }] });
    expect(rows).toMatchObject([
      { BilledCost: '-0.96', ChargeClass: 'Correction', x_CreditedInvoiceId: 'INV-000001', InvoiceId: 'CN-000001' },
      { BilledCost: '-0.19', ChargeCategory: 'Tax', ChargeClass: 'Correction' },
    ]);
    for (const row of rows) {
      expect(row.BillingPeriodStart).toBe('2026-03-01T00:00:00Z');
      expect(row.ChargePeriodStart).toBe('2026-01-01T00:00:00Z');
    }
  });

  it('leaves the month that it corrects as it was', async () => {
    const [before, now] = [await read(january, feb5), await read(january, at('2026-03-10'))];
    expect(now.rows).toEqual(before.rows);
  });
});

describe('what is cancelled', () => {
  it('is in the export of its month, and its credit note in that of the month of its issue', async () => {
    const { items } = await listInvoices(test.db, { month: february, customer: 'beta' }, { limit: 1, cursor: null });
    const { invoiceId, number, total } = items[0] as { invoiceId: number; number: string; total: string };
    const before = await read(february, at('2026-03-10'));
    const cancelled = { reason: 'wrong address', by: 'ann', now: at('2026-03-11') };
    const { number: note } = await cancelInvoice(test.db, invoiceId, cancelled);
    const { rows, summary } = await read(february, at('2026-03-12'));
    await checkTotals(rows, summary);
    expect(rows).toEqual(before.rows);
    const march = await read(day('2026-03-01'), at('2026-03-12'));
    await checkTotals(march.rows, march.summary);
    const credits = march.rows.filter((row) => row.InvoiceId === note);
    expect(sumOf(credits, 'BilledCost').toFixed(2)).toBe(`-${total}`);
    for (const row of credits) expect(row).toMatchObject({ x_CreditedInvoiceId: number });
    expect(credits.map((row) => row.ChargeDescription)).toContainEqual(expect.stringMatching(/^Cancelled: /));
  });
});

describe('the other datasets', () => {
  const detail = { dataset: 'InvoiceDetail' } as const;
  const march12 = at('2026-03-12');

  it('InvoiceDetail has each line and tax as the document shows them', async () => {
    const { rows, summary } = await read(february, march12, 'csv', detail);
    const { rows: costs } = await read(february, march12);
    expect(rows.filter((row) => row.InvoiceIssueStatus !== 'Issued')).toEqual([]);
    expect(sumOf(rows, 'BilledCost').eq(sumOf(costs, 'BilledCost'))).toBe(true);
    expect(summary).toMatchObject({ dataset: 'InvoiceDetail' });
    const keys = rows.map((row) => `${row.InvoiceId} ${row.InvoiceDetailId}`);
    expect(new Set(keys).size).toBe(keys.length);
    const [note] = (await read(day('2026-03-01'), march12, 'csv', detail)).rows;
    expect(note).toMatchObject({
      BilledCost: '-0.96',
      InvoiceId: 'CN-000001',
      InvoiceIssueDate: '2026-03-09T00:00:00Z',
      PaymentDueDate: null,
      ReferenceInvoiceId: 'INV-000001',
    });
  });

  it('BillingPeriod says whether invoices of the month are still to come', async () => {
    const period = { dataset: 'BillingPeriod' } as const;
    const [open] = (await read(february, march12, 'csv', period)).rows;
    // The month of what was cancelled is drafted anew.
    expect(open).toMatchObject({ BillingPeriodStatus: 'Open', InvoiceIssuerName: 'Example Hosting Ltd' });
    const [closed] = (await read(january, march12, 'csv', period)).rows;
    expect(closed).toMatchObject({ BillingPeriodEnd: '2026-02-01T00:00:00Z', BillingPeriodStatus: 'Closed' });
  });

  it('each can be had with some of its columns, in both forms, and its metadata tells which', async () => {
    const columns = ['InvoiceId', 'BilledCost'];
    const { rows, summary } = await read(february, march12, 'csv', { ...detail, columns });
    expect(Object.keys(rows[0] ?? {})).toEqual(['BilledCost', 'InvoiceId']);
    expect(summary.metadata).toMatchObject({
      CorrectionStyle: 'Delta',
      DatasetId: 'InvoiceDetail',
      FocusVersion: '1.4',
      IsEveryColumn: false,
      ColumnDefinition: [
        { ColumnName: 'BilledCost', DataType: 'Decimal', NumericPrecision: 38, NumberScale: 18 },
        { ColumnName: 'InvoiceId', DataType: 'String' },
      ],
    });
    expect((await read(february, march12, 'parquet', { ...detail, columns })).rows).toEqual(rows);
    await expect(read(february, march12, 'csv', { columns: ['Cost'] })).rejects.toThrow(/has no column "Cost"/);
  });
});

describe('documents of any size', () => {
  const november = day('2025-11-01');
  const sizes = [3, 4_500, 0, 1_999, 1, 2_000, 700];

  beforeAll(async () => {
    for (const [index, lines] of sizes.entries()) await insertIssued(test.db, november, `BIG-${index}`, lines);
  });

  it('are exported with all of their lines, once', async () => {
    const { rows, summary } = await read(november, feb5);
    // The one without lines has no charge either.
    await checkTotals(rows, { ...summary, invoices: summary.invoices - 1 });
    const keys = rows.map((row) => `${row.InvoiceId} ${row.InvoiceDetailId}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(summary).toMatchObject({ invoices: sizes.length, rows: 9_203 });
  });
});

it('names are those of the day of issue, whatever they are now', async () => {
  await sql`UPDATE deployments SET name = 'Renamed'`.execute(test.db);
  await sql`UPDATE customers SET name = 'Renamed'`.execute(test.db);
  const told = { from: day('2000-01-01'), by: 'test', now: march5 };
  await updateEntity(test.db, 'default', { name: 'Renamed' }, told);
  const { rows } = await read(january, march5);
  expect(JSON.stringify(rows)).not.toContain('Renamed');
});

it('stops when it is told to', async () => {
  const signal = AbortSignal.abort();
  const { content } = await exportFocus(test.db, { month: january, now: march5, format: 'csv', signal });
  await expect(text(Readable.from(content, { objectMode: false }))).rejects.toMatchObject({ code: 'cancelled' });
});
