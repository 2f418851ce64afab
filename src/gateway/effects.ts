import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { announceDead } from './announce.ts';
import * as store from './effects.store.ts';
import { lockProgress } from './interpret.store.ts';
import type { Source } from './sources.ts';

// Events that do something beside counting: a subscription is paused, an invoice is paid. What they do is other modules'
// (flows/gateway-effects.ts); here is which of them are to be done, that each is done once, and what came of it.

export type { EffectEvent, EffectOutcome } from './effects.store.ts';
export type { EffectType } from './effect-types.ts';

/** Of what is not there yet: what died of it is tried again. */
const waitingReasons = ['deployment_unknown', 'not_subscribed', 'invoice_unknown'] as const;

/** What waits is tried again so often, and so many at a time. */
const waitMinutes = 10;
const waitingMax = 1_000;
const openMax = 1_000;

/**
 * Does what is open of a source, one after the other: payments in the order in which they came, lifecycle events of a
 * deployment in the order of their places, with those of it that wait. Each is claimed, done and written down in one
 * transaction, while nobody interprets events of the source. One that fails unexpectedly stays open, and keeps none from being
 * done but others of its deployment, which would overtake it. Returns the errors of these.
 */
export async function doEffects(
  db: Database,
  source: Source,
  effect: (trx: UnitOfWork, event: store.EffectEvent, now: Temporal.Instant) => Promise<store.EffectOutcome>,
  { clock, signal }: { readonly clock: { now(): Promise<Temporal.Instant> }; readonly signal: AbortSignal },
): Promise<{ done: number; errors: unknown[] }> {
  const { accountId } = source;
  const triedBefore = (await clock.now()).subtract({ minutes: waitMinutes });
  await db.transaction().execute(async (trx) => {
    await lockProgress(trx, accountId);
    await store.reopenEffects(trx, accountId, { reasons: waitingReasons, triedBefore, limit: waitingMax });
  });
  const errors: unknown[] = [];
  const failed: number[] = [];
  const held: string[] = [];
  // Of what waits each is tried once: others of its subject would have it tried again and again.
  const tried: number[] = [];
  let done = 0;
  for (;;) {
    await db.transaction().execute(async (trx) => {
      await lockProgress(trx, accountId);
      await store.reopenOvertaken(trx, accountId, { reasons: waitingReasons, tried, held, limit: waitingMax });
    });
    const open = await store.selectOpenEffects(db, accountId, { failed, held, limit: openMax });
    if (open.length === 0) break;
    for (const { number, subject } of open) {
      signal.throwIfAborted();
      if (subject !== null && held.includes(subject)) continue;
      const now = await clock.now();
      const once = async (trx: UnitOfWork) => {
        await lockProgress(trx, accountId);
        const event = await store.claimEffect(trx, accountId, number);
        if (event === null) return false;
        const outcome = await effect(trx, event, now);
        const isNews = await store.settleEffect(trx, accountId, number, outcome, now);
        if (isNews && outcome.outcome === 'dead') await announceDead(trx, source, now);
        return true;
      };
      try {
        if (await db.transaction().execute(once)) done += 1;
        if (subject !== null) tried.push(number);
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
        if (subject === null) failed.push(number);
        else held.push(subject);
      }
    }
  }
  if (done > 0) await db.transaction().execute((trx) => publishEvent(trx, 'gateway.interpreted', source.source));
  return { done, errors };
}

/** An event's place among those of its subject. */
interface Placed {
  readonly place: string;
  readonly bySequence: boolean;
  readonly time: Temporal.Instant;
}

/** By its sequence, or where it has none by its time; null: its sequence is no whole number of up to 40 digits. */
export function placeOf({ sequence, time }: store.EffectEvent): Placed | null {
  if (sequence === null) return { place: String(time.epochNanoseconds / 1000n), bySequence: false, time };
  return /^\d{1,40}$/.test(sequence) ? { place: sequence, bySequence: true, time } : null;
}

/**
 * Whether an event is later than where the lifecycle of a deployment stands by this source. Where one of the two has a
 * sequence and the other has none, their times say so.
 */
export async function compareLifecycle(
  trx: UnitOfWork,
  accountId: number,
  deployment: string,
  { place, bySequence, time }: Placed,
): Promise<{ readonly isLater: boolean; readonly fromDay: Temporal.PlainDate | null }> {
  const there = await store.selectLifecycle(trx, accountId, deployment);
  if (there === null) return { isLater: true, fromDay: null };
  const isLater =
    there.bySequence === bySequence
      ? BigInt(place) > BigInt(there.place)
      : Temporal.Instant.compare(time, there.time) > 0;
  return { isLater, fromDay: there.fromDay };
}

/** Sources of which something is to be done, or waits, by name. */
export function sourcesWithEffects(db: Queryable): Promise<string[]> {
  return store.selectWithEffects(db, waitingReasons);
}

/** Whether something of a source is to be done. */
export function hasOpenEffects(db: Queryable, { accountId }: Source): Promise<boolean> {
  return store.selectHasOpen(db, accountId);
}

export { upsertLifecycle as moveLifecycle } from './effects.store.ts';
