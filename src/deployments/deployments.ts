import type { Queryable, Database, UnitOfWork } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { announceDeployments } from './announce.ts';
import {
  appendTaggedChanges,
  countDeployments,
  type DeploymentFilters,
  type DeploymentRow,
  type DeploymentSort,
  insertDeployments,
  insertSingleOwnerSets,
  type OwnedRow,
  readCustomers,
  readDeploymentPage,
  readDeployments,
  readOwned,
  updateDeploymentEnd,
  updateDeploymentNames,
  updateDeploymentStarts,
} from './store.ts';

export type Deployment = DeploymentRow;

export const slugPattern: RegExp = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface NewDeployment {
  /** Lower-case letters, digits and hyphens; what the tag deployment:<slug> names. */
  readonly slug: string;
  readonly name: string;
  /** The external id of the customer who pays for it, for good. */
  readonly customer: string;
  /** Nothing before is metered for it. */
  readonly startsAt: Temporal.Instant;
}

/**
 * Makes a deployment and its owner set of one. Tags may name it already: what carries them is
 * derived again. Throws invalid_argument, not_found (the customer), conflict (the slug is taken).
 */
export async function createDeployment(
  db: Database,
  deployment: NewDeployment,
  now: Temporal.Instant,
): Promise<Deployment> {
  await db.transaction().execute((trx) => writeDeployment(trx, deployment, now));
  return readDeployment(db, deployment.slug);
}

/** The same within a transaction. */
export async function writeDeployment(
  trx: UnitOfWork,
  deployment: NewDeployment,
  now: Temporal.Instant,
): Promise<void> {
  if (!slugPattern.test(deployment.slug)) {
    throw new ArcadiaError(
      'invalid_argument',
      `${deployment.slug} is not a slug: lower-case letters, digits and hyphens, 63 at most.`,
    );
  }
  if (deployment.slug === 'unattributed')
    throw new ArcadiaError('already_exists', 'The slug unattributed stands for what is unassigned.');
  if (deployment.name === '') throw new ArcadiaError('invalid_argument', `Deployment ${deployment.slug} needs a name.`);
  const [customer] = await readCustomers(trx, [deployment.customer]);
  if (!customer) throw notFound('customer', deployment.customer);
  const made = await insertDeployments(trx, [deployment], now);
  if (made.length === 0) throw new ArcadiaError('already_exists', `There is a deployment ${deployment.slug} already.`);
  await insertSingleOwnerSets(trx, made);
  await appendTaggedChanges(trx, made, now);
  await announceDeployments(trx, 'created', made, now);
}

async function readDeployment(db: Queryable, slug: string, only: Whose = {}): Promise<Deployment> {
  const [deployment] = await readDeployments(db, { slugs: [slug], ...only });
  if (!deployment) throw notFound('deployment', slug);
  return deployment;
}

/** With a customer's id, by ours: another's deployment is as good as none. */
export type Whose = Pick<DeploymentFilters, 'customerId'>;

/** Deployments by slug, the built-in `unattributed` among them: all, or one customer's. */
export async function listDeployments(
  db: Queryable,
  only: Omit<DeploymentFilters, 'slug'> = {},
): Promise<Deployment[]> {
  return readDeployments(db, only);
}

/** A page of deployments, and how many there are in all. */
export async function deploymentPage(
  db: Queryable,
  only: Omit<DeploymentFilters, 'slugs' | 'q'>,
  page: PageRequest<DeploymentSort>,
): Promise<Required<Page<Deployment>>> {
  const wanted = { ...only, q: page.q };
  const rows = await readDeploymentPage(db, wanted, { ...page, limit: page.limit + 1 });
  return { ...pageOf(rows, page.limit, cursorOf), total: await countDeployments(db, wanted) };
}

/** One deployment. Throws not_found. */
export async function findDeployment(db: Queryable, slug: string, only: Whose = {}): Promise<Deployment> {
  return readDeployment(db, slug, only);
}

/**
 * Refuses a customer who asks for what is not a deployment of theirs; null: who asks is no customer, and what is not there
 * is for others to say. Throws not_found.
 */
