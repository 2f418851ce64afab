import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, openAccount } from '../inventory/index.ts';
import { rateMonths } from '../invoices/index.ts';
import { dayOf, type MeteredDay, meterOutstanding, setObservationLimit } from '../metering/index.ts';
import { announceHistory, databaseClock, followSimulatedClock } from '../platform/clock.ts';
import { type Queryable, type Database, type Session, inSession } from '../platform/database/database.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import type { FleetDescription, FleetDeployment } from '../simulator/index.ts';
import { meterAndDraft } from './bring-up-to-date.ts';
import { type FlowContext, silent } from './context.ts';
import { type DeclaredFleet, declareFleet } from './declare-fleet.ts';
import { type Cast, castOf, partnerFile, settleMonths } from './demonstrate-billing.ts';
import type { Branch } from './demonstrate-branch.ts';
import { findOrConnect, syncWhole } from './demonstrated-account.ts';
import { once } from '../platform/once.ts';
import { tryLockHistory, unlockHistory } from './demonstration.store.ts';

// A demonstration is the main job on a simulated fleet, by the functions that every command uses:
// the simulator speaks HTTP, the clock moves in steps, and at each step everything is synced. What
// comes and goes between two steps is seen or missed as it would be.

export interface DemonstrationRequest {
  readonly fleet: 'pilot' | 'agency';
  readonly seed: number;
  /** How far the clock moves between two syncs. */
  readonly cadence: Temporal.Duration;
  /** Where the fleet has buckets. */
  readonly spacesRegions: readonly string[];
  /** How much of the fleet's history; all of it where it is not given. */
  readonly length?: Temporal.Duration;
  /** Whether there is a second account beside it, which is billed in another currency. */
  readonly branch: boolean;
}

/** Ten days of one small deployment. */
export const pilotDemonstration = once(
  (): DemonstrationRequest => ({
    fleet: 'pilot',
    seed: 1,
    cadence: Temporal.Duration.from({ hours: 1 }),
    spacesRegions: [],
    length: Temporal.Duration.from({ hours: 240 }),
    branch: false,
  }),
);

/** Ninety days of an agency. An account that is really watched is read more often; this keeps the first start short. */
export const agencyDemonstration = once(
  (): DemonstrationRequest => ({
    fleet: 'agency',
    seed: 1,
    cadence: Temporal.Duration.from({ hours: 12 }),
    spacesRegions: ['ams3', 'fra1'],
    branch: true,
  }),
);

export interface Demonstration {
  readonly account: Account;
  /** Of the history, as far as it was asked for. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly deployments: readonly FleetDeployment[];
  /** Syncs of all kinds in this run; fewer than the history has where an earlier run, or another process, did a part. */
  readonly syncs: number;
  readonly meteredDays: number;
}

/**
 * Creates a fleet's history in a database, declares whose it is, meters it and drafts its invoices. What an earlier run
 * has done, to its end or not, is not done again: the state is the database's. One process at a time
 * creates history; another one waits, and continues with what is there then.
 *
 * Errors: sync_incomplete, cancelled; those of the functions that it calls.
 */
export async function demonstrate(
  db: Database,
  { secretKey, ...request }: DemonstrationRequest & { readonly secretKey: SecretKey },
  context: FlowContext,
): Promise<Demonstration> {
  const { signal, progress = silent } = context;
  const { describeFleet } = await import('../simulator/index.ts');
  const fleet = describeFleet(request.fleet, request.seed);
  const { length, cadence } = request;
  const to = length === undefined ? fleet.end : fleet.start.add(length);
  const cast = castOfFleet(fleet, to);
  const declared = declaredOf(fleet, cast);
  const branch = request.branch ? await openBranch(db, { cadence, secretKey, to, signal }) : null;
  const days: MeteredDay[] = [];
  const createHistory = async (conn: Session, report: (text: string) => void) => {
    await waitForHistory(db, conn, to, report, signal);
    const { now, spacesRegions, seed } = { ...request, ...context };
    const found = { slug: request.fleet, fleet: request.fleet, seed, token: 'simulated', spacesRegions };
    const account = await findOrConnect(db, found, { now, signal, secretKey });
    await announceHistory(db, to);
    const syncs = await moveThrough(db, account, { cadence, secretKey, to, branch }, report, {
      signal,
      async onDay(now) {
        await declareFleet(db, declared, { now, end: to });
        await branch?.declare(now);
        days.push(...(await meterOutstanding(db, { now, ...(signal && { signal }) })));
      },
      rate: (now) => rateMonths(db, { now, ...(signal && { signal }) }),
    });
    await announceHistory(db, null);
    return { account, syncs };
  };
  return inSession(db, async (conn) => {
    try {
      const history = await progress.step('Creating the history: the clock moves on, everything is synced', (report) =>
        createHistory(conn, report),
      );
      const { metered } = await meterAndDraft(db, { ...context, now: to });
      await settleMonths(db, cast, secretKey, { ...context, now: to });
      // Last: what was decided is in the figures.
      await progress.step('Rating the month', () => rateMonths(db, { now: to, ...(signal && { signal }) }));
      return {
        ...history,
        from: fleet.start,
        to,
        deployments: fleet.deployments,
        meteredDays: days.length + metered.length,
      };
    } finally {
      await branch?.close();
      await unlockHistory(conn).catch(() => {});
    }
  });
}

