import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { parse } from 'csv-parse/sync';
import { columns, type FocusRow } from './columns.ts';

// For tests: what a reader finds in a file, in one form whatever the format: decimals without
// trailing zeros, moments and JSON as their text.

type Read = Readonly<Record<string, string | null>>;
type Column = (typeof columns)[number];

const byName = new Map<string, Column>(columns.map((column) => [column.name, column]));

/** The same form of what was written. */
export function expected(rows: readonly FocusRow[]): Read[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }) => [name, plain(name, row[name])])));
}

function plain(name: string, value: unknown): string | null {
  if (value === null) return null;
  if (byName.get(name)?.type === 'Decimal') return plainDecimal(value as string);
  return typeof value === 'string'
    ? value
    : value instanceof Temporal.Instant
      ? value.toString()
      : JSON.stringify(value);
}

function plainDecimal(text: string): string {
  const shortest = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return shortest === '-0' ? '0' : shortest;
}

export function readCsv(text: string): Read[] {
  const [header = [], ...lines] = parse(text, { relax_column_count: false, record_delimiter: '\r\n' });
  return lines.map((line) =>
    Object.fromEntries(
      line.map((field, index) => [header[index] ?? '', field === '' ? null : plain(header[index] ?? '', field)]),
    ),
  );
}

export interface ReadParquet {
  readonly rows: Read[];
  readonly schema: readonly SchemaElement[];
  readonly rowGroups: number;
}

/** Decimals are read as the bytes that they are: as numbers, the reader would round them. */
export async function readParquet(bytes: Uint8Array): Promise<ReadParquet> {
  // A Buffer's slice would be a view of a pool.
  const own = Uint8Array.from(bytes);
  const file: AsyncBuffer = { byteLength: own.byteLength, slice: (start, end) => own.slice(start, end).buffer };
  const metadata = await parquetMetadataAsync(file);
  const schema = metadata.schema.map((element) => ({ ...element }));
  for (const element of metadata.schema) {
    if (element.converted_type === 'DECIMAL') {
      delete element.converted_type;
      delete element.logical_type;
    }
  }
  const read = await parquetReadObjects({
    file,
    metadata,
    utf8: false,
    parsers: { timestampFromMicroseconds },
  });
  const rows = read.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, readValue(name, value)])),
  );
  return { rows, schema, rowGroups: metadata.row_groups.length };
}

const timestampFromMicroseconds = (microseconds: bigint) =>
  Temporal.Instant.fromEpochNanoseconds(microseconds * 1_000n);

function readValue(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return plain(name, value instanceof Uint8Array ? decimalOf(value) : value);
}

/** Big-endian two's complement, 18 digits behind the point. */
function decimalOf(bytes: Uint8Array): string {
  let unscaled = 0n;
  for (const byte of bytes) unscaled = (unscaled << 8n) | BigInt(byte);
  unscaled = BigInt.asIntN(bytes.length * 8, unscaled);
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(19, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -18)}.${digits.slice(-18)}`;
}
