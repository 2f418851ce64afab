import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { program } from '../../modules.ts';
import { nouns } from '../nouns/index.ts';
import { buildProgram } from './program.ts';
import { viewsOf } from './tree.ts';

const views = viewsOf(program.operations, nouns);

/** What can be run, by all its words: commands without commands of their own, and operations that have some. */
function runnable(command: Command, path: readonly string[] = []): { words: string; command: Command }[] {
  const words = path.join(' ');
  const below = command.commands.flatMap((child) => runnable(child, [...path, child.name()]));
  return command.commands.length === 0 || views.has(words) ? [{ words, command }, ...below] : below;
}

/** The help as it is shown, the text after the options included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

const commands = runnable(buildProgram());

test('there is every command that the documentation promises', () => {
  const words = commands.map((leaf) => leaf.words);
  const promised = `
    start, demo pilot, demo agency, simulate, account connect, account list, account check, resource list,
    resource show, resource settings, customer list, customer import, deployment list, deployment show, deployment create,
    deployment ownership, deployment assign, deployment unassign, rule list, rule preview, rule apply, rule suggest, meter run, usage show, plan list, plan show,
    db migrate, db status`;
  expect(words).toEqual(expect.arrayContaining(promised.split(',').map((one) => one.trim())));
});

test("a command's own --version is not the program's", async () => {
  const words = ['bill', 'show', '3', '--version', '1'];
  const built = buildProgram(words);
  const parsed: unknown[] = [];
  const found = runnable(built).find((leaf) => leaf.words === 'bill show')?.command;
  found?.action((_bill: string, options: unknown) => void parsed.push(options));
  await built.parseAsync(words, { from: 'user' });
  expect(parsed).toEqual([expect.objectContaining({ version: ['1'] })]);
  const whole = buildProgram().configureOutput({ writeOut: () => {} });
  await expect(whole.parseAsync(['--version'], { from: 'user' })).rejects.toMatchObject({ code: 'commander.version' });
});

test.each([60, 80, 120])('paragraphs of the help fill a terminal of %i columns', (width) => {
  const early = commands.flatMap(({ words, command }) => {
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => width });
    command.outputHelp({ error: false });
    const lines = text.slice(0, text.indexOf('\nOptions:')).split('\n');
    return lines.flatMap((line, index) => {
      const [next = ''] = (lines[index + 1] ?? '').split(' ');
      const isProse = /^\S/.test(line) && next !== '' && !/^(Usage|Arguments):/.test(line);
      return isProse && `${line} ${next}`.length < width ? [`${words}: ${line}`] : [];
    });
  });
  expect(early).toEqual([]);
});

describe('commands and operations', () => {
  const architecture = readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8');

  /** What stands in the first column under a heading. */
  function listedUnder(heading: string): readonly string[] {
    const [, section = ''] = architecture.split(`\n## ${heading}\n`);
    const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
    return rows.flatMap((row) =>
      [...(row.split(' | ')[0] ?? '').matchAll(/`([a-z ]+)`/g)].map(([, name = '']) => name),
    );
  }

  test('each operation has a route, and a command or a reason to have none, which the page names', () => {
    const bound = new Set([...views.values()].map(({ operation }) => operation));
    expect(program.operations.filter(({ path }) => !path.startsWith('/'))).toEqual([]);
    const unbound = program.operations.filter((operation) => !bound.has(operation));
    expect(unbound.filter(({ command }) => command?.none === undefined)).toEqual([]);
    expect(listedUnder('Operations that are no command').toSorted()).toEqual(
      unbound.map(({ name }) => name).toSorted(),
    );
    const words = commands.map((leaf) => leaf.words);
    expect([...views.keys()].filter((name) => !words.includes(name))).toEqual([]);
  });

  test('each command that is no operation is on the page with its reason, and no other is', () => {
    const listed = listedUnder('Commands that are no operation');
    const local = commands.map((leaf) => leaf.words).filter((words) => !views.has(words));
    const isListed = (words: string) => listed.some((name) => words === name || words.startsWith(`${name} `));
    expect(local.filter((words) => !isListed(words))).toEqual([]);
    expect(listed.filter((name) => !local.some((words) => words === name || words.startsWith(`${name} `)))).toEqual([]);
  });
});

test('each group of commands says what it is about', () => {
  const groups = (command: Command): Command[] =>
    command.commands.filter(({ commands: children }) => children.length > 0).flatMap((each) => [each, ...groups(each)]);
  const silent = groups(buildProgram()).filter((group) => group.summary() === '' && group.description() === '');
  expect(silent.map((group) => group.name())).toEqual([]);
});

describe.each(commands)('arcadia $words', ({ words, command }) => {
  test('shows an example of itself, takes --json, and takes no secret', () => {
    const help = helpOf(command);
    const [, example = ''] = help.split('\nExample:\n');
    const noun = nouns.find(({ name, defaultVerb }) => words === `${name} ${defaultVerb}`);
    expect(example).toContain(`arcadia ${noun?.name ?? words}`);
    expect(help).toContain('--json');
    expect(command.options.map((option) => option.long)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^--(token|secret|password|database-url)$/)]),
    );
  });
});
