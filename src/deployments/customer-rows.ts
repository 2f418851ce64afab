// What a file of customers holds, for whoever uses what was read of it.

export const requiredColumns = [
  'customer_external_id',
  'customer_name',
  'currency',
  'deployment_slug',
  'deployment_name',
  'starts_at',
] as const;
/** All empty: the line is a customer without a deployment. */
export const deploymentColumns = ['deployment_slug', 'deployment_name', 'starts_at'] as const;
export const optionalColumns = ['project_id', 'plan', 'plan_from'] as const;
export type Column = (typeof requiredColumns)[number] | (typeof optionalColumns)[number];

/** Deployments that one file may hold, and one transaction writes: 50,000 held the event loop for a fifth of a second. */
export const importRowsMax = 20_000;
/** So many of them are checked and written at a time; others' requests are answered between. */
export const partRows = 5_000;
/** Of a file, in bytes: 400 for each deployment. */
export const importBytesMax = 8_388_608;
/** How many problems are told: whoever mends so many asks again. */
export const problemsMax = 1_000;

/** What is wrong where. Lines count from 1 and include the header; column is null where the line itself is wrong. */
export interface ImportProblem {
  readonly line: number;
  readonly column: string | null;
  readonly reason: string;
}

/** One deployment of the file, its customer with it; or a customer alone. */
export interface ImportRow {
  readonly line: number;
  readonly customer: { readonly externalId: string; readonly name: string; readonly currency: string };
  /** Empty: the line is of the customer alone. */
  readonly slug: string;
  readonly name: string;
  readonly startsAt: Temporal.Instant;
  /** Empty: none is linked. */
  readonly projectId: string;
  /** Empty: none is given. */
  readonly plan: string;
  /** From which UTC day on it is on the plan, such as 2026-05-01. Empty: the one on which it starts. */
  readonly planFrom: string;
}

/** What a file says, and all that is wrong with it. */
export interface CustomerFile {
  readonly rows: ImportRow[];
  readonly problems: ImportProblem[];
}

/** `line 3, currency: is not a currency` */
export function describeProblem(problem: ImportProblem): string {
  return `line ${problem.line}${problem.column === null ? '' : `, ${problem.column}`}: ${problem.reason}`;
}

/**
 * Rows in parts of some thousand. All rows of a customer are in one part, so that each is counted once; more than one part
 * is in the order of customers.
 */
export function partsOf(rows: readonly ImportRow[]): ImportRow[][] {
  if (rows.length <= partRows) return [[...rows]];
  const parts: ImportRow[][] = [];
  for (const own of Map.groupBy(rows, ({ customer }) => customer.externalId).values()) {
    const part = parts.at(-1);
    if (part === undefined || part.length + own.length > partRows) parts.push(own);
    else part.push(...own);
  }
  return parts;
}
