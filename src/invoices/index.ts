/** What other modules may import of invoices; everything else in this folder is its own. */

export { billingHistory, setBilling } from './billing.ts';
export { type BroughtDraftsUpToDate, bringDraftsUpToDate } from './bring-drafts-up-to-date.ts';
export {
  checkCorrections,
  correctOnNextInvoice,
  countUnlooked,
  issueCreditNote,
  listDecisions,
  proposalPage,
  proposalTotals,
} from './corrections.ts';
export { listDeploymentMonths } from './deployment-months.ts';
export { getEntity, updateEntity } from './entities.ts';
export { sumAmounts } from './lines.ts';
export { previewMonth } from './preview.ts';
export { listInvoices } from './invoices.ts';
export { approveInvoice, issueInvoice } from './issue.ts';
export { countInvoices, rateMonths, readFigures } from './month-figures.ts';
export { draftFinalBill, listUnissued, type UnissuedInvoice } from './final-drafts.ts';
export { closeMonthStep } from './close-month.ts';
export {
  type Accepted,
  heldBy,
  type HoldReason,
  type MonthInvoice,
  readMonthInvoices,
  type SellerTotal,
  totalsBySeller,
} from './month-invoices.ts';
export { selectGone as customersGone, selectIssuedOfMonth as issuedOfMonth, sumGone } from './invoices.store.ts';
export { checkDrafts } from './stale-drafts.ts';
export { invoiceAnswer, invoiceOut } from './operations/invoices.ts';
export { checkCorrectionsJob, drawDocumentsJob } from './jobs.ts';
export { type MonthAmount, readMonthAmounts } from './month-amounts.ts';
export { selectPayingCustomers as payingCustomers } from './invoices.store.ts';
export { searchInvoices } from './search.store.ts';
