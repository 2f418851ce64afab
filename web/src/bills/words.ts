import type { BillRow } from './read.ts';
import type { Outcome } from './search.ts';

// What bills say of themselves, in words.

export const outcomeWords: Readonly<Record<Outcome, string>> = {
  matched: 'Matched',
  from_bill: 'From the bill',
  allocated: 'Allocated',
  unexplained: 'Unexplained',
};

const causeWords: Readonly<Record<string, string>> = {
  none: 'no difference',
  rounding: 'rounding',
  hours: 'other hours',
  outside_life: 'when it was not there',
  not_visible: 'not visible to the token',
  doubled: 'charged twice',
  cap: 'beyond 672 hours',
  minimum: 'below the minimum',
  discount: 'discount',
  price: 'other price',
  other_rule: 'other billing rule',
  refund: 'refund',
  missing: 'not charged',
  unpriced: 'no known price',
  unknown: 'unknown cause',
};

export function causeText(cause: string): string {
  return causeWords[cause] ?? cause.replaceAll('_', ' ');
}

export function stateText({
  review,
  kind,
  version,
  replaced,
}: Pick<BillRow, 'review' | 'kind' | 'version' | 'replaced'>): string {
  if (version === null) return 'being read';
  if (replaced) return 'replaced by the final bill';
  if (kind === 'preview') return 'preview';
  if (review === null) return 'not reconciled';
  return { open: 'open', signed: 'signed', changed: 'signed, changed since' }[review];
}

export const findingWords: Readonly<Record<string, string>> = {
  off_yet_billed: 'Powered off and charged',
  unattached_volume: 'Attached to no droplet',
  unassigned_address: 'Address of no droplet',
  unowned: 'Unassigned',
  no_plan_item: 'Not in the price of its plan',
  lived_between_syncs: 'Lived between two listings',
  not_visible: 'Not visible to the token',
  covered_by_cluster: 'Covered by its cluster',
  not_charged: 'There, and not charged',
  beside_signed: 'Counts beside a signed bill that is listed no more',
};
