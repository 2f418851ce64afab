import type { Queryable } from '../platform/database/database.ts';
import { countedNowMax } from './fleet.ts';
import { selectCounted } from './fleet.store.ts';
import { readSuggestions, selectSuggestions } from './rules/store.ts';

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
 * beginnings of names. Those for deployments that exist come first, then by how much they would own. For a large fleet they
 * are those of when it was counted last, a hundred at most.
 */
export async function suggestOwners(db: Queryable, limit = 20, nowMax = countedNowMax): Promise<Suggestion[]> {
  const isLarge = ((await selectCounted(db))?.resources ?? 0) > nowMax;
  const rows = await (isLarge ? selectSuggestions(db, limit) : readSuggestions(db, limit));
  return rows.map(({ kind, subject, deployment, reason, deploymentExists, resources }) => ({
    rule: { [kind]: subject, deployment } as Suggestion['rule'],
    reason,
    deploymentExists,
    resources,
  }));
}
