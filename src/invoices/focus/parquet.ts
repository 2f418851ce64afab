import { ByteWriter, type ParquetWriteOptions, ParquetWriter } from 'hyparquet-writer';
import { type Column, decimalPrecision, decimalScale, type FocusValue, focusVersion } from './columns.ts';
import { type DatasetChoice, type DatasetRow, metadataOf } from './datasets.ts';
import { remember } from './remember.ts';

type SchemaElement = NonNullable<ParquetWriteOptions['schema']>[number];

/** So many rows are in memory at a time. */
const rowsPerGroup = 5_000;

const typeOf: Readonly<Record<Column['type'], Omit<SchemaElement, 'name'>>> = {
  Decimal: {
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 16,
    converted_type: 'DECIMAL',
    logical_type: { type: 'DECIMAL', precision: decimalPrecision, scale: decimalScale },
    precision: decimalPrecision,
    scale: decimalScale,
  },
  String: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  'Date/Time': {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
  JSON: { type: 'BYTE_ARRAY', converted_type: 'JSON', logical_type: { type: 'JSON' } },
};

function schemaOf({ dataset, columns }: DatasetChoice): SchemaElement[] {
  return [
    { name: dataset, num_children: columns.length },
    ...columns.map(({ name, type, nullable }) => ({
      name,
      repetition_type: nullable ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      ...typeOf[type],
    })),
  ];
}

/**
 * The bytes of a Parquet file, one row group after another: decimals are DECIMAL(38, 18), moments
 * are timestamps in UTC, what may be null is optional.
 */
export async function* parquetBytes(
  batches: AsyncIterable<readonly DatasetRow[]>,
  choice: DatasetChoice,
): AsyncGenerator<Uint8Array> {
  const { columns, dataset } = choice;
  const chunks = new ChunkWriter();
  const file = new ParquetWriter({
    writer: chunks,
    schema: schemaOf(choice),
    createdBy: 'arcadia-cloud',
    kvMetadata: [
      { key: 'focus.dataset', value: dataset },
      { key: 'focus.version', value: focusVersion },
      { key: 'focus.metadata', value: JSON.stringify(metadataOf(choice)) },
    ],
  });
  let waiting: DatasetRow[] = [];
  const writeGroup = async (rows: readonly DatasetRow[]) => {
    const columnData = columns.map((column) => ({
      name: column.name,
      data: rows.map((row) => physical(column, row[column.name] ?? null)),
      offsetIndex: false,
    }));
    await file.write({ columnData, rowGroupSize: rowsPerGroup });
    return chunks.take();
  };
  for await (const batch of batches) {
    waiting.push(...batch);
    while (waiting.length >= rowsPerGroup) {
      const group = waiting.slice(0, rowsPerGroup);
      waiting = waiting.slice(rowsPerGroup);
      yield await writeGroup(group);
    }
  }
  if (waiting.length > 0) yield await writeGroup(waiting);
  await file.finish();
  yield chunks.take();
}

/** Gives away what has been written so far, and counts on: offsets in the file are of all of it. */
class ChunkWriter extends ByteWriter {
  take(): Uint8Array {
    const bytes = this.getBytes().slice();
    this.index = 0;
    return bytes;
  }
}

function physical(column: Column, value: FocusValue): bigint | string | object | null {
  if (value === null) return null;
  if (column.type === 'Decimal') return unscaled(value as string);
  if (column.type === 'JSON') return asItIs(value);
  return value instanceof Temporal.Instant ? microseconds(value) : value;
}

/** The writer copies an object before it writes it, and loses a key `__proto__` by that; one without a prototype it leaves alone. */
const asItIs = (value: unknown): object => Object.assign(Object.create(null) as object, { toJSON: () => value });

const microseconds = remember(1_000, (moment: Temporal.Instant) => moment.epochNanoseconds / 1_000n);

/** A decimal as a whole number of 10^-18; finer ones do not occur, and would be an error. */
const unscaled = remember(10_000, (decimal: string): bigint => {
  const [whole = '', fraction = ''] = decimal.split('.');
  const digits = fraction.length > decimalScale ? fraction.replace(/0+$/, '') : fraction;
  if (digits.length > decimalScale || whole.replace('-', '').length > decimalPrecision - decimalScale) {
    throw new RangeError(`${decimal} does not fit DECIMAL(${decimalPrecision}, ${decimalScale})`);
  }
  return BigInt(whole + digits.padEnd(decimalScale, '0'));
});
