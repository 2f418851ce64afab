import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
import { rolledBackWithin } from '../platform/database/rolled-back.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { type EffectRow, selectEffect } from './effects.store.ts';
import * as store from './events.store.ts';
import { interpretEvents, interpretRepeats } from './interpret.ts';
import { insertRepeats, lockProgress } from './interpret.store.ts';
import { clearRepeats, countRepeated } from './meters.store.ts';
import { getSource, listSources, type Source } from './sources.ts';
import { selectMiscounts, selectOpenWatermarks, type Watermark } from './watermarks.store.ts';

// What came, what became of it, and what an operator decides about what does not count.

export type { DeadLetter, EventRow, EventState, SubjectRow } from './events.store.ts';

/** One source, or all of them. Errors: not_found. */
async function accountsOf(db: Queryable, source: string | undefined): Promise<number[]> {
  const sources = source === undefined ? await listSources(db) : [await getSource(db, source)];
  return sources.map(({ accountId }) => accountId);
}

export interface EventQuery {
  readonly source?: string | undefined;
  readonly type?: string | undefined;
  readonly subject?: string | undefined;
}

/** The newest first, before a number. Errors: not_found. */
export async function listEvents(
  db: Queryable,
  { source, ...filters }: EventQuery,
  before: number | null,
  limit: number,
): Promise<store.EventRow[]> {
  return store.selectEvents(db, { ...filters, accountIds: await accountsOf(db, source) }, before, limit);
}

/** An event, and what it counts as or did. Errors: not_found. */
export async function getEvent(
  db: Queryable,
  number: number,
): Promise<store.EventDetails & { readonly usage: readonly store.EventUsage[]; readonly effect: EffectRow | null }> {
  const event = await store.selectEvent(db, await accountsOf(db, undefined), number);
  if (event === null) throw notFound('gateway event', number);
  const effect = await selectEffect(db, event.accountId, number);
  return { ...event, usage: await store.selectEventUsage(db, event), effect };
}

/** The newest first, before a place. Errors: not_found. */
export async function listDeadLetters(
  db: Queryable,
  { source, reason }: { readonly source?: string | undefined; readonly reason?: string | undefined },
  before: { readonly number: number; readonly meter: string } | null,
  limit: number,
): Promise<store.DeadLetter[]> {
  return store.selectDeadLetters(db, { reason, accountIds: await accountsOf(db, source) }, before, limit);
}

/** Which reasons of a dead letter an operator can answer for: what is wrong with its time alone. */
const replayable = ['too_old', 'in_future'];

/**
 * Has dead letters of a source count all the same, with their time shifted by what the clock of the sender was off, or
 * drops them for good, but for those that another meter counts. The reason is recorded. Returns how many.
 * Errors: not_found; invalid_argument for a reason that no decision can answer for.
 */
export async function decideDeadLetters(
  db: Database,
  source: Source,
  decision: store.Decision,
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  if (decision.decision === 'replay' && !replayable.includes(decision.reason))
    throw new ArcadiaError(
      'invalid_argument',
      `What is dead for ${decision.reason} cannot be replayed: only ${replayable.join(' and ')} can. Of others, correct the cause and retry.`,
    );
  return db.transaction().execute(async (trx) => {
    const through = await lockProgress(trx, source.accountId);
    const numbers = await store.upsertDecisions(trx, source.accountId, decision, by, now);
    // What is dropped retracts nothing any more.
    const retracted = await store.selectRetracted(trx, source.accountId, numbers, through);
    await interpretEvents(trx, source, [...numbers, ...retracted], { through, now });
    return numbers.length;
  });
}

interface Replay {
  readonly type: string;
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
}

/** Has events of a source with a time in a range interpreted again. */
export async function replayEvents(db: Database, source: Source, { type, from, to }: Replay): Promise<void> {
  await db
    .transaction()
    .execute((trx) => insertRepeats(trx, { accountId: source.accountId, type, since: from, until: to }));
}

/** What a range of a source counts as before and after it is interpreted again. */
export interface ReplayPreview {
  readonly events: number;
  readonly before: ReplayFigures;
  readonly after: ReplayFigures;
}

interface ReplayFigures {
  readonly states: readonly { readonly state: store.EventState; readonly events: number }[];
  readonly meters: readonly store.RangeSum[];
}

/** Nothing else is interpreted meanwhile. */
const previewedMax = 100_000;

/** The same, rolled back. Errors: too_costly. */
export async function previewReplay(
  db: Database,
  source: Source,
  { type, from, to }: Replay,
  now: Temporal.Instant,
): Promise<ReplayPreview> {
  const { accountId } = source;
  const work = async (trx: UnitOfWork): Promise<ReplayPreview> => {
    await lockProgress(trx, accountId);
    await clearRepeats(trx);
    await insertRepeats(trx, { accountId, type, since: from, until: to });
    const events = await countRepeated(trx, previewedMax + 1);
    if (events > previewedMax)
      throw new ArcadiaError(
        'too_costly',
        `More than ${previewedMax} events would be interpreted again: ask for fewer days.`,
      );
    const figures = async (): Promise<ReplayFigures> => ({
      states: await store.selectStates(trx, accountId, { from, to }),
      meters: await store.selectRangeSums(trx, accountId, { from, to }),
    });
    const before = await figures();
    await interpretRepeats(trx, source, now);
    return { events, before, after: await figures() };
  };
  return db.transaction().execute((trx) => rolledBackWithin(trx, work));
}

/** What came of a source in a range, and whether it is what was sent. */
export interface Reconciliation {
  /** Every event that came is exactly one of these. */
  readonly states: readonly { readonly state: store.EventState; readonly events: number }[];
  /** Of all time: what came under a known id and was something else. */
  readonly conflicts: number;
  /** Watermarks that confirm nothing yet, with the hours in which another number came than was sent. */
  readonly open: readonly (Pick<Watermark, 'through'> & {
    readonly hours: readonly { readonly hour: Temporal.Instant; readonly sent: number; readonly received: number }[];
  })[];
}

export async function reconcileSource(
  db: Database,
  source: Source,
  range: { readonly from: Temporal.Instant; readonly to: Temporal.Instant },
): Promise<Reconciliation> {
  return db.transaction().execute(async (trx) => {
    const open: { through: Temporal.Instant; hours: Awaited<ReturnType<typeof selectMiscounts>> }[] = [];
    for (const watermark of await selectOpenWatermarks(trx, source.accountId))
      open.push({ through: watermark.through, hours: await selectMiscounts(trx, source.accountId, watermark) });
    return {
      states: await store.selectStates(trx, source.accountId, range),
      conflicts: await store.countConflicts(trx, source.accountId),
      open,
    };
  });
}

/** Behind a resource. Errors: not_found. */
export async function listSubjects(
  db: Queryable,
  query: { readonly source?: string | undefined; readonly unowned: boolean; readonly q: string | null },
  page: { readonly after: number; readonly now: Temporal.Instant; readonly limit: number },
): Promise<store.SubjectRow[]> {
  const { source, ...filters } = query;
  return store.selectSubjects(db, { ...filters, accountIds: await accountsOf(db, source) }, page);
}
