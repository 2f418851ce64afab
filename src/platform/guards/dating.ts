import type { Queryable } from '../database/database.ts';
import type { Fault } from './guards.ts';
import { type LastRecordedRow, selectLastRecorded, selectWhenWritten, type WrittenRow } from './guards.store.ts';

// Since when something is wrong, as far as it can be known. The catalogue says which transaction wrote what is there,
// and never what was there before it; of what is gone it says nothing.

/** What was seen of the guards at an earlier time, from a place outside of the database. */
export interface Sighting {
  readonly at: Temporal.Instant;
  /** The faults of then, by `faultKey`. */
  readonly faults: ReadonlySet<string>;
}

interface Since {
  /** When what is there was written; null: not known. */
  readonly at: Temporal.Instant | null;
  /** The last time at which it was still right, or not yet written; null: not known. */
  readonly after: Temporal.Instant | null;
  /** The entry of the log that shows this; null: an anchor does, or nothing. */
  readonly afterEntry: number | null;
  /** The first time at which it was seen to be wrong; null: now. */
  readonly before: Temporal.Instant | null;
}

export interface DatedFault extends Fault {
  readonly since: Since;
}

/** A fault by what is wrong with what, the same each time. */
export function faultKey({ what, kind, relation, name }: Fault): string {
  return [what, kind, relation ?? '', name].join(' ');
}

export interface PastFault {
  /** See faultKey. */
  readonly fault: string;
  /** The last time at which it was not there yet; null: not known. */
  readonly after: Temporal.Instant | null;
  readonly firstSeenAt: Temporal.Instant;
  readonly lastSeenAt: Temporal.Instant;
  /** The first time at which it was gone; null: now. */
  readonly goneAt: Temporal.Instant | null;
}

const pastFaultsMax = 100;

/** What was seen and is no fault now, each where it was seen last; newest first, a hundred at most. `sightings`: oldest first. */
export function pastFaults(faults: readonly Fault[], sightings: readonly Sighting[]): PastFault[] {
  const now = new Set(faults.map(faultKey));
  const seen = new Set(sightings.flatMap((sighting) => [...sighting.faults]).filter((key) => !now.has(key)));
  const past = [...seen].flatMap((fault): PastFault[] => {
    const last = sightings.findLastIndex((sighting) => sighting.faults.has(fault));
    const before = sightings.slice(0, last).findLastIndex((sighting) => !sighting.faults.has(fault));
    const [first, lastSeen] = [sightings[before + 1], sightings[last]];
    if (first === undefined || lastSeen === undefined) return [];
    const [after, goneAt] = [sightings[before]?.at ?? null, sightings[last + 1]?.at ?? null];
    return [{ fault, after, firstSeenAt: first.at, lastSeenAt: lastSeen.at, goneAt }];
  });
  return past.toSorted((a, b) => Temporal.Instant.compare(b.lastSeenAt, a.lastSeenAt)).slice(0, pastFaultsMax);
}

/** Adds to each fault since when it is there. `sightings`: oldest first. */
export async function dateFaults(
  db: Queryable,
  faults: readonly Fault[],
  sightings: readonly Sighting[],
): Promise<DatedFault[]> {
  const transactions = [...new Set(faults.flatMap(({ writtenBy }) => writtenBy ?? []))];
  const written = new Map((await selectWhenWritten(db, transactions)).map((row) => [row.writtenBy, row]));
  const tables = [...new Set(faults.flatMap((fault) => recordedBy(fault)?.table ?? []))];
  const recorded = await selectLastRecorded(db, tables);
  return faults.map((fault) => {
    const by = recordedBy(fault);
    const lastOfTable = recorded.find((row) => row.table === by?.table && row.operation === by.operation);
    const whenWritten = fault.writtenBy === null ? undefined : written.get(fault.writtenBy);
    return { ...fault, since: sinceOf(fault, { whenWritten, lastOfTable, sightings }) };
  });
}

/** Of a trigger that records: whose entries show that it still did. */
function recordedBy({ kind, relation, name }: Fault): { table: string; operation: string } | null {
  const [, operation] = /^audit_(insert|update|delete)$/.exec(name) ?? [];
  return kind === 'trigger' && relation !== null && operation !== undefined ? { table: relation, operation } : null;
}

interface Evidence {
  readonly whenWritten: WrittenRow | undefined;
  readonly lastOfTable: LastRecordedRow | undefined;
  readonly sightings: readonly Sighting[];
}

function sinceOf(fault: Fault, { whenWritten, lastOfTable, sightings }: Evidence): Since {
  const key = faultKey(fault);
  // The last unbroken row of sightings that have it: it may have been mended in between.
  const lastWithout = sightings.findLastIndex(({ faults }) => !faults.has(key));
  const before = sightings[lastWithout + 1]?.at ?? fault.readAt;
  if (whenWritten?.committedAt) return { at: whenWritten.committedAt, after: null, afterEntry: null, before: null };
  const known = [whenWritten, lastOfTable].flatMap((row): { at: Temporal.Instant; entry: number | null }[] =>
    row?.recordedAt && row.position !== null ? [{ at: row.recordedAt, entry: row.position }] : [],
  );
  const sighting = sightings[lastWithout];
  if (sighting !== undefined) known.push({ at: sighting.at, entry: null });
  const latest = known.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at)).at(-1);
  return { at: null, after: latest?.at ?? null, afterEntry: latest?.entry ?? null, before };
}
