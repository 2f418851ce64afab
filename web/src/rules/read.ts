import { api, bodyOf } from '../api/client.ts';

export interface RulesSearch {
  readonly q?: string;
  readonly cursor?: string;
}

export function rulesSearch({ q, cursor }: Record<string, unknown>): RulesSearch {
  return {
    ...(typeof q === 'string' && q !== '' ? { q: q.slice(0, 200) } : {}),
    ...(typeof cursor === 'string' && cursor !== '' ? { cursor } : {}),
  };
}

const pageSize = 100;

export function readRules(search: RulesSearch, signal: AbortSignal) {
  const query = { ...search, limit: pageSize };
  return bodyOf(api.GET('/rules', { params: { query }, headers: { accept: 'application/json' }, signal }));
}

export type Rules = Awaited<ReturnType<typeof readRules>>;

/** By one of name, tag and project. */
export interface NewRule {
  readonly deployment: string;
  readonly name?: string;
  readonly tag?: string;
  readonly project?: string;
}

type Headers = Readonly<Record<string, string>>;
const asPreview = { query: { preview: true } };

/** What it would change; nothing is written. */
export async function previewRule(body: NewRule, signal: AbortSignal) {
  return (await bodyOf(api.POST('/rules', { params: asPreview, body: body as never, signal }))).preview;
}

export type RulePreview = NonNullable<Awaited<ReturnType<typeof previewRule>>>;

/** Adds it, where it still changes what the preview of this digest said. */
export function addRule({ rule, expect }: { readonly rule: NewRule; readonly expect: string }, headers: Headers) {
  return bodyOf(api.POST('/rules', { params: { query: { expect } }, body: rule as never, headers }));
}

export async function previewEnd(rule: number, signal: AbortSignal) {
  const params = { path: { rule }, ...asPreview };
  return (await bodyOf(api.POST('/rules/{rule}/remove', { params, signal }))).preview;
}

export function endRule({ rule, expect }: { readonly rule: number; readonly expect: string }, headers: Headers) {
  return bodyOf(api.POST('/rules/{rule}/remove', { params: { path: { rule }, query: { expect } }, headers }));
}
