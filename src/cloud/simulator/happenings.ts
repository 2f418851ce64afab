import { destroy } from './happenings-destroy.ts';
import { dropletHappenings } from './happenings-droplets.ts';
import { networkHappenings } from './happenings-network.ts';
import { serviceHappenings } from './happenings-services.ts';
import { storageHappenings } from './happenings-storage.ts';
import type { EventOf, FleetEvent } from './events.ts';
import type { World } from './world.ts';

/** What an event does; the id of what it made, if it made something. */
export type Happening<Type extends FleetEvent['type']> = (world: World, event: EventOf<Type>) => string | number | void;
export type Happenings<Type extends FleetEvent['type']> = { readonly [T in Type]: Happening<T> };

const happenings: Happenings<FleetEvent['type']> = {
  ...dropletHappenings,
  ...storageHappenings,
  ...networkHappenings,
  ...serviceHappenings,
  destroy,
};

/** Applies one event at `world.now`. */
export function apply(world: World, event: FleetEvent): string | number | undefined {
  const happening = happenings[event.type] as Happening<FleetEvent['type']>;
  return happening(world, event) ?? undefined;
}
