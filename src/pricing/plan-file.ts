import { type Document, isNode, isScalar, LineCounter, type Node, parseDocument, type Tags, visit } from 'yaml';
import { z } from 'zod';
import { findUnfit } from '../platform/declare/invalid-input.ts';
import { checkPlan, formatPath, type PlanVersion, planSchema } from './plan.ts';

/** What is wrong in a plan file, and where. */
export interface PlanFileProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Within the plan, e.g. `items[2].properties.unitPrice`; empty where the file is no YAML. */
  readonly path: string;
  readonly reason: string;
}

/** A plan, or all that is wrong with its file. */
export type ReadPlanFile =
  | {
      readonly plan: PlanVersion;
      readonly problems: [];
      /** A problem that only the database could tell. */
      problem(path: readonly (string | number)[], reason: string): PlanFileProblem;
    }
  | { readonly plan: null; readonly problems: PlanFileProblem[] };

/** A plan with a hundred kinds of twenty tiers each has 160,000. */
export const planFileLengthMax = 196_608;
/**
 * What else a file may hold: the time to read it would grow with the square of these. Each key of a
 * map is compared with those before it; a plan's maps have ten at most.
 */
const keyComparisonsMax = 200_000;
const aliasesMax = 100;
/** How many problems are told of one file. */
const problemsMax = 100;

/**
 * Reads a plan file (YAML, of which JSON is a part). Numbers keep their own digits: 0.10 is the
 * decimal "0.10", never a binary fraction.
 * @param file its name, for problems
 * @param kinds the billing kinds that there are
 */
export function readPlanFile(file: string, text: string, kinds: ReadonlySet<string>): ReadPlanFile {
  if (text.length > planFileLengthMax) {
    const reason = `is longer than ${planFileLengthMax} characters: no plan needs that`;
    return { plan: null, problems: [{ file, line: 1, path: '', reason }] };
  }
  const lineCounter = new LineCounter();
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const document = parseDocument(text, {
    lineCounter,
    customTags: numbersAsText,
    prettyErrors: false,
    uniqueKeys: budgetedComparison(),
  });
  if (document.errors.length > 0) {
    const problems = document.errors.slice(0, problemsMax).map((error) => ({
      file,
      line: lineAt(error.pos[0]),
      path: '',
      reason: error.message,
    }));
    return { plan: null, problems };
  }

  /** The line of the innermost thing on the path that the file has: what is missing has none of its own. */
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return 1;
  };
  const problem = (path: readonly (string | number)[], reason: string): PlanFileProblem => ({
    file,
    line: lineOf(path),
    path: formatPath(path),
    reason,
  });
  const strange = findStrange(document);
  if (strange !== null) {
    const line = strange.node?.range ? lineAt(strange.node.range[0]) : 1;
    return { plan: null, problems: [{ file, line, path: '', reason: strange.reason }] };
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // Of aliases to nothing, and of those that would unfold without end.
    if (!(error instanceof ReferenceError)) throw error;
    return { plan: null, problems: [problem([], error.message)] };
  }
  const unfit = findUnfit(content, 'body');
  if (unfit !== null) return { plan: null, problems: [problem(stepsOf(unfit.pointer), unfit.detail)] };
  const checked = checkPlan(content, kinds);
  if (checked.plan) return { ...checked, problem };
  const problems = checked.problems.slice(0, problemsMax).map(({ path, reason }) => problem(path, reason));
  return { plan: null, problems: problems.sort((a, b) => a.line - b.line) };
}

/** `/items/0/name` as steps. */
function stepsOf(pointer: string): (string | number)[] {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => (/^\d{1,9}$/.test(step) ? Number(step) : step));
}

/** What it throws is told among the mistakes of the file. */
function budgetedComparison(): (a: unknown, b: unknown) => boolean {
  let left = keyComparisonsMax;
  return (a, b) => {
    left -= 1;
    if (left < 0) throw new RangeError('There are maps with too many keys: no plan needs that');
    return a === b || (isScalar(a) && isScalar(b) && a.value === b.value);
  };
}

/** What YAML allows, no plan needs, and would take long to unfold: maps as keys, and aliases without end. */
function findStrange(document: Document.Parsed): { readonly node: Node | null; readonly reason: string } | null {
  let found: { readonly node: Node | null; readonly reason: string } | null = null;
  let aliases = 0;
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key)) return undefined;
      found = { node: isNode(key) ? key : null, reason: 'a key must be a name' };
      return visit.BREAK;
    },
    Alias(_, node) {
      aliases += 1;
      if (aliases <= aliasesMax) return undefined;
      found = { node, reason: `has more than ${aliasesMax} aliases: no plan needs that` };
      return visit.BREAK;
    },
  });
  return found;
}

/** `plans/studio.yaml:12: items[2].properties.unitPrice: must not be negative (-1)` */
export function formatProblem({ file, line, path, reason }: PlanFileProblem): string {
  return `${file}:${line}: ${path === '' ? '' : `${path}: `}${reason}`;
}

/** The JSON schema of a plan file, by which editors complete and check it. */
export function planFileJsonSchema(): object {
  return z.toJSONSchema(planSchema, { io: 'input' });
}

/** YAML without numbers: each stays the text as which it is written. */
export function numbersAsText(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || !/:(int|float)$/.test(tag.tag));
}
