import { textOf } from '../app/address.ts';
import { type ListSearch, listSearch } from '../lists/search.ts';

export const tabs = ['events', 'dead', 'meters'] as const;
export type Tab = (typeof tabs)[number];

export interface GatewaySearch extends ListSearch {
  /** undefined: sources. */
  readonly tab?: Tab;
  readonly source?: string;
  /** Of events. */
  readonly type?: string;
  /** Of dead letters. */
  readonly reason?: string;
}

export function gatewaySearch(search: Record<string, unknown>): GatewaySearch {
  const tab = tabs.find((each) => each === search.tab);
  const [source, type, reason] = [search.source, search.type, search.reason].map((value) =>
    textOf(value)?.slice(0, 255),
  );
  return {
    ...listSearch(search, []),
    ...(tab === undefined ? {} : { tab }),
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(reason === undefined ? {} : { reason }),
  };
}
