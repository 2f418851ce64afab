import type { IconName } from '../ui/icons.tsx';
import type { Me } from './session.ts';

/** A view that navigation leads to. */
export interface Place {
  readonly to: '/' | '/resources';
  readonly label: string;
  readonly icon: IconName;
  /** The letter behind g. */
  readonly key: string;
  /** The operation that it is read by: whoever may not call it is not led there. */
  readonly needs: string;
}

const places: readonly Place[] = [
  { to: '/', label: 'Overview', icon: 'overview', key: 'o', needs: 'getOverview' },
  { to: '/resources', label: 'Inventory', icon: 'inventory', key: 'i', needs: 'listResources' },
];

export function placesOf(me: Me): readonly Place[] {
  return places.filter(({ needs }) => me.may.includes(needs));
}
