import { CsvError, parse } from 'csv-parse';
import type { z } from 'zod';
import { withoutGuard } from '../platform/csv.ts';
import { currency } from '../platform/declare/schemas.ts';
import {
  type Column,
  type CustomerFile,
  type ImportProblem,
  type ImportRow,
  deploymentColumns,
  importRowsMax,
  optionalColumns,
  problemsMax,
  requiredColumns,
} from './customer-rows.ts';
import { parseMoment } from './moments.ts';
import * as schemas from './schemas.ts';

// What a file of customers says: text to rows, and where it is no such file. Done in a process of its own, so it imports
// nothing of the database.

const columnsMax = 100;
/** Of a file, empty ones too: ten times what a file of the most deployments has. */
const cellsMax = 1_600_000;

/**
 * Reads customers and their deployments from a CSV file with a header line: one deployment a line, its
 * customer repeated. `starts_at` is a UTC day or an instant; `project_id` (optional) links a
 * provider's project to the deployment for all time; `plan` (optional) is what it is put on, from `plan_from` (optional) on.
 * A line whose columns of a deployment are all empty is of a customer alone. Rows
 * that are not as they should be are among the problems and not among the rows.
 */
export async function parseCustomerFile(csv: string): Promise<CustomerFile> {
  const cells = countCells(csv);
  if (cells > cellsMax) {
    const reason = `the file has ${cells} cells; ${cellsMax} are read at most. Give it in several files`;
    return { rows: [], problems: [{ line: 1, column: null, reason }] };
  }
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: true,
    skip_records_with_empty_values: true,
  });
  parser.end(csv);
  const rows: ImportRow[] = [];
  let problems: ImportProblem[] = [];
  const seen: Seen = { slugs: new Map(), customers: new Map() };
  let header: string[] | undefined;
  let lines = 0;
  let count = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // The parser counts up to a record's last line; quoted cells may hold line breaks.
      lines = info.lines;
      const line = lines - record.join('').split('\n').length + 1;
      if (!header) {
        header = record.map((cell) => cell.toLowerCase());
        problems = checkHeader(header, line);
        if (problems.length > 0) break;
        continue;
      }
      if (problems.length >= problemsMax) break;
      if (count === importRowsMax) {
        const reason =
          `is one more than the ${importRowsMax} deployments of one import; import the lines up to here, then these in ` +
          'another file with the same header';
        problems.push({ line, column: null, reason });
        break;
      }
      count += 1;
      if (record.length !== header.length) {
        problems.push({
          line,
          column: null,
          reason: `has ${record.length} columns where the header has ${header.length}`,
        });
        continue;
      }
      const read = record.map(withoutGuard);
      const cells = Object.fromEntries(header.map((column, index) => [column, read[index]])) as Record<
        Column,
        string | undefined
      >;
      const { row, reasons } = readRow(cells, line);
      reasons.push(...conflictsWith(seen, row, line));
      for (const reason of reasons) problems.push({ line, ...reason });
      if (reasons.length === 0) rows.push(row);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    problems.push({
      line: 'lines' in error ? Number(error.lines) : lines + 1,
      column: null,
      reason: `is not CSV: ${error.message}`,
    });
  }
  if (!header && problems.length === 0)
    problems.push({ line: 1, column: null, reason: 'the file is empty; it begins with a header' });
  return { rows, problems };
}

/** As many at most as there are commas and ends of lines, wherever they stand. */
function countCells(csv: string): number {
  let cells = 1;
  for (const mark of [',', '\n']) for (let at = csv.indexOf(mark); at >= 0; at = csv.indexOf(mark, at + 1)) cells += 1;
  return cells;
}

/** What lines before this one say. */
interface Seen {
  readonly slugs: Map<string, number>;
  readonly customers: Map<string, { line: number; customer: ImportRow['customer'] }>;
}

