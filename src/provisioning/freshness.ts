import { proposalStale } from './errors.ts';
import type { Looking } from './facts.ts';
import { assertOpen, getProposal, shortHash } from './proposals.ts';
import { staleness } from './proposing.ts';

/**
 * Refuses a proposal of which something is otherwise now than it says. The provider is asked: not within a transaction.
 * @throws ArcadiaError proposal_stale, which names what has changed; not_found; proposal_closed; those of the provider
 */
export async function assertFresh(looking: Looking, hash: string, now: Temporal.Instant): Promise<void> {
  const row = await getProposal(looking.db, hash);
  // What has begun has changed what it was made from.
  if (row.rolloutId !== null) return;
  assertOpen(row, now);
  const changed = await staleness(looking, row, now);
  if (changed.length === 0) return;
  throw proposalStale(`Proposal ${shortHash(hash)} is stale: ${changed.join('; ')}.`, {
    details: { changed },
    next: { operation: 'proposal show', arguments: { hash } },
  });
}
