/**
 * Things of one kind by their id, listed in the order in which they came. `version` grows with
 * every change, so that whatever was made from a collection knows when it is stale.
 */
export class Collection<K, T> {
  readonly #items = new Map<K, T>();
  #list: readonly T[] | null = null;
  readonly #views = new Map<string, readonly T[]>();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  get(key: K): T | undefined {
    return this.#items.get(key);
  }

  add(key: K, item: T): void {
    this.#items.set(key, item);
    this.#list = null;
    this.touch();
  }

  delete(key: K): boolean {
    const there = this.#items.delete(key);
    this.#list = null;
    this.touch();
    return there;
  }

  /** To be called when an item was changed in place. */
  touch(): void {
    this.#version++;
    this.#views.clear();
  }

  /** All of them; the same array until one comes or goes, so that a page is a slice. */
  list(): readonly T[] {
    this.#list ??= [...this.#items.values()];
    return this.#list;
  }

  /** Those that `of` lets through, kept until the next change. `name` stands for `of`. */
  view(name: string, of: (item: T) => boolean): readonly T[] {
    let view = this.#views.get(name);
    if (view === undefined) {
      view = this.list().filter(of);
      this.#views.set(name, view);
    }
    return view;
  }
}
