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

/**
 * Deployments that one file may hold. It is written in one transaction, and so many are dealt with without anybody else
 * having to wait for it: 50,000 held the event loop for a fifth of a second.
 */
export const importRowsMax = 5_000;
/** Of a file, in bytes: 800 for each deployment. */
export const importBytesMax = 4_194_304;
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
