import { Ledger } from './billing/ledger.ts';
import { type FleetEvent, type FleetEventInput, fleetEvent } from './events.ts';
import { apply } from './effects.ts';
import type { Happened } from './journal.ts';
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
  /** The history ends here; from then on a fleet stands still, or goes on quietly. */
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
  readonly #script: Script;
  readonly #events: Iterator<TimedEvent>;
  #next: TimedEvent | undefined;
  #ledger: Ledger | null = null;
  /** What was done beside the script, until a ledger writes it down itself. */
  readonly #done: Happened[] = [];
  readonly #record: (happened: Happened) => void;

  /**
   * At `at`, or when the last of what `happened` did, whichever is later.
   * @param record is given what is done from now on
   */
  constructor(
    script: Script,
    seed: number,
    at: Ms,
    happened: readonly Happened[] = [],
    record: (happened: Happened) => void = () => {},
  ) {
    this.#script = script;
    this.world = new World(seed);
    this.#events = script.events[Symbol.iterator]();
    this.#next = this.#events.next().value;
    this.#record = record;
    for (const each of happened) {
      this.advanceTo(each.at);
      apply(this.world, each.event);
      this.#done.push(each);
    }
    this.advanceTo(Math.max(at, this.now));
  }

  get now(): Ms {
    return this.world.now;
  }

  /** Lets an event happen now that is not in the script; returns the id of what it made. */
  happen(event: FleetEvent): string | number | undefined {
    const happened = { at: this.now, event };
    const id = apply(this.world, event);
    this.#record(happened);
    if (this.#ledger === null) this.#done.push(happened);
    return id;
  }

  /**
   * Everything that has cost money since the first event. It is made when it is first asked for, by
   * letting the same events happen again: a fleet whose bill nobody wants keeps none.
   */
  get ledger(): Ledger {
    if (this.#ledger !== null) return this.#ledger;
    const again = new Timeline(this.#script, this.world.seed, Number.NEGATIVE_INFINITY);
    const ledger = new Ledger(again.world);
    for (const { at, event } of this.#done) {
      again.advanceTo(at);
      apply(again.world, event);
    }
    again.advanceTo(this.now);
    ledger.follow(this.world);
    this.#done.length = 0;
    this.#ledger = ledger;
    return ledger;
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
