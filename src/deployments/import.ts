import { setImmediate as immediate } from 'node:timers/promises';
import type { UnitOfWork } from '../platform/database/database.ts';
import { runTask } from '../platform/workers/pool.ts';
import { declareTask } from '../platform/workers/task.ts';
import { announceDeployments } from './announce.ts';
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
  insertCustomers,
  updateCustomers,
  updateDeploymentNames,
  type CustomerRow,
  type DeploymentRow,
} from './store.ts';

export interface ImportCounts {
  readonly created: number;
  /** Only with `update`. */
  readonly updated: number;
  /** Differs from what is there, which stays. */
  readonly kept: number;
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

type CopiedRow = Omit<ImportRow, 'startsAt'> & { readonly startsAt: string };

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
  const { parts, problems } = await runTask(readFile, csv, { what: 'The CSV file', signal });
  const rows: ImportRow[] = [];
  for (const part of parts) {
    for (const row of JSON.parse(part) as CopiedRow[])
      rows.push({ ...row, startsAt: Temporal.Instant.from(row.startsAt) });
    await immediate();
  }
  return { rows, problems };
}

/**
 * A deployment never moves to another customer, and a project must be known to be linked, to one deployment.
 * @param linked the lines that link projects, of other parts of the same file too
 */
export async function checkCustomers(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  linked: Map<string, number>,
): Promise<ImportProblem[]> {
  const problems: ImportProblem[] = [];
  const known = new Map(
    (await readDeployments(trx, { slugs: slugsOf(rows) })).map((deployment) => [deployment.slug, deployment]),
  );
  const projects = await readProjects(trx, projectsOf(rows));
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
 * Writes rows that `checkCustomers` found no problem in: new customers, deployments and project links. What is there and
 * differs is named by line and stays, unless `update` has names, currencies and links written; a link then moves from
 * `now` on. A start never moves by an import. The same rows again write nothing.
 */
export async function writeCustomers(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  { update, now }: { readonly update: boolean; readonly now: Temporal.Instant },
): Promise<WrittenCustomers> {
  const there = await readThere(trx, rows);
  const differences = findDifferences(rows, there, update);
  const customers = [...new Map(rows.map((row) => [row.customer.externalId, row.customer])).values()];
  const changing = rowsOf(rows, differences, (one) => one.written && isOfCustomer(one));
  const newCustomers = await insertCustomers(trx, customers, now);
  const changedCustomers = await updateCustomers(
    trx,
    changing.map(({ customer }) => customer),
  );
  const ofDeployments = rows.filter((row) => row.slug !== '');
  const added = ofDeployments.filter((row) => !there.deployments.has(row.slug));
  const made = await insertDeployments(
    trx,
    added.map(({ slug, name, customer, startsAt }) => ({ slug, name, customer: customer.externalId, startsAt })),
    now,
  );
  await insertSingleOwnerSets(trx, made);
  await appendTaggedChanges(trx, made, now);
  await announceDeployments(trx, 'created', made, now);
  const renamed = await updateDeploymentNames(
    trx,
    rowsOf(rows, differences, ({ written, column }) => written && column === 'deployment_name'),
  );
  await announceDeployments(trx, 'renamed', renamed, now);
  const links = await linkProjects(trx, rows, there, differences, now);
  const keeps = (matches: (one: ImportDifference) => boolean) =>
    rowsOf(rows, differences, matches).length - rowsOf(rows, differences, (one) => one.written && matches(one)).length;
  const keptCustomers = keeps(isOfCustomer);
  const keptDeployments = keeps(isOfDeployment);
  return {
    customers: {
      created: newCustomers,
      updated: changedCustomers,
      kept: keptCustomers,
      unchanged: customers.length - newCustomers - changedCustomers - keptCustomers,
    },
    deployments: {
      created: made.length,
      updated: renamed.length,
      kept: keptDeployments,
      unchanged: ofDeployments.length - made.length - rowsOf(rows, differences, (one) => isOfDeployment(one)).length,
    },
    projectLinks: { ...links, kept: keeps(({ column }) => column === 'project_id') },
    differences,
  };
}

const isOfCustomer = ({ column }: ImportDifference) => column === 'customer_name' || column === 'currency';
const isOfDeployment = ({ column }: ImportDifference) => column === 'deployment_name' || column === 'starts_at';

/** The rows of these differences. */
function rowsOf(
  rows: readonly ImportRow[],
  differences: readonly ImportDifference[],
  matches: (difference: ImportDifference) => boolean,
): ImportRow[] {
  const lines = new Set(differences.filter(matches).map(({ line }) => line));
  return rows.filter(({ line }) => lines.has(line));
}

const slugsOf = (rows: readonly ImportRow[]) => rows.map(({ slug }) => slug).filter((slug) => slug !== '');
const projectsOf = (rows: readonly ImportRow[]) => rows.map((row) => row.projectId).filter((project) => project !== '');

/** What is there of what the rows name. */
interface There {
  readonly customers: ReadonlyMap<string, CustomerRow>;
  readonly deployments: ReadonlyMap<string, DeploymentRow>;
  /** By project: whose it is, as the rule says that holds last. */
  readonly links: ReadonlyMap<string, string>;
}

async function readThere(trx: UnitOfWork, rows: readonly ImportRow[]): Promise<There> {
  const ids = [...new Set(rows.map(({ customer }) => customer.externalId))];
  const customers = new Map((await readCustomers(trx, ids)).map((customer) => [customer.externalId, customer]));
  const deployments = new Map(
    (await readDeployments(trx, { slugs: slugsOf(rows) })).map((deployment) => [deployment.slug, deployment]),
  );
  const links = new Map(
    (await readRules(trx, projectsOf(rows))).flatMap(({ kind, project, owners, to }) => {
      const until = to === null ? '' : ` until ${to}`;
      return kind === 'project' && project !== null ? [[project, `${ownersText(owners)}${until}`] as const] : [];
    }),
  );
  return { customers, deployments, links };
}

/** Where the rows differ from what is there; a customer's once, on its first line. */
function findDifferences(
  rows: readonly ImportRow[],
  { customers, deployments, links }: There,
  update: boolean,
): ImportDifference[] {
  const differences: ImportDifference[] = [];
  const told = new Set<string>();
  for (const row of rows) {
    const compare = (column: Column, before: string | undefined, file: string) => {
      if (before === undefined || before === file) return;
      differences.push({ line: row.line, column, before, file, written: update && column !== 'starts_at' });
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

/** Links projects that no rule names, and moves those whose difference is written. */
async function linkProjects(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  { links }: There,
  differences: readonly ImportDifference[],
  now: Temporal.Instant,
): Promise<{ created: number; updated: number; unchanged: number }> {
  const moved = rowsOf(rows, differences, ({ written, column }) => written && column === 'project_id');
  const created = rows.filter(({ projectId }) => projectId !== '' && !links.has(projectId));
  const linked = [...created, ...moved];
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
      from: index < created.length ? '-infinity' : now.toString(),
      to: 'infinity',
    };
  });
  const { counts } = await writeRules(trx, wanted, { origin: 'import', endOthers: false, by: 'import', now });
  const differing = rowsOf(rows, differences, ({ column }) => column === 'project_id').length;
  const unchanged = projectsOf(rows).length - created.length - differing;
  return { created: counts.added, updated: counts.changed, unchanged };
}
