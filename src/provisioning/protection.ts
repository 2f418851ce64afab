import type { MadeKind } from '../cloud/index.ts';
import { type Attempt, Held } from './attempt.ts';
import { selectProtection } from './protection.store.ts';

/** Throws Held for what somebody has protected since it was proposed. */
export async function assertUnprotected(attempt: Attempt, kind: MadeKind, externalId: string): Promise<void> {
  const reason = await protectionOf(attempt, kind, externalId);
  if (reason !== null) throw new Held(`${kind} ${externalId} is protected: ${reason}`);
}

/** Why something may not be destroyed; null: it may. */
export async function protectionOf(attempt: Attempt, kind: MadeKind, externalId: string): Promise<string | null> {
  const { db, rollout } = attempt.parts;
  return selectProtection(db, { kind, externalId, accountId: rollout.accountId, deployment: rollout.deployment });
}
