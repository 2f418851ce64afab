import type { Database } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { type Fault, faultsAt, type SentEvent } from './cloud-event.ts';
import { insertConflicts, insertEvents, type ReceivedEvent, selectStored } from './intake.store.ts';

// Storing what was sent: what this returns is on disk.

/** What became of an event: `dead`: it is stored, and counts for nothing as it is. */
export type Receipt =
  | { readonly id: string; readonly status: 'accepted' | 'duplicate' | 'conflict' }
  | { readonly id: string; readonly status: 'dead'; readonly reason: Fault };

interface EventLimits {
  readonly accountId: number;
  readonly pastLimitHours: number;
  readonly futureLimitSeconds: number;
}

const keyOf = (origin: string, id: string) => `${origin}\n${id}`;

/**
 * Stores events of one source, all or none, each once for ever: the same again is a duplicate, the same id with
 * something else a conflict, which is kept and never counts. Of an event that is older than it may be a repetition
 * is no duplicate: it is too old, whether it is known or not.
 * @param publishAs the source's name, where it is published that events came
 */
export async function storeEvents(
  db: Database,
  source: EventLimits,
  events: readonly SentEvent[],
  { receivedAt, publishAs }: { readonly receivedAt: Temporal.Instant; readonly publishAs: string | null },
): Promise<Receipt[]> {
  const faultOf = faultsAt(receivedAt, source);
  const received = events.map((event): ReceivedEvent => {
    const fault = faultOf(event);
    return fault === event.fault ? event : { ...event, fault };
  });
  const fresh = await insertEvents(db, source.accountId, received, receivedAt);
  const { known, isRepeated } =
    fresh.length === received.length ? nothingRepeated : await findRepeated(db, source.accountId, received, fresh);
  const others = received.filter(
    (event, place) => isRepeated[place] && known.get(keyOf(event.origin, event.id)) !== event.digest,
  );
  if (others.length > 0) await insertConflicts(db, source.accountId, others, receivedAt);
  if (publishAs !== null) await db.transaction().execute((trx) => publishEvent(trx, 'gateway.received', publishAs));
  return received.map((event, place) => receiptOf(event, isRepeated[place] === true, known));
}

interface Repeated {
  /** The digests of what is stored, by key. */
  readonly known: ReadonlyMap<string, string>;
  /** Of each event whether it was there, or stands before in the same batch. */
  readonly isRepeated: readonly boolean[];
}

const nothingRepeated: Repeated = { known: new Map(), isRepeated: [] };

/** @param stored the numbers of those that were stored just now */
async function findRepeated(
  db: Database,
  accountId: number,
  events: readonly ReceivedEvent[],
  stored: readonly number[],
): Promise<Repeated> {
  const rows = await selectStored(db, accountId, events);
  const numbers = new Set(stored);
  const fresh = new Set(rows.flatMap((row) => (numbers.has(row.id) ? [keyOf(row.origin, row.eventId)] : [])));
  return {
    known: new Map(rows.map(({ origin, eventId, digest }) => [keyOf(origin, eventId), digest])),
    isRepeated: events.map(({ origin, id }) => !fresh.delete(keyOf(origin, id))),
  };
}

function receiptOf(event: ReceivedEvent, isRepeated: boolean, known: ReadonlyMap<string, string>): Receipt {
  const { id, fault } = event;
  if (isRepeated) {
    if (known.get(keyOf(event.origin, id)) !== event.digest) return { id, status: 'conflict' };
    if (fault !== 'too_old') return { id, status: 'duplicate' };
  }
  return fault === null ? { id, status: 'accepted' } : { id, status: 'dead', reason: fault };
}
