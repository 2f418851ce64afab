import { declareModule } from '../platform/declare/module.ts';
import { billingJobs, readProviderBillingJob } from './jobs.ts';
import { billOperations } from './operations/bills.ts';
import { historyOperations } from './operations/history.ts';
import { payerOperations } from './operations/payers.ts';
import { providerBillingSettings } from './settings.ts';

const job = readProviderBillingJob;

export const providerBillingModule = declareModule({
  name: 'provider-billing',
  tags: [
    {
      name: 'provider billing',
      description: 'What the provider charges us: its bills in versions, line by line, its balance and its Insights.',
    },
  ],
  operations: [...billOperations, ...historyOperations, ...payerOperations],
  jobs: [readProviderBillingJob, ...billingJobs],
  queues: [{ name: 'cloud_billing', limit: 1, exclusive: true, position: 50 }],
  schedule: [
    { name: 'balance', cron: '7 * * * *', job, arguments: { part: 'balance' } },
    { name: 'bills', cron: '23 2 * * *', job, arguments: { part: 'bills' } },
  ],
  events: [
    {
      type: 'bill.changed',
      subject: 'bill',
      describes: 'it has a new version, or the provider lists it no longer',
      reads: ['listBills', 'getBill', 'listBillItems'],
    },
    {
      type: 'balance.changed',
      subject: 'bill payer',
      describes: 'the provider made a new balance',
      reads: ['listBalances'],
    },
  ],
  settings: providerBillingSettings,
});
