import { textOf } from '../app/address.ts';

export const tabs = ['meters', 'limits', 'sellers', 'tax', 'alerts', 'tokens'] as const;
export type Tab = (typeof tabs)[number];

export interface SettingsSearch {
  /** meters unless given. */
  readonly tab?: Tab;
  readonly q?: string;
  readonly cursor?: string;
}

export function settingsSearch(search: Record<string, unknown>): SettingsSearch {
  const tab = tabs.find((each) => each === search.tab);
  const [q, cursor] = [textOf(search.q)?.slice(0, 200), textOf(search.cursor)];
  return {
    ...(tab === undefined ? {} : { tab }),
    ...(q === undefined ? {} : { q }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
