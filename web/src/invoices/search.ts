import { type ListSearch, listSearch } from '../lists/search.ts';

const sorts = ['customerName', 'total', 'change', 'dueOn'] as const;
export type Sort = (typeof sorts)[number];
export const tabs = ['draft', 'approved', 'issued', 'cancelled', 'credit_note'] as const;
export type Tab = (typeof tabs)[number];

export const payments = ['overdue', 'open', 'part_paid', 'paid', 'credit'] as const;
export type PaymentFilter = (typeof payments)[number];

export interface InvoicesSearch extends ListSearch {
  readonly tab?: Tab;
  readonly currency?: string;
  readonly payment?: PaymentFilter;
}

export function invoicesSearch(search: Record<string, unknown>): InvoicesSearch {
  const tab = tabs.find((each) => each === search.tab);
  const payment = payments.find((each) => each === search.payment);
  const { currency } = search;
  return {
    ...listSearch(search, sorts),
    ...(tab === undefined ? {} : { tab }),
    ...(payment === undefined ? {} : { payment }),
    ...(typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) ? { currency } : {}),
  };
}
