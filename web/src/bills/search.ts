import { textOf } from '../app/address.ts';

const kinds = ['final', 'preview'] as const;
export type Kind = (typeof kinds)[number];
export const outcomes = ['matched', 'from_bill', 'allocated', 'unexplained'] as const;
export type Outcome = (typeof outcomes)[number];

export interface BillsSearch {
  readonly payer?: string;
  /** `kind` is that of resources. */
  readonly stage?: Kind;
  readonly cursor?: string;
}

const slug = /^[a-z0-9][a-z0-9-]{0,62}$/;

export function billsSearch(search: Record<string, unknown>): BillsSearch {
  const payer = textOf(search.payer);
  const kind = kinds.find((each) => each === search.stage);
  const cursor = textOf(search.cursor);
  return {
    ...(payer !== undefined && slug.test(payer) ? { payer } : {}),
    ...(kind === undefined ? {} : { stage: kind }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

export interface BillSearch {
  readonly q?: string;
  readonly outcome?: Outcome;
  readonly cause?: string;
  readonly product?: string;
  readonly cursor?: string;
}

export function billSearch(search: Record<string, unknown>): BillSearch {
  const [q, product, cursor] = [
    textOf(search.q)?.slice(0, 200),
    textOf(search.product)?.slice(0, 200),
    textOf(search.cursor),
  ];
  const outcome = outcomes.find((each) => each === search.outcome);
  const cause = textOf(search.cause);
  return {
    ...(q === undefined ? {} : { q }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(cause !== undefined && /^[a-z_]{1,30}$/.test(cause) ? { cause } : {}),
    ...(product === undefined ? {} : { product }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
