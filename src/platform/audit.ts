import {
  type AuditEntry,
  type AuditFilter,
  type AuditHead,
  type BrokenLink,
  selectBrokenLinks,
  selectDisabledTriggers,
  selectEntries,
  selectHead,
} from './audit.store.ts';
import type { Queryable } from './database/database.ts';

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

interface AuditVerification {
  readonly intact: boolean;
  /** The last entry, which a later verification can be held against; null: there is none. */
  readonly head: AuditHead | null;
  /** Places at which the chain does not hold, oldest first; a hundred at most. */
  readonly broken: readonly BrokenLink[];
  /** Tables on which recording, or refusing, is switched off now. */
  readonly disabled: readonly string[];
  /** Whether the entry that was noted down is still there as it was; null: none was given. */
  readonly notedHolds: boolean | null;
}

const brokenMax = 100;

/**
 * Follows the whole chain. Whoever may switch triggers off can also make a whole new chain, or cut
 * off its end; neither shows from within, so an earlier head, `noted` down elsewhere, is looked up.
 */
export async function verifyAudit(db: Queryable, noted: AuditHead | null): Promise<AuditVerification> {
  const broken = await selectBrokenLinks(db, brokenMax);
  const disabled = await selectDisabledTriggers(db);
  const head = await selectHead(db, null);
  const notedHolds = noted === null ? null : (await selectHead(db, noted.position))?.hash === noted.hash;
  return {
    intact: broken.length === 0 && disabled.length === 0 && notedHolds !== false,
    head,
    broken,
    disabled,
    notedHolds,
  };
}
