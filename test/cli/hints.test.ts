import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { glob } from 'node:fs/promises';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { argumentsOf, readArguments } from '../../src/cli/engine/arguments-of.ts';
import { fieldsOf } from '../../src/cli/engine/fields.ts';
import { commandLine } from '../../src/cli/engine/next.ts';
import { buildProgram } from '../../src/cli/engine/program.ts';
import { viewsOf } from '../../src/cli/engine/tree.ts';
import { nouns } from '../../src/cli/nouns/index.ts';
import { program } from '../../src/modules.ts';
import { inputReader } from '../../src/platform/declare/input.ts';

// Whoever is told to run something runs it as it stands: in the help, in a message, in the documentation.

const root = fileURLToPath(new URL('../..', import.meta.url));
const views = viewsOf(program.operations, nouns);
const whole = buildProgram();

/** The words of a command line, as a shell splits them; what follows a pipe or a redirection is not its own. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replaceAll(/['"]/g, ''));
  const end = words.findIndex((word) => /^([|<>&;#]|2>)/.test(word));
  return end === -1 ? words : words.slice(0, end);
}

/** The deepest command that the words name, and what follows. */
function commandOf(words: readonly string[], from: Command = whole): { command: Command; rest: readonly string[] } {
  let at = from;
  for (const [index, word] of words.entries()) {
    const next = at.commands.find((child) => child.name() === word);
    if (next === undefined) return { command: at, rest: words.slice(index) };
    at = next;
  }
  return { command: at, rest: [] };
}

