import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Field } from './fields.ts';

/**
 * A secret that is not in the environment: typed where somebody can be asked, without being shown; else all
 * of standard input. Never an argument, which every user of the machine could read.
 * Errors: invalid_argument where there is none.
 */
export async function readSecret({ flag, description }: Field, variable: string): Promise<string> {
  const said = process.stdin.isTTY ? await ask(`${description || flag}: `) : await text(process.stdin);
  const secret = said.trim();
  if (secret !== '') return secret;
  throw new ArcadiaError('invalid_argument', `The ${flag} is missing.`, {
    todo: `Set ${variable}, or write it to standard input.`,
  });
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // In raw mode Ctrl-C is a key, not a signal.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
