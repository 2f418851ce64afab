import { ArcadiaError } from '../../platform/errors.ts';
import { askLine, canAsk } from './output.ts';

/**
 * Asks on the terminal whether to go on; anything but yes is no. Where nobody can be asked, --yes
 * must say it. `untouched`: how things are if nobody agrees, a whole sentence.
 * @throws ArcadiaError invalid_argument: no terminal; cancelled: Ctrl-C
 */
export async function confirm(question: string, signal: AbortSignal, untouched: string): Promise<boolean> {
  if (!canAsk()) {
    throw new ArcadiaError('invalid_argument', `${untouched} There is no terminal to ask on, and --yes is not given.`);
  }
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, signal)).trim());
}
