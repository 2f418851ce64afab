import {
  type AuditEntry,
  type AuditFilter,
  type AuditHead,
  type BrokenLink,
  selectBrokenLinks,
  selectEntries,
  selectHead,
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
}

const brokenMax = 100;

/**
 * Follows the whole chain. Whoever may switch triggers off can also make a whole new chain, or cut
 * off its end; neither shows from within, so an earlier head, `noted` down elsewhere, is looked up.
 */
export async function verifyChain(db: Queryable, noted: AuditHead | null): Promise<ChainVerification> {
  const broken = await selectBrokenLinks(db, brokenMax);
  const head = await selectHead(db, null);
  const notedHolds = noted === null ? null : (await selectHead(db, noted.position))?.hash === noted.hash;
  return { intact: broken.length === 0 && notedHolds !== false, head, broken, notedHolds };
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

/** The chain, and all that guards it and what it is about. `sightings`: what was seen earlier, oldest first. */
export async function verifyAudit(
  db: Queryable,
  noted: AuditHead | null,
  sightings: readonly Sighting[] = [],
): Promise<AuditVerification> {
  const chain = await verifyChain(db, noted);
  const faults = await dateFaults(db, await findFaults(db), sightings);
  const migrations = (await readMigrations()).map(({ name }) => name);
  const rewritings = await selectRewritings(db, { migrations, limit: rewritingsMax, guardsMax });
  const past = pastFaults(faults, sightings);
  return { ...chain, intact: chain.intact && faults.length === 0, faults, rewritings, pastFaults: past };
}
