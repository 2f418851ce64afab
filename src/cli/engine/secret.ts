import { text } from 'node:stream/consumers';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Field } from './fields.ts';
import { askHidden } from './output.ts';

/**
 * A secret that is not in the environment: typed where somebody can be asked, without being shown; else all
 * of standard input. Never an argument, which every user of the machine could read.
 * Errors: invalid_argument where there is none.
 */
export async function readSecret({ flag, description }: Field, variable: string): Promise<string> {
  const said = process.stdin.isTTY ? await askHidden(`${description || flag}: `) : await text(process.stdin);
  const secret = said.trim();
  if (secret !== '') return secret;
  throw new ArcadiaError('invalid_argument', `The ${flag} is missing.`, {
    todo: `Set ${variable}, or write it to standard input.`,
  });
}
