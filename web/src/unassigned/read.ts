import { api, bodyOf } from '../api/client.ts';

export interface UnassignedSearch {
  /** A deployment whose suggestion is looked at, or `none`. */
  readonly suggestion?: string;
  readonly cursor?: string;
}

export function unassignedSearch({ suggestion, cursor }: Record<string, unknown>): UnassignedSearch {
  return {
    ...(typeof suggestion === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/.test(suggestion) ? { suggestion } : {}),
    ...(typeof cursor === 'string' && cursor !== '' ? { cursor } : {}),
  };
}

const pageSize = 100;

export function readUnassigned(search: UnassignedSearch, signal: AbortSignal) {
  const query = { ...search, limit: pageSize };
  return bodyOf(
    api.GET('/unattributed-resources', { params: { query }, headers: { accept: 'application/json' }, signal }),
  );
}

export function readSummary(signal: AbortSignal) {
  return bodyOf(api.GET('/unattributed-resources/summary', { signal }));
}

export type Unassigned = Awaited<ReturnType<typeof readUnassigned>>;
export type UnassignedRow = Unassigned['items'][number];
export type Summary = Awaited<ReturnType<typeof readSummary>>;

export interface Assignment {
  readonly resources: readonly number[];
  readonly deployment: string;
  /** A UTC day; null: from the beginning of each. */
  readonly from: string | null;
}

/** What assigning would change; nothing is written. */
export function previewAssignment(assignment: Assignment, signal: AbortSignal) {
  return bodyOf(
    api.POST('/assignments', { params: { query: { preview: true } }, body: bodyOfAssignment(assignment), signal }),
  );
}

export type Preview = NonNullable<Awaited<ReturnType<typeof previewAssignment>>['preview']>;

/** Assigns, where it still changes what the preview of this digest said. */
export function assign(assignment: Assignment, expect: string) {
  return bodyOf(api.POST('/assignments', { params: { query: { expect } }, body: bodyOfAssignment(assignment) }));
}

/** Takes an assignment back: the rules say again whose they are. */
export function unassign({ resources, from }: Assignment) {
  return bodyOf(api.POST('/assignments/remove', { body: { resources: [...resources], ...since(from) } }));
}

function bodyOfAssignment({ resources, deployment, from }: Assignment) {
  return { resources: [...resources], owners: [{ deployment, weight: 1 }], ...since(from) };
}

function since(from: string | null) {
  return from === null ? {} : { from: `${from}T00:00:00Z` };
}