/** Of the last month but one that is over: the one before is left to whoever looks at the demonstration. */
function castOfFleet({ start, deployments }: FleetDescription, to: Temporal.Instant): Cast {
  const month = dayOf(to).with({ day: 1 }).subtract({ months: 2 });
  const isThere = Temporal.Instant.compare(start, month.toZonedDateTime('UTC').toInstant()) <= 0;
  return isThere ? castOf(deployments, month) : { partner: null, late: [], month: null };
}

function declaredOf({ deployments, sharedResources }: FleetDescription, { partner }: Cast): DeclaredFleet {
  return {
    deployments: deployments.map((one) => (one.slug === partner ? { ...one, plan: 'partner' } : one)),
    sharedResources,
    plans: [partnerFile],
  };
}

async function openBranch(db: Database, request: ConstructorParameters<typeof Branch>[1]): Promise<Branch> {
  const { Branch: Opened } = await import('./demonstrate-branch.ts');
  return new Opened(db, request);
}

const lockPollMs = 200;

async function waitForHistory(
  db: Queryable,
  conn: Session,
  to: Temporal.Instant,
  report: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const clock = databaseClock(db);
  while (!(await tryLockHistory(conn))) {
    signal?.throwIfAborted();
    report(`${await clock.now()} of ${to}: another process creates it; waiting for it`);
    await sleep(lockPollMs);
  }
}

interface Movement extends Pick<DemonstrationRequest, 'cadence'> {
  readonly secretKey: SecretKey;
  readonly to: Temporal.Instant;
  readonly branch: Branch | null;
}

interface DayWork {
  readonly signal: AbortSignal | undefined;
  /** After the first sync of each day, before anything else is read. */
  onDay(now: Temporal.Instant): Promise<void>;
  /** After that, beside what is read until the next day: nothing that is read changes what was metered before. */
  rate(now: Temporal.Instant): Promise<unknown>;
}

/**
 * Moves the clock on to `to` and syncs at each step. Each day is metered and rated, so that whoever watches sees what the
 * days before it come to. Returns how many syncs that were.
 */
async function moveThrough(
  db: Database,
  account: Account,
  { cadence, secretKey, to, branch }: Movement,
  report: (text: string) => void,
  { signal, onDay, rate }: DayWork,
): Promise<number> {
  await expectCadence(db, cadence);
  const clock = databaseClock(db);
  const provider = await openAccount(db, account, secretKey);
  let rating: Promise<unknown> = Promise.resolve();
  try {
    let syncs = 0;
    let day: Temporal.PlainDate | null = null;
    for (let now = await clock.now(); ; now = earlier(now.add(cadence), to)) {
      await followSimulatedClock(db, now);
      const whole = syncWhole(db, account, provider, { clock, signal });
      await allDone(branch === null ? [whole] : [whole, branch.read(now)]);
      syncs += 1;
      const isLast = Temporal.Instant.compare(now, to) >= 0;
      if (isLast || !day?.equals(dayOf(now))) {
        await rating;
        await onDay(now);
        rating = rate(now);
        // Whoever waits for it next hears of an error.
        rating.catch(() => {});
      }
      day = dayOf(now);
      report(`${now} of ${to}: ${syncs} ${syncs === 1 ? 'sync' : 'syncs'}`);
      if (isLast) {
        await rating;
        return syncs;
      }
    }
  } finally {
    await rating.catch(() => {});
    await provider.close();
  }
}

/** Waits for all, also where one fails: nothing goes on unseen. Errors: the first one's. */
async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** A demonstration that syncs less often than an account that is really watched has no gaps for that. */
async function expectCadence(db: Database, cadence: Temporal.Duration): Promise<void> {
  const usualHours = 6;
  const gapAfterHours = Math.max(usualHours, 2 * cadence.total('hours'));
  await setObservationLimit(db, {
    resourceKind: '*',
    fromDay: Temporal.PlainDate.from('2000-01-01'),
    gapAfterHours,
  });
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}
