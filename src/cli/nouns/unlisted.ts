import { count } from '../engine/output.ts';

/** What projects of an account show of a kind, and no listing does. */
interface Unlisted {
  readonly account: string;
  readonly kind: string;
  readonly hidden: number;
  readonly urns: readonly string[];
}

export function unlistedLine({ account, kind, hidden, urns }: Unlisted): string {
  return `${account}: ${count(hidden)} ${kind} (${urns.join(', ')}${hidden > urns.length ? ', ...' : ''})`;
}

/** What may cost money and is in no figure; no lines where there is nothing. */
export function unlistedLines(unlisted: readonly Unlisted[]): string[] {
  if (unlisted.length === 0) return [];
  return ['In projects, and in no listing: it may cost money, and is not metered.', ...unlisted.map(unlistedLine)];
}
