import type { Queryable } from '../database/database.ts';
import { guardKey, readExpectedGuards } from './expected-guards.ts';
import { type GuardRow, selectGuards, selectWhenWritten } from './guards.store.ts';
import { hasAuditLog, insertRecording, lockRecordings } from './writings.store.ts';

// Whoever drops, switches off or on, replaces or creates a trigger, function or policy writes its row of the catalogue
// anew, and the row names the transaction. So a guard that was lifted and put back exactly as it was shows: it was written
// by another transaction than the one of the last recording.

/** Why guards were written anew. access: rights were missing, and all were given again. unknown: somebody has to explain it. */
type Cause = 'migration' | 'restore' | 'access' | 'unknown';

/** Of these the catalogue says who wrote them. The row of a relation is written for other reasons too, such as an index. */
const recordedKinds: ReadonlySet<string> = new Set(['trigger', 'function', 'policy']);

/** Whether a guard of ours was written by another transaction than the log says. */
export function isRewritten({ kind, writtenBy, recordedBy }: GuardRow): boolean {
  return recordedKinds.has(kind) && writtenBy !== recordedBy;
}

/**
 * Records in the audit log which transactions wrote the guards, where it differs from what is recorded. Within a
 * transaction; nothing where there is no log yet. Returns how many were written anew.
 */
export async function recordWritings(
  trx: Queryable,
  cause: Cause,
  migrations: readonly string[] = [],
): Promise<number> {
  if (!(await hasAuditLog(trx))) return 0;
  await lockRecordings(trx);
  const expected = await readExpectedGuards();
  const rewritten = (await selectGuards(trx)).filter((row) => expected.has(guardKey(row)) && isRewritten(row));
  // Of a migration that writes nothing anew it is recorded as well that it was here: it explains only this once.
  if (rewritten.length === 0 && migrations.length === 0) return 0;
  const writings = Object.fromEntries(rewritten.map((row) => [guardKey(row), row.writtenBy ?? '']));
  const writtenAfter = cause === 'unknown' ? await earliest(trx, [...new Set(Object.values(writings))]) : null;
  await insertRecording(trx, { cause, migrations, writtenAfter, writings });
  return rewritten.length;
}

/** A time before all of these transactions, or that of the first of them; null: not known. */
async function earliest(trx: Queryable, transactions: readonly string[]): Promise<Temporal.Instant | null> {
  const times = (await selectWhenWritten(trx, transactions)).map((row) => row.committedAt ?? row.recordedAt);
  if (times.includes(null)) return null;
  return times.flatMap((time) => time ?? []).toSorted(Temporal.Instant.compare)[0] ?? null;
}
