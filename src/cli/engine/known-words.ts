import type { Command } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';

// Whether the words of a command line name a command, with --help and without. The library answers "nothing --help"
// with the help of what stands before it, as if that had been asked for.

/** How many letters a word may differ in, at most, to be what was meant. */
const distanceMax = 3;

/** Errors: invalid_argument for words that are no command, with those that are nearest. */
export function refuseUnknown(root: Command, argv: readonly string[]): void {
  let at = root;
  const words: string[] = [];
  for (const word of argv) {
    if (word.startsWith('-')) continue;
    // What has no commands takes arguments.
    if (at.commands.length === 0) return;
    if (word === 'help') return;
    const found = at.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (found === undefined) {
      if (hasDefault(at)) return;
      throw unknown(at, words, word);
    }
    words.push(word);
    at = found;
  }
}

/** `usage acme` is `usage show acme`: what follows may be an argument. */
function hasDefault(command: Command): boolean {
  return (command as Command & { readonly _defaultCommandName?: string | null })._defaultCommandName != null;
}

function unknown(at: Command, before: readonly string[], word: string): ArcadiaError {
  const names = at.commands.map((one) => one.name());
  const line = ['arcadia', ...before].join(' ');
  // `list`: the same word one level deeper.
  const deeper = at.commands.filter((one) => one.commands.some((two) => two.name() === word));
  const meant =
    deeper.length > 0
      ? deeper.map((one) => `${line} ${one.name()} ${word}`)
      : nearest(word, names).map((name) => `${line} ${name}`);
  const question = meant.length === 0 ? '' : ` Did you mean ${meant.slice(0, 4).join(', ')}?`;
  return new ArcadiaError('invalid_argument', `There is no command "${line} ${word}".${question}`, {
    todo: `${line} --help lists the commands.`,
  });
}

function nearest(word: string, names: readonly string[]): readonly string[] {
  const near = names
    .map((name) => ({ name, distance: name.startsWith(word) || word.startsWith(name) ? 1 : distanceOf(word, name) }))
    .filter(({ name, distance }) => distance <= Math.min(distanceMax, Math.max(name.length, word.length) * 0.6));
  const least = Math.min(...near.map(({ distance }) => distance));
  return near.filter(({ distance }) => distance === least).map(({ name }) => name);
}

/** Letters to insert, delete or replace, so that one becomes the other. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1];
    for (const [j, against] of Array.from(other).entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === against ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
