/** What was asked of the simulator, so that a test can say what a client did, and what it did not. */

const ROUTES_MAX = 500;
const RECENT_MAX = 1_000;

export class RequestLog {
  #total = 0;
  #writes = 0;
  readonly #counts = new Map<string, number>();
  readonly #recent: { method: string; url: string; status: number | null }[] = [];

  /** `route` groups requests (`/v2/droplets/{id}`); `status` null: the connection was dropped. */
  add(method: string, route: string, url: string, status: number | null): void {
    this.#total++;
    if (method !== 'GET' && method !== 'HEAD') this.#writes++;
    const key = `${method} ${route}`;
    const known = this.#counts.has(key) || this.#counts.size < ROUTES_MAX;
    const counted = known ? key : `${method} *`;
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
    this.#recent.push({ method, url, status });
    if (this.#recent.length > 2 * RECENT_MAX) this.#recent.splice(0, RECENT_MAX);
  }

  report() {
    return {
      total: this.#total,
      /** With another method than GET or HEAD: always refused, never forgotten. */
      writes: this.#writes,
      counts: Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      /** The newest thousand, oldest first. */
      recent: this.#recent.slice(-RECENT_MAX),
    };
  }

  clear(): void {
    this.#total = 0;
    this.#writes = 0;
    this.#counts.clear();
    this.#recent.length = 0;
  }
}
