import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { readDeploymentIds, upsertOwnerSet } from './store.ts';

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

/** The deployments' ids by slug. Throws not_found for one that is not a customer's deployment. */
async function resolveDeployments(db: Queryable, slugs: readonly string[]): Promise<Map<string, number>> {
  const ids = await readDeploymentIds(db, slugs);
  for (const slug of slugs) {
    if (slug === 'unattributed') {
      throw new ArcadiaError(
        'invalid_argument',
        'unattributed stands for what is unassigned; it cannot be given anything.',
      );
    }
    if (!ids.has(slug)) throw notFound('deployment', slug);
  }
  return ids;
}

/**
 * The owner set in which these deployments own something together; made if there is none yet. Its
 * shares add to one by construction. Throws invalid_argument for weights that are not whole and
 * positive, add up to more than a million or name a deployment twice, not_found for a slug.
 */
export async function ownerSetFor(trx: UnitOfWork, owners: readonly Owner[]): Promise<number> {
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
  const ids = await resolveDeployments(trx, slugs);
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
  return upsertOwnerSet(trx, members, weightTotal);
}
