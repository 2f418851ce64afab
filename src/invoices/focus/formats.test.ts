import { soakRuns } from '../../../test/soak.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columns, type FocusRow } from './columns.ts';
import { csvLines } from './csv.ts';
import { chooseColumns } from './datasets.ts';
import { baseFee, chargesOf, line, vat } from '../../../test/fixtures/focus.ts';
import { parquetBytes } from './parquet.ts';
import { expected, readCsv, readParquet } from '../../../test/fixtures/focus-read-back.ts';

async function* batchesOf(rows: readonly FocusRow[], size = 700): AsyncGenerator<readonly FocusRow[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

async function csvOf(rows: readonly FocusRow[]): Promise<string> {
  return (await Array.fromAsync(csvLines(batchesOf(rows), columns))).join('');
}

async function parquetOf(rows: readonly FocusRow[]): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(parquetBytes(batchesOf(rows), chooseColumns('CostAndUsage'))));
}

const some = chargesOf(
  [
    baseFee,
    line({ quantity: '12.123456789', unitPrice: '0.0213', amount: '0.26' }),
    line({
      unitPrice: null,
      amount: '11.00',
      details: { model: 'volume', tiers: [{ from: '0', upTo: null, units: '11', unitPrice: '1', flatFee: '0' }] },
    }),
    line({
      kind: 'manual',
      description: 'He said "yes",\nthen no',
      amount: '-0.10',
      quantity: '-1',
      unitPrice: '0.1',
      unit: null,
    }),
  ],
  { taxes: [{ ...vat, base: '61.16', amount: '11.62' }], customerName: '=SUM(A1), "Müller" & 株式会社 ' },
);

describe('CSV', () => {
  test('has a header, CRLF, and each value as FOCUS writes it', async () => {
    const text = await csvOf(some);
    const [header, first] = text.split('\r\n');
    expect(header).toBe(columns.map(({ name }) => name).join(','));
    expect(first).toContain(
      `50.00,c-1,"'=SUM(A1), ""Müller"" & 株式会社 ",EUR,2026-06-01T00:00:00Z,2026-05-01T00:00:00Z,Purchase,,`,
    );
    expect(text.endsWith('\r\n')).toBe(true);
    expect(readCsv(text)).toEqual(expected(some));
  });

  test('of nothing is its header', async () => {
    expect(readCsv(await csvOf([]))).toEqual([]);
    expect((await csvOf([])).split('\r\n')).toHaveLength(2);
  });
});

describe('Parquet', () => {
  test('has real decimals, moments and optional columns', async () => {
    const { schema, rows } = await readParquet(await parquetOf(some));
    expect(rows).toEqual(expected(some));
    const byName = new Map(schema.map((element) => [element.name, element]));
    expect(byName.get('BilledCost')).toMatchObject({
      type: 'FIXED_LEN_BYTE_ARRAY',
      repetition_type: 'REQUIRED',
      logical_type: { type: 'DECIMAL', precision: 38, scale: 18 },
    });
    expect(byName.get('ChargePeriodStart')).toMatchObject({
      type: 'INT64',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    });
    expect(byName.get('SkuId')).toMatchObject({ repetition_type: 'OPTIONAL', logical_type: { type: 'STRING' } });
    expect(byName.get('Tags')).toMatchObject({ logical_type: { type: 'JSON' } });
  });

  test('of nothing has all columns and no row', async () => {
    const { schema, rows } = await readParquet(await parquetOf([]));
    expect(rows).toEqual([]);
    expect(schema.slice(1).map(({ name }) => name)).toEqual(columns.map(({ name }) => name));
  });

  test('gives each row group away before it makes the next', async () => {
    const [row] = some as [FocusRow];
    const rows = Array.from({ length: 12_000 }, (_, index) => ({ ...row, InvoiceDetailId: String(index) }));
    let pulled = 0;
    const counted = async function* () {
      for await (const batch of batchesOf(rows)) {
        pulled += batch.length;
        yield batch;
      }
    };
    const chunks: Uint8Array[] = [];
    for await (const chunk of parquetBytes(counted(), chooseColumns('CostAndUsage'))) {
      chunks.push(chunk);
      expect(pulled).toBeLessThan(chunks.length * 5_000 + 700);
    }
    const read = await readParquet(Buffer.concat(chunks));
    expect(read.rowGroups).toBe(3);
    expect(read.rows.map((one) => one.InvoiceDetailId)).toEqual(rows.map((one) => one.InvoiceDetailId));
  });

  test('refuses a decimal that it cannot hold', async () => {
    const [row] = some as [FocusRow];
    for (const BilledCost of ['0.0000000000000000001', '123456789012345678901']) {
      await expect(parquetOf([{ ...row, BilledCost }])).rejects.toThrow(/DECIMAL/);
    }
  });
});

test('an object keeps a key that means something to JavaScript', async () => {
  const [row] = some as [FocusRow];
  const details: unknown = JSON.parse('{"__proto__":"a","constructor":{"__proto__":"b"},"toJSON":"c"}');
  const rows = [{ ...row, Tags: details as FocusRow['Tags'] }];
  expect(expected(rows)[0]?.Tags).toContain('"__proto__":"a"');
  expect(readCsv(await csvOf(rows))).toEqual(expected(rows));
  expect((await readParquet(await parquetOf(rows))).rows).toEqual(expected(rows));
});

test('whatever the values, both formats read back the same', async () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }), fc.stringMatching(/^\d{0,17}[1-9]$/))
    .map(([whole, fraction]) => `${whole}.${fraction}`);
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((one) => !/^'|^\s*$/.test(one));
  const json = fc.dictionary(text, fc.oneof(text, fc.constant(null), fc.boolean()), { minKeys: 1 });
  const instant = fc
    .integer({ min: 946_684_800, max: 4_102_444_800 })
    .map((s) => Temporal.Instant.fromEpochMilliseconds(s * 1_000));
  const valueOf = (column: (typeof columns)[number]): fc.Arbitrary<unknown> => {
    if ('allowed' in column) return fc.constantFrom(...column.allowed);
    return { Decimal: decimal, String: text, 'Date/Time': instant, JSON: json }[column.type];
  };
  const row = fc.record(
    Object.fromEntries(
      columns.map((column) => [
        column.name,
        column.nullable ? fc.option(valueOf(column), { nil: null }) : valueOf(column),
      ]),
    ),
  ) as unknown as fc.Arbitrary<FocusRow>;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 5 }), async (rows) => {
      const written = expected(rows);
      expect(readCsv(await csvOf(rows))).toEqual(written);
      expect((await readParquet(await parquetOf(rows))).rows).toEqual(written);
    }),
    { numRuns: soakRuns(60) },
  );
});
