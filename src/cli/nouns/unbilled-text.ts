import type { NextOperation } from '../../platform/errors.ts';
import { commandLine } from '../engine/next.ts';
import { viewsOf } from '../engine/tree.ts';
import { kindNoun } from './kind.ts';

interface Remark {
  readonly message: string;
  readonly next?: NextOperation | null | undefined;
}

/** What is used and not billed, a remark each, with the command that helps: of billing kinds it is one. */
export function unbilledNotes(remarks: readonly Remark[]): string[] {
  const views = viewsOf([], [kindNoun]);
  return remarks.map(({ message, next }) => {
    const command = next ? commandLine(views, next) : null;
    return command === null ? message : `${message} To bill it: ${command}`;
  });
}
