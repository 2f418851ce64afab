/** Bytes of answers kept at most; a large fleet's pages are made anew. */
const BYTES_MAX = 32 * 1024 * 1024;

/** Answers that are good for as long as what they show has not changed. */
export class PageCache {
  readonly #pages = new Map<string, { version: number; body: Buffer }>();
  #bytes = 0;

  /** The body for a key at a version, made if need be. */
  get(key: string, version: number, make: () => string): Buffer {
    const kept = this.#pages.get(key);
    if (kept?.version === version) return kept.body;
    const body = Buffer.from(make());
    this.#bytes += body.length - (kept?.body.length ?? 0);
    this.#pages.set(key, { version, body });
    if (this.#bytes > BYTES_MAX) {
      this.#pages.clear();
      this.#bytes = 0;
    }
    return body;
  }
}
