import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { z } from 'zod';
import type { UnitOfWork } from '../platform/database/database.ts';
import { defaultPositions } from './declared-rules.ts';
import { parseMoment } from './moments.ts';
import { ownerSetFor } from './owner-sets.ts';
import { writeRules } from './rules.ts';
import { currency } from '../platform/declare/schemas.ts';
import * as schemas from './schemas.ts';
import { type RuleRow, readProjects, readRules, type WantedRule } from './rules/store.ts';
import {
  appendTaggedChanges,
  insertDeployments,
  insertSingleOwnerSets,
  readCustomers,
  readDeployments,
  updateDeploymentNames,
  updateDeploymentStarts,
  upsertCustomers,
} from './store.ts';

const requiredColumns = [
  'customer_external_id',
  'customer_name',
  'currency',
  'deployment_slug',
  'deployment_name',
  'starts_at',
] as const;
const optionalColumns = ['project_id', 'plan'] as const;
const columnsMax = 100;
type Column = (typeof requiredColumns)[number] | (typeof optionalColumns)[number];

/** Deployments that one file may hold: it is read as a whole and written in one transaction. */
export const importRowsMax = 50_000;
/** How many problems are told: whoever mends so many asks again. */
export const problemsMax = 1_000;

/** What is wrong where. Lines count from 1 and include the header; column is null where the line itself is wrong. */
export interface ImportProblem {
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

export interface ImportCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** Where the file differs from what was there. */
export interface ImportDifference {
  readonly line: number;
  readonly column: string;
  /** What was there. */
  readonly before: string;
  /** What the file says. */
  readonly file: string;
  /** Whether what the file says holds now; false: what was decided stays. */
  readonly written: boolean;
}

/** What `writeCustomers` did. */
export interface WrittenCustomers {
  readonly customers: ImportCounts;
  readonly deployments: ImportCounts;
  /** Links of the provider's projects to deployments. */
  readonly projectLinks: ImportCounts;
  readonly differences: readonly ImportDifference[];
}

/** One deployment of the file, its customer with it. */
export interface ImportRow {
  readonly line: number;
  readonly customer: { readonly externalId: string; readonly name: string; readonly currency: string };
  readonly slug: string;
  readonly name: string;
  readonly startsAt: Temporal.Instant;
  /** Empty: none is linked. */
  readonly projectId: string;
  /** Empty: none is given. */
  readonly plan: string;
}

/** `line 3, currency: is not a currency` */
export function describeProblem(problem: ImportProblem): string {
  return `line ${problem.line}${problem.column === null ? '' : `, ${problem.column}`}: ${problem.reason}`;
}

/**
 * Reads customers and their deployments from a CSV file with a header line: one deployment a line, its
 * customer repeated. `starts_at` is a UTC day or an instant; `project_id` (optional) links a
 * provider's project to the deployment for all time; `plan` (optional) is what it is put on. Rows
 * that are not as they should be are among the problems and not among the rows.
 */
export async function readCustomerFile(
  csv: string | Readable,
): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    info: true,
    skip_records_with_empty_values: true,
  });
  if (typeof csv === 'string') parser.end(csv);
  else csv.on('error', (error) => parser.destroy(error)).pipe(parser);
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
        const reason = `is one more than the ${importRowsMax} deployments of one import; give what follows in another file`;
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
      const cells = Object.fromEntries(header.map((column, index) => [column, record[index]])) as Record<
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
  for (const column of requiredColumns) {
    const text = cells[column] ?? '';
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
  return {
    row: {
      line,
      customer: { externalId: cells.customer_external_id ?? '', name: cells.customer_name ?? '', currency },
      slug,
      name: cells.deployment_name ?? '',
      startsAt: startsAt ?? Temporal.Instant.fromEpochMilliseconds(0),
      projectId: cells.project_id ?? '',
      plan: cells.plan ?? '',
    },
    reasons,
  };
}

/** A deployment never moves to another customer, and a project must be known to be linked, to one deployment. */
export async function checkCustomers(trx: UnitOfWork, rows: readonly ImportRow[]): Promise<ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const known = new Map((await readDeployments(trx)).map((deployment) => [deployment.slug, deployment]));
  const projects = await readProjects(
    trx,
    rows.map((row) => row.projectId),
  );
  const linked = new Map<string, number>();
  for (const row of rows) {
    const deployment = known.get(row.slug);
    if (deployment && deployment.customerExternalId !== row.customer.externalId) {
      problems.push({
        line: row.line,
        column: 'customer_external_id',
        reason: `${row.slug} belongs to customer ${deployment.customerExternalId}; a customer never loses a deployment to another`,
      });
    }
    if (row.projectId === '') continue;
    if (!projects.has(row.projectId)) {
      problems.push({
        line: row.line,
        column: 'project_id',
        reason: `${row.projectId} is not known; connect its account and sync first`,
      });
    }
    const earlier = linked.get(row.projectId);
    if (earlier !== undefined)
      problems.push({ line: row.line, column: 'project_id', reason: `is linked on line ${earlier} already` });
    else linked.set(row.projectId, row.line);
  }
  return problems;
}

