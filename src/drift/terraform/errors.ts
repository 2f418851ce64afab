import { ArcadiaError } from '../../platform/errors.ts';

/** A file that is not read. The sentence tells what it is, and quotes nothing of it: there may be secrets in it. */
export function refused(why: string, todo?: string): ArcadiaError {
  return new ArcadiaError('invalid_argument', why, todo === undefined ? {} : { todo });
}
