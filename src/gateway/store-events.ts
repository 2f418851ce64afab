import type { Database } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { type Fault, faultAt, type SentEvent } from './cloud-event.ts';
import {
  beginIntake,
  type EventIdentity,
  insertConflicts,
  insertEvents,
  type ReceivedEvent,
  selectDigests,
} from './intake.store.ts';

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
 * Stores events of one source in one transaction, each once for ever: the same again is a duplicate, the same id with
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
  const received: ReceivedEvent[] = events.map((event) => ({ ...event, fault: faultAt(event, receivedAt, source) }));
  return db.transaction().execute(async (trx) => {
    await beginIntake(trx, source.accountId);
    const stored = await insertEvents(trx, source.accountId, received, receivedAt);
    const fresh = new Set(stored.map(({ origin, eventId }) => keyOf(origin, eventId)));
    const isRepeated = repeatedAmong(received, fresh);
    const repeated = received.filter((_, place) => isRepeated[place]);
    const known = await digestsOf(trx, source.accountId, repeated);
    const others = repeated.filter((event) => known.get(keyOf(event.origin, event.id)) !== event.digest);
    if (others.length > 0) await insertConflicts(trx, source.accountId, others, receivedAt);
    if (publishAs !== null) await publishEvent(trx, 'gateway.received', publishAs);
    return received.map((event, place) => receiptOf(event, isRepeated[place] === true, known));
  });
}

/** Of each event whether it was there, or stands before in the same batch. */
function repeatedAmong(events: readonly ReceivedEvent[], fresh: Set<string>): boolean[] {
  const left = new Set(fresh);
  return events.map(({ origin, id }) => !left.delete(keyOf(origin, id)));
}

async function digestsOf(
  trx: Parameters<typeof selectDigests>[0],
  accountId: number,
  events: readonly ReceivedEvent[],
): Promise<Map<string, string>> {
  if (events.length === 0) return new Map();
  const rows: (EventIdentity & { digest: string })[] = await selectDigests(trx, accountId, events);
  return new Map(rows.map(({ origin, eventId, digest }) => [keyOf(origin, eventId), digest]));
}

function receiptOf(event: ReceivedEvent, isRepeated: boolean, known: ReadonlyMap<string, string>): Receipt {
  const { id, fault } = event;
  if (isRepeated) {
    if (known.get(keyOf(event.origin, id)) !== event.digest) return { id, status: 'conflict' };
    if (fault !== 'too_old') return { id, status: 'duplicate' };
  }
  return fault === null ? { id, status: 'accepted' } : { id, status: 'dead', reason: fault };
}
