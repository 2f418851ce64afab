import type { UnitOfWork } from '../platform/database/database.ts';
import { type SecretKey, seal, unseal } from '../platform/secrets/crypto.ts';
import { userDataPurpose } from './blueprints.ts';
import { selectWriteCredentials, updateWriteCredential } from './grants.store.ts';
import { writeCredentialsPurpose } from './grants.ts';
import { proposalPurpose } from './proposals.ts';
import {
  selectSealedProposals,
  selectSealedUserData,
  updateSealedProposal,
  updateSealedUserData,
} from './sealed.store.ts';

/**
 * Seals anew what proposals and blueprints hold sealed, and the write tokens, as part of a rotation of the key. Returns how
 * many values that was. Proposals with secrets are stale from then on: what tells these apart is made with the key. Errors: secret_unreadable.
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
  const tokens = await selectWriteCredentials(trx);
  for (const { accountId, sealed } of tokens)
    await updateWriteCredential(
      trx,
      accountId,
      seal(to, writeCredentialsPurpose, unseal(from, writeCredentialsPurpose, sealed)),
    );
  return proposals.length + blueprints.length + tokens.length;
}
