import type { NextOperation } from '../../platform/errors.ts';

interface Remark {
  readonly message: string;
  readonly next?: NextOperation | null | undefined;
}

/** What is used and billed to nobody, a remark each, with the command that helps. */
export function unbilledNotes(remarks: readonly Remark[]): string[] {
  return remarks.map(({ message, next }) => {
    const { kind, fromDay } = next?.arguments ?? {};
    return next?.operation === 'kind set'
      ? `${message} To bill it: arcadia kind set ${kind} --enabled --from ${fromDay}`
      : message;
  });
}
