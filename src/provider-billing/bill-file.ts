import { CsvError, parse } from 'csv-parse';
import type { BillItem } from '../cloud/index.ts';
import type { ImportProblem } from '../deployments/index.ts';
import { storableLines } from './bill-line.ts';

// An invoice as its customer downloads it from DigitalOcean: a CSV file, to lines of a bill and where it is no such file.
// Done in a process of its own, so it imports nothing of the database.

const requiredColumns = ['product', 'description', 'start', 'usd'] as const;
/** The file has neither ids nor a total; `category` came about 2020. Columns that are not known here are passed over. */
type Column = (typeof requiredColumns)[number] | 'group_description' | 'hours' | 'end' | 'project_name' | 'category';

/** Lines of one file. */
const billLinesMax = 250_000;
const columnsMax = 100;
const problemsMax = 1_000;

export interface BillFile {
  /** As the store reads lines. */
  readonly lines: string;
  readonly count: number;
  /** How many lines begin in a month: `2026-05`. */
  readonly months: Readonly<Record<string, number>>;
  readonly problems: readonly ImportProblem[];
}

/** Reads an invoice's CSV file. Lines that are not as they should be are among the problems and not among the lines. */
export async function parseBillFile(csv: string): Promise<BillFile> {
  const parser = parse({ bom: true, skip_empty_lines: true, relax_column_count: true, info: true });
  parser.end(csv);
  const items: BillItem[] = [];
  const problems: ImportProblem[] = [];
  let header: readonly string[] | undefined;
  let last = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      last = info.lines;
      // The parser counts up to a record's last line; quoted cells may hold line breaks.
      const line = last - record.join('').split('\n').length + 1;
      if (header === undefined) {
        header = record.map((cell) => cell.trim().toLowerCase());
        problems.push(...checkHeader(header, line));
        if (problems.length > 0) break;
        continue;
      }
      if (problems.length >= problemsMax) break;
      if (items.length === billLinesMax) {
        problems.push({ line, column: null, reason: `is one more than the ${billLinesMax} lines of one import` });
        break;
      }
      if (record.length !== header.length) {
        const reason = `has ${record.length} columns where the header has ${header.length}`;
        problems.push({ line, column: null, reason });
        continue;
      }
      const read = readLine(Object.fromEntries(header.map((name, at) => [name, record[at] ?? ''])), line);
      if (Array.isArray(read)) problems.push(...read);
      else items.push(read);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = 'lines' in error ? Number(error.lines) : last + 1;
    problems.push({ line, column: null, reason: `is not CSV: ${error.message}` });
  }
  if (header === undefined && problems.length === 0)
    problems.push({ line: 1, column: null, reason: 'the file is empty; it begins with a header' });
  else if (items.length === 0 && problems.length === 0)
    problems.push({ line: 1, column: null, reason: 'the file has a header and no lines' });
  return { lines: storableLines(items), count: items.length, months: monthsOf(items), problems };
}

function checkHeader(header: readonly string[], line: number): ImportProblem[] {
  if (header.length > columnsMax)
    return [{ line, column: null, reason: `has ${header.length} columns; a header names ${columnsMax} at most` }];
  const missing = requiredColumns.filter((column) => !header.includes(column));
  const twice = header.filter((column, at) => header.indexOf(column) !== at);
  return [
    ...missing.map((column) => ({ line, column, reason: 'is missing from the header' })),
    ...twice.map((column) => ({ line, column, reason: 'is in the header twice' })),
  ];
}

type Cells = Partial<Record<Column, string>>;

function readLine(cells: Cells, line: number): BillItem | ImportProblem[] {
  const problems: ImportProblem[] = [];
  const read = <T>(column: Column, reader: (text: string) => T | null, reason: string): T | null => {
    const text = (cells[column] ?? '').trim();
    const value = text === '' ? null : reader(text);
    if (value === null && (text !== '' || column === 'usd' || column === 'start'))
      problems.push({
        line,
        column,
        reason: text === '' ? 'is empty' : `${JSON.stringify(text.slice(0, 60))} ${reason}`,
      });
    return value;
  };
  const amount = read('usd', dollars, 'is not an amount such as $3.11');
  const duration = read('hours', decimal, 'is not a number of hours');
  const startTime = read('start', moment, 'is not a time such as 2020-07-01 00:00:00 +0000');
  const endTime = read('end', moment, 'is not a time such as 2020-07-01 00:00:00 +0000');
  if (problems.length > 0 || amount === null) return problems;
  return {
    product: textOf(cells.product),
    category: textOf(cells.category),
    description: textOf(cells.description),
    groupDescription: textOf(cells.group_description),
    resourceUuid: null,
    resourceId: null,
    projectName: textOf(cells.project_name),
    amount,
    duration,
    durationUnit: duration === null ? null : 'Hours',
    startTime,
    endTime,
  };
}

function textOf(cell: string | undefined): string | null {
  return cell === undefined || cell === '' ? null : cell;
}

/** `$3.11`, `-$1,003.11` or `($3.11)`. */
function dollars(text: string): string | null {
  const match = /^(-?)\$?(-?)(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d{1,15})?$/.exec(text.replace(/^\((.*)\)$/, '-$1'));
  if (match === null) return null;
  const [, before = '', after = '', whole = '', fraction = ''] = match;
  if (before !== '' && after !== '') return null;
  return `${before}${after}${whole.replaceAll(',', '')}${fraction}`;
}

function decimal(text: string): string | null {
  return /^\d{1,15}(\.\d{1,15})?$/.test(text) ? text : null;
}

/** `2020-07-01 00:00:00 +0000`; without an offset it is UTC. */
function moment(text: string): Temporal.Instant | null {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?: ?(?:(?:UTC)|Z|([+-]\d\d):?(\d\d)))?$/.exec(text);
  if (match === null) return null;
  const [, day, time, hours = '+00', minutes = '00'] = match;
  try {
    return Temporal.Instant.from(`${day}T${time}${hours}:${minutes}`);
  } catch {
    return null;
  }
}

function monthsOf(items: readonly BillItem[]): Record<string, number> {
  const months: Record<string, number> = {};
  for (const { startTime } of items) {
    const month = startTime?.toString().slice(0, 7);
    if (month !== undefined) months[month] = (months[month] ?? 0) + 1;
  }
  return months;
}
