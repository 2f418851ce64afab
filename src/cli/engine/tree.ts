import type { Command } from 'commander';
import type { Operation } from '../../platform/declare/operation.ts';
import type { Program } from '../../platform/declare/program.ts';
import { bindCommand, summaryOf } from './bind.ts';
import type { BoundView, Noun } from './views.ts';

// All operations as commands: `invoice line add` is the command `add` of `line` of `invoice`. An
// operation that no noun's file shows has a plain command, so that none can be forgotten.

/** Every command of these operations, by its words; those of the nouns' files as they say. */
export function viewsOf(operations: readonly Operation[], nouns: readonly Noun[]): ReadonlyMap<string, BoundView> {
  const views = new Map<string, BoundView>();
  for (const view of nouns.flatMap((noun) => noun.views)) {
    const name = view.name ?? view.operation.name;
    if (views.has(name)) throw new RangeError(`two commands are called ${name}`);
    views.set(name, view);
  }
  const shown = new Set([...views.values()].map((view) => view.operation));
  for (const operation of operations) {
    if (shown.has(operation) || operation.command?.none !== undefined) continue;
    if (views.has(operation.name)) throw new RangeError(`two commands are called ${operation.name}`);
    views.set(operation.name, { operation });
  }
  return views;
}

/**
 * Adds the commands of a program's operations. With `argv`, only the command that it names gets its arguments: to
 * bind all of them would cost more than most commands take.
 */
export function addOperations(
  command: Command,
  program: Program,
  nouns: readonly Noun[],
  argv: readonly string[] | null,
): void {
  const groups = new Map(nouns.map((noun) => [noun.name, noun]));
  const wanted = argv === null ? null : argv.join(' ');
  const views = viewsOf(program.operations, nouns);
  for (const [name, view] of views) {
    const words = name.split(' ');
    const verb = words.at(-1) as string;
    const noun = words.slice(0, -1);
    const parent = groupOf(command, noun, groups);
    if (parent.commands.some((there) => there.name() === verb)) continue;
    const isDefault = groups.get(noun.join(' '))?.defaultVerb === verb;
    const bound = parent.command(verb, { isDefault });
    const isWanted = wanted === null || wanted.startsWith(name) || (isDefault && wanted.startsWith(noun.join(' ')));
    if (isWanted) bindCommand(bound, view, program, views);
    else bound.summary(summaryOf(view));
  }
}

function groupOf(root: Command, words: readonly string[], groups: ReadonlyMap<string, Noun>): Command {
  let at = root;
  for (const [index, word] of words.entries()) {
    const there = at.commands.find((command) => command.name() === word);
    if (there !== undefined) {
      at = there;
      continue;
    }
    const noun = groups.get(words.slice(0, index + 1).join(' '));
    at = at.command(word).summary(noun?.summary ?? '');
    at.description(noun?.description ?? (noun === undefined ? '' : sentence(noun.summary)));
  }
  return at;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