/** What is wrong with a command line that somebody would type as it stands; null: nothing. */
async function wrongWith(words: readonly string[]): Promise<string | null> {
  const found = commandOf(words, buildProgram([...words]));
  const isDefault = (child: Command) =>
    (found.command as unknown as { _defaultCommandName?: string })._defaultCommandName === child.name();
  const command = found.command.commands.find(isDefault) ?? found.command;
  if (found.rest[0] === '--help') return null;
  if (command.commands.length > 0 && !views.has(pathOf(command))) return `there is no command ${words.join(' ')}`;
  const { operands, unknown } = command.parseOptions([...found.rest]);
  if (unknown.length > 0) return `unknown: ${unknown.join(' ')}`;
  const args = command.registeredArguments;
  if (operands.length < args.filter(({ required }) => required).length) return 'too few arguments';
  if (operands.length > args.length && args.at(-1)?.variadic !== true) return 'too many arguments';
  const missing = command.options.filter(
    (one) => one.mandatory && command.getOptionValue(one.attributeName()) === undefined,
  );
  if (missing.length > 0) return `needs ${missing.map(({ long }) => long).join(', ')}`;
  const name = [...views.keys()].find((one) => one === pathOf(command));
  return name === undefined ? null : refusal(name, command, operands);
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** What the operation's schemas say of it; files are not read. */
async function refusal(name: string, command: Command, operands: readonly string[]): Promise<string | null> {
  const view = views.get(name);
  if (view === undefined) return `no view ${name}`;
  if (view.own !== undefined) return null;
  const bound = argumentsOf(view);
  const isFile = ({ kind }: (typeof bound.flags)[number]) =>
    kind === 'file' || kind === 'bytes' || kind === 'named-file' || (typeof kind === 'object' && 'yaml' in kind);
  if (bound.secrets.length > 0 || [...bound.positional, ...bound.flags].some(isFile)) return null;
  const last = bound.positional.length - 1;
  const args = bound.positional.map((field, index) =>
    field.isList && index === last ? operands.slice(index) : operands[index],
  );
  try {
    inputReader(view.operation)(await readArguments(view, bound, args, command.opts()));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

test('every example of the help is a command that can be run as it stands', async () => {
  const wrong: string[] = [];
  for (const [name, { example }] of views) {
    const lines = [...(example ?? '').replaceAll('\\\n', ' ').matchAll(/^\$ .*?\barcadia (.*)$/gm)].map(
      ([, line = '']) => line,
    );
    if (example !== undefined && lines.length === 0) wrong.push(`${name}: no command`);
    for (const line of lines) {
      const reason = await wrongWith(wordsOf(line));
      if (reason !== null) wrong.push(`${line}: ${reason}`);
    }
  }
  expect(wrong.join('\n')).toBe('');
});

/** What the program is called in a sentence, and no command follows. */
const prose =
  /^(is|to|that|issues|reads|makes|made|again|database|databases|listener|server|worker|processes|jobs|api|at|as|event|backup|restore|metering)\b/;

/** What is wrong with a command in the middle of a text, whose values are placeholders. */
function wrongInText(text: string): string | null {
  const words = text.split(/\s+/).map((word) => word.replaceAll(/\\n.*$/g, ''));
  const end = words.findIndex((word) => /[.,;:)]$/.test(word));
  const own = (end === -1 ? words : words.slice(0, end + 1)).map((word) => word.replace(/[.,;:)]+$/, ''));
  const { command, rest } = commandOf(own);
  if (command === whole) return own[0] === '--version' ? null : `there is no command ${own[0]}`;
  if (command.commands.length > 0 && rest[0]?.startsWith('$') === true) return null;
  const isGroup = command.commands.length > 0;
  const hasDefault = (command as unknown as { _defaultCommandName?: string | null })._defaultCommandName != null;
  if (isGroup && !hasDefault && /^[a-z]/.test(rest[0] ?? '')) return `there is no command ${own.join(' ')}`;
  const flags = rest.filter((word) => /^--[a-z]/.test(word) && word !== '--help' && word !== '--version');
  const isBound =
    isGroup && hasDefault
      ? commandOf([(command as unknown as { _defaultCommandName: string })._defaultCommandName], command).command
      : command;
  const unknown = flags.filter((flag) => isBound.options.every(({ long }) => long !== flag.split('=')[0]));
  return unknown.length === 0 ? null : `${own.join(' ')}: unknown ${unknown.join(' ')}`;
}

test('every command that a message or the documentation names is there, with its flags', async () => {
  const wrong: string[] = [];
  let seen = 0;
  const files = await Array.fromAsync(glob(['src/**/*.ts', 'docs/**/*.md', '*.md'], { cwd: root }));
  for (const file of files.filter((name) => !/\.test\.ts$|CHANGELOG/.test(name))) {
    const text = readFileSync(`${root}/${file}`, 'utf8').replaceAll('\\\n', ' ');
    for (const [, line = ''] of text.matchAll(/(?<![\w/@-])arcadia ((?:[a-z]|--)[^\n`'"|>]*)/g)) {
      if (prose.test(line)) continue;
      seen += 1;
      const reason = wrongInText(line);
      if (reason !== null) wrong.push(`${file}: ${reason}`);
    }
  }
  expect(wrong.join('\n')).toBe('');
  expect(seen).toBeGreaterThan(300);
});

/** Lines of the shell blocks of a page, those that go on with a backslash joined. */
function shellLines(text: string): string[] {
  const blocks = [...text.matchAll(/^```(?:sh|bash|console)?\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.replaceAll(/ *\\\n */g, ' ').split('\n'));
}

/** What stands for a value of the reader's in documentation, by where it stands. */
function filled(line: string): string {
  return line
    .replaceAll(/\b(?:NUMBER|INVOICE|ID|RULE|RESOURCE)(?:_[A-Z_]+)?\b/g, '17')
    .replaceAll(/\b[A-Z]{4,}(?:_[A-Z]+)*\b(?!=)/g, 'acme');
}

test('every line of a shell block of the documentation can be typed as it stands', async () => {
  const wrong: string[] = [];
  let seen = 0;
  const scripts = Object.keys(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')).scripts);
  const paths = program.operations.map(({ path }) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`));
  const pages = await Array.fromAsync(glob(['*.md', 'docs/*.md', 'src/*/README.md'], { cwd: root }));
  for (const page of pages.filter((name) => !name.startsWith('CHANGELOG'))) {
    for (const line of shellLines(readFileSync(`${root}/${page}`, 'utf8'))) {
      for (const [, typed = ''] of line.matchAll(
        /(?:^|[$(|;&] ?|[A-Z]=\S+ )(?:\.\/)?arcadia ((?:[a-z]|--)[^)|;&#]*)/g,
      )) {
        // A file that is begun with a backup's first words is no command.
        if (prose.test(typed)) continue;
        seen += 1;
        const reason = await wrongWith(wordsOf(filled(typed)));
        if (reason !== null) wrong.push(`${page}: arcadia ${typed}: ${reason}`);
      }
      for (const [, script = ''] of line.matchAll(/\bnpm (?:run (?:-s )?)?([a-z]+)/g))
        if (!scripts.includes(script) && !['ci', 'install'].includes(script)) wrong.push(`${page}: npm ${script}`);
      for (const [, path = ''] of line.matchAll(/\/api\/v1(\/[\w/.:{}$-]+)/g)) {
        seen += 1;
        const own = path.replace(/\.(csv|xlsx|parquet)$/, '');
        if (!paths.some((one) => one.test(own)) && !/^\/(docs|openapi)/.test(own))
          wrong.push(`${page}: there is no ${path}`);
      }
    }
  }
  expect(wrong.join('\n')).toBe('');
  expect(seen).toBeGreaterThan(100);
});

test('every next operation that an error names is there, takes what it is given, and has a command', async () => {
  const wrong: string[] = [];
  let seen = 0;
  for await (const file of glob('src/**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts')) continue;
    const text = readFileSync(`${root}/${file}`, 'utf8');
    for (const [, name = '', given = ''] of text.matchAll(
      /\boperation: '([a-z]+ [a-z ]+)'(?:,\s*arguments: \{([^}]*)\})?/g,
    )) {
      seen += 1;
      const operation = program.operations.find((one) => one.name === name);
      const names = given
        .split(',')
        .flatMap((part) => /^\s*(?:'([\w.]+)'|(\w+))/.exec(part)?.slice(1).filter(Boolean) ?? []);
      if (operation === undefined) wrong.push(`${file}: there is no operation ${name}`);
      else {
        const known = [...views.values()]
          .filter((view) => view.operation === operation)
          .flatMap((view) => [
            ...fieldsOf(operation, view.fixed ?? {}).map(({ path }) => path.join('.')),
            ...Object.keys(view.fixed ?? {}),
          ]);
        const strange = names.filter((one) => !known.includes(one));
        if (strange.length > 0) wrong.push(`${file}: ${name} has no ${strange.join(', ')}`);
        const literals = new Map([...given.matchAll(/(\w+): '([^']*)'/g)].map(([, field, value]) => [field, value]));
        const isOffered = [...views.values()].some(
          ({ operation: own, fixed = {} }) =>
            own === operation &&
            Object.entries(fixed).every(
              ([field, value]) => names.includes(field) && (literals.get(field) ?? value) === value,
            ),
        );
        if (!isOffered && operation.command?.none === undefined) wrong.push(`${file}: ${name} has no command`);
      }
    }
  }
  expect(wrong.join('\n')).toBe('');
  expect(seen).toBeGreaterThan(20);
});

test('help of a group of commands is an answer', async () => {
  const { run } = await import('../../src/cli/engine/program.ts');
  const write = process.stdout.write;
  process.stdout.write = () => true;
  try {
    await run(['help', 'rule']);
    await run(['rule', '--help']);
  } finally {
    process.stdout.write = write;
  }
  expect(process.exitCode ?? 0).toBe(0);
});

test('a hint that only names the day from which something counts leads to the help, not to a change of nothing', () => {
  const line = commandLine(views, { operation: 'entity set', arguments: { entity: 'default', from: '2026-05-01' } });
  expect(line).toBe('arcadia entity set default --from 2026-05-01 --help');
});
