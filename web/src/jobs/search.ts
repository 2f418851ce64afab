import { textOf } from '../app/address.ts';

export const states = ['waiting', 'scheduled', 'running', 'completed', 'cancelled', 'dead'] as const;
export type JobState = (typeof states)[number];

export interface JobsSearch {
  /** The beginning of an id, or a part of an argument. */
  readonly q?: string;
  readonly queue?: string;
  readonly job?: string;
  readonly state?: JobState;
  /** UTC days. */
  readonly from?: string;
  readonly to?: string;
  readonly cursor?: string;
  readonly tab?: 'schedule';
}

const name = /^[a-z][a-z0-9_]{0,62}$/;
const day = /^2\d{3}-\d{2}-\d{2}$/;

export function jobsSearch(search: Record<string, unknown>): JobsSearch {
  const [q, cursor] = [textOf(search.q)?.slice(0, 200), textOf(search.cursor)];
  const state = states.find((each) => each === search.state);
  const matching = (value: unknown, pattern: RegExp) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;
  const queue = matching(search.queue, name);
  const job = matching(search.job, name);
  const from = matching(search.from, day);
  const to = matching(search.to, day);
  return {
    ...(q === undefined ? {} : { q }),
    ...(queue === undefined ? {} : { queue }),
    ...(job === undefined ? {} : { job }),
    ...(state === undefined ? {} : { state }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(search.tab === 'schedule' ? { tab: 'schedule' } : {}),
  };
}
