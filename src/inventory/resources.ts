import { resourceKinds } from '../cloud/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { nearestWords } from '../platform/nearest.ts';
import { subjectKind } from './subject-kind.ts';
import { resourceAmbiguous } from './errors.ts';
import {
  hasResourcesOf,
  type MembershipInterval,
  type Relation,
  type ResourceAction,
  type ResourceAt,
  type ResourceFilters,
  type ResourceIdentity,
  type SettingsInterval,
  type MissedListing,
  type Sighting,
  type StateInterval,
  type SupersededState,
  selectMemberships,
  selectRelations,
  selectResourceActions,
  selectResourcesAt,
  selectResourcesByRef,
  selectSettings,
  selectMissedListings,
  selectSighting,
  selectStates,
  selectSupersededStates,
} from './store.ts';

export type { MembershipInterval, ResourceAt, ResourceFilters, ResourceIdentity, StateInterval } from './store.ts';

/**
 * Refuses what no provider lists and no account ever had as a kind of resource.
 * @throws ArcadiaError invalid_argument, which names the kinds that may be meant
 */
export async function assertResourceKind(db: Queryable, kind: string): Promise<void> {
  const known: readonly string[] = [...resourceKinds, subjectKind];
  if (known.includes(kind) || (await hasResourcesOf(db, kind))) return;
  const meant = nearestWords(kind, known);
  const choice = meant.length > 0 ? `Did you mean ${meant.join(' or ')}?` : `There are ${known.join(', ')}.`;
  throw new ArcadiaError('invalid_argument', `Unknown kind of resource "${kind}". ${choice}`, {
    details: { kind, meant },
  });
}

export interface ResourceQuery extends ResourceFilters {
  /** At most 1000; 100 unless given. */
  readonly limit?: number | undefined;
  /** Where the page before said that the next one begins. */
  readonly cursor?: string | undefined;
}

export interface ResourcePage {
  readonly items: readonly ResourceAt[];
  /** null: there is no more. */
  readonly nextCursor: string | null;
}

const limitDefault = 100;
const limitMax = 1000;

/**
 * The resources that were alive at an instant, as they were then, by our id. Errors:
 * invalid_argument for a limit or a cursor that is none.
 */
export async function listResources(db: Queryable, query: ResourceQuery): Promise<ResourcePage> {
  const { limit = limitDefault, cursor = '0' } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new ArcadiaError('invalid_argument', `A page holds 1 to ${limitMax} resources, not ${limit}.`);
  }
  if (!/^\d{1,15}$/.test(cursor))
    throw new ArcadiaError('invalid_argument', `'${cursor}' is not a cursor of this list.`);
  const rows = await selectResourcesAt(db, query, Number(cursor), limit + 1);
  const items = rows.slice(0, limit);
  return { items, nextCursor: rows.length > limit ? String(items.at(-1)!.resourceId) : null };
}

/** A resource with all that is believed of it, each interval with how we know it. */
export interface ResourceHistory extends ResourceIdentity {
  readonly states: readonly StateInterval[];
  readonly memberships: readonly MembershipInterval[];
}

/**
 * One resource, by our id, its URN, or `kind:external_id`. Errors: not_found; conflict where the
 * reference means several, in several accounts.
 */
export async function getResource(db: Queryable, ref: string): Promise<ResourceHistory> {
  const resource = await findResource(db, ref);
  return {
    ...resource,
    states: await selectStates(db, resource.resourceId),
    memberships: await selectMemberships(db, resource.resourceId),
  };
}

/** A resource with how it was configured when. */
export interface ResourceSettings extends ResourceIdentity {
  readonly phases: readonly SettingsInterval[];
}

/** How a resource was configured: in all of its phases, or at one moment. Errors: those of getResource. */
export async function getResourceSettings(
  db: Queryable,
  ref: string,
  at: Temporal.Instant | null,
): Promise<ResourceSettings> {
  const resource = await findResource(db, ref);
  return { ...resource, phases: await selectSettings(db, resource.resourceId, at) };
}

/** What the provider's action log says of a resource, the newest first. Errors: those of getResource. */
export async function listResourceActions(
  db: Queryable,
  ref: string,
  page: { readonly limit: number; readonly after: Pick<ResourceAction, 'at' | 'action'> | null },
): Promise<ResourceAction[]> {
  const { resourceId } = await findResource(db, ref);
  return actionsOfResource(db, resourceId, page);
}

/** The same of a resource that is known. */
export function actionsOfResource(
  db: Queryable,
  resourceId: number,
  { limit, after }: Parameters<typeof listResourceActions>[2],
): Promise<ResourceAction[]> {
  return selectResourceActions(db, resourceId, after, limit);
}

/** What a resource belongs to by nature, and what belongs to it, as believed now; of one that has ended, as it was last. */
export function listRelations(db: Queryable, resourceId: number, limit: number): Promise<Relation[]> {
  return selectRelations(db, resourceId, limit);
}

async function findResource(db: Queryable, ref: string): Promise<ResourceIdentity> {
  const [resource, ...others] = await selectResourcesByRef(db, ref);
  if (!resource) throw notFound('resource', ref);
  if (others.length > 0) {
    const ids = [resource, ...others].map((each) => `${each.resourceId} (${each.account})`).join(', ');
    throw resourceAmbiguous(`'${ref}' means several resources; name one by its number: ${ids}.`);
  }
  return resource;
}

/** What was believed of a resource and is not any more, what was corrected last first. */
export function supersededStates(db: Queryable, resourceId: number, limit: number): Promise<SupersededState[]> {
  return selectSupersededStates(db, resourceId, limit);
}

/** When a resource was first and last seen, and the latest listings of its kind that were not complete. */
export async function readSightings(
  db: Queryable,
  resourceId: number,
  limit: number,
): Promise<Sighting & { readonly missed: readonly MissedListing[] }> {
  const sighting = await selectSighting(db, resourceId);
  if (sighting === undefined) throw notFound('resource', String(resourceId));
  return { ...sighting, missed: await selectMissedListings(db, resourceId, limit) };
}
