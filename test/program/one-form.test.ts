import { expect, test } from 'vitest';
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

test('what is there before it is written is a --dry-run of an import, and a preview of what is applied', () => {
  const dry = commands.filter(({ flags }) => flags.some(({ name }) => name === '--dry-run')).map(({ words }) => words);
  for (const words of dry) expect(words).toMatch(/ import$/);
  const names = commands.map(({ words }) => words);
  for (const words of names.filter((one) => one.endsWith(' apply')))
    expect(names).toContain(words.replace(/ apply$/, ' preview'));
});

/** What is not ours to hand out again: the provider's own document, and customers, whose lists are CSV over HTTP. */
const notExported = ['bill import', 'customer import'];

test('what is applied or imported can be exported', () => {
  const names = commands.map(({ words }) => words);
  for (const words of names.filter((one) => / (apply|import)$/.test(one) && !notExported.includes(one)))
    expect(names).toContain(words.replace(/ (apply|import)$/, ' export'));
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
