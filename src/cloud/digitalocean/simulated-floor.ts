/** A simulator answered from an instant that has passed. */
export class ClockBehind extends Error {
  override readonly name = 'ClockBehind';
  constructor(simulatedAt: string, floor: Temporal.Instant) {
    super(`the simulator's clock stands at ${simulatedAt}, before ${floor}`);
  }
}

/**
 * The instant before which a simulator is not believed. One that was started anew shows a fleet as it
 * was: everything that came since would seem to have gone.
 */
export class SimulatedFloor {
  #floor: Temporal.Instant | null = null;

  /** It only rises. A simulator says its instant in whole milliseconds, so what is finer is left out. */
  raise(instant: Temporal.Instant): void {
    const floor = instant.round({ smallestUnit: 'millisecond', roundingMode: 'trunc' });
    if (this.#floor === null || Temporal.Instant.compare(floor, this.#floor) > 0) this.#floor = floor;
  }

  /** `simulatedAt`: the header x-simulated-clock; null at a real provider. Throws ClockBehind. */
  check(simulatedAt: string | null): void {
    if (simulatedAt === null || this.#floor === null) return;
    if (Temporal.Instant.compare(Temporal.Instant.from(simulatedAt), this.#floor) >= 0) return;
    throw new ClockBehind(simulatedAt, this.#floor);
  }
}
