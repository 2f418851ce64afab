import type { Clock } from '../platform/clock.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import type { Logger } from '../platform/log.ts';
import { type SecretKey, unseal } from '../platform/secrets/crypto.ts';
import * as store from './deliveries.store.ts';
import { type DisabledReason, updateDisabled } from './endpoints.store.ts';
import { reachable } from './networks.ts';
import { attemptsMax, failingHoursMax, nextAttemptAt } from './retries.ts';
import { keyPurpose } from './secret-key.ts';
import { type Outcome, send } from './send.ts';
import { signedHeaders } from './signing.ts';
import type { Resolve } from './target.ts';

// Sends what is due, until nothing is.
//
//   claim (at most two of an endpoint) -> sign -> POST -> record
//
// What is sent and not yet recorded when the process dies is sent once more, with the same id. Many are in flight at a
// time, and while any is, this goes on to claim: a receiver that takes its 15 seconds holds up its own messages alone.

const inFlightMax = 20;
/** An attempt of a job ends well before its time is up: for so long it goes on to claim. */
const claimMsMax = 240_000;
/** How often what has become due meanwhile is looked for, while others are in flight. */
const lookMs = 250;

export interface Delivering {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly jobId: string;
  readonly key: SecretKey;
  /** Of this installation, beside the public internet. */
  readonly networks: readonly string[];
  readonly resolve: Resolve;
  /** Has deliveries looked for again at an instant; in this transaction. */
  wakeAt(trx: UnitOfWork, at: Temporal.Instant): Promise<void>;
}

/**
 * Sends all that is due, and what becomes due meanwhile, for some minutes. Returns how many attempts that took, and whether
 * there may be more.
 */
export async function deliverDue(delivering: Delivering): Promise<{ attempts: number; more: boolean }> {
  const { db, clock, signal, jobId } = delivering;
  await store.releaseClaims(db, jobId);
  const inFlight = new Set<Promise<void>>();
  const began = performance.now();
  let attempts = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      const more = performance.now() - began > claimMsMax;
      const room = more ? 0 : inFlightMax - inFlight.size;
      const claimed = room === 0 ? [] : await store.claimDue(db, jobId, room, await clock.now());
      for (const delivery of claimed) {
        const sending = attempt(delivering, delivery);
        inFlight.add(sending);
        // Its failure reaches whoever waits below.
        sending.then(
          () => inFlight.delete(sending),
          () => {},
        );
      }
      attempts += claimed.length;
      if (inFlight.size === 0) return { attempts, more };
      if (claimed.length === 0) await oneOf(inFlight, lookMs);
    }
  } finally {
    await Promise.allSettled(inFlight);
    // What could not be recorded is due again at once, and keeps no place of its endpoint until this job runs again.
    await store.releaseClaims(db, jobId);
  }
}

/** Until one of them ends, or a time has passed. Errors: theirs. */
async function oneOf(running: ReadonlySet<Promise<void>>, ms: number): Promise<void> {
  const passed = Promise.withResolvers<void>();
  const timer = setTimeout(passed.resolve, ms);
  try {
    await Promise.race([...running, passed.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(delivering: Delivering, delivery: store.ClaimedDelivery): Promise<void> {
  const { db, clock, signal, key, networks, resolve } = delivering;
  const attemptedAt = await clock.now();
  const sealed = await store.selectValidKeys(db, delivery.endpointId, attemptedAt);
  const secrets = sealed.map((bytes) => unseal(key, keyPurpose, bytes));
  const body = bodyOf(delivery);
  // Real time: a receiver compares it with its own clock.
  const signed = signedHeaders({ id: delivery.webhookId, at: Temporal.Now.instant(), body }, secrets);
  const headers = { ...signed, 'content-type': 'application/json', 'user-agent': 'arcadia-cloud webhooks' };
  const outcome = await send({ url: delivery.url, headers, body }, { networks: reachable(networks), resolve, signal });
  await record(delivering, delivery, attemptedAt, outcome);
}

/** The same bytes in each attempt: a delivery keeps its sequence, and a message its data. */
function bodyOf({ type, recordedAt, sequence, data }: store.ClaimedDelivery): string {
  return `{"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(recordedAt.toString())},"sequence":${sequence},"data":${data}}`;
}

async function record(
  { db, clock, log, jobId, wakeAt }: Delivering,
  { deliveryId, endpointId, endpoint, ...delivery }: store.ClaimedDelivery,
  attemptedAt: Temporal.Instant,
  { status, error, answer, ms, retryAfterSeconds }: Outcome,
): Promise<void> {
  const now = await clock.now();
  const attempts = delivery.attempts + 1;
  const gone = status === 410;
  const nextAt = error === null || gone ? null : nextAttemptAt(now, attempts, retryAfterSeconds);
  const state = error === null ? 'delivered' : nextAt === null ? 'failed' : 'pending';
  const disabled = await db.transaction().execute(async (trx) => {
    await store.lockProgress(trx, endpointId);
    if (!(await store.settleDelivery(trx, { deliveryId, jobId }, { state, attempts, nextAt }))) return null;
    await store.insertAttempt(trx, { deliveryId, attemptedAt, ms, status, error, answer });
    const failingSince = await store.noteOutcome(trx, endpointId, error !== null, now);
    if (nextAt !== null) await wakeAt(trx, nextAt);
    const reason = gone ? 'gone' : hasFailedLong(failingSince, now) ? 'failing' : null;
    return reason !== null && (await disable(trx, endpointId, endpoint, reason, now)) ? reason : null;
  });
  if (disabled !== null) log.warn({ webhook: endpoint, reason: disabled }, 'webhook disabled');
  else if (state === 'failed')
    log.warn({ webhook: endpoint, message: delivery.webhookId, attempts, of: attemptsMax }, 'webhook given up');
}

function hasFailedLong(since: Temporal.Instant | null, now: Temporal.Instant): boolean {
  return since !== null && Temporal.Instant.compare(since.add({ hours: failingHoursMax }), now) <= 0;
}

/** Sends nothing to it any more, and publishes that to staff. Whether it was enabled. */
async function disable(
  trx: UnitOfWork,
  endpointId: number,
  slug: string,
  reason: DisabledReason,
  now: Temporal.Instant,
): Promise<boolean> {
  const changed = await updateDisabled(trx, endpointId, reason, now);
  if (changed) await publishEvent(trx, 'webhook.disabled', slug);
  return changed;
}