export async function assertOwnDeployment(db: Queryable, slug: string, customerId: number | null): Promise<void> {
  if (customerId !== null) await readDeployment(db, slug, { customerId });
}

/** An interval in which a deployment owned a resource, its share `weight / weightTotal`, and the rule that said so. */
export type Owned = Omit<OwnedRow, 'total'>;

export interface DeploymentDetail {
  readonly deployment: Deployment;
  /** Newest first. */
  readonly owned: Owned[];
  /** How many intervals there are; `owned` holds at most `limit` of them. */
  readonly ownedTotal: number;
}

/** A deployment with what it owned over which intervals, by which rule. Throws not_found. */
export async function getDeployment(db: Queryable, slug: string, limit = 1000): Promise<DeploymentDetail> {
  const deployment = await readDeployment(db, slug);
  const rows = await readOwned(db, deployment.deploymentId, limit);
  return {
    deployment,
    owned: rows.map(({ total: _, ...owned }) => owned),
    ownedTotal: rows[0]?.total ?? 0,
  };
}

/** What a deployment owned when, newest first, beyond an interval that is named by its start and its resource. Throws not_found. */
export async function listOwned(
  db: Queryable,
  slug: string,
  page: { readonly limit: number; readonly after: Pick<Owned, 'from' | 'resourceId'> | null },
  only: Whose = {},
): Promise<Owned[]> {
  const { deploymentId } = await readDeployment(db, slug, only);
  const reader = only.customerId === undefined ? 'staff' : 'customer';
  const rows = await readOwned(db, deploymentId, page.limit, page.after, reader);
  return rows.map(({ total: _, ...owned }) => owned);
}

/**
 * Moves a deployment's start; usage between the old start and the new one is metered again.
 * Returns whether anything changed. Throws not_found, and invalid_argument for `unattributed`.
 */
export async function setDeploymentStart(
  db: Database,
  slug: string,
  startsAt: Temporal.Instant,
  now: Temporal.Instant,
): Promise<boolean> {
  if (slug === 'unattributed') throw new ArcadiaError('invalid_argument', 'unattributed has no start.');
  await readDeployment(db, slug);
  return db.transaction().execute(async (trx) => {
    const moved = (await updateDeploymentStarts(trx, [{ slug, startsAt }], now)) > 0;
    if (moved) await announceDeployments(trx, 'moved', [slug], now);
    return moved;
  });
}

/** Gives a deployment another name for people; its slug stays. Throws not_found, and invalid_argument for `unattributed`. */
export async function renameDeployment(db: Database, slug: string, name: string, now: Temporal.Instant): Promise<void> {
  if (slug === 'unattributed') throw new ArcadiaError('invalid_argument', 'unattributed has no name of yours.');
  await readDeployment(db, slug);
  await db.transaction().execute(async (trx) => {
    const renamed = await updateDeploymentNames(trx, [{ slug, name }]);
    await announceDeployments(trx, 'renamed', renamed, now);
  });
}

/**
 * Says from when on a deployment has ended; null: that it has not. What it owns stays its own, and is metered. Returns
 * whether anything changed. Throws not_found, and invalid_argument for `unattributed` and for an end before its start.
 */
export async function setDeploymentEnd(
  trx: UnitOfWork,
  slug: string,
  endsAt: Temporal.Instant | null,
  now: Temporal.Instant,
): Promise<boolean> {
  const { deploymentId, startsAt } = await readDeployment(trx, slug);
  if (startsAt === null) throw new ArcadiaError('invalid_argument', 'unattributed has no end.');
  if (endsAt !== null && Temporal.Instant.compare(endsAt, startsAt) < 0) {
    throw new ArcadiaError('range_reversed', `${slug} starts at ${startsAt}: it cannot end at ${endsAt}.`);
  }
  const changed = await updateDeploymentEnd(trx, deploymentId, endsAt);
  if (changed) await announceDeployments(trx, endsAt === null ? 'reopened' : 'ended', [slug], now);
  return changed;
}
