import type { UnitOfWork } from '../platform/database/database.ts';
import { writeMessages } from '../webhooks/index.ts';
import { type RolloutRow, updateRollout } from './rollouts.store.ts';

export type Settled = 'held' | 'done' | 'failed' | 'cancelled' | 'undone';

/** Writes that a rollout has ended, or is held until a person has looked, and publishes it to webhooks. */
export async function settleRollout(
  trx: UnitOfWork,
  { rolloutId, deployment }: Pick<RolloutRow, 'rolloutId' | 'deployment'>,
  { state, reason }: { readonly state: Settled; readonly reason: string | null },
  now: Temporal.Instant,
): Promise<void> {
  await updateRollout(trx, rolloutId, { state, reason, endedAt: state === 'held' ? null : now }, now);
  const data = { rollout: rolloutId, deployment, state, reason, path: `/api/v1/rollouts/${rolloutId}` };
  await writeMessages(trx, 'rollout.ended', [{ customerId: null, data }], now);
}
