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
  readonly #pools = new Set<{ readonly name: string; readonly pool: pg.Pool }>();

  /** Counts a pool in from now on until it has ended. */
  add(name: string, pool: pg.Pool): void {
    this.#dropEnded();
    this.#pools.add({ name, pool });
  }

  /** How full they are, those of one name together. */
  usage(): PoolUsage[] {
    this.#dropEnded();
    const byName = new Map<string, PoolUsage>();
    for (const { name, pool } of this.#pools) {
      const { max = 0, used = 0, idle = 0, waiting = 0 } = byName.get(name) ?? {};
      byName.set(name, {
        name,
        max: max + (pool.options.max ?? 0),
        used: used + pool.totalCount - pool.idleCount,
        idle: idle + pool.idleCount,
        waiting: waiting + pool.waitingCount,
      });
    }
    return [...byName.values()];
  }

  #dropEnded(): void {
    for (const each of this.#pools) if (each.pool.ended) this.#pools.delete(each);
  }
}
