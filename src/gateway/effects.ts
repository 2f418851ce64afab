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
const waitingReasons = ['deployment_unknown', 'not_subscribed', 'invoice_unknown', 'invoice_not_issued'] as const;

/** What waits is tried again so often, and so many at a time. */
const waitMinutes = 10;
const waitingMax = 1_000;
const openMax = 1_000;

/**
 * Does what is open of a source, one after the other in the order in which events came. Each is claimed, done and written
 * down in one transaction, while nobody interprets events of the source. One that fails unexpectedly stays open and keeps
 * no other from being done. Returns the errors of these.
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
  let done = 0;
  for (let after = 0; ; ) {
    const open = await store.selectOpenEffects(db, accountId, after, openMax);
    for (const number of open) {
      signal.throwIfAborted();
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
      } catch (error) {
        signal.throwIfAborted();
        errors.push(error);
      }
    }
    const last = open.at(-1);
    if (last === undefined) break;
    after = last;
  }
  if (done > 0) await db.transaction().execute((trx) => publishEvent(trx, 'gateway.interpreted', source.source));
  return { done, errors };
}

/** An event's place among those of its subject. */
interface Placed {
  readonly place: string;
  readonly bySequence: boolean;
}

/** By its sequence, or where it has none by its time; null: its sequence is no whole number of up to 40 digits. */
export function placeOf({ sequence, time }: store.EffectEvent): Placed | null {
  if (sequence === null) return { place: String(time.epochNanoseconds / 1000n), bySequence: false };
  return /^\d{1,40}$/.test(sequence) ? { place: sequence, bySequence: true } : null;
}

/**
 * Where the lifecycle of a deployment stands by this source, beside where the event stands: `mixed`, where one of the two has
 * a sequence and the other has none, so that nobody knows which is later.
 */
export async function compareLifecycle(
  trx: UnitOfWork,
  accountId: number,
  deployment: string,
  { place, bySequence }: Placed,
): Promise<{ readonly order: 'later' | 'not_later' | 'mixed'; readonly fromDay: Temporal.PlainDate | null }> {
  const there = await store.selectLifecycle(trx, accountId, deployment);
  if (there === null) return { order: 'later', fromDay: null };
  const { fromDay } = there;
  if (there.bySequence !== bySequence) return { order: 'mixed', fromDay };
  return { order: BigInt(place) > BigInt(there.place) ? 'later' : 'not_later', fromDay };
}

/** Sources of which something is to be done, or waits, by name. */
export function sourcesWithEffects(db: Queryable): Promise<string[]> {
  return store.selectWithEffects(db, waitingReasons);
}

/** Whether something of a source is to be done. */
export async function hasOpenEffects(db: Queryable, { accountId }: Source): Promise<boolean> {
  return (await store.selectOpenEffects(db, accountId, 0, 1)).length > 0;
}

export { upsertLifecycle as moveLifecycle } from './effects.store.ts';
