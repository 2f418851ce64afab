import { getCustomer } from '../../deployments/index.ts';
import type { Queryable, Database } from '../../platform/database/database.ts';
import { ArcadiaError, type NextOperation } from '../../platform/errors.ts';
import * as store from './finality.store.ts';
import { assertRange, type DayRange, dayOf, startOfDay } from '../period.ts';
import { hasUnattributedFacts, selectFirstDay } from '../store.ts';

// Complete, confirmed, final: how far usage of a period can be relied on. See README.md, "What is
// known and what is assumed".

export type { Confirmation, ObservationLimit } from './finality.store.ts';

/** Why a period is not final. */
export type BlockerReason =
  /** The clock is not past its end. */
  | 'incomplete'
  /** Days of it are not metered, or not as they are configured now. */
  | 'not_metered'
  /** Facts about it have changed since it was metered. */
  | 'changes_pending'
  /** No complete listing of the kind began at or after its end. */
  | 'unconfirmed'
  /** Resources went in a gap longer than usage may be carried forward. */
  | 'beyond_limit'
  /** Projects showed resources of a metered kind that no listing did: they are in no figure. */
  | 'unlisted';

export interface Blocker {
  readonly reason: BlockerReason;
  /** What and where, for a person. */
  readonly message: string;
  /** What to do about it. */
  readonly todo: string;
  /** A billing kind, where it is about one. */
  readonly kind: string | null;
  /** An account and a resource kind, where it is about them. */
  readonly account: string | null;
  readonly resourceKind: string | null;
  /** Since when, or from which moment on. */
  readonly since: string | null;
  /** The operation that helps; null where waiting does. */
  readonly next: Required<NextOperation> | null;
}

/** How a billing kind stands in a period. */
export interface KindStatus {
  readonly kind: string;
  readonly resourceKind: string;
  /** Days of the period that are over and not metered. */
  readonly daysMissing: number;
  /** Of those accounts that matter, how many are not confirmed. */
  readonly accountsUnconfirmed: number;
  readonly confirmed: boolean;
  readonly final: boolean;
}

/** How an account's resources of one kind stand in a period. */
export interface AccountStatus {
  readonly account: string;
  readonly resourceKind: string;
  /** The start of the latest complete listing. */
  readonly syncedAt: string | null;
  /** That, or an operator's later word. */
  readonly confirmedThrough: string | null;
  readonly confirmed: boolean;
}

export interface PeriodStatus {
  /** UTC days, half-open. */
  readonly from: string;
  readonly to: string;
  readonly complete: boolean;
  readonly confirmed: boolean;
  /** Complete, confirmed, metered, and no change pending: what an invoice needs. */
  readonly final: boolean;
  readonly kinds: readonly KindStatus[];
  /** Those that are not confirmed; at most `blockersMax`. */
  readonly accounts: readonly AccountStatus[];
  /** Why it is not final; empty when it is. At most `blockersMax`. */
  readonly blockers: readonly Blocker[];
  readonly blockersTotal: number;
}

export interface PeriodQuery extends DayRange {
  readonly now: Temporal.Instant;
  /** Only what matters to one deployment, by its slug. */
  readonly deployment?: string | undefined;
  /** Only what matters to one customer's deployments, by the customer's external id. */
  readonly customer?: string | undefined;
}

/** How many blockers and accounts a status names; more are counted. */
export const blockersMax = 100;

/**
 * How far the usage of a period can be relied on: of the whole business, or of what matters to one
 * deployment or customer. To a deployment matter the accounts in which it owned anything within
 * the period, with every kind that is metered there; and any pending change, because until it is
 * metered nobody knows whom it moves.
 * @throws ArcadiaError not_found, range_reversed, range_too_large
 */
