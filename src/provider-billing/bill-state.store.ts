import { type RawBuilder, sql } from 'kysely';

/**
 * What an amount is known by. signed: somebody signed the bill; final: the provider's; preview: of a month without one;
 * doubtful: the provider's, beside a signed one that it lists no more and whose place it may have taken, so that the cost
 * may be there twice.
 */
export const billStates = ['signed', 'final', 'doubtful', 'preview'] as const;
export type BillState = (typeof billStates)[number];

export const billStateMeaning =
  'Of the bills that it is from. signed: by somebody; final: by the provider; preview: of a month that has no bill yet; doubtful: by the provider, beside a signed bill that it lists no more and whose place it may have taken, so that cost may be there twice until that one is reopened';

/** Of several bills, of which `state` is one's, the one that is known least: a total with a cost twice is further off than one that is not whole. */
export function leastState(state: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`CASE WHEN bool_or(${state} = 'doubtful') THEN 'doubtful' WHEN bool_or(${state} = 'preview') THEN 'preview'
                  WHEN bool_and(${state} = 'signed') THEN 'signed' ELSE 'final' END`;
}
