// What the page reads, by the operationId that a query's key begins with, and which events say that it has changed. A
// test holds this to what the API's modules declare of their events.

/** The operations that views read and keep up to date. */
export const pageReads = [
  'getMe',
  'getOverview',
  'listHappened',
  'listResources',
  'getResourcesSummary',
  'getResourceLife',
  'getResourceSettings',
  'explainUsage',
  'getDeploymentQuote',
  'getSyncRun',
  'getRule',
  'listDeploymentMonths',
  'getDeploymentMonth',
  'listCustomerMonths',
  'getCustomer',
  'getCustomerBilling',
  'listInvoices',
  'listPayments',
  'getInvoicesSummary',
  'getInvoice',
  'explainInvoiceLine',
  'listCorrections',
  'listPlans',
  'getPlanSheet',
  'listPlanDeployments',
  'listDeployments',
  'listOwnedResources',
  'listOwnership',
  'listSubscriptionHistory',
  'listUnattributedResources',
  'getUnattributedSummary',
  'listUsageGrid',
  'listKinds',
  'listRules',
  'listBills',
  'getBill',
  'getBalanceMonth',
  'listReconciledLines',
  'explainBillLine',
  'listLinesOfBills',
  'listMissingCharges',
  'listBillFindings',
  'listBillDecisions',
  'listPriceEvidence',
  'listMargins',
  'compareBillVersions',
  'listFindingGroups',
  'listFindings',
  'getFinding',
  'listDriftCoverage',
  'listDeclarations',
  'getDeclaration',
  'listDeclarationVersions',
  'listDriftRules',
  'getJobsSummary',
  'listJobs',
  'getJob',
  'listSchedule',
  'getAccountsStatus',
  'getUsageGaps',
  'listObservationLimits',
  'listLegalEntities',
  'listTaxRates',
  'listAlerts',
  'listAlertFirings',
  'listTokenRevocations',
  'listAuditLog',
] as const;

export type PageRead = (typeof pageReads)[number];

const fleet: readonly PageRead[] = [
  'listResources',
  'getResourcesSummary',
  'listUnattributedResources',
  'getUnattributedSummary',
  'listOwnership',
  'listOwnedResources',
];
const months: readonly PageRead[] = ['listDeploymentMonths', 'getDeploymentMonth', 'listCustomerMonths'];
const owners: readonly PageRead[] = [
  ...fleet,
  'getResourceLife',
  'getOverview',
  'explainUsage',
  'getDeploymentQuote',
  'getRule',
];
const listings: readonly PageRead[] = [
  ...fleet,
  'getResourceLife',
  'getResourceSettings',
  'getOverview',
  'explainUsage',
  'getSyncRun',
];
const documents: readonly PageRead[] = ['listInvoices', 'getInvoicesSummary', 'getInvoice'];
const money: readonly PageRead[] = ['getOverview', 'getDeploymentQuote', ...months];

const reconciled: readonly PageRead[] = [
  'getOverview',
  'listBills',
  'getBill',
  'listReconciledLines',
  'explainBillLine',
  'listLinesOfBills',
  'listMissingCharges',
  'listBillFindings',
  'listBillDecisions',
  'listPriceEvidence',
  'listMargins',
];

const findings: readonly PageRead[] = ['getOverview', 'listFindingGroups', 'listFindings', 'getFinding'];

/** What to read again, by an event's type. */
export const readsOfEvents: Readonly<Record<string, readonly PageRead[]>> = {
  'account.changed': ['getOverview', 'getAccountsStatus', ...fleet],
  'alert.changed': ['listAlerts', 'listAlertFirings'],
  'alert.fired': ['getOverview', 'listAlertFirings', ...months],
  'assignment.changed': owners,
  'attribution.changed': owners,
  'balance.changed': ['getBalanceMonth'],
  'bill.changed': ['listBills', 'getBill', 'compareBillVersions'],
  'bill.reconciled': reconciled,
  'billing.changed': ['getOverview', 'listTaxRates', 'getCustomerBilling', ...documents],
  'confirmation.changed': ['getOverview', 'getAccountsStatus', 'getUsageGaps', 'explainUsage', 'listUsageGrid'],
  'correction.changed': ['getOverview', 'listCorrections'],
  'clock.changed': ['getMe', 'getOverview'],
  'customer.changed': ['getOverview', 'getCustomer', ...months, ...fleet],
  'declaration.changed': ['listDeclarations', 'getDeclaration', 'listDeclarationVersions', ...findings],
  'day.metered': [
    'getUsageGaps',
    'getOverview',
    'explainUsage',
    'getDeploymentQuote',
    'getResourceLife',
    'getDeploymentMonth',
    'listUsageGrid',
  ],
  'deployment.changed': ['getOverview', 'listDeployments', 'getResourceLife', 'getCustomer', ...months, ...fleet],
  'drift.decided': findings,
  'drift.found': findings,
  'drift.resolved': findings,
  'drift_rule.changed': ['listDriftRules'],
  'entity.changed': ['getOverview', 'listLegalEntities', 'listTaxRates', ...documents],
  'figures.changed': [...money, 'listMargins'],
  'invoice.changed': ['getOverview', ...documents],
  // What the first comparison finds is a baseline, of which nothing is published but that its job ran.
  'job.changed': [
    'getOverview',
    'getJobsSummary',
    'listJobs',
    'getJob',
    'listSchedule',
    'listFindingGroups',
    'listFindings',
    'listDriftCoverage',
  ],
  'job.progress': ['getJob'],
  'kind.changed': [
    'getUsageGaps',
    'listObservationLimits',
    'getAccountsStatus',
    'explainUsage',
    'getDeploymentQuote',
    'listKinds',
  ],
  'payment.changed': ['listPayments', 'listInvoices', 'getInvoice'],
  'plan.changed': [...money, 'listPlans', 'getPlanSheet', 'listPlanDeployments'],
  'price.changed': ['getOverview', 'getResourceLife', ...fleet],
  'queue.changed': ['getOverview', 'getJobsSummary'],
  'rule.changed': [...owners, 'listRules'],
  'subscription.changed': [...money, 'listSubscriptionHistory', 'getPlanSheet', 'listPlanDeployments'],
  'sync.ended': [...listings, 'getAccountsStatus', 'getUsageGaps', 'listDriftCoverage'],
  'sync.progress': ['getAccountsStatus', 'getSyncRun'],
  'sync.reverted': [...listings, 'getAccountsStatus', 'getUsageGaps'],
};

/** What happened last: every event is news. */
export const always: readonly PageRead[] = ['listHappened'];

/** Of an event that this page was built without. */
export const otherwise: readonly PageRead[] = ['getOverview'];
