import type { Event } from '../../platform/events.ts';
import type { Principal, Role } from '../../platform/declare/operation.ts';

interface EventType {
  /** What its subject names. */
  readonly subject: string;
  /** What happened, and so what to ask for again. */
  readonly tells: string;
  /** Which of our own people hear of it. Customers hear what is theirs, or everybody's. */
  readonly roles: readonly Role[];
}

const all: readonly Role[] = ['owner', 'finance', 'operator', 'viewer'];
const operations: readonly Role[] = ['owner', 'operator', 'viewer'];
const money: readonly Role[] = ['owner', 'finance', 'viewer'];

/** Every type of event. A type that is published (publish_event, publish_changes) and not named here reaches nobody. */
export const eventTypes: Readonly<Record<string, EventType>> = {
  'sync.ended': { subject: 'account/kind', tells: 'a kind of resource was listed, whole or not', roles: operations },
  'day.metered': { subject: 'day', tells: "a day's usage was metered, or metered again and has changed", roles: all },
  'attribution.changed': { subject: 'deployment', tells: 'who owns which resource when', roles: all },
  'drift.found': { subject: 'account', tells: 'what the provider shows is not what is declared', roles: operations },
  'job.changed': {
    subject: 'queue',
    tells: 'jobs were enqueued, started or ended; once a second at most',
    roles: operations,
  },
  'queue.changed': { subject: 'queue', tells: 'it was paused, resumed or scaled', roles: operations },
  'account.changed': { subject: 'account', tells: 'it was connected or edited', roles: operations },
  'customer.changed': { subject: "customer's external id", tells: 'made or edited', roles: all },
  'deployment.changed': { subject: 'deployment', tells: 'made or edited', roles: all },
  'rule.changed': { subject: 'rule', tells: 'ownership rules were changed', roles: all },
  'assignment.changed': { subject: 'resource', tells: 'it was assigned by hand, or no longer is', roles: all },
  'plan.changed': { subject: 'plan', tells: 'it has a new version', roles: money },
  'subscription.changed': { subject: 'deployment', tells: 'it is on another plan', roles: money },
  'alert.fired': { subject: 'deployment', tells: 'an alert on its amount or usage fired', roles: money },
  'invoice.changed': { subject: 'invoice', tells: 'drafted, approved, issued or corrected', roles: money },
};

/** Whether an event is for this principal. */
export function mayHear({ role, customerId }: Principal, event: Event): boolean {
  const type = eventTypes[event.type];
  if (type === undefined) return false;
  if (role !== 'customer') return type.roles.includes(role);
  return customerId !== null && (event.forEveryone || event.customerId === customerId);
}
