/** What tests ask of `bundles.js`. */

interface Files {
  readonly folder: string;
  readonly program: string;
  readonly snapshot: string;
}

export function filesFor(node: string): Files;
export function snapshotFor(node: string, words: readonly string[]): string | null;
