import { api, bodyOf, type Schemas } from '../api/client.ts';
import { listQuery } from '../lists/search.ts';
import type { PlansSearch, Sort } from './search.ts';

const pageSize = 100;

export function plansQuery({ retired, ...search }: PlansSearch) {
  return { ...listQuery<Sort>(search), ...(retired === undefined ? {} : { retired: true }) };
}

export function readPlans(search: PlansSearch, signal: AbortSignal) {
  const query = { ...plansQuery(search), limit: pageSize };
  return bodyOf(api.GET('/plans', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type Plan = Schemas['PlanVersion'];
export type PlanItem = Plan['items'][number];

export function readSheet(plan: string, at: string | undefined, signal: AbortSignal) {
  const query = at === undefined ? {} : { at };
  return bodyOf(api.GET('/plans/{plan}/sheet', { params: { path: { plan }, query }, signal }));
}

export type Sheet = Schemas['PlanSheet'];

export function readPlanDeployments(
  plan: string,
  month: string | undefined,
  cursor: string | undefined,
  signal: AbortSignal,
) {
  const query = {
    limit: 50,
    ...(month === undefined ? {} : { month }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  return bodyOf(
    api.GET('/plans/{plan}/deployments', {
      params: { path: { plan }, query },
      headers: { accept: 'application/json' },
      signal,
    }),
  );
}

/** A plan as a file, to be edited. */
export async function readFile(plan: string, signal: AbortSignal): Promise<string> {
  const text: unknown = await bodyOf(
    api.GET('/plans/{plan}/export', { params: { path: { plan } }, parseAs: 'text', signal }),
  );
  return typeof text === 'string' ? text : '';
}

const fileName = 'plan.yaml';
const mostNamed = 10;

/** What a file would change; nothing is written. Errors: Problem, with the lines that are wrong. */
export function previewFile(text: string, signal: AbortSignal) {
  return bodyOf(
    api.POST('/plans/preview', { body: { files: [{ name: fileName, text }], deploymentsMax: mostNamed }, signal }),
  );
}

export type PlanPreview = Awaited<ReturnType<typeof previewFile>>;
export type PlanChange = PlanPreview['changes'][number];

/** Applies a file as it was previewed. */
export function applyFile(
  { text, expect }: { readonly text: string; readonly expect: string },
  headers: Readonly<Record<string, string>>,
) {
  return bodyOf(api.POST('/plans', { headers, body: { files: [{ name: fileName, text }], expect } }));
}
