import { isNode, LineCounter, parseDocument } from 'yaml';
import { findUnfit } from '../platform/declare/invalid-input.ts';
import { type Blueprint, blueprintSchema } from './blueprint.ts';
import { blueprintLengthMax, type BlueprintProblem, type NamedText, type ReadBlueprint } from './blueprint-problems.ts';

const aliasesMax = 100;
const problemsMax = 100;

/**
 * Reads a blueprint (YAML, of which JSON is a part) and the user data that it names.
 * @param files the blueprint first, then files of user data
 */
export function readBlueprint(
  files: readonly NamedText[],
): { readonly read: ReadBlueprint } | { readonly problems: readonly BlueprintProblem[] } {
  const [{ name: file, text } = { name: 'blueprint', text: '' }, ...others] = files;
  const refused = (reason: string, line = 1) => ({ problems: [{ file, line, path: '', reason }] });
  if (text.length > blueprintLengthMax)
    return refused(`is longer than ${blueprintLengthMax} characters: no blueprint needs that`);
  const lineCounter = new LineCounter();
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0)
    return {
      problems: document.errors
        .slice(0, problemsMax)
        .map(({ pos, message }) => ({ file, line: lineAt(pos[0]), path: '', reason: message })),
    };
  /** The line of the innermost thing on the path that the file has: what is missing has none of its own. */
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lineAt(node.range[0]);
    }
    return 1;
  };
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return refused(error.message);
  }
  const unfit = findUnfit(content, 'body');
  if (unfit !== null) return refused(`${unfit.pointer}: ${unfit.detail}`);
  const { data, error } = blueprintSchema.safeParse(content);
  const problem = (path: readonly PropertyKey[], reason: string): BlueprintProblem => ({
    file,
    line: lineOf(path),
    path: pathText(path),
    reason,
  });
  if (data === undefined) {
    const problems = error.issues.slice(0, problemsMax).map((issue) => problem(...innermost(issue)));
    return { problems: problems.sort((a, b) => a.line - b.line) };
  }
  return withUserData(data, others, problem);
}

/** Of alternatives none of which fits, what is wrong with the one that came nearest. */
function innermost(issue: Issue): [path: readonly PropertyKey[], reason: string] {
  if (issue.code !== 'invalid_union' || issue.errors === undefined || issue.errors.length === 0)
    return [issue.path, reasonOf(issue)];
  const deepest = issue.errors
    .flat()
    .toSorted((a, b) => b.path.length - a.path.length)
    .at(0);
  if (deepest === undefined || deepest.path.length === 0) return [issue.path, reasonOf(issue)];
  const [path, reason] = innermost(deepest);
  return [[...issue.path, ...path], reason];
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly errors?: readonly (readonly Issue[])[];
}

function reasonOf({ message }: Issue): string {
  return message.endsWith('received undefined') ? 'is missing' : message;
}

/** `droplets.web.tags[2]` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text === '' ? '' : '.'}${String(step)}`),
    '',
  );
}

/** User data that stands in the blueprint goes with that of the files, where it is sealed. */
function withUserData(
  blueprint: Blueprint,
  files: readonly NamedText[],
  problem: (path: readonly PropertyKey[], reason: string) => BlueprintProblem,
): ReturnType<typeof readBlueprint> {
  const problems: BlueprintProblem[] = [];
  const userData: Record<string, string> = {};
  const droplets = Object.entries(blueprint.droplets).map(([group, droplet]) => {
    const { user_data: said } = droplet;
    if (said === null) return [group, droplet] as const;
    if (typeof said === 'object') {
      const name = `${group} (inline)`;
      userData[name] = said.text;
      return [group, { ...droplet, user_data: name }] as const;
    }
    const file = files.find(({ name }) => name === said || name.endsWith(`/${said}`));
    if (file === undefined)
      problems.push(problem(['droplets', group, 'user_data'], `${said} is none of the files given: give it too`));
    else userData[said] = file.text;
    return [group, droplet] as const;
  });
  if (problems.length > 0) return { problems };
  return { read: { blueprint: { ...blueprint, droplets: Object.fromEntries(droplets) }, userData } };
}
