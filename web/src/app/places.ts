import type { IconName } from '../ui/icons.tsx';
import type { Me } from './session.ts';

/** A view that navigation leads to. */
export interface Place {
  readonly to:
    | '/'
    | '/resources'
    | '/unassigned'
    | '/drift'
    | '/deployments'
    | '/customers'
    | '/rules'
    | '/usage'
    | '/bills'
    | '/margin'
    | '/invoices'
    | '/corrections'
    | '/plans'
    | '/have'
    | '/gateway'
    | '/provisioning'
    | '/jobs'
    | '/accounts'
    | '/settings'
    | '/audit';
  readonly label: string;
  readonly icon: IconName;
  /** The letter behind g. */
  readonly key: string;
  /** The operation that it is read by: whoever may not call it is not led there. */
  readonly needs: string;
  /** Above it the navigation leaves a little room. */
  readonly beginsGroup?: true;
  /** Where else one is in it, besides what begins as it does. */
  readonly within?: readonly string[];
}

const places: readonly Place[] = [
  { to: '/', label: 'Overview', icon: 'overview', key: 'o', needs: 'getOverview' },
  { to: '/unassigned', label: 'Unassigned', icon: 'unassigned', key: 'u', needs: 'getUnattributedSummary' },
  { to: '/drift', label: 'Unexpected changes', icon: 'drift', key: 'f', needs: 'listFindingGroups' },
  { to: '/resources', label: 'Inventory', icon: 'inventory', key: 'i', needs: 'listResources', beginsGroup: true },
  { to: '/deployments', label: 'Deployments', icon: 'deployments', key: 'd', needs: 'listDeploymentMonths' },
  {
    to: '/provisioning',
    label: 'Provisioning',
    icon: 'provisioning',
    key: 'n',
    needs: 'listProposals',
    within: ['/proposals/', '/rollouts/', '/blueprints/'],
  },
  { to: '/customers', label: 'Customers', icon: 'customers', key: 'c', needs: 'listCustomerMonths' },
  { to: '/rules', label: 'Rules', icon: 'filter', key: 'r', needs: 'listRules' },
  { to: '/usage', label: 'Usage', icon: 'usage', key: 's', needs: 'listUsageGrid' },
  { to: '/plans', label: 'Plans', icon: 'book', key: 'p', needs: 'getPlanSheet', beginsGroup: true },
  { to: '/invoices', label: 'Invoices', icon: 'invoices', key: 'v', needs: 'getInvoicesSummary' },
  { to: '/corrections', label: 'Corrections', icon: 'corrections', key: 'x', needs: 'listCorrections' },
  { to: '/bills', label: 'Provider billing', icon: 'bill', key: 'b', needs: 'listBills' },
  { to: '/margin', label: 'Margin', icon: 'margin', key: 'm', needs: 'listMargins' },
  { to: '/jobs', label: 'Jobs', icon: 'jobs', key: 'j', needs: 'getJobsSummary', beginsGroup: true },
  { to: '/gateway', label: 'Gateway', icon: 'gateway', key: 'w', needs: 'listGatewaySources' },
  { to: '/accounts', label: 'Accounts', icon: 'accounts', key: 'a', needs: 'getAccountsStatus' },
  { to: '/settings', label: 'Settings', icon: 'settings', key: 'e', needs: 'listObservationLimits' },
  { to: '/audit', label: 'Audit', icon: 'audit', key: 'h', needs: 'listAuditLog' },
];

const customerPlaces: readonly Place[] = [
  { to: '/', label: 'This month', icon: 'overview', key: 'o', needs: 'listDeploymentMonths' },
  { to: '/have', label: 'What you have', icon: 'inventory', key: 'i', needs: 'listOwnedResources' },
  { to: '/usage', label: 'Usage', icon: 'usage', key: 's', needs: 'listUsageGrid' },
  { to: '/invoices', label: 'Invoices', icon: 'invoices', key: 'v', needs: 'listInvoices' },
];

/** At a phone's foot there is room for five: these, and the way to the others. */
const onPhone: ReadonlySet<Place['to']> = new Set(['/', '/unassigned', '/deployments', '/invoices']);

export function placesOnPhone(places: readonly Place[]): readonly Place[] {
  return places.length <= onPhone.size + 1 ? places : places.filter(({ to }) => onPhone.has(to));
}

export function placesOf(me: Me): readonly Place[] {
  return (me.role === 'customer' ? customerPlaces : places).filter(({ needs }) => me.may.includes(needs));
}
