import { declareModule } from '../platform/declare/module.ts';
import { invoiceErrors } from './errors.ts';
import { checkCorrectionsJob, draftMonthJob, drawDocumentsJob, invoiceDraftsJob, rateMonthsJob } from './jobs.ts';
import { correctionOperations } from './operations/corrections.ts';
import { customerBillingOperations } from './operations/customer-billing.ts';
import { deploymentMonthOperations } from './operations/deployment-months.ts';
import { entityOperations } from './operations/entities.ts';
import { sellerFileOperations } from './operations/seller-file.ts';
import { exportOperations } from './operations/export.ts';
import { invoiceOperations } from './operations/invoices.ts';
import { paymentOperations } from './operations/payments.ts';

export const invoicesModule = declareModule({
  name: 'invoices',
  tags: [
    { name: 'billing', description: 'Who bills, at which tax, and how a customer is billed, over time.' },
    { name: 'invoices', description: 'What a customer owes for a month: drafted, approved, issued, frozen.' },
  ],
  operations: [
    ...entityOperations,
    ...sellerFileOperations,
    ...customerBillingOperations,
    ...invoiceOperations,
    ...paymentOperations,
    ...correctionOperations,
    ...exportOperations,
    ...deploymentMonthOperations,
  ],
  jobs: [invoiceDraftsJob, draftMonthJob, checkCorrectionsJob, drawDocumentsJob, rateMonthsJob],
  schedule: [
    { name: 'invoices', cron: '40 2 * * *', job: invoiceDraftsJob, arguments: {} },
    // Where nothing has changed it only looks.
    { name: 'figures', cron: '*/10 * * * *', job: rateMonthsJob, arguments: {} },
    { name: 'documents', cron: '25 * * * *', job: drawDocumentsJob, arguments: {} },
  ],
  errors: invoiceErrors,
  events: [
    {
      type: 'entity.changed',
      subject: 'seller',
      describes: 'a seller, its parties or its tax rates were changed',
      reads: ['listLegalEntities', 'getLegalEntity', 'getLegalEntityHistory', 'listTaxRates'],
    },
    {
      type: 'billing.changed',
      subject: "customer's external id",
      describes: 'how a customer is billed was changed',
      reads: ['getCustomerBilling'],
    },
    {
      type: 'figures.changed',
      subject: 'month',
      describes: 'what a month comes to was rated anew',
      reads: ['getOverview', 'listDeploymentMonths', 'listCustomerMonths', 'getDeploymentMonth'],
    },
    {
      type: 'correction.changed',
      subject: 'deployment',
      describes: 'an issued month costs something else now, or it was decided what becomes of that',
      reads: ['listCorrections', 'getOverview'],
    },
    {
      type: 'invoice.changed',
      subject: 'invoice',
      describes: 'drafted, approved, issued or corrected',
      reads: ['listInvoices', 'getInvoicesSummary', 'getInvoice', 'getOverview'],
    },
    {
      type: 'payment.changed',
      subject: 'invoice; empty: many',
      describes: 'something was paid of it, or given back',
      reads: ['listPayments', 'listInvoices', 'getInvoice'],
    },
  ],
});
