import type { UnitOfWork } from '../platform/database/database.ts';
import { type SecretKey, seal, unseal } from '../platform/secrets/crypto.ts';
import { userDataPurpose } from './blueprints.ts';
import { proposalPurpose } from './proposals.ts';
import {
  selectSealedProposals,
  selectSealedUserData,
  updateSealedProposal,
  updateSealedUserData,
} from './sealed.store.ts';

/**
 * Seals anew what proposals and blueprints hold sealed, as part of a rotation of the key. Returns of how many. Proposals
 * with secrets are stale from then on: what tells these apart is made with the key. Errors: secret_unreadable.
 */
export async function resealProvisioning(
  trx: UnitOfWork,
  { from, to }: { readonly from: SecretKey; readonly to: SecretKey },
): Promise<number> {
  const proposals = await selectSealedProposals(trx);
  for (const { id, sealed } of proposals)
    await updateSealedProposal(trx, id, seal(to, proposalPurpose, unseal(from, proposalPurpose, sealed)));
  const blueprints = await selectSealedUserData(trx);
  for (const { id, sealed } of blueprints)
    await updateSealedUserData(trx, id, seal(to, userDataPurpose, unseal(from, userDataPurpose, sealed)));
  return proposals.length + blueprints.length;
}
