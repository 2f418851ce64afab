// What the page reads, by the operationId that a query's key begins with, and which events say that it has changed. A
// test holds this to what the API's modules declare of their events.

/** The operations that views read and keep up to date. */
export const pageReads = [
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

/** What to read again, by an event's type. */
export const readsOfEvents: Readonly<Record<string, readonly PageRead[]>> = {
  'account.changed': ['getOverview', ...fleet],
  'alert.changed': [],
  'alert.fired': ['getOverview', ...months],
  'assignment.changed': owners,
  'attribution.changed': owners,
  'billing.changed': ['getOverview', 'getCustomerBilling', ...documents],
  'confirmation.changed': ['getOverview', 'explainUsage', 'listUsageGrid'],
  'correction.changed': ['getOverview', 'listCorrections'],
  'customer.changed': ['getOverview', 'getCustomer', ...months, ...fleet],
  'day.metered': [
    'getOverview',
    'explainUsage',
    'getDeploymentQuote',
    'getResourceLife',
    'getDeploymentMonth',
    'listUsageGrid',
  ],
  'deployment.changed': ['getOverview', 'listDeployments', 'getResourceLife', 'getCustomer', ...months, ...fleet],
  'entity.changed': ['getOverview', ...documents],
  'figures.changed': money,
  'invoice.changed': ['getOverview', ...documents],
  'job.changed': ['getOverview'],
  'kind.changed': ['explainUsage', 'getDeploymentQuote', 'listKinds'],
  'plan.changed': [...money, 'listPlans', 'getPlanSheet', 'listPlanDeployments'],
  'price.changed': ['getOverview', 'getResourceLife', ...fleet],
  'queue.changed': ['getOverview'],
  'rule.changed': [...owners, 'listRules'],
  'subscription.changed': [...money, 'listSubscriptionHistory', 'getPlanSheet', 'listPlanDeployments'],
  'sync.ended': listings,
  'sync.reverted': listings,
};

/** What happened last: every event is news. */
export const always: readonly PageRead[] = ['listHappened'];

/** Of an event that this page was built without. */
export const otherwise: readonly PageRead[] = ['getOverview'];