/** Where a line contradicts an earlier one; it is remembered for those that follow. */
function conflictsWith({ slugs, customers }: Seen, row: ImportRow, line: number): { column: Column; reason: string }[] {
  const reasons: { column: Column; reason: string }[] = [];
  const customer = customers.get(row.customer.externalId);
  if (!customer) customers.set(row.customer.externalId, { line, customer: row.customer });
  else {
    for (const [column, field] of [
      ['customer_name', 'name'],
      ['currency', 'currency'],
    ] as const) {
      if (customer.customer[field] === row.customer[field]) continue;
      reasons.push({ column, reason: `differs from line ${customer.line}, the same customer` });
    }
  }
  const earlier = slugs.get(row.slug);
  if (earlier !== undefined) reasons.push({ column: 'deployment_slug', reason: `is on line ${earlier} already` });
  else if (row.slug !== '') slugs.set(row.slug, line);
  return reasons;
}

const columnSchemas: Readonly<Partial<Record<Column, z.ZodType>>> = {
  customer_external_id: schemas.externalId,
  customer_name: schemas.name,
  currency: currency,
  deployment_slug: schemas.deploymentSlug,
  deployment_name: schemas.name,
};

/** What is wrong with a cell, as a sentence that begins with it; null: nothing. */
function reasonAgainst(schema: z.ZodType | undefined, text: string): string | null {
  const issue = schema?.safeParse(text).error?.issues[0];
  if (issue === undefined) return null;
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return `${JSON.stringify(shown)} ${issue.message}`;
}

function checkHeader(header: readonly string[], line: number): ImportProblem[] {
  if (header.length > columnsMax) {
    return [{ line, column: null, reason: `has ${header.length} columns; a header names ${columnsMax} at most` }];
  }
  const [only = '', ...others] = header;
  const separator = others.length > 0 ? null : only.includes(';') ? 'semicolons' : only.includes('\t') ? 'tabs' : null;
  if (separator !== null)
    return [{ line, column: null, reason: `separates columns by ${separator}; this import reads commas` }];
  const known: readonly string[] = [...requiredColumns, ...optionalColumns];
  return [
    ...requiredColumns
      .filter((column) => !header.includes(column))
      .map((column) => ({ line, column, reason: 'is missing from the header' })),
    ...header
      .filter((column, index) => !known.includes(column) || header.indexOf(column) !== index)
      .map((column) => ({
        line,
        column,
        reason: known.includes(column)
          ? 'is in the header twice'
          : `is not a column of this import: ${known.join(', ')}`,
      })),
  ];
}

function readRow(
  cells: Readonly<Record<Column, string | undefined>>,
  line: number,
): { row: ImportRow; reasons: { column: Column; reason: string }[] } {
  const reasons: { column: Column; reason: string }[] = [];
  const isAlone = [...deploymentColumns, ...optionalColumns].every((column) => (cells[column] ?? '') === '');
  for (const column of requiredColumns) {
    const text = cells[column] ?? '';
    if (isAlone && deploymentColumns.some((one) => one === column)) continue;
    const reason = text === '' ? 'is empty' : reasonAgainst(columnSchemas[column], text);
    if (reason !== null) reasons.push({ column, reason });
  }
  const { currency = '', deployment_slug: slug = '', starts_at: startsAtText = '' } = cells;
  const startsAt = parseMoment(startsAtText);
  if (startsAtText !== '' && !startsAt) {
    reasons.push({
      column: 'starts_at',
      reason: `${startsAtText} is neither a day (2026-05-01) nor an instant (2026-05-01T12:00:00Z)`,
    });
  }
  const { plan = '', plan_from: planFrom = '' } = cells;
  const planReason = planFrom === '' ? null : reasonAgainstPlanFrom(planFrom, plan, startsAt);
  if (planReason !== null) reasons.push({ column: 'plan_from', reason: planReason });
  return {
    row: {
      line,
      customer: { externalId: cells.customer_external_id ?? '', name: cells.customer_name ?? '', currency },
      slug,
      name: cells.deployment_name ?? '',
      startsAt: startsAt ?? Temporal.Instant.fromEpochMilliseconds(0),
      projectId: cells.project_id ?? '',
      plan,
      planFrom,
    },
    reasons,
  };
}

function reasonAgainstPlanFrom(text: string, plan: string, startsAt: Temporal.Instant | null): string | null {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseMoment(text) : null;
  if (day === null) return `${text} is not a day such as 2026-05-01`;
  if (plan === '') return 'needs a plan';
  const first = startsAt?.toZonedDateTimeISO('UTC').startOfDay().toInstant();
  return first !== undefined && Temporal.Instant.compare(day, first) < 0
    ? `${text} is before the deployment starts`
    : null;
}
