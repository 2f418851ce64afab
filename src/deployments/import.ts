import type { UnitOfWork } from '../platform/database/database.ts';
import { runTask } from '../platform/workers/pool.ts';
import { declareTask } from '../platform/workers/task.ts';
import { type Column, type CustomerFile, type ImportProblem, type ImportRow, importBytesMax } from './customer-rows.ts';
import type { CopiedFile } from './customer-file.task.ts';
import { defaultPositions } from './declared-rules.ts';
import { ownerSetsFor } from './owner-sets.ts';
import { writeRules } from './rules.ts';
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

const readFile = declareTask<string, CopiedFile>({
  name: 'read_customers',
  file: new URL('./customer-file.task.ts', import.meta.url),
  inputBytesMax: importBytesMax,
  msMax: 20_000,
});

/**
 * Reads customers and their deployments from a CSV file (`parseCustomerFile`), in a process of the pool.
 * @throws ArcadiaError too_costly, overloaded
 */
export async function readCustomerFile(csv: string, signal?: AbortSignal): Promise<CustomerFile> {
  const { rows, problems } = await runTask(readFile, csv, { what: 'The CSV file', signal });
  return { rows: rows.map((row) => ({ ...row, startsAt: new Temporal.Instant(row.startsAt) })), problems };
}

/** A deployment never moves to another customer, and a project must be known to be linked, to one deployment. */
export async function checkCustomers(trx: UnitOfWork, rows: readonly ImportRow[]): Promise<ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const known = new Map(
    (await readDeployments(trx, { slugs: slugsOf(rows) })).map((deployment) => [deployment.slug, deployment]),
  );
  const projects = await readProjects(trx, projectsOf(rows));
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
  const known = new Set((await readDeployments(trx, { slugs: slugsOf(rows) })).map((deployment) => deployment.slug));
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

const slugsOf = (rows: readonly ImportRow[]) => rows.map(({ slug }) => slug);
const projectsOf = (rows: readonly ImportRow[]) => rows.map((row) => row.projectId).filter((project) => project !== '');

/** What the rows will change of what is there; a customer's once, on its first line. */
async function findDifferences(trx: UnitOfWork, rows: readonly ImportRow[]): Promise<ImportDifference[]> {
  const ids = [...new Set(rows.map(({ customer }) => customer.externalId))];
  const customers = new Map((await readCustomers(trx, ids)).map((customer) => [customer.externalId, customer]));
  const deployments = new Map(
    (await readDeployments(trx, { slugs: slugsOf(rows) })).map((deployment) => [deployment.slug, deployment]),
  );
  const links = new Map(
    (await readRules(trx, projectsOf(rows))).flatMap(({ kind, project, owners }) =>
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
  const projects = await readProjects(trx, projectsOf(linked));
  const { ids, refusals } = await ownerSetsFor(
    trx,
    linked.map((row) => [{ deployment: row.slug, weight: 1 }]),
  );
  const wanted = linked.map((row, index): WantedRule => {
    const ownerSetId = ids[index];
    if (ownerSetId === null || ownerSetId === undefined)
      throw refusals[index] ?? new RangeError(`a row without owner: ${row.slug}`);
    return {
      kind: 'project',
      projectId: projects.get(row.projectId) ?? null,
      pattern: null,
      resourceKinds: null,
      position: String(defaultPositions.project),
      ownerSetId,
      from: '-infinity',
      to: 'infinity',
    };
  });
  const { counts } = await writeRules(trx, wanted, { origin: 'import', endOthers: false, by: 'import', now });
  return counts;
}
