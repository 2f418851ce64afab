import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { nouns } from '../nouns/index.ts';
import { buildProgram } from './program.ts';

/** What can be run: commands without commands of their own, by all their words. */
function leaves(command: Command, words: readonly string[] = []): { words: string; command: Command }[] {
  if (command.commands.length === 0) return [{ words: words.join(' '), command }];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

/** The help as it is shown, the text after the options included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

const commands = leaves(buildProgram());

test('there is every command that the documentation promises', () => {
  const words = commands.map((leaf) => leaf.words);
  const promised = `
    start, demo pilot, demo agency, simulate, account connect, account list, account check, resource list,
    resource show, resource settings, customer list, customer import, deployment list, deployment show, deployment create,
    deployment ownership, deployment assign, deployment unassign, rule list, rule preview, rule apply, rule suggest, meter run, usage show, plan list, plan show,
    db migrate, db status`;
  expect(words).toEqual(expect.arrayContaining(promised.split(',').map((one) => one.trim())));
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
