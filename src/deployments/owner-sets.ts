import type { UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { type OwnerSet, readDeploymentIds, upsertOwnerSets } from './store.ts';

/** A deployment's part of something that several share: its weight over the sum of all weights. */
export interface Owner {
  readonly deployment: string;
  /** A whole number, 1 or more. */
  readonly weight: number;
}

const MAX_WEIGHT_TOTAL = 1_000_000;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The same shares in the smallest whole weights: 2 and 4 are 1 and 2, so that one set has one spelling. */
export function smallestWeights(weights: readonly number[]): number[] {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  return weights.map((weight) => weight / divisor);
}

/** The sets in which these own something together, by the index of the owners; or why there is none. */
interface OwnerSets {
  readonly ids: readonly (number | null)[];
  readonly refusals: readonly (ArcadiaError | null)[];
}

/**
 * For each of these owners the owner set in which they own something together; made where there is none yet. Its
 * shares add to one by construction. Refused are, each by itself, invalid_argument for weights that are not whole and
 * positive, add up to more than a million or name a deployment twice, not_found for a slug.
 */
export async function ownerSetsFor(trx: UnitOfWork, all: readonly (readonly Owner[])[]): Promise<OwnerSets> {
  const slugs = new Set(all.flatMap((owners) => owners.map(({ deployment }) => deployment)));
  const ids = await readDeploymentIds(trx, [...slugs]);
  const read = all.map((owners) => {
    try {
      return { set: membersOf(owners, ids), refusal: null };
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      return { set: null, refusal: error };
    }
  });
  const sets = new Map(read.flatMap(({ set }) => (set === null ? [] : [[set.signature, set] as const])));
  const made = await upsertOwnerSets(trx, [...sets.values()]);
  return {
    ids: read.map(({ set }) => (set === null ? null : (made.get(set.signature) ?? null))),
    refusals: read.map(({ refusal }) => refusal),
  };
}

/** As `ownerSetsFor` for one. Throws what it is refused for. */
export async function ownerSetFor(trx: UnitOfWork, owners: readonly Owner[]): Promise<number> {
  const { ids, refusals } = await ownerSetsFor(trx, [owners]);
  const [id] = ids;
  if (id === null || id === undefined)
    throw refusals[0] ?? new RangeError('an owner set that is neither made nor refused');
  return id;
}

function membersOf(owners: readonly Owner[], ids: ReadonlyMap<string, number>): OwnerSet {
  if (owners.length === 0) throw new ArcadiaError('invalid_argument', 'Give at least one owner.');
  for (const { deployment, weight } of owners) {
    if (!Number.isSafeInteger(weight) || weight < 1) {
      throw new ArcadiaError(
        'invalid_argument',
        `The weight of ${deployment} must be a whole number of 1 or more, not ${weight}.`,
      );
    }
  }
  const slugs = owners.map((owner) => owner.deployment);
  const twice = slugs.find((slug, index) => slugs.indexOf(slug) !== index);
  if (twice !== undefined) throw new ArcadiaError('invalid_argument', `${twice} is named twice among the owners.`);
  for (const slug of slugs) {
    if (slug === 'unattributed') {
      throw new ArcadiaError(
        'invalid_argument',
        'unattributed stands for what is unassigned; it cannot be given anything.',
      );
    }
    if (!ids.has(slug)) throw notFound('deployment', slug);
  }
  const weights = smallestWeights(owners.map((owner) => owner.weight));
  const weightTotal = weights.reduce((sum, weight) => sum + weight, 0);
  if (weightTotal > MAX_WEIGHT_TOTAL) {
    throw new ArcadiaError('invalid_argument', `The weights add up to ${weightTotal}; ${MAX_WEIGHT_TOTAL} at most.`);
  }
  const ordered = owners
    .map((owner, index) => ({ deploymentId: ids.get(owner.deployment) as number, weight: weights[index] as number }))
    .sort((a, b) => a.deploymentId - b.deploymentId);
  let weightBefore = 0;
  const members = ordered.map((member) => {
    const placed = { ...member, weightBefore };
    weightBefore += member.weight;
    return placed;
  });
  return {
    signature: ordered.map(({ deploymentId, weight }) => `${deploymentId}:${weight}`).join(','),
    weightTotal,
    members,
  };
}
