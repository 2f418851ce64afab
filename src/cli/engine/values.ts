import type { z } from 'zod';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Field, ValueKind } from './fields.ts';
import { readBytes, readInput } from './input.ts';

// What somebody typed, as the value that an operation's schema reads. What is no such value stays as it
// was typed: the schema refuses it, and says why.

/** One value of a field; `texts` are all that were given. */
export async function readValue(field: Field, texts: readonly string[]): Promise<unknown> {
  const { kind, isList, isNullable, word } = field;
  if (kind === 'pair' || kind === 'scalar-pair') return readPairs(field, texts);
  if (word !== null && texts.length === 1 && texts[0] === word) return word;
  if (isList) return Promise.all(splitList(kind, texts).map((text) => readOne(field, kind, text)));
  const text = texts.at(-1) ?? '';
  if (isNullable && text === '') return null;
  return readOne(field, kind, text);
}

/** Several are given by repeating the flag, or between commas or line breaks. */
function splitList(kind: ValueKind, texts: readonly string[]): readonly string[] {
  if (kind === 'json' || kind === 'file' || kind === 'bytes' || kind === 'named-file') return texts;
  return texts.flatMap((text) => text.split(/,|\r?\n/).map((item) => item.trim())).filter((item) => item !== '');
}

async function readOne(field: Field, kind: ValueKind, text: string): Promise<unknown> {
  if (kind === 'file') return readInput(text);
  if (kind === 'bytes') return readBytes(text);
  if (kind === 'named-file') return { name: text, text: await readInput(text) };
  if (kind === 'json') return readJson(field, text);
  if (kind === 'integer') return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
  if (kind === 'number') return /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text;
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  // A day stands for its first moment.
  if (kind === 'moment') return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  if (typeof kind === 'object')
    return 'yaml' in kind ? readYaml(text, kind.yaml) : readCompact(field, kind.compact, text);
  return text;
}

async function readCompact(
  field: Field,
  parts: readonly { readonly name: string; readonly kind: ValueKind }[],
  text: string,
): Promise<Record<string, unknown>> {
  const values = text.split(':');
  if (values.length > parts.length) {
    const form = parts.map(({ name }) => name).join(':');
    throw new ArcadiaError('invalid_argument', `${label(field)} "${text}" has too many parts; write ${form}.`);
  }
  const entries = await Promise.all(
    values.map(async (value, index) => {
      const part = parts[index] as { name: string; kind: ValueKind };
      return [part.name, await readOne(field, part.kind, value)] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** An empty text is no pair at all. */
function readPairs(field: Field, texts: readonly string[]): Record<string, unknown> {
  const pairs = texts.filter((text) => text !== '').map((text) => readPair(field, text));
  for (const [index, [name, value]] of pairs.entries()) {
    const before = pairs.slice(0, index).find(([other]) => other === name);
    if (before === undefined) continue;
    throw new ArcadiaError('invalid_argument', `${label(field)} gives ${name} twice: ${before[1]} and ${value}.`);
  }
  return Object.fromEntries(
    field.kind === 'pair' ? pairs : pairs.map(([name, value]) => [name, readScalar(value)] as const),
  );
}

function readScalar(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : text;
}

function readPair(field: Field, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw new ArcadiaError('invalid_argument', `${label(field)} "${text}" is not name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function takeText(content: unknown, asWritten: unknown, path: readonly PropertyKey[]): void {
  const [step, ...rest] = path;
  if (step === undefined || content === null || typeof content !== 'object') return;
  const at = content as Record<PropertyKey, unknown>;
  const written = (asWritten as Record<PropertyKey, unknown> | null)?.[step];
  if (rest.length > 0) takeText(at[step], written, rest);
  else if (['number', 'boolean'].includes(typeof at[step]) && typeof written === 'string') at[step] = written;
}

function readJson(field: Field, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ArcadiaError('invalid_argument', `${label(field)} is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

/** Where the schema wants text, a number or a truth value is the text as it is written: the tag 0123 is no 123. */
async function readYaml(file: string, schema: z.ZodType): Promise<unknown> {
  const { parse } = await import('yaml');
  const text = await readInput(file);
  try {
    const content: unknown = parse(text);
    const asWritten: unknown = parse(text, { schema: 'failsafe' });
    for (const issue of schema.safeParse(content).error?.issues ?? []) {
      if (issue.code === 'invalid_type' && issue.expected === 'string') takeText(content, asWritten, issue.path);
    }
    return content;
  } catch (cause) {
    const [why] = (cause as Error).message.split('\n');
    throw new ArcadiaError('invalid_argument', `${file} is neither YAML nor JSON: ${why}`, { cause });
  }
}

function label({ flag }: Field): string {
  return `--${flag}`;
}
