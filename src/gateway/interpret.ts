import { countNewSubjects, sightSubjects } from '../inventory/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { announceDead } from './announce.ts';
import { openEffects } from './effects.store.ts';
import { selectSettledId } from './intake.store.ts';
import * as store from './interpret.store.ts';
import type { Source } from './sources.ts';
import { insertWatermarks } from './watermarks.store.ts';
import { applyWatermarks, readWatermark, type Watermark } from './watermarks.ts';

// From events to usage. Events are facts; what they mean is derived, batch by batch, and can be derived again: after a
// change of a meter, a retraction, or a decision, the same events are read once more and replace what they counted as.

/** Events that are interpreted in one transaction. */
const batchSize = 2_000;

/** What an interpretation did. */
interface Interpreted {
  readonly events: number;
  /** Subjects that were named for the first time: whose they are is still to be found out. */
  readonly newSubjects: number;
}

/**
 * Interprets all that has come of a source, and what is to be interpreted again, each in turn, so that neither waits for
 * the other. One process at a time does so for a source.
 */
export async function interpretSource(
  db: Database,
  source: Source,
  { now, signal }: { readonly now: Temporal.Instant; readonly signal?: AbortSignal },
): Promise<Interpreted> {
  const settled = await db.transaction().execute((trx) => selectSettledId(trx, source.accountId));
  const total = { events: 0, newSubjects: 0 };
  const add = (done: Interpreted | null) => {
    total.events += done?.events ?? 0;
    total.newSubjects += done?.newSubjects ?? 0;
  };
  for (let isBehind = true; isBehind; ) {
    signal?.throwIfAborted();
    const next = await db.transaction().execute((trx) => interpretNext(trx, source, settled, now));
    const again = await db.transaction().execute((trx) => interpretRepeat(trx, source, now));
    add(next);
    add(again);
    isBehind = next !== null || again !== null;
  }
  await db.transaction().execute(async (trx) => {
    await applyWatermarks(trx, source.accountId, now);
    if (total.events > 0) await publishEvent(trx, 'gateway.interpreted', source.source);
  });
  return total;
}

/** null: there is nothing new. */
async function interpretNext(
  trx: UnitOfWork,
  source: Source,
  settled: number,
  now: Temporal.Instant,
): Promise<Interpreted | null> {
  const after = await store.lockProgress(trx, source.accountId);
  const ids = await store.selectNextIds(trx, source.accountId, { after, through: settled, limit: batchSize });
  const through = ids.length < batchSize ? Math.max(after, settled) : (ids.at(-1) as number);
  if (through > after) await store.updateProgress(trx, source.accountId, through);
  return ids.length === 0 ? null : interpretEvents(trx, source, ids, { through, now });
}

/** null: nothing is to be interpreted again. */
async function interpretRepeat(
  trx: UnitOfWork,
  source: Source,
  now: Temporal.Instant,
  limit = batchSize,
): Promise<Interpreted | null> {
  const through = await store.lockProgress(trx, source.accountId);
  const repeat = await store.selectRepeat(trx, source.accountId);
  if (repeat === null) return null;
  const ids = await store.selectRepeatedIds(trx, repeat, limit);
  await store.advanceRepeat(trx, repeat, ids.length < limit ? null : (ids.at(-1) as number));
  return interpretEvents(trx, source, ids, { through, now });
}

/**
 * Interprets in this transaction what is to be interpreted again, `most` at most: for what is rolled
 * back. Returns how many.
 */
export async function interpretRepeats(
  trx: UnitOfWork,
  source: Source,
  now: Temporal.Instant,
  most = Infinity,
): Promise<number> {
  let events = 0;
  for (let isMore = true; isMore && events < most; ) {
    const done = await interpretRepeat(trx, source, now, Math.min(batchSize, most - events));
    events += done?.events ?? 0;
    isMore = done !== null;
  }
  return events;
}

/** Reasons that may pass by themselves. */
const passingReasons = ['too_many_subjects'];

/** Interprets again what died of what may have passed, batch by batch, as long as it can be otherwise. */
export async function retryPassing(
  db: Database,
  source: Source,
  { now, signal }: { readonly now: Temporal.Instant; readonly signal: AbortSignal },
): Promise<void> {
  for (let after: number | null = 0; after !== null; ) {
    signal.throwIfAborted();
    const behind: number = after;
    after = await db.transaction().execute((trx) => retryBatch(trx, source, behind, now));
  }
}

