/** How much of a quota may be used at once, in seconds of it. */
const burstSeconds = 10;
/** A whole batch is taken whatever the quota. */
const batchMax = 1_000;

/** Events that a source may send: so many a second, and after a pause some seconds' worth at once. In this process. */
export class EventQuota {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at: number;

  /** `nowMs` is a clock that never goes back. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#most = Math.max(batchMax, perSecond * burstSeconds);
    this.#left = this.#most;
    this.#at = nowMs;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Takes so many; or answers in how many seconds there will be so many. 0: they were taken. */
  take(count: number, nowMs: number): number {
    this.#left = Math.min(this.#most, this.#left + ((nowMs - this.#at) / 1000) * this.#perSecond);
    this.#at = nowMs;
    if (this.#left < count) return Math.max(1, Math.ceil((count - this.#left) / this.#perSecond));
    this.#left -= count;
    return 0;
  }
}
