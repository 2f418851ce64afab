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

/** Where a text holds what no text in PostgreSQL can, the character NUL; or where a value goes too deep. */
export function findUnfit(value: unknown, place: ProblemError['in']): ProblemError | null {
  const found = unfit(value, 0);
  if (found === null) return null;
  const steps = found.path.toReversed();
  return {
    in: place,
    pointer: place === 'body' ? steps.map((step) => `/${step}`).join('') : steps.join('.'),
    detail: found.detail,
  };
}

/** The path from the innermost step outwards, so that none is made for what is as it should be. */
function unfit(value: unknown, depth: number): { readonly path: string[]; readonly detail: string } | null {
  if (typeof value === 'string') return value.includes('\0') ? { path: [], detail: 'holds the character NUL' } : null;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return null;
  if (depth >= depthMax) return { path: [], detail: `is nested more than ${depthMax} deep` };
  const isList = Array.isArray(value);
  const names = isList ? value.keys() : Object.keys(value);
  for (const name of names) {
    if (typeof name === 'string' && name.includes('\0'))
      return { path: [], detail: 'has a name with the character NUL' };
    const found = unfit((value as Readonly<Record<string | number, unknown>>)[name], depth + 1);
    if (found !== null) return { ...found, path: [...found.path, String(name)] };
  }
  return null;
}

/** Of a body of JSON, all values at every depth. What asks for most, a file of rules, has 16,000. */
const valuesMax = 50_000;
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, openObject] = [0x5b, 0x7b];

/**
 * Refuses a body of JSON that has more values than any operation takes, before they are made: to make and to check
 * half a million of them, which a mebibyte can hold, takes a second. Errors: invalid_argument.
 */
export function assertFewValues(json: Uint8Array): void {
  let values = 1;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === quote) {
      // To the end of the text, over what is escaped in it.
      for (at += 1; at < json.length && json[at] !== quote; at += 1) if (json[at] === backslash) at += 1;
    } else if (byte === comma || byte === openList || byte === openObject) values += 1;
  }
  if (values > valuesMax)
    throw new InvalidRequest([{ in: 'body', pointer: '', detail: `holds more than ${valuesMax} values` }]);
}
