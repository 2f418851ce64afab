// What somebody is typing outlives a reload, in this tab and for the same person.

const prefix = 'arcadia.draft.plan.';

/** What was typed; null: nothing was, or by somebody else. */
export function readDraft(subject: string, plan: string): string | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(`${prefix}${plan}`) ?? 'null') as {
      subject?: unknown;
      text?: unknown;
    } | null;
    return kept?.subject === subject && typeof kept.text === 'string' ? kept.text : null;
  } catch {
    return null;
  }
}

/** null: nothing is typed any more. */
export function writeDraft(subject: string, plan: string, text: string | null): void {
  try {
    if (text === null) sessionStorage.removeItem(`${prefix}${plan}`);
    else sessionStorage.setItem(`${prefix}${plan}`, JSON.stringify({ subject, text }));
  } catch {
    // Storage is full or switched off: it stays in the field.
  }
}