/** The last that was interpreted; null: there are no more, or no subject may be new today. */
async function retryBatch(
  trx: UnitOfWork,
  source: Source,
  after: number,
  now: Temporal.Instant,
): Promise<number | null> {
  const through = await store.lockProgress(trx, source.accountId);
  if ((await subjectsLeft(trx, source, now)) <= 0) return null;
  const filter = { reasons: passingReasons, after, limit: batchSize };
  const ids = await store.selectDeadIds(trx, source.accountId, filter);
  if (ids.length > 0) await interpretEvents(trx, source, ids, { through, now });
  return ids.at(-1) ?? null;
}

/** Interprets dead letters again, of some reasons or all (null). */
export async function interpretDead(
  trx: UnitOfWork,
  source: Source,
  reasons: readonly string[] | null,
  now: Temporal.Instant,
): Promise<Interpreted> {
  const through = await store.lockProgress(trx, source.accountId);
  const total = { events: 0, newSubjects: 0 };
  for (let after = 0; ; ) {
    const ids = await store.selectDeadIds(trx, source.accountId, { reasons, after, limit: batchSize });
    const last = ids.at(-1);
    if (last === undefined) return total;
    const { newSubjects } = await interpretEvents(trx, source, ids, { through, now });
    total.events += ids.length;
    total.newSubjects += newSubjects;
    after = last;
  }
}

/**
 * Reads events of a source as they are to be read now and replaces what they counted as. The caller holds the source's
 * progress (`lockProgress`).
 * @param through up to where events are interpreted once this is done
 */
export async function interpretEvents(
  trx: UnitOfWork,
  source: Source,
  ids: readonly number[],
  { through, now }: { readonly through: number; readonly now: Temporal.Instant },
): Promise<Interpreted> {
  const { accountId } = source;
  const batch = await store.prepareBatch(trx, ids);
  await store.recordRetractions(trx, accountId, batch, through);
  await store.leaveRetired(trx, accountId, batch);
  const readings = await store.prepareReadings(trx, accountId, batch);
  const newSubjects = await sightNew(trx, source, readings, now);
  const before = await store.replaceUsage(trx, accountId, batch, readings);
  const unread = await keepWatermarks(trx, accountId, batch);
  await openEffects(trx, accountId, readings);
  const dead = await store.replaceOutcomes(trx, accountId, { batch, readings, unread });
  await store.appendMeasurementChanges(trx, { accountId, batch, before }, now);
  if (dead > 0) await announceDead(trx, source, now);
  return { events: ids.length, newSubjects };
}

/** How many subjects may still be new on this day. */
async function subjectsLeft(trx: UnitOfWork, source: Source, now: Temporal.Instant): Promise<number> {
  const today = now.toZonedDateTimeISO('UTC').startOfDay().toInstant();
  return source.maxNewSubjects - (await countNewSubjects(trx, source.accountId, today));
}

/** Makes resources of new subjects, as many as the source may name on one day. */
async function sightNew(
  trx: UnitOfWork,
  source: Source,
  readings: Parameters<typeof store.selectNewSubjects>[2],
  now: Temporal.Instant,
): Promise<number> {
  const some = await store.selectNewSubjects(trx, source.accountId, readings, 1);
  if (some.length === 0) return 0;
  const left = await subjectsLeft(trx, source, now);
  if (left <= 0) return 0;
  return sightSubjects(
    trx,
    source.accountId,
    await store.selectNewSubjects(trx, source.accountId, readings, left),
    now,
  );
}

/** Returns the watermarks that say nothing. */
async function keepWatermarks(
  trx: UnitOfWork,
  accountId: number,
  batch: Parameters<typeof store.selectWatermarksIn>[2],
): Promise<number[]> {
  const unread: number[] = [];
  const watermarks: Watermark[] = [];
  for (const { id, through, counts } of await store.selectWatermarksIn(trx, accountId, batch)) {
    const watermark = readWatermark(id, through, counts);
    if (watermark === null) unread.push(id);
    else watermarks.push(watermark);
  }
  await insertWatermarks(trx, accountId, watermarks);
  return unread;
}
