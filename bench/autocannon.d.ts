declare module 'autocannon' {
  /** What a run of it found. Times in ms. */
  interface Result {
    readonly requests: { readonly average: number; readonly total: number };
    readonly latency: { readonly average: number; readonly p99: number };
    readonly errors: number;
    readonly non2xx: number;
  }
  function autocannon(options: {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    readonly workers?: number;
    readonly headers?: Readonly<Record<string, string>>;
  }): Promise<Result>;
  export default autocannon;
}
