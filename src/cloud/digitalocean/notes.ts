/** How many different faults a reason names. */
const namedMax = 3;

/** What was not understood in one collection, for a person: each fault once, with the first item that has it. */
export class Notes {
  readonly #path: string;
  readonly #faults = new Map<string, { readonly first: string; count: number }>();

  constructor(path: string) {
    this.#path = path;
  }

  add(id: string, fault: string): void {
    const known = this.#faults.get(fault);
    if (known === undefined) this.#faults.set(fault, { first: id, count: 1 });
    else known.count += 1;
  }

  /** `GET /v2/droplets: 7001: size_slug: missing (and 2 more items)`; null where all was understood. */
  get text(): string | null {
    if (this.#faults.size === 0) return null;
    const named = [...this.#faults].slice(0, namedMax).map(([fault, { first, count }]) => {
      const others = count === 1 ? '' : ` (and ${count - 1} more ${count === 2 ? 'item' : 'items'})`;
      return `GET ${this.#path}: ${first}: ${fault}${others}`;
    });
    return joinReasons([...named, ...[...this.#faults.keys()].slice(namedMax)]);
  }
}

/** The first reasons in full, and how many there are besides. */
export function joinReasons(reasons: readonly string[]): string {
  const others = reasons.length - namedMax;
  return reasons.slice(0, namedMax).join('; ') + (others > 0 ? `; and ${others} more` : '');
}
