import type { Document } from 'yaml';
import { ArcadiaError } from '../platform/errors.ts';
import { formatPath } from './plan.ts';
import { parsed as parsedYaml } from './plan-file.ts';
import { type PlannedResource, plannedResources } from './planned-resources.ts';
import { ReadingBudget } from './reading-budget.ts';

/** How many problems are told of one file. */
const problemsMax = 100;

/** Errors: invalid_argument for an alias of nothing, and for aliases that would unfold without end. */
function contentOf(file: string, document: Document): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    throw new ArcadiaError('invalid_argument', `${file}: ${cause.message}`, { cause });
  }
}

/**
 * Reads a list of resources (YAML, of which JSON is a part); numbers keep their own digits.
 * @throws ArcadiaError invalid_argument: names the file, where in it, and why
 */
export function parsePlannedResources(file: string, text: string): PlannedResource[] {
  const budget = new ReadingBudget();
  const document = parsedYaml(text, { budget });
  const refused =
    document === null ? 'is nested too deep' : (document.errors[0]?.message ?? budget.takeDocument(document));
  if (document === null || refused !== null) throw new ArcadiaError('invalid_argument', `${file}: ${refused}`);
  const parsed = plannedResources.safeParse(contentOf(file, document));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, problemsMax)
    .map(
      (issue) =>
        `${file}: ${formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))))}: ${issue.message}`,
    );
  throw new ArcadiaError('invalid_argument', problems.join('\n'));
}
