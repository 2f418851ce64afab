import type { Ms } from '../time.ts';

/** What something is from an instant on. */
export interface Dated<T> {
  readonly at: Ms;
  readonly value: T;
}

/** Says what it is from `at` on, which is not before what was said last. The same again is nothing new. */
export function setFrom<T>(history: Dated<T>[], at: Ms, value: T): void {
  if (history.at(-1)?.at === at) history.pop();
  if (history.at(-1)?.value !== value) history.push({ at, value });
}

/** What it was at an instant; before the first, what it was first. Undefined: never anything. */
export function valueAt<T>(history: readonly Dated<T>[], at: Ms): T | undefined {
  let found = history[0];
  for (const step of history) {
    if (step.at > at) break;
    found = step;
  }
  return found?.value;
}
