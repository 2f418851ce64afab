import { declareModule } from '../platform/declare/module.ts';
import { invoiceErrors } from './errors.ts';
import { checkCorrectionsJob, draftMonthJob, drawDocumentsJob, invoiceDraftsJob } from './jobs.ts';
import { correctionOperations } from './operations/corrections.ts';
import { customerBillingOperations } from './operations/customer-billing.ts';
import { entityOperations } from './operations/entities.ts';
import { exportOperations } from './operations/export.ts';
import { invoiceOperations } from './operations/invoices.ts';

export const invoicesModule = declareModule({
  name: 'invoices',
  tags: [
    { name: 'billing', description: 'Who bills, at which tax, and how a customer is billed, over time.' },
    { name: 'invoices', description: 'What a customer owes for a month: drafted, approved, issued, frozen.' },
  ],
  operations: [
    ...entityOperations,
    ...customerBillingOperations,
    ...invoiceOperations,
    ...correctionOperations,
    ...exportOperations,
  ],
  jobs: [invoiceDraftsJob, draftMonthJob, checkCorrectionsJob, drawDocumentsJob],
  schedule: [
    { name: 'invoices', cron: '40 2 * * *', job: invoiceDraftsJob, arguments: {} },
    { name: 'documents', cron: '25 * * * *', job: drawDocumentsJob, arguments: {} },
  ],
  errors: invoiceErrors,
  events: [
    {
      type: 'invoice.changed',
      subject: 'invoice',
      describes: 'drafted, approved, issued or corrected',
      roles: ['owner', 'finance', 'viewer'],
    },
  ],
});