export async function periodStatus(db: Queryable, query: PeriodQuery): Promise<PeriodStatus> {
  assertRange(query);
  const whose = await whoseUsage(db, query);
  const { now, from, to } = query;
  const end = startOfDay(to);
  const complete = Temporal.Instant.compare(now, end) >= 0;
  const range = await meteredPart(db, query);

  const kindDays = range === null ? [] : await store.selectKindDays(db, range);
  const resourceKinds = [...new Set(kindDays.map((kind) => kind.resourceKind))];
  const pending = range === null ? { days: 0, first: null } : await store.selectPendingDays(db, range);
  // Which days such a fact will change is not known before what inherits from it is attributed too.
  const unattributed = await hasUnattributedFacts(db, Number.MAX_SAFE_INTEGER);
  const observed = await store.selectObserved(db, query, resourceKinds, whose);
  const beyond = await store.selectBeyondLimit(db, query, resourceKinds, whose);

  const unlisted = await store.selectUnlisted(db, query, resourceKinds, whose);

  const behind = observed.filter((one) => !reaches(one.confirmedThrough, end));
  const held = new Set([...behind, ...beyond, ...unlisted].map((one) => pairOf(one)));
  const kinds = kindDays.map((kind): KindStatus => {
    const accountsUnconfirmed = observed.filter(
      (one) => one.resourceKind === kind.resourceKind && held.has(pairOf(one)),
    ).length;
    const confirmed = accountsUnconfirmed === 0;
    return {
      kind: kind.kind,
      resourceKind: kind.resourceKind,
      daysMissing: kind.missing,
      accountsUnconfirmed,
      confirmed,
      final: complete && confirmed && kind.missing === 0 && pending.days === 0 && !unattributed,
    };
  });

  const blockers: Blocker[] = [
    ...(complete ? [] : [incomplete(to, now)]),
    ...kindDays.filter((kind) => kind.missing > 0).map((kind) => notMetered(kind)),
    ...(pending.first === null ? [] : [changesPending(pending.days, pending.first)]),
    ...(pending.first === null && unattributed ? [notAttributed()] : []),
    ...behind.map((one) => unconfirmed(one, end, now)),
    ...beyond.map((one) => beyondLimit(one)),
    ...unlisted.map((one) => inNoListing(one, complete ? end : now)),
  ];
  return {
    from: from.toString(),
    to: to.toString(),
    complete,
    confirmed: held.size === 0,
    final: blockers.length === 0,
    kinds,
    accounts: observed
      .filter((one) => held.has(pairOf(one)))
      .slice(0, blockersMax)
      .map((one) => ({
        account: one.account,
        resourceKind: one.resourceKind,
        syncedAt: one.syncedAt?.toString() ?? null,
        confirmedThrough: one.confirmedThrough?.toString() ?? null,
        confirmed: false,
      })),
    blockers: blockers.slice(0, blockersMax),
    blockersTotal: blockers.length,
  };
}

/**
 * The same of a UTC calendar month: what an invoice asks before it is issued.
 * @throws ArcadiaError not_found
 */
export async function monthStatus(
  db: Queryable,
  query: Omit<PeriodQuery, keyof DayRange> & { readonly month: Temporal.PlainYearMonth },
): Promise<PeriodStatus> {
  const { month, ...rest } = query;
  const from = month.toPlainDate({ day: 1 });
  return periodStatus(db, { ...rest, from, to: from.add({ months: 1 }) });
}

/** Whose month is not final, and why that of everybody or of some is not. */
export interface HeldMonth extends Pick<PeriodStatus, 'complete' | 'final' | 'blockers' | 'blockersTotal'> {
  /** External ids of the customers whose month is not final; 'all': everybody's. */
  readonly customers: 'all' | ReadonlySet<string>;
}

/** Reasons that hold for whoever is billed. */
const reasonsOfAll: ReadonlySet<BlockerReason> = new Set(['incomplete', 'not_metered', 'changes_pending']);

/** For which customers `monthStatus` of a month says that it is not final: a few statements, however many they are. */
export async function heldCustomers(
  db: Queryable,
  query: { readonly month: Temporal.PlainYearMonth; readonly now: Temporal.Instant },
): Promise<HeldMonth> {
  const status = await monthStatus(db, query);
  const { complete, final, blockers, blockersTotal } = status;
  // Where more keep it than are named, nobody knows whom the others concern.
  const isOfAll = blockersTotal > blockers.length || blockers.some(({ reason }) => reasonsOfAll.has(reason));
  const accountsOf = (isBeyond: boolean) =>
    blockers.filter(({ reason }) => (reason === 'beyond_limit') === isBeyond).flatMap(({ account }) => account ?? []);
  const from = query.month.toPlainDate({ day: 1 });
  const range = { from, to: from.add({ months: 1 }) };
  const some = { accounts: accountsOf(false), beyond: accountsOf(true) };
  const customers = final
    ? new Set<string>()
    : isOfAll
      ? 'all'
      : new Set(await store.selectHeldCustomers(db, range, some));
  return { complete, final, blockers, blockersTotal, customers };
}

async function whoseUsage(db: Queryable, { deployment, customer }: PeriodQuery): Promise<store.Whose> {
  if (deployment !== undefined) {
    const ids = await store.selectWhose(db, { deployment });
    if (ids.length === 0) throw new ArcadiaError('not_found', `There is no deployment "${deployment}".`);
    return ids;
  }
  if (customer === undefined) return null;
  await getCustomer(db, customer);
  // One that has no deployment has no usage that could be in doubt.
  return store.selectWhose(db, { customer });
}

/** The resource kinds of which anything is metered in a range, as far as it has come. */
export async function meteredKinds(db: Queryable, query: PeriodQuery): Promise<string[]> {
  const range = await meteredPart(db, query);
  const kindDays = range === null ? [] : await store.selectKindDays(db, range);
  return [...new Set(kindDays.map((kind) => kind.resourceKind))];
}

