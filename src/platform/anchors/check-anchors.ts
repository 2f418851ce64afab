import type { Queryable } from '../database/database.ts';
import type { SecretKey } from '../secrets/crypto.ts';
import { type Anchor, type ReadAnchors, readAnchors } from './anchor.ts';
import { selectDatabaseName, selectHashes } from './anchors.store.ts';

/** An anchor that the log no longer holds to. */
interface BrokenAnchor {
  readonly position: number;
  readonly at: Temporal.Instant;
  /** cut: the log ends before it. remade: another entry stands there. */
  readonly what: 'cut' | 'remade';
}

export interface CheckedAnchors extends ReadAnchors {
  /** Oldest first; a hundred at most. */
  readonly broken: readonly BrokenAnchor[];
}

const brokenMax = 100;

/** Whether the log still has what these lines say that it had. */
export async function checkAnchors(db: Queryable, secretKey: SecretKey, text: string): Promise<CheckedAnchors> {
  const read = readAnchors(secretKey, await selectDatabaseName(db), text);
  const positions = [...new Set(read.anchors.map(({ position }) => position))];
  const hashes = new Map((await selectHashes(db, positions)).map(({ position, hash }) => [position, hash]));
  const broken = read.anchors.flatMap((anchor): BrokenAnchor[] => {
    const what = wrongWith(anchor, hashes);
    return what === null ? [] : [{ position: anchor.position, at: anchor.at, what }];
  });
  return { ...read, broken: broken.slice(0, brokenMax) };
}

function wrongWith({ position, hash }: Anchor, hashes: ReadonlyMap<number, string>): BrokenAnchor['what'] | null {
  const found = hashes.get(position);
  if (found === hash) return null;
  return found === undefined ? 'cut' : 'remade';
}
