import type { Queryable } from '../platform/database/database.ts';
import { readSuggestions } from './rules/store.ts';

/** A rule that could own what has no owner now; nothing is applied until an operator does. */
export interface Suggestion {
  /** Ready for a rules file: `{ rules: [suggestion.rule] }` can be previewed as it is once the deployment exists. */
  readonly rule: { readonly deployment: string } & (
    | { readonly project: string }
    | { readonly tag: string }
    | { readonly name: string }
  );
  /** Why: the project's name, or how the name or tag resembles the deployment. For a person. */
  readonly reason: string;
  /** Whether there is such a deployment; where not, the rule waits for one to be made. */
  readonly deploymentExists: boolean;
  /** Living resources without an owner that it would own; what inherits from them comes on top. */
  readonly resources: number;
}

/**
 * Suggests rules for what has no owner: projects and tags called like a deployment, and common
 * beginnings of names. Those for deployments that exist come first, then by how much they would own.
 */
export async function suggestOwners(db: Queryable, limit = 20): Promise<Suggestion[]> {
  const rows = await readSuggestions(db, limit);
  return rows.map(({ kind, subject, deployment, reason, deploymentExists, resources }) => ({
    rule: { [kind]: subject, deployment } as Suggestion['rule'],
    reason,
    deploymentExists,
    resources,
  }));
}