/** The days of a range that can have been metered: from where metering begins to the last that is over. */
async function meteredPart(db: Queryable, { from, to, now }: PeriodQuery): Promise<DayRange | null> {
  const first = await selectFirstDay(db);
  if (first === null) return null;
  const begin = Temporal.PlainDate.compare(from, first) >= 0 ? from : first;
  const end = Temporal.PlainDate.compare(to, dayOf(now)) <= 0 ? to : dayOf(now);
  return Temporal.PlainDate.compare(begin, end) < 0 ? { from: begin, to: end } : null;
}

function reaches(through: Temporal.Instant | null, end: Temporal.Instant): boolean {
  return through !== null && Temporal.Instant.compare(through, end) >= 0;
}

function pairOf({ account, resourceKind }: { readonly account: string; readonly resourceKind: string }): string {
  return `${account} ${resourceKind}`;
}

/** The job that meters what is outstanding, at once. */
const meterNow = { operation: 'meter run', arguments: {} };

const nowhere = { kind: null, account: null, resourceKind: null, since: null };

function incomplete(to: Temporal.PlainDate, now: Temporal.Instant): Blocker {
  return {
    ...nowhere,
    reason: 'incomplete',
    message: `The period ends at ${startOfDay(to)}; it is ${now.round('second')}.`,
    todo: 'Wait for its end.',
    next: null,
  };
}

function notMetered({ kind, missing, firstMissing }: store.KindDays): Blocker {
  return {
    ...nowhere,
    reason: 'not_metered',
    message: `${kind} is not metered as it is configured on ${days(missing)}, from ${firstMissing} on.`,
    todo: 'Meter these days.',
    next: meterNow,
    kind,
    since: firstMissing === null ? null : startOfDay(firstMissing).toString(),
  };
}

function changesPending(count: number, first: Temporal.PlainDate): Blocker {
  return {
    ...nowhere,
    reason: 'changes_pending',
    message: `Facts about ${days(count)}, from ${first} on, have changed since they were metered.`,
    todo: 'See what metering would change, then meter.',
    next: meterNow,
    since: startOfDay(first).toString(),
  };
}

function notAttributed(): Blocker {
  return {
    ...nowhere,
    reason: 'changes_pending',
    message: 'There are facts that are not attributed yet; they may change usage of any day.',
    todo: 'See what metering would change, then meter.',
    next: meterNow,
  };
}

function unconfirmed(one: store.Observed, end: Temporal.Instant, now: Temporal.Instant): Blocker {
  const { account, resourceKind, confirmedThrough, meteredFrom, carryForwardHours } = one;
  const since = confirmedThrough ?? meteredFrom;
  const until = since.add({ hours: carryForwardHours });
  const past = Temporal.Instant.compare(now, until) >= 0;
  return {
    reason: 'unconfirmed',
    message:
      (confirmedThrough === null
        ? `${account} was never listed completely for ${resourceKind}`
        : `The last complete listing of ${resourceKind} in ${account} began at ${confirmedThrough.round('second')}`) +
      `; one at or after ${end} is missing.` +
      (past ? ` What was used from ${until.round('second')} on is past the limit of ${carryForwardHours} hours.` : ''),
    todo: confirmTodo(account, resourceKind, end),
    next: { operation: 'sync run', arguments: { account } },
    kind: null,
    account,
    resourceKind,
    since: since.toString(),
  };
}

function beyondLimit({ account, resourceKind, resources, since, until }: store.BeyondLimit): Blocker {
  const lost = resources === 1 ? `1 ${resourceKind}` : `${resources} of ${resourceKind}`;
  return {
    reason: 'beyond_limit',
    message: `${lost} in ${account} went unseen before ${until.round('second')}: what they used from ${since.round('second')} on is past the limit.`,
    todo: `Correct their history if you know when they ended, or confirm ${resourceKind} in ${account} manually through ${until}.`,
    next: {
      operation: 'usage confirm',
      arguments: { account, resourceKind, through: until.toString() },
    },
    kind: null,
    account,
    resourceKind,
    since: since.toString(),
  };
}

/** @param through up to when a confirmation settles the period, as far as it has come */
function inNoListing(one: store.Unlisted, through: Temporal.Instant): Blocker {
  const { account, resourceKind, resources, urns, since, until } = one;
  const named = `${urns.join(', ')}${resources > urns.length ? ', ...' : ''}`;
  const shown = until === null ? 'show' : `showed until ${until.round('second')}`;
  return {
    reason: 'unlisted',
    message: `Projects of ${account} ${shown} ${resources} of ${resourceKind} that no listing shows, since ${since.round('second')}: ${named}. What they use is not metered.`,
    todo: `See what keeps the account's token or keys from listing them, and sync it. If nothing of them is to be metered, confirm ${resourceKind} in ${account} manually through ${through.round('second')}.`,
    next: { operation: 'account check', arguments: { account } },
    kind: null,
    account,
    resourceKind,
    since: since.toString(),
  };
}

