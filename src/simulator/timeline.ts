import { type FleetEventInput, fleetEvent } from './events.ts';
import { apply } from './effects.ts';
import type { Ms } from './time.ts';
import { World } from './world.ts';

/** What an operator of the fleet would declare. The API itself shows none of it. */
export interface FleetDeployment {
  readonly slug: string;
  readonly name: string;
  readonly customer: { readonly externalId: string; readonly name: string; readonly currency: string };
  /** Its project at the provider, when it has one of its own. */
  readonly projectId?: string;
  /** The tag that its droplets, volumes and databases carry. */
  readonly tag?: string;
  /** Names of its resources, with * and ?. */
  readonly namePattern?: string;
  readonly startsAt: Temporal.Instant;
  readonly plan: 'studio' | 'atelier' | 'grand';
}

/** A resource that several deployments use, in these proportions. */
export interface SharedResource {
  readonly kind: 'droplet';
  readonly externalId: string;
  readonly owners: readonly { readonly slug: string; readonly weight: number }[];
}

export interface TimedEvent {
  readonly at: Ms;
  readonly event: FleetEventInput;
}

/** A fleet: a pure function of its name, seed and size. Events in the order of time. */
export interface Script {
  readonly events: Iterable<TimedEvent>;
  /** What happened before is there when the simulator starts. */
  readonly start: Ms;
  /** The script ends here; from then on the fleet stands still. */
  readonly end: Ms;
  readonly deployments: readonly FleetDeployment[];
  readonly shared: readonly SharedResource[];
}

/**
 * A world that follows a script. Its state at an instant is that of the events up to it, applied
 * in order, and of nothing else: one that was started at t shows what one that came to t shows.
 */
export class Timeline {
  readonly world: World;
  readonly #events: Iterator<TimedEvent>;
  #next: TimedEvent | undefined;

  constructor(script: Script, seed: number, at: Ms) {
    this.world = new World(seed);
    this.#events = script.events[Symbol.iterator]();
    this.#next = this.#events.next().value;
    this.advanceTo(at);
  }

  get now(): Ms {
    return this.world.now;
  }

  /** Lets everything up to and at `to` happen. */
  advanceTo(to: Ms): void {
    const { world } = this;
    if (to < world.now) throw new RangeError('the clock does not go back');
    for (;;) {
      const scriptAt = this.#next?.at ?? Number.POSITIVE_INFINITY;
      if (Math.min(scriptAt, world.nextEffectAt) > to) break;
      if (world.nextEffectAt <= scriptAt) {
        world.completeNext();
        continue;
      }
      const { at, event } = this.#next as TimedEvent;
      if (at < world.now) throw new Error(`a script goes back in time at ${event.type}`);
      world.now = at;
      apply(world, fleetEvent.parse(event));
      this.#next = this.#events.next().value;
    }
    world.now = to;
  }
}
