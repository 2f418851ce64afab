import type { StepRecord } from './create-step.ts';
import type { EffectRecord } from './effect-step.ts';

/** What is noted down here is done at once, or not at all. */
export type NoteRecord = { readonly state: 'new' } | { readonly state: 'done' };

/** Of all attempts at a step, whatever has become of the last one. */
export interface History {
  /** Something may have been carried out under its mark. */
  readonly sentOnce: boolean;
  /** The marks under which it was tried before: something may carry them yet. */
  readonly formerMarks: readonly string[];
  /** The size of a droplet before anything was sent to it; null: none was seen. */
  readonly sizeBefore: string | null;
}

/** A write was sent. */
export function afterSending(history: History, sizeBefore: string | null = null): History {
  return { ...history, sentOnce: true, sizeBefore: history.sizeBefore ?? sizeBefore };
}

/** The first write was refused for good: nothing can have come of it. */
export function afterFirstRefusal(history: History): History {
  return { ...history, sentOnce: false, sizeBefore: null };
}

export type Stored<Record> = Record & { readonly history: History };

const noHistory: History = { sentOnce: false, formerMarks: [], sizeBefore: null };

/** The undoing of a step; `stays`: what it made is not destroyed, and why. */
export type UndoRecord = EffectRecord | { readonly state: 'stays'; readonly reason: string };

const instants: ReadonlySet<string> = new Set(['notBefore', 'intentAt', 'acceptedAt', 'busySince']);

function revive(stored: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stored as Record<string, unknown>).map(([name, value]) => [
      name,
      instants.has(name) && typeof value === 'string' ? Temporal.Instant.from(value) : value,
    ]),
  );
}

/** A record as it was stored by the process before. */
export function decodeStep<Record extends StepRecord | EffectRecord | NoteRecord>(stored: unknown): Stored<Record> {
  return { history: noHistory, ...revive(stored) } as Stored<Record>;
}

export function decodeUndo(stored: unknown): UndoRecord | null {
  return stored === null ? null : (revive(stored) as UndoRecord);
}
