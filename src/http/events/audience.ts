import type { ProgramEvent } from '../../platform/declare/program.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import type { Event } from '../../platform/events.ts';

/** Says whether an event is for a principal. A type that no module declares reaches nobody. */
export function audienceOf(events: readonly ProgramEvent[]): (principal: Principal, event: Event) => boolean {
  const rolesByType = new Map(events.map(({ type, roles }) => [type, roles]));
  return ({ role, customerId }, event) => {
    const roles = rolesByType.get(event.type);
    if (roles === undefined) return false;
    if (role !== 'customer') return roles.includes(role);
    return customerId !== null && (event.forEveryone || event.customerId === customerId);
  };
}