function confirmTodo(account: string, resourceKind: string, end: Temporal.Instant): string {
  return `Check the account ${account}, then sync it. If it cannot be listed any more, confirm ${resourceKind} manually through ${end}.`;
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`;
}

// Operators' words ------------------------------------------------------------------------------

export interface ConfirmRequest {
  /** The account's slug. */
  readonly account: string;
  readonly resourceKind: string;
  readonly through: Temporal.Instant;
  /** Why this is known: it is what the record will show. */
  readonly reason: string;
}

/**
 * Takes an operator's attestation that what is recorded of an account's resources of a kind is right, up
 * to an instant: as if a complete listing had begun then. No usage changes.
 * @param by who, for the record
 * @throws ArcadiaError not_found (account), invalid_argument (a kind that nothing meters there, an
 *   instant to come, no reason)
 */
export async function confirmUsage(
  db: Queryable,
  { account, resourceKind, through, reason }: ConfirmRequest,
  by: string,
  now: Temporal.Instant,
): Promise<{ confirmationId: number }> {
  if (reason.trim() === '') throw new ArcadiaError('invalid_argument', 'A confirmation needs its reason.');
  if (Temporal.Instant.compare(through, now) > 0) {
    throw new ArcadiaError(
      'invalid_argument',
      `What is to come cannot be confirmed: it is ${now.round('second')}, before ${through}.`,
    );
  }
  const confirmable = await store.selectConfirmable(db, account, resourceKind);
  if (confirmable === null) throw new ArcadiaError('not_found', `There is no account "${account}".`);
  if (!confirmable.metersKind) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${account}" has no resource of kind "${resourceKind}" that a meter counts.`,
    );
  }
  const { accountId } = confirmable;
  return { confirmationId: await store.insertConfirmation(db, { accountId, resourceKind, through, reason }, by, now) };
}

/**
 * Takes a confirmation back; it stays on record.
 * @throws ArcadiaError not_found: there is none of this number, or it was taken back before
 */
export async function withdrawConfirmation(
  db: Queryable,
  confirmationId: number,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  if (await store.supersedeConfirmation(db, confirmationId, by, now)) return;
  throw new ArcadiaError('not_found', `There is no standing confirmation ${confirmationId}.`);
}

/** Confirmations, newest first, those taken back among them. `cursor`: what the page before gave. */
export async function listConfirmations(
  db: Queryable,
  { limit = 100, cursor = null }: { readonly limit?: number; readonly cursor?: string | null } = {},
): Promise<{ items: store.Confirmation[]; nextCursor: string | null }> {
  const rows = await store.selectConfirmations(db, limit + 1, cursor === null ? null : Number(cursor));
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? String(items.at(-1)?.confirmationId) : null };
}

// Limits ------------------------------------------------------------------------------------------

/** The limits of carrying forward, by resource kind and the day from which they hold. */
export async function listObservationLimits(db: Queryable): Promise<store.ObservationLimit[]> {
  return store.selectLimits(db);
}

/** Hours of a leap year: no limit is longer. */
const limitHoursMax = 8784;

/**
 * Sets the limits of a resource kind ('*': of every kind without its own) from a day on. What is
 * not given stays as it is on that day.
 * @throws ArcadiaError invalid_argument
 */
export async function setObservationLimit(
  db: Database,
  request: {
    readonly resourceKind: string;
    readonly fromDay: Temporal.PlainDate;
    readonly gapAfterHours?: number | undefined;
    readonly carryForwardHours?: number | undefined;
  },
): Promise<store.ObservationLimit> {
  const { resourceKind, fromDay } = request;
  for (const hours of [request.gapAfterHours, request.carryForwardHours]) {
    if (hours !== undefined && !(Number.isInteger(hours) && hours >= 1 && hours <= limitHoursMax)) {
      throw new ArcadiaError('invalid_argument', `A limit is 1 to ${limitHoursMax} whole hours, not ${hours}.`);
    }
  }
  return db.transaction().execute(async (trx) => {
    const before = await store.selectLimitOn(trx, resourceKind, fromDay);
    if (before === null) throw new ArcadiaError('invalid_argument', `No limits hold on ${fromDay} yet.`);
    const limit = {
      resourceKind,
      fromDay,
      gapAfterHours: request.gapAfterHours ?? before.gapAfterHours,
      carryForwardHours: request.carryForwardHours ?? before.carryForwardHours,
    };
    await store.upsertLimit(trx, limit);
    return limit;
  });
}
