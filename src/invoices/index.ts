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
export { customerOfNumber, type PaymentKind, recorderOf, recordPayment } from './payments.ts';
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
export { selectPayingCustomers as payingCustomers, selectStandings as invoiceStandings } from './invoices.store.ts';
export { searchInvoices } from './search.store.ts';
export { describe as describeCharge, monthSpan } from './focus/charge.ts';
export { type Column as FocusColumn, columns as focusColumns, type FocusValue, focusVersion } from './focus/columns.ts';
export { csvLines as focusCsv } from './focus/csv.ts';
export { chooseColumns as chooseFocusColumns, datasets as focusDatasets } from './focus/datasets.ts';
export { type FocusFormat, focusFormats, focusParquet } from './focus/export.ts';
export { serviceOf as focusServiceOf, taxes as taxService } from './focus/services.ts';
