import { declareModule } from '../platform/declare/module.ts';
import { billingJobs, readProviderBillingJob, reconcileAllBillsJob, reconcileBillsJob } from './jobs.ts';
import { billLineOperations } from './operations/bill-lines.ts';
import { billOperations } from './operations/bills.ts';
import { billingRuleOperations } from './operations/billing-rules.ts';
import { costExportOperations } from './operations/export.ts';
import { decisionOperations } from './operations/decisions.ts';
import { billDocumentOperations } from './operations/documents.ts';
import { historyOperations } from './operations/history.ts';
import { marginOperations } from './operations/margin.ts';
import { payerOperations } from './operations/payers.ts';
import { reconciliationOperations } from './operations/reconciliation.ts';
import { providerBillingSettings } from './settings.ts';

const job = readProviderBillingJob;

export const providerBillingModule = declareModule({
  name: 'provider-billing',
  tags: [
    {
      name: 'provider billing',
      description:
        'What the provider charges us: its bills in versions, line by line, its balance and its Insights; and what they come to against what was expected.',
    },
  ],
  operations: [
    ...billOperations,
    ...historyOperations,
    ...payerOperations,
    ...reconciliationOperations,
    ...billLineOperations,
    ...decisionOperations,
    ...billingRuleOperations,
    ...marginOperations,
    ...costExportOperations,
    ...billDocumentOperations,
  ],
  jobs: [readProviderBillingJob, ...billingJobs, reconcileBillsJob, reconcileAllBillsJob],
  queues: [{ name: 'cloud_billing', limit: 1, exclusive: true, position: 50 }],
  schedule: [
    { name: 'balance', cron: '7 * * * *', job, arguments: { part: 'balance' } },
    { name: 'bills', cron: '23 2 * * *', job, arguments: { part: 'bills' } },
    { name: 'reconcile', cron: '47 3 * * *', job: reconcileAllBillsJob, arguments: {} },
  ],
  events: [
    {
      type: 'bill.changed',
      subject: 'bill',
      describes: 'it has a new version, or the provider lists it no longer',
      reads: ['listBills', 'getBill', 'listBillItems', 'compareBillVersions'],
    },
    {
      type: 'bill.reconciled',
      subject: 'bill',
      describes: 'it comes to something else than before against what was expected, or it was signed or reopened',
      reads: [
        'listBills',
        'getBill',
        'getBillBridge',
        'listReconciledLines',
        'explainBillLine',
        'listLinesOfBills',
        'listMissingCharges',
        'listBillFindings',
        'listProviderCosts',
        'listMargins',
        'getMargin',
      ],
    },
    {
      type: 'bill.surprise',
      subject: 'bill payer',
      describes: "a day cost more by the provider's Insights than was expected of it",
      reads: ['listBillSurprises', 'getOverview'],
    },
    {
      type: 'balance.changed',
      subject: 'bill payer',
      describes: 'the provider made a new balance',
      reads: ['listBalances', 'getBalanceMonth'],
    },
  ],
  settings: providerBillingSettings,
});
