// Runs one queue in one process.
//
//   running -> draining -> stopped
//
// Claims never ask for more than `limit - running`, and only one claim is under way at a time, so
// that what runs is never more than the limit. A slot that frees asks again at once; so a busy
// queue does not wait for the poll.

interface QueueRunnerOptions<Job> {
  readonly limit: number;
  readonly paused: boolean;
  /** Claims up to `count` jobs. */
  readonly claim: (count: number) => Promise<readonly Job[]>;
  /** Runs one to its recorded end. Never rejects. */
  readonly run: (job: Job) => Promise<void>;
  /** A claim that failed; it is tried again with the next wake. */
  readonly onClaimError: (error: unknown) => void;
}

export class QueueRunner<Job> {
  readonly #options: QueueRunnerOptions<Job>;
  readonly #idle = new Set<() => void>();
  #limit: number;
  #paused: boolean;
  #running = 0;
  #claiming = false;
  #askedAgain = false;
  #draining = false;

  constructor(options: QueueRunnerOptions<Job>) {
    this.#options = options;
    this.#limit = options.limit;
    this.#paused = options.paused;
  }

  get limit(): number {
    return this.#limit;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get running(): number {
    return this.#running;
  }

  /** What runs goes on; a lower limit holds from the next claim. */
  control(change: { readonly limit: number; readonly paused: boolean }): void {
    this.#limit = change.limit;
    this.#paused = change.paused;
    this.wake();
  }

  /** There may be work. */
  wake(): void {
    if (this.#claiming) this.#askedAgain = true;
    else void this.#claimPass();
  }

  /** Claims no more; resolves when nothing runs. */
  drain(): Promise<void> {
    this.#draining = true;
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      this.#settleIdle();
    });
  }

  async #claimPass(): Promise<void> {
    this.#claiming = true;
    try {
      for (;;) {
        this.#askedAgain = false;
        const free = this.#limit - this.#running;
        if (this.#draining || this.#paused || free <= 0) return;
        const jobs = await this.#options.claim(free);
        for (const job of jobs) this.#start(job);
        if (jobs.length < free && !this.#askedAgain) return;
      }
    } catch (error) {
      this.#options.onClaimError(error);
    } finally {
      this.#claiming = false;
      this.#settleIdle();
    }
  }

  #start(job: Job): void {
    this.#running += 1;
    void this.#options.run(job).finally(() => {
      this.#running -= 1;
      this.wake();
      this.#settleIdle();
    });
  }

  #settleIdle(): void {
    if (!this.#draining || this.#running > 0 || this.#claiming) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}
