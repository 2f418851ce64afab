import { addSender, replaceSecrets, type SenderSecrets } from '../inventory/index.ts';
import type { Database, Queryable } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { newWebhookSecret } from '../platform/standard-webhooks.ts';
import { sourceDisconnected } from './errors.ts';
import {
  insertSource,
  selectSources,
  selectSourceStatus,
  type Source,
  type SourceLimits,
  updateOwnersAlone,
  updateSource,
} from './sources.store.ts';

// Who may send events: an account of the provider `gateway`, which holds its sealed secrets and what is metered of it,
// beside what its events may be.

export {
  type Dialect,
  selectSourceStatus as readSourceStatus,
  type Source,
  type SourceLimits,
} from './sources.store.ts';

/**
 * 35 days, as billing of events usually accepts; a clock may be five minutes ahead. A day on which a subscription was running
 * at all is charged.
 */
export const usualLimits: SourceLimits = {
  dialect: 'both',
  customers: null,
  pastLimitHours: 840,
  futureLimitSeconds: 300,
  graceHours: 24,
  maxEventsPerSecond: 10_000,
  maxNewSubjects: 10_000,
  effects: [],
  paymentProviders: [],
  pausesOn: 'next_day',
  resumesOn: 'same_day',
  endsOn: 'next_day',
  silentAfterHours: null,
  paused: false,
  queue: null,
};

/** All sources, by name. */
export function listSources(db: Queryable): Promise<Source[]> {
  return selectSources(db);
}

/** Errors: not_found. */
export async function getSource(db: Queryable, slug: string): Promise<Source> {
  const source = (await selectSources(db)).find((one) => one.source === slug);
  if (source === undefined) throw notFound('gateway source', slug);
  return source;
}

/** A backlog is counted up to this: beyond it, it is what it is. */
export const backlogShown = 1_000_000;

/** How sources stand, for whoever watches them. */
export async function gatewayStanding(
  db: Queryable,
  now: Temporal.Instant,
): Promise<
  readonly {
    readonly source: string;
    readonly backlog: number;
    readonly lagSeconds: number;
    readonly dead: number;
    readonly skewSeconds: number | null;
    readonly queueOpen: boolean | null;
    readonly rejected: number;
  }[]
> {
  const sources = await selectSources(db);
  if (sources.length === 0) return [];
  const status = await selectSourceStatus(db, null, backlogShown);
  return sources.flatMap(({ accountId, source }) => {
    const one = status.find((each) => each.accountId === accountId);
    if (one === undefined) return [];
    const { backlog, oldestAt, dead, skewSeconds, queueOpen, rejected } = one;
    const lagSeconds = oldestAt === null ? 0 : oldestAt.until(now).total('seconds');
    return [{ source, backlog, lagSeconds, dead, skewSeconds, queueOpen, rejected }];
  });
}

interface SourceRequest {
  readonly source: string;
  readonly name: string;
  readonly meteredFrom?: Temporal.Instant | undefined;
  readonly limits: SourceLimits;
  readonly secretKey: SecretKey;
  /** Whether its secret is shown to an owner. */
  readonly isOwner: boolean;
}

/** Errors: conflict: what comes through a queue is of one source. */
async function assertOwnQueue(db: Queryable, slug: string, queue: string | null): Promise<void> {
  if (queue === null) return;
  const other = (await selectSources(db)).find((one) => one.queue === queue && one.source !== slug);
  if (other !== undefined) throw new ArcadiaError('conflict', `The queue "${queue}" is that of '${other.source}'.`);
}

/**
 * Adds a source. Its secret is answered here and never again.
 * Errors: already_exists, conflict.
 */
export async function addSource(
  db: Database,
  { source, name, meteredFrom, limits, secretKey, isOwner }: SourceRequest,
  now: Temporal.Instant,
): Promise<{ readonly source: Source; readonly secret: string }> {
  await assertOwnQueue(db, source, limits.queue);
  const secret = newWebhookSecret();
  const secrets: SenderSecrets = [{ secret, from: now.toString(), to: null }];
  await db.transaction().execute(async (trx) => {
    const sender = { slug: source, name, meteredFrom, secrets, secretKey };
    const { accountId } = await addSender(nestedDatabase(trx), sender, now);
    await insertSource(trx, accountId, limits, isOwner ? now : null);
  });
  return { source: await getSource(db, source), secret };
}

/** Changes what is given of a source. Errors: not_found, conflict. */
export async function changeSource(db: Database, slug: string, change: Partial<SourceLimits>): Promise<Source> {
  const source = await getSource(db, slug);
  await assertOwnQueue(db, slug, change.queue ?? null);
  await db.transaction().execute((trx) => updateSource(trx, source.accountId, { ...source, ...change }));
  return getSource(db, slug);
}

const latest = (instants: readonly Temporal.Instant[]): Temporal.Instant | undefined =>
  instants.toSorted(Temporal.Instant.compare).at(-1);

/** Secrets of a source at a time: so many may hold beside a new one. */
const secretsMax = 4;

/**
 * Gives a source a new secret. What it had holds on for `keep`, so that its senders can be changed one after the other.
 * Errors: not_found, source_disconnected, secret_unreadable.
 */
export async function rotateSecret(
  db: Database,
  slug: string,
  {
    keep,
    secretKey,
    isOwner,
  }: { readonly keep: Temporal.Duration; readonly secretKey: SecretKey; readonly isOwner: boolean },
  now: Temporal.Instant,
): Promise<{ readonly secret: string; readonly oldHoldsUntil: Temporal.Instant }> {
  const { accountId, ownersAloneFrom } = await getSource(db, slug);
  const until = now.add(keep);
  const secret = newWebhookSecret();
  let endings: Temporal.Instant[] = [];
  const replace = (held: SenderSecrets): SenderSecrets => {
    if (held.length === 0) throw sourceDisconnected(`The source '${slug}' is disconnected: it sends no more.`);
    const holding = held
      .filter(({ to }) => to === null || Temporal.Instant.compare(now, Temporal.Instant.from(to)) < 0)
      .map((one) => ({ ...one, to: one.to ?? until.toString() }));
    endings = holding.map(({ to }) => Temporal.Instant.from(to));
    return [{ secret, from: now.toString(), to: null }, ...holding.slice(0, secretsMax)];
  };
  await db.transaction().execute(async (trx) => {
    await replaceSecrets(trx, { accountId, slug }, secretKey, replace);
    await updateOwnersAlone(trx, accountId, isOwner ? (ownersAloneFrom ?? latest(endings) ?? now) : null);
  });
  return { secret, oldHoldsUntil: until };
}
