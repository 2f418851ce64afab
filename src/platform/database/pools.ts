import type pg from 'pg';

interface PoolUsage {
  readonly name: string;
  readonly max: number;
  readonly used: number;
  readonly idle: number;
  /** Who waits for a connection. */
  readonly waiting: number;
}

/** The connection pools of a process, for whoever watches how full they are. Whoever starts the process has one. */
export class Pools {
  readonly #pools = new Map<pg.Pool, { readonly name: string; waitingCount?: () => number }>();

  /** Counts a pool in from now on until it has ended. */
  add(name: string, pool: pg.Pool): void {
    this.#dropEnded();
    this.#pools.set(pool, { name });
  }

  /** Counts those who wait for a connection of this pool elsewhere than in its own queue. */
  countWaiting(pool: pg.Pool, waitingCount: () => number): void {
    const counted = this.#pools.get(pool);
    if (counted !== undefined) counted.waitingCount = waitingCount;
  }

  /** How full they are, those of one name together. */
  usage(): PoolUsage[] {
    this.#dropEnded();
    const byName = new Map<string, PoolUsage>();
    for (const [pool, { name, waitingCount }] of this.#pools) {
      const { max = 0, used = 0, idle = 0, waiting = 0 } = byName.get(name) ?? {};
      byName.set(name, {
        name,
        max: max + (pool.options.max ?? 0),
        used: used + pool.totalCount - pool.idleCount,
        idle: idle + pool.idleCount,
        waiting: waiting + pool.waitingCount + (waitingCount?.() ?? 0),
      });
    }
    return [...byName.values()];
  }

  #dropEnded(): void {
    for (const pool of this.#pools.keys()) if (pool.ended) this.#pools.delete(pool);
  }
}
