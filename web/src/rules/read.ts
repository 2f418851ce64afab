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
