import { type Document, isNode, isScalar, LineCounter, type Node, parseDocument, type Tags, visit } from 'yaml';
import { checkPlan, formatPath, type PlanVersion } from './plan.ts';
import { type PlanFileProblem, planFileLengthMax } from './plan-problems.ts';
import { ReadingBudget, readingLimits } from './reading-budget.ts';

/** What only the database can tell is told of these fields. */
const toldFields = ['from', 'currency'] as const;

/** A plan, or all that is wrong with its file. */
export type ReadPlanFile =
  | {
      readonly file: string;
      readonly plan: PlanVersion;
      readonly problems: [];
      /** On which line each stands. */
      readonly lines: Readonly<Record<(typeof toldFields)[number], number>>;
    }
  | { readonly file: string; readonly plan: null; readonly problems: PlanFileProblem[] };

/** Aliases of a file: the time to read it would grow with their square. */
const aliasesMax = 100;
/** How many problems are told of one file. */
const problemsMax = 100;

/**
 * Reads a plan file (YAML, of which JSON is a part). Numbers keep their own digits: 0.10 is the
 * decimal "0.10", never a binary fraction.
 * @param file its name, for problems
 * @param kinds the billing kinds that there are
 * @param budget what is left of it for this file, of those that are read together
 */
export function readPlanFile(
  file: string,
  text: string,
  kinds: ReadonlySet<string>,
  budget: ReadingBudget = new ReadingBudget(),
): ReadPlanFile {
  const refused = (reason: string, line = 1): ReadPlanFile => ({
    file,
    plan: null,
    problems: [{ file, line, path: '', reason }],
  });
  if (text.length > planFileLengthMax)
    return refused(`is longer than ${planFileLengthMax} characters: no plan needs that`);
  const tooLong = budget.takeText(text);
  if (tooLong !== null) return refused(tooLong);
  const lineCounter = new LineCounter();
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const document = parsed(text, { lineCounter, budget });
  if (document === null) return refused(`is nested more than ${readingLimits.depth} deep: no plan needs that`);
  if (document.errors.length > 0) {
    const problems = document.errors.slice(0, problemsMax).map((error) => ({
      file,
      line: lineAt(error.pos[0]),
      path: '',
      reason: error.message,
    }));
    return { file, plan: null, problems };
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
    return refused(strange.reason, line);
  }
  const tooMuch = budget.takeDocument(document);
  if (tooMuch !== null) return refused(tooMuch);
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    // Of aliases to nothing, and of those that would unfold without end.
    if (!(error instanceof ReferenceError)) throw error;
    return { file, plan: null, problems: [problem([], error.message)] };
  }
  const checked = checkPlan(content, kinds);
  if (checked.plan) return { file, ...checked, lines: { from: lineOf(['from']), currency: lineOf(['currency']) } };
  const problems = checked.problems.slice(0, problemsMax).map(({ path, reason }) => problem(path, reason));
  return { file, plan: null, problems: problems.sort((a, b) => a.line - b.line) };
}

/** Null: nested deeper than the parser, which is recursive, can go. */
export function parsed(
  text: string,
  { budget, lineCounter }: { readonly budget: ReadingBudget; readonly lineCounter?: LineCounter },
): Document.Parsed | null {
  const document = parseDocument(text, {
    ...(lineCounter && { lineCounter }),
    customTags: numbersAsText,
    prettyErrors: false,
    uniqueKeys(a, b) {
      budget.takeComparison();
      return a === b || (isScalar(a) && isScalar(b) && a.value === b.value);
    },
  });
  return document.errors.some(({ message }) => /call stack/.test(message)) ? null : document;
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

/** YAML without numbers: each stays the text as which it is written. */
function numbersAsText(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === 'string' || !/:(int|float)$/.test(tag.tag));
}
