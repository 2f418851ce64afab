import { type ListSearch, listSearch } from '../lists/search.ts';

const sorts = ['plan', 'name', 'currency', 'from'] as const;
export type Sort = (typeof sorts)[number];

export interface PlansSearch extends ListSearch {
  /** Those too that take no new subscription. */
  readonly retired?: 'yes';
}

export function plansSearch(search: Record<string, unknown>): PlansSearch {
  return { ...listSearch(search, sorts), ...(search.retired === 'yes' ? { retired: 'yes' } : {}) };
}

export interface PlanSearch {
  /** The first day of the version that is looked at; of today unless given. */
  readonly at?: string;
  readonly cursor?: string;
}

export function planSearch({ at, cursor }: Record<string, unknown>): PlanSearch {
  return {
    ...(typeof at === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(at) ? { at } : {}),
    ...(typeof cursor === 'string' && cursor !== '' ? { cursor } : {}),
  };
}
