import type { FleetEventInput } from '../events.ts';
import { Random } from '../random.ts';
import type { Ms } from '../time.ts';
import type { TimedEvent } from '../timeline.ts';

/** Collects a script's events in any order, and gives ids from the seed. */
export class ScriptWriter {
  readonly #events: TimedEvent[] = [];
  readonly #random: Random;
  #number: number;

  /** `firstId` is where the numbers of droplets, snapshots and backups begin. */
  constructor(firstId: number, ...key: readonly (string | number)[]) {
    this.#random = new Random(...key, 'ids');
    this.#number = firstId + this.#random.int(0, 9_999);
  }

  number(): number {
    this.#number += this.#random.int(3, 400);
    return this.#number;
  }

  uuid(): string {
    return this.#random.uuid();
  }

  at(at: Ms, event: FleetEventInput): void {
    this.#events.push({ at: Math.floor(at / 1000) * 1000, event });
  }

  /** In the order of time; what was written first comes first where times are equal. */
  finish(until: Ms): readonly TimedEvent[] {
    return this.#events.filter((e) => e.at <= until).sort((a, b) => a.at - b.at);
  }
}
