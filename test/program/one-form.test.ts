import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildProgram } from '../../src/cli/engine/program.ts';
import { fieldsOf } from '../../src/cli/engine/fields.ts';
import { placesOf } from '../../src/cli/local/completion.ts';
import { program } from '../../src/modules.ts';

// The same thing has the same name in every command and operation, and a value has one form.

const commands = placesOf(buildProgram()).filter(({ commands: below }) => below.length === 0);

/** What a flag is not called, and what it is. */
const others: Readonly<Record<string, string>> = {
  '--output': '--out',
  '--file': 'an argument',
  '--on': '--at',
  '--as-of': '--at',
  '--date': '--at',
  '--start': '--from',
  '--since': '--from',
  '--end': '--to',
  '--until': '--to',
  '--preview': '--dry-run',
  '--check': '--dry-run',
  '--diff': '--dry-run',
  '--search': '--q',
  '--query': '--q',
  '--confirm': '--yes',
  '--page': '--cursor',
  '--id': 'the name of what it is the id of',
};

test('no flag has a second name', () => {
  const wrong = commands.flatMap(({ words, flags }) =>
    flags.filter(({ name }) => name in others).map(({ name }) => `${words} ${name}: ${others[name]}`),
  );
  expect(wrong).toEqual([]);
});

test('--to is always the end of a time that --from begins: what something is written to is --out', () => {
  const has = (flags: readonly { readonly name: string }[], wanted: string) =>
    flags.some(({ name }) => name === wanted);
  // Usage is moved to another store, which is no place for a file; what is ignored is ignored from now on.
  const others = ['usage move', 'drift ignore'];
  const wrong = commands.filter(
    ({ words, flags }) => !others.includes(words) && has(flags, '--to') && !has(flags, '--from'),
  );
  expect(wrong.map(({ words }) => words)).toEqual([]);
});

/** What is done to many at once, or as one document says: a --dry-run of each. */
const tried = [
  'blueprint apply',
  'declaration apply',
  'declaration adopt',
  'deployment change',
  'deployment create',
  'deployment destroy',
  'gateway replay',
  'invoice approve-month',
  'invoice issue-month',
  'job cancel',
  'job retry',
  'kind disable',
  'kind enable',
  'kind set',
];

test('what is there before it is written is a --dry-run of an import, and a preview of what is applied', () => {
  const dry = commands.filter(({ flags }) => flags.some(({ name }) => name === '--dry-run')).map(({ words }) => words);
  for (const words of dry.filter((one) => !tried.includes(one))) expect(words).toMatch(/ import$/);
  const names = commands.map(({ words }) => words);
  for (const words of names.filter((one) => one.endsWith(' apply') && !tried.includes(one)))
    expect(names).toContain(words.replace(/ apply$/, ' preview'));
});

/** What is not ours to hand out again: the provider's own document. */
const notExported = ['bill import'];
/** A file of these has the rows of the list: its --csv is the export. */
const listedAsFile = ['exchange-rate import', 'invoice payment import'];

test('what is applied or imported can be exported', () => {
  const names = commands.map(({ words }) => words);
  const others = [...notExported, ...listedAsFile];
  for (const words of names.filter((one) => / (apply|import)$/.test(one) && !others.includes(one)))
    expect(names).toContain(words.replace(/ (apply|import)$/, ' export'));
  for (const words of listedAsFile) {
    const list = commands.find((one) => one.words === words.replace(/ import$/, ' list'));
    expect(list?.flags.map(({ name }) => name)).toContain('--csv');
  }
});

test('a value of a name has one kind wherever it is given: a moment takes a day, which is its first moment', () => {
  const kinds = new Map<string, Set<string>>();
  for (const operation of program.operations) {
    for (const { place, path, kind } of fieldsOf(operation)) {
      const name = path.at(-1) ?? '';
      if (place === 'body' || typeof kind !== 'string' || !/^(at|from|to|month|limit|cursor)$/.test(name)) continue;
      kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
    }
  }
  for (const name of ['at', 'from', 'to'])
    expect(['day', 'moment']).toEqual(expect.arrayContaining([...(kinds.get(name) ?? [])]));
  for (const name of ['month', 'limit', 'cursor']) expect(kinds.get(name)?.size).toBe(1);
});

/** Where an answer has a property with a name, by the operation's: `job show: items.id`. */
function placesNamed(wanted: string): string[] {
  const found: string[] = [];
  let seen = 0;
  for (const operation of program.operations) {
    const schema =
      operation.shape === 'list' ? operation.row : operation.shape === 'action' ? operation.response : null;
    if (schema == null) continue;
    const walk = (node: unknown, path: readonly string[]): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === 'properties' && typeof value === 'object' && value !== null) {
          for (const [name, own] of Object.entries(value)) {
            seen += 1;
            if (name === wanted) found.push(`${operation.name}: ${[...path, name].join('.')}`);
            walk(own, [...path, name]);
          }
        } else walk(value, path);
      }
    };
    walk(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }), []);
  }
  expect(seen).toBeGreaterThan(500);
  return found;
}

test('an answer names what an id is of: nothing in one is called id alone', () => {
  expect(placesNamed('id')).toEqual([]);
  const params = program.operations.filter(({ path }) => path.split('/').includes(':id'));
  expect(params.map(({ name }) => name)).toEqual([]);
});
