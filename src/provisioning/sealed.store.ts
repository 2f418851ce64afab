import type { UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// All that is sealed of proposals and blueprints.

interface SealedRow {
  readonly id: number;
  readonly sealed: Buffer;
}

export async function selectSealedProposals(trx: UnitOfWork): Promise<SealedRow[]> {
  const { rows } = await statement<SealedRow>('provisioning.selectSealedProposals')`
    SELECT proposal_id AS id, secrets AS sealed FROM proposals WHERE secrets IS NOT NULL ORDER BY 1 FOR UPDATE`.execute(
    trx,
  );
  return rows;
}

export async function updateSealedProposal(trx: UnitOfWork, id: number, sealed: Buffer): Promise<void> {
  await statement('provisioning.updateSealedProposal')`
    UPDATE proposals SET secrets = ${sealed} WHERE proposal_id = ${id}`.execute(trx);
}

export async function selectSealedUserData(trx: UnitOfWork): Promise<SealedRow[]> {
  const { rows } = await statement<SealedRow>('provisioning.selectSealedUserData')`
    SELECT blueprint_version_id AS id, user_data AS sealed FROM blueprint_versions WHERE user_data IS NOT NULL
    ORDER BY 1 FOR UPDATE`.execute(trx);
  return rows;
}

export async function updateSealedUserData(trx: UnitOfWork, id: number, sealed: Buffer): Promise<void> {
  await statement('provisioning.updateSealedUserData')`
    UPDATE blueprint_versions SET user_data = ${sealed} WHERE blueprint_version_id = ${id}`.execute(trx);
}
