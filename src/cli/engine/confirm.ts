import { createInterface } from 'node:readline/promises';
import { ArcadiaError } from '../../platform/errors.ts';

/**
 * Asks on the terminal whether to go on; anything but yes is no. Where nobody can be asked, --yes
 * must say it.
 * @throws ArcadiaError invalid_argument: no terminal; cancelled: Ctrl-C
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new ArcadiaError(
      'invalid_argument',
      'Nothing was written: there is no terminal to ask on, and --yes is not given.',
    );
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}
