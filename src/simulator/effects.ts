import { accountEffects } from './effects-account.ts';
import { billingEffects } from './effects-billing.ts';
import { catalogueEffects } from './effects-catalogue.ts';
import { destroy } from './effects-destroy.ts';
import { dropletEffects } from './effects-droplets.ts';
import { networkEffects } from './effects-network.ts';
import { serviceEffects } from './effects-services.ts';
import { storageEffects } from './effects-storage.ts';
import type { EventOf, FleetEvent } from './events.ts';
import type { World } from './world.ts';

/** What an event does; the id of what it made, if it made something. */
export type Effect<Type extends FleetEvent['type']> = (world: World, event: EventOf<Type>) => string | number | void;
export type Effects<Type extends FleetEvent['type']> = { readonly [T in Type]: Effect<T> };

const effects: Effects<FleetEvent['type']> = {
  ...dropletEffects,
  ...storageEffects,
  ...networkEffects,
  ...serviceEffects,
  ...catalogueEffects,
  ...billingEffects,
  ...accountEffects,
  destroy,
};

/** Applies one event at `world.now`. */
export function apply(world: World, event: FleetEvent): string | number | undefined {
  const effect = effects[event.type] as Effect<FleetEvent['type']>;
  return effect(world, event) ?? undefined;
}
