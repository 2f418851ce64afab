import { type Document, isAlias, isCollection, isPair, type Node } from 'yaml';

// What the files of one request may cost together, whichever of them they cost it in: a limit for each file alone
// is as many times that as there are files.

export const readingLimits = {
  /** Characters of all files: five plans of a hundred kinds with twenty tiers each. */
  characters: 1_048_576,
  /** Values once aliases are unfolded. A plan with a hundred kinds of twenty tiers has 9,000. */
  values: 50_000,
  /** Values in values. A plan has six. */
  depth: 32,
  /** Each key of a map is compared with those before it; a plan's maps have ten at most. */
  comparisons: 200_000,
} as const;

export class ReadingBudget {
  #characters = readingLimits.characters;
  #values = readingLimits.values;
  #comparisons = readingLimits.comparisons;

  /** Why a file is not to be read, as the rest of a sentence; null: it is. */
  takeText({ length }: string): string | null {
    this.#characters -= length;
    return this.#characters < 0 ? over('characters', '') : null;
  }

  /** What it throws is told among the mistakes of the file. */
  takeComparison(): void {
    this.#comparisons -= 1;
    if (this.#comparisons < 0) throw new RangeError('There are maps with too many keys: no plan needs that');
  }

  /** Why a document is not to be unfolded, as the rest of a sentence; null: it is. */
  takeDocument({ contents }: Document.Parsed): string | null {
    const sizes = new Map<string, { readonly values: number; readonly depth: number }>();
    const measure = (node: unknown, depth: number): { readonly values: number; readonly depth: number } => {
      // Deeper than any file may be: what is below need not be known.
      if (depth > readingLimits.depth) return { values: 1, depth: 1 };
      // An alias to what it stands in unfolds without end; reading it is refused for that.
      if (isAlias(node)) return sizes.get(node.source) ?? { values: 1, depth: 1 };
      const parts = isPair(node) ? [node.key, node.value] : isCollection(node) ? node.items : [];
      let values = isPair(node) ? 0 : 1;
      let below = 0;
      for (const part of parts) {
        const size = measure(part, depth + (isPair(node) ? 0 : 1));
        values += size.values;
        below = Math.max(below, size.depth);
      }
      const size = { values, depth: below + (isPair(node) ? 0 : 1) };
      const { anchor } = (node ?? {}) as Node & { anchor?: string };
      if (anchor !== undefined) sizes.set(anchor, size);
      return size;
    };
    const { values, depth } = measure(contents, 0);
    if (depth > readingLimits.depth) return `is nested more than ${readingLimits.depth} deep: no plan needs that`;
    this.#values -= values;
    return this.#values < 0 ? over('values', ' once aliases are unfolded') : null;
  }
}

function over(what: 'characters' | 'values', when: string): string {
  return `has, with the files before it, more than ${readingLimits[what]} ${what}${when}: give fewer at a time`;
}
