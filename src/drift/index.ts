/** What other modules may import of drift; everything else in this folder is its own. */

export { driftStanding, driftSummary } from './summary.ts';
