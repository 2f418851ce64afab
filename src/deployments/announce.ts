import type { UnitOfWork } from '../platform/database/database.ts';
import { writeMessages } from '../webhooks/index.ts';

/** Publishes to webhooks what was done to deployments, in its transaction. */
export async function announceDeployments(
  trx: UnitOfWork,
  change: 'created' | 'renamed' | 'moved' | 'ended' | 'reopened',
  deployments: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  const messages = deployments.map((deployment) => ({
    customerId: null,
    data: { deployment, change, path: `/api/v1/deployments/${deployment}` },
  }));
  await writeMessages(trx, 'deployment.changed', messages, now);
}
