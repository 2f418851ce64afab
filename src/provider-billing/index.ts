/** What other modules may import of provider-billing; everything else in this folder is its own. */

export { billStateMeaning, billStates } from './bill-state.store.ts';
export { convertTotals, readMarginTotals, readLossMakers, readUnassignedCost } from './margin/margin.ts';
export { listReads } from './payers.ts';
export { readBilling } from './read-billing.ts';
export { countSurprises, selectSurprises } from './surprises.store.ts';
