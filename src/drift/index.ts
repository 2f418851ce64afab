/** What other modules may import of drift; everything else in this folder is its own. */

export { type DriftSummary, driftSummary } from './summary.ts';
