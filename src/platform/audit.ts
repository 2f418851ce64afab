import {
  type AuditEntry,
  type AuditFilter,
  type AuditHead,
  type BrokenLink,
  forgetVerified,
  keepVerified,
  selectBrokenLinks,
  selectEntries,
  selectHead,
  selectVerified,
  type VerifiedUpTo,
} from './audit.store.ts';
import type { Queryable } from './database/database.ts';
import { readMigrations } from './database/migrate.ts';
import { type DatedFault, dateFaults, type PastFault, pastFaults, type Sighting } from './guards/dating.ts';
import { findFaults } from './guards/guards.ts';
import { type RewritingRow, selectRewritings } from './guards/writings.store.ts';

// The audit log as it is read; triggers write it (migrations/0001_platform.sql), at the commit of
// what they record. It is about people at the machine, so its times are the server's own,
// whatever the clock of the domain says.

export type { AuditEntry } from './audit.store.ts';

/** Newest first, at most `limit`; `before` a position, to go on from a page. */
export async function listAudit(
  db: Queryable,
  filter: AuditFilter,
  page: { limit: number; before: number | null },
): Promise<AuditEntry[]> {
  return selectEntries(db, filter, page.limit, page.before);
}

interface ChainVerification {
  readonly intact: boolean;
  /** The last entry, which a later verification can be held against; null: there is none. */
  readonly head: AuditHead | null;
  /** Places at which the chain does not hold, oldest first; a hundred at most. */
  readonly broken: readonly BrokenLink[];
  /** Whether the entry that was noted down is still there as it was; null: none was given. */
  readonly notedHolds: boolean | null;
  /** Entries up to here were not looked at, for they held before; null: all were. */
  readonly since: VerifiedUpTo | null;
}

const brokenMax = 100;

/**
 * Follows the chain: all of it, or with `since` what is behind that entry. Whoever may switch triggers off can also make a whole new chain, or cut
 * off its end; neither shows from within, so an earlier head, `noted` down elsewhere, is looked up.
 */
export async function verifyChain(
  db: Queryable,
  noted: AuditHead | null,
  since: VerifiedUpTo | null = null,
): Promise<ChainVerification> {
  // First: what is written from here on is not looked at, and so not kept as verified.
  const head = await selectHead(db, null);
  const broken = await selectBrokenLinks(db, { after: since, upTo: head?.position ?? 0, limit: brokenMax });
  const notedHolds = noted === null ? null : (await selectHead(db, noted.position))?.hash === noted.hash;
  return { intact: broken.length === 0 && notedHolds !== false, head, broken, notedHolds, since };
}

/**
 * The chain from where it was verified last, or all of it: where that is asked for, and where nothing is kept of it. What
 * holds is kept for the next time; where all of it was verified and does not hold, nothing is kept. Where the entry that was
 * kept is gone, or is another one, the log was cut or made anew: that is said each time from then on.
 */
async function verifyOn(db: Queryable, noted: AuditHead | null, isWhole: boolean): Promise<ChainVerification> {
  const kept = await selectVerified(db);
  const there = kept === null ? null : await selectHead(db, kept.position);
  const holds = kept === null || there?.hash === kept.hash;
  const chain = await verifyChain(db, noted, isWhole || !holds ? null : kept);
  if (!holds) {
    const { position } = kept;
    const others = chain.broken.filter((one) => one.position !== position);
    const first = { position, what: there === null ? 'missing' : 'changed' } as const;
    return { ...chain, intact: false, broken: [first, ...others].slice(0, brokenMax) };
  }
  const ofAll = chain.since === null;
  if (chain.broken.length === 0 && chain.head !== null) await keepVerified(db, chain.head, ofAll);
  else if (ofAll) await forgetVerified(db);
  return chain;
}

export interface AuditVerification extends ChainVerification {
  /** What no longer records, refuses or hides as it was made to, and since when. */
  readonly faults: readonly DatedFault[];
  /** Recordings of guards that were written anew without a migration, newest first: to be explained, and no faults. */
  readonly rewritings: readonly RewritingRow[];
  /** What was wrong when an anchor was written, and no longer is, newest first: to be explained, and no faults. */
  readonly pastFaults: readonly PastFault[];
}

const rewritingsMax = 100;
/** Guards that one of them names. */
const guardsMax = 20;

/**
 * The chain, all of it unless `isWhole` is false, and all that guards it and what it is about. `sightings`: what was seen
 * earlier, oldest first.
 */
export async function verifyAudit(
  db: Queryable,
  noted: AuditHead | null,
  sightings: readonly Sighting[] = [],
  isWhole = true,
): Promise<AuditVerification> {
  const chain = await verifyOn(db, noted, isWhole);
  const faults = await dateFaults(db, await findFaults(db), sightings);
  const migrations = (await readMigrations()).map(({ name }) => name);
  const rewritings = await selectRewritings(db, { migrations, limit: rewritingsMax, guardsMax });
  const past = pastFaults(faults, sightings);
  return { ...chain, intact: chain.intact && faults.length === 0, faults, rewritings, pastFaults: past };
}