/**
 * Writes rows that `checkCustomers` found no problem in: new customers, deployments and project links,
 * and what differs of those that are there. The same rows again write nothing.
 */
export async function writeCustomers(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  now: Temporal.Instant,
): Promise<WrittenCustomers> {
  const differences = await findDifferences(trx, rows);
  const customers = [...new Map(rows.map((row) => [row.customer.externalId, row.customer])).values()];
  const upserted = await upsertCustomers(trx, customers, now);
  const known = new Set((await readDeployments(trx)).map((deployment) => deployment.slug));
  const added = rows.filter((row) => !known.has(row.slug));
  const made = await insertDeployments(
    trx,
    added.map(({ slug, name, customer, startsAt }) => ({ slug, name, customer: customer.externalId, startsAt })),
    now,
  );
  await insertSingleOwnerSets(trx, made);
  await appendTaggedChanges(trx, made, now);
  const changed = new Set(
    differences
      .filter(({ column }) => column === 'deployment_name' || column === 'starts_at')
      .map((difference) => difference.line),
  );
  const updated = rows.filter((row) => changed.has(row.line));
  await updateDeploymentNames(trx, updated);
  await updateDeploymentStarts(trx, updated, now);
  const links = await linkProjects(trx, rows, now);
  return {
    customers: { ...upserted, unchanged: customers.length - upserted.created - upserted.updated },
    deployments: {
      created: made.length,
      updated: updated.length,
      unchanged: rows.length - made.length - updated.length,
    },
    projectLinks: { created: links.added, updated: links.changed, unchanged: links.unchanged },
    differences,
  };
}

/** What the rows will change of what is there; a customer's once, on its first line. */
async function findDifferences(trx: UnitOfWork, rows: readonly ImportRow[]): Promise<ImportDifference[]> {
  const customers = new Map((await readCustomers(trx, null)).map((customer) => [customer.externalId, customer]));
  const deployments = new Map((await readDeployments(trx)).map((deployment) => [deployment.slug, deployment]));
  const links = new Map(
    (await readRules(trx)).flatMap(({ kind, project, owners }) =>
      kind === 'project' && project !== null ? [[project, ownersText(owners)] as const] : [],
    ),
  );
  const differences: ImportDifference[] = [];
  const told = new Set<string>();
  for (const row of rows) {
    const compare = (column: Column, before: string | undefined, file: string) => {
      if (before === undefined || before === file) return;
      differences.push({ line: row.line, column, before, file, written: true });
    };
    const { externalId, name, currency } = row.customer;
    const customer = told.has(externalId) ? undefined : customers.get(externalId);
    told.add(externalId);
    compare('customer_name', customer?.name, name);
    compare('currency', customer?.currency, currency);
    const deployment = deployments.get(row.slug);
    compare('deployment_name', deployment?.name, row.name);
    compare('starts_at', deployment?.startsAt?.toString(), row.startsAt.toString());
    if (row.projectId !== '') compare('project_id', links.get(row.projectId), row.slug);
  }
  return differences;
}

/** `acme`, or `acme:2 beta:1`. */
function ownersText(owners: RuleRow['owners']): string {
  const [only, ...others] = owners ?? [];
  if (only !== undefined && others.length === 0) return only.slug;
  return (owners ?? []).map(({ slug, weight }) => `${slug}:${weight}`).join(' ');
}

async function linkProjects(trx: UnitOfWork, rows: readonly ImportRow[], now: Temporal.Instant) {
  const linked = rows.filter((row) => row.projectId !== '');
  const projects = await readProjects(
    trx,
    linked.map((row) => row.projectId),
  );
  const wanted: WantedRule[] = [];
  for (const row of linked) {
    wanted.push({
      kind: 'project',
      projectId: projects.get(row.projectId) ?? null,
      pattern: null,
      resourceKinds: null,
      position: String(defaultPositions.project),
      ownerSetId: await ownerSetFor(trx, [{ deployment: row.slug, weight: 1 }]),
      from: '-infinity',
      to: 'infinity',
    });
  }
  return writeRules(trx, wanted, { origin: 'import', endOthers: false, by: 'import', now });
}
