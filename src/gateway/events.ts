import type { Database, Queryable, UnitOfWork } from '../platform/database/database.ts';
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

export interface Replay {
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

/** What events of a range of a source count as. */
export interface ReplayFigures {
  readonly states: readonly { readonly state: store.EventState; readonly events: number }[];
  readonly meters: readonly store.RangeSum[];
}

interface StagedReplay {
  /** Deployments that own what the source's events are about. */
  readonly deployments: readonly string[];
  readonly before: ReplayFigures;
  /** How many events of the range are left as they are, counted up to a million. */
  readonly beyond: number;
  /** Interprets the others again. */
  make(): Promise<void>;
  /** How many were. */
  made(): number;
  figures(): Promise<ReplayFigures>;
}

const beyondMax = 1_000_000;

/** A replay that can be made, of no more than the first events of its range, in a transaction that is rolled back. */
export async function stageReplay(
  trx: UnitOfWork,
  source: Source,
  { type, from, to }: Replay,
  { now, eventsMax }: { readonly now: Temporal.Instant; readonly eventsMax: number },
): Promise<StagedReplay> {
  const { accountId } = source;
  const figures = async (): Promise<ReplayFigures> => ({
    states: await store.selectStates(trx, accountId, { from, to }),
    meters: await store.selectRangeSums(trx, accountId, { from, to }),
  });
  await lockProgress(trx, accountId);
  await clearRepeats(trx, accountId);
  await insertRepeats(trx, { accountId, type, since: from, until: to });
  const found = await countRepeated(trx, accountId, eventsMax + beyondMax);
  let made = 0;
  return {
    deployments: await store.selectSubjectOwners(trx, accountId),
    before: await figures(),
    beyond: Math.max(0, found - eventsMax),
    async make() {
      made = await interpretRepeats(trx, source, now, eventsMax);
    },
    made: () => made,
    figures,
  };
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
