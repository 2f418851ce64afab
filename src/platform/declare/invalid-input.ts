import type { z } from 'zod';
import { ArcadiaError } from '../errors.ts';

// What is wrong with the input of an operation, part by part.

/** One thing that is wrong with a request. */
export interface ProblemError {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** A JSON pointer (RFC 6901) into the body, its line and column, or the parameter's name: `/rules/0/name`, `from`. */
  readonly pointer: string;
  readonly detail: string;
}

const errorsMax = 100;

/** A request that is not as its operation's schema says. */
export class InvalidRequest extends ArcadiaError {
  readonly errors: readonly ProblemError[];
  /** Told are the first hundred. */
  constructor(errors: readonly ProblemError[]) {
    const [first] = errors;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    super(
      'invalid_argument',
      first === undefined ? 'The request is not valid.' : `${first.pointer || 'The body'}: ${first.detail}${more}.`,
    );
    this.errors = errors.slice(0, errorsMax);
  }
}

/** What a schema says against a value, by where in the request it stands. */
export function issuesOf(place: ProblemError['in'], error: z.ZodError): ProblemError[] {
  return error.issues.flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const detail = detailOf(issue);
    return paths.map((path) => ({ in: place, pointer: pointerOf(place, path), detail }));
  });
}

const forms: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a day such as 2026-05-01',
  datetime: 'a moment such as 2026-05-01T06:00:00Z',
};

/** Said of a value, as the end of a sentence: `is not a whole number`. What our own schemas say stays. */
function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'is not known here';
  // The schemas' own sentences begin with a small letter; the library's do not.
  if (!/^(Invalid|Too|Unrecognized)/.test(issue.message)) return issue.message;
  if (issue.code === 'invalid_type') {
    if (issue.message.endsWith('received undefined')) return 'is missing';
    return `is not ${forms[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_format') return `is not ${forms[issue.format] ?? `of the form ${issue.format}`}`;
  if (issue.code === 'invalid_value') return `is not one of ${issue.values.map(String).join(', ')}`;
  const ofLength = 'origin' in issue && ['string', 'array', 'set'].includes(String(issue.origin));
  const counted = 'origin' in issue && issue.origin === 'string' ? ' characters' : ofLength ? ' items' : '';
  if (issue.code === 'too_small') return `${ofLength ? 'has less than' : 'is less than'} ${issue.minimum}${counted}`;
  if (issue.code === 'too_big') return `${ofLength ? 'has more than' : 'is more than'} ${issue.maximum}${counted}`;
  return issue.message;
}

/** A JSON pointer into the body, or a parameter's name. */
export function pointerOf(place: ProblemError['in'], path: readonly PropertyKey[]): string {
  if (place !== 'body') return path.map(String).join('.');
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** Nothing that is asked for needs more; whoever walks a value may then do so by recursion. */
const depthMax = 64;

/** Of which fields of a body the texts may have several lines, by their pointer with `*` for any index or name. */
export type LineFields = ReadonlySet<string>;

interface Place {
  readonly in: ProblemError['in'];
  readonly path: string;
  readonly field: string;
  readonly depth: number;
}

/** Where a text holds a control character, or a value goes too deep. Only what is of several lines has ends of them, and tabs. */
export function findUnfit(
  value: unknown,
  place: ProblemError['in'],
  lineFields: LineFields | null = null,
): ProblemError | null {
  return unfitAt(value, { in: place, path: '', field: '', depth: 0 });

  function unfitAt(value: unknown, at: Place): ProblemError | null {
    const problem = (detail: string): ProblemError => ({ in: at.in, pointer: at.path, detail });
    if (typeof value === 'string') {
      const found = controlIn(value, lineFields?.has(at.field) === true);
      return found === null ? null : problem(`holds ${found}`);
    }
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null;
    if (at.depth >= depthMax) return problem(`is nested more than ${depthMax} deep`);
    const isList = Array.isArray(value);
    for (const [name, item] of Object.entries(value)) {
      const inName = isList ? null : controlIn(name, false);
      if (inName !== null) return problem(`has a name with ${inName}`);
      const path = place === 'body' ? `${at.path}/${name}` : at.path === '' ? name : `${at.path}.${name}`;
      const known = `${at.field}/${isList ? '*' : name}`;
      const field =
        isList || lineFields?.has(`${at.field}/*`) !== true || lineFields.has(known) ? known : `${at.field}/*`;
      const found = unfitAt(item, { in: at.in, path, field, depth: at.depth + 1 });
      if (found !== null) return found;
    }
    return null;
  }
}

// oxlint-disable-next-line no-control-regex
const control = /[\x00-\x1f\x7f-\x9f]/;
// oxlint-disable-next-line no-control-regex
const controlBesideLines = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/;

/** The first control character of a text, by name and, where it has several lines, with its line; null: none. */
function controlIn(text: string, hasLines: boolean): string | null {
  const found = (hasLines ? controlBesideLines : control).exec(text);
  if (found === null) return null;
  const [character] = found;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = character === '\0' ? 'the character NUL' : `the control character U+${code}`;
  const line = text.slice(0, found.index).split('\n').length;
  return hasLines && line > 1 ? `${name} in line ${line}` : name;
}
