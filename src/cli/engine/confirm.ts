import { ArcadiaError } from '../../platform/errors.ts';
import { askLine, canAsk } from './output.ts';

/**
 * Asks on the terminal whether to go on; anything but yes is no. Where nobody can be asked, --yes
 * must say it.
 * @throws ArcadiaError invalid_argument: no terminal; cancelled: Ctrl-C
 */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  if (!canAsk()) {
    throw new ArcadiaError(
      'invalid_argument',
      'It asks before it goes on, and there is no terminal to ask on. To go on without being asked: --yes.',
    );
  }
  return /^y(es)?$/i.test((await askLine(`${question} [y/N] `, signal)).trim());
}
