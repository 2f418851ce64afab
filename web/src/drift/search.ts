import { textOf } from '../app/address.ts';
import { type ListSearch, listSearch } from '../lists/search.ts';

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];
export const categories = [
  'missing',
  'unmanaged',
  'replaced',
  'changed',
  'ambiguous',
  'misattributed',
  'exposed',
  'unprotected',
  'idle',
  'orphaned',
  'ending',
] as const;
export type Category = (typeof categories)[number];
/** What people have decided; what nobody has decided about is shown unless one is chosen. */
export const decided = ['acknowledged', 'ignored'] as const;
export const tabs = ['each', 'coverage', 'declarations', 'rules'] as const;
export type Tab = (typeof tabs)[number];

const sorts = ['severity', 'monthly', 'sinceBefore', 'name'] as const;
export type Sort = (typeof sorts)[number];

export interface DriftSearch extends ListSearch {
  /** In groups unless given. */
  readonly tab?: Tab;
  /** At or above it. */
  readonly severity?: Severity;
  readonly category?: Category;
  readonly decided?: (typeof decided)[number];
  /** `unattributed`: of none, or of several. */
  readonly deployment?: string;
  readonly declaration?: string;
  readonly rule?: string;
}

/** By what findings are filtered, which is said and can be taken off. */
export const filters = ['deployment', 'declaration', 'rule'] as const;

export function driftSearch(search: Record<string, unknown>): DriftSearch {
  const one = <Value extends string>(values: readonly Value[], value: unknown) => values.find((each) => each === value);
  const found = {
    tab: one(tabs, search.tab),
    severity: one(severities, search.severity),
    category: one(categories, search.category),
    decided: one(decided, search.decided),
    ...Object.fromEntries(filters.map((name) => [name, nameOf(search[name])])),
  };
  const given = Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
  return { ...listSearch(search, sorts), ...given };
}

function nameOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && /^[a-z0-9][a-z0-9_-]{0,62}$/.test(text) ? text : undefined;
}
