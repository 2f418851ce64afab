import { api, bodyOf, type Schemas } from '../api/client.ts';
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

/** As the API names what is filtered by. */
export function filterOf({ q, queue, job, from, to }: JobsSearch) {
  return {
    ...(q === undefined ? {} : { q }),
    ...(queue === undefined ? {} : { queue }),
    ...(job === undefined ? {} : { job }),
    ...(from === undefined ? {} : { from: `${from}T00:00:00Z` }),
    ...(to === undefined ? {} : { to: `${to}T00:00:00Z` }),
  };
}

const pageSize = 50;

export async function readJobs(search: JobsSearch, signal: AbortSignal) {
  const { state, cursor } = search;
  const query = {
    ...filterOf(search),
    ...(state === undefined ? {} : { state }),
    ...(cursor === undefined ? {} : { cursor }),
    limit: pageSize,
  };
  return bodyOf(api.GET('/jobs', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export function readJobsSummary(search: JobsSearch, signal: AbortSignal) {
  return bodyOf(api.GET('/jobs/summary', { params: { query: filterOf(search) }, signal }));
}

export function readJob(jobId: string, signal: AbortSignal) {
  return bodyOf(api.GET('/jobs/{jobId}', { params: { path: { jobId } }, signal }));
}

export function readSchedule(signal: AbortSignal) {
  const query = { limit: 200 };
  return bodyOf(api.GET('/schedule', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type JobRow = Schemas['Job'];
export type JobLife = Awaited<ReturnType<typeof readJob>>;
export type Summary = Awaited<ReturnType<typeof readJobsSummary>>;
export type QueueRow = Summary['queues'][number];

export type Decision = 'retry' | 'cancel';

/** What a retry or a cancel is for. */
export interface Chosen extends ReturnType<typeof filterOf> {
  readonly ids?: string[];
  readonly state?: JobState;
}

/** How many it would concern. */
export async function countDecided(decision: Decision, chosen: Chosen, signal: AbortSignal): Promise<number> {
  const params = { query: { preview: true } };
  if (decision === 'retry') return (await bodyOf(api.POST('/jobs/retry', { params, body: chosen, signal }))).retried;
  return (await bodyOf(api.POST('/jobs/cancel', { params, body: chosen, signal }))).cancelled;
}

/** Does it, unless it would concern another number by now. Returns how many it concerned. */
export async function decide(
  decision: Decision,
  chosen: Chosen & { readonly expectedCount: number },
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  if (decision === 'retry') return (await bodyOf(api.POST('/jobs/retry', { body: chosen, headers }))).retried;
  return (await bodyOf(api.POST('/jobs/cancel', { body: chosen, headers }))).cancelled;
}

export function runJob(
  { job, arguments: args }: { readonly job: string; readonly arguments: JobRow['arguments'] },
  headers: Readonly<Record<string, string>>,
) {
  return bodyOf(api.POST('/jobs', { body: { job, arguments: args }, headers }));
}

export interface QueueChange {
  readonly paused?: boolean;
  readonly limit?: number;
  /** On this one only. */
  readonly worker?: string;
}

export function controlQueue(queue: string, change: QueueChange, headers: Readonly<Record<string, string>>) {
  return bodyOf(api.PATCH('/queues/{queue}', { params: { path: { queue } }, body: change, headers }));
}
