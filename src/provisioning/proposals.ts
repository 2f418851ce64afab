import type { Queryable } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import { type SecretKey, unseal } from '../platform/secrets/crypto.ts';
import { proposalBlocked, proposalClosed, proposalNotApproved } from './errors.ts';
import type { ProposalDocument } from './proposal-document.ts';
import { type ProposalRow, selectProposal } from './proposals.store.ts';

/** What the sealed values of a proposal are sealed for. */
export const proposalPurpose = 'provisioning.proposals';

/** A proposal as a rollout needs it. */
export interface OpenedProposal {
  readonly proposalId: number;
  readonly hash: string;
  readonly accountId: number;
  readonly document: ProposalDocument;
  /** By the names under which its steps defer to them (`{ $secret: name }`). */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * A proposal that may be rolled out: approved by as many as it needs, neither expired nor discarded, and with nothing
 * that blocks it. Whether it is fresh the provider has to be asked for: see assertFresh.
 * @param approvalsNeeded how many persons must have approved it
 * @throws ArcadiaError not_found; proposal_closed; proposal_blocked; proposal_not_approved; secret_unreadable
 */
export async function openProposal(
  db: Queryable,
  hash: string,
  { secretKey, now, approvalsNeeded = 1 }: OpenOptions,
): Promise<OpenedProposal> {
  const row = await requireProposal(db, hash);
  assertOpen(row, now);
  assertUnblocked(row);
  if (row.approvals.length < approvalsNeeded)
    throw proposalNotApproved(
      `Proposal ${shortHash(hash)} is approved by ${row.approvals.length} of ${approvalsNeeded}.`,
    );
  return opened(row, secretKey);
}

interface OpenOptions {
  readonly secretKey: SecretKey;
  readonly now: Temporal.Instant;
  readonly approvalsNeeded?: number;
}

/** The proposal of a rollout that has begun: it is carried out to its end, also after it would have expired. */
export async function reopenProposal(db: Queryable, proposalId: number, secretKey: SecretKey): Promise<OpenedProposal> {
  const row = await selectProposal(db, { proposalId });
  if (row === undefined) throw notFound('proposal', String(proposalId));
  return opened(row, secretKey);
}

function opened(row: ProposalRow, secretKey: SecretKey): OpenedProposal {
  const { proposalId, hash, accountId, document, secrets } = row;
  const unsealed = secrets === null ? {} : (JSON.parse(unseal(secretKey, proposalPurpose, secrets)) as object);
  return { proposalId, hash, accountId, document, secrets: new Map(Object.entries(unsealed)) };
}

/** As people are shown it. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}

async function requireProposal(db: Queryable, hash: string): Promise<ProposalRow> {
  const row = await selectProposal(db, { hash });
  if (row === undefined) throw notFound('proposal', hash);
  return row;
}

function assertOpen({ hash, discardedAt, expiresAt }: ProposalRow, now: Temporal.Instant): void {
  if (discardedAt !== null) throw proposalClosed(`Proposal ${shortHash(hash)} was discarded at ${discardedAt}.`);
  if (Temporal.Instant.compare(expiresAt, now) <= 0)
    throw proposalClosed(`Proposal ${shortHash(hash)} has expired at ${expiresAt}.`);
}

function assertUnblocked({ hash, document: { problems } }: ProposalRow): void {
  if (problems.length > 0) throw proposalBlocked(`Proposal ${shortHash(hash)} is blocked: ${problems.join('; ')}.`);
}
