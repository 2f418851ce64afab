import type { Database, Queryable } from '../platform/database/database.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import { type SecretKey, unseal } from '../platform/secrets/crypto.ts';
import { proposalBlocked, proposalClosed, proposalNotApproved } from './errors.ts';
import type { ProposalDocument } from './proposal-document.ts';
import {
  countProposals,
  insertApproval,
  lockProposal,
  type ProposalHead,
  type ProposalRow,
  selectHeads,
  selectProposal,
  updateDiscarded,
} from './proposals.store.ts';

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
 * @param approvalsNeeded how many persons must have approved one that destroys; any other needs one
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
  const needed = approvalsOf(row.document.purpose, approvalsNeeded);
  if (row.approvals.length < needed)
    throw proposalNotApproved(`Proposal ${shortHash(hash)} is approved by ${row.approvals.length} of ${needed}.`);
  return opened(row, secretKey);
}

interface OpenOptions {
  readonly secretKey: SecretKey;
  readonly now: Temporal.Instant;
  readonly approvalsNeeded?: number;
}

function approvalsOf(purpose: ProposalDocument['purpose'], toDestroy: number): number {
  return purpose === 'destroy' ? toDestroy : 1;
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

/** Throws proposal_closed, where it is discarded or has expired. */
export function assertOpen({ hash, discardedAt, expiresAt }: ProposalRow, now: Temporal.Instant): void {
  if (discardedAt !== null) throw proposalClosed(`Proposal ${shortHash(hash)} was discarded at ${discardedAt}.`);
  if (Temporal.Instant.compare(expiresAt, now) <= 0)
    throw proposalClosed(`Proposal ${shortHash(hash)} has expired at ${expiresAt}.`);
}

function assertUnblocked({ hash, document: { problems } }: ProposalRow): void {
  if (problems.length > 0) throw proposalBlocked(`Proposal ${shortHash(hash)} is blocked: ${problems.join('; ')}.`);
}

/** One by its hash. Throws not_found. */
export async function getProposal(db: Queryable, hash: string): Promise<ProposalRow> {
  return requireProposal(db, hash);
}

export interface Approving {
  readonly by: string;
  readonly role: 'owner' | 'operator';
  /** In the currency of the proposal, a month: what operators may approve. */
  readonly operatorLimit: string;
  /** The slug as the approver has typed it; null: they have not. */
  readonly typed: string | null;
  readonly now: Temporal.Instant;
}

/**
 * Approves a proposal. Operators approve what adds no more than their limit a month; what destroys is the owner's, who
 * types its slug.
 * @throws ArcadiaError not_found; proposal_closed; proposal_blocked; forbidden; invalid_argument
 */
export async function approve(db: Database, hash: string, asked: Approving): Promise<ProposalRow> {
  return db.transaction().execute(async (trx) => {
    await lockProposal(trx, hash);
    const row = await requireProposal(trx, hash);
    assertOpen(row, asked.now);
    assertUnblocked(row);
    assertMay(row, asked);
    await insertApproval(trx, row.proposalId, asked.by, asked.now);
    return requireProposal(trx, hash);
  });
}

function assertMay({ hash, document }: ProposalRow, { role, operatorLimit, typed }: Approving): void {
  const { purpose, deployment, ours } = document;
  if (purpose === 'destroy') {
    if (role !== 'owner')
      throw new ArcadiaError('forbidden', `Proposal ${shortHash(hash)} destroys: an owner has to approve it.`);
    if (typed !== deployment)
      throw new ArcadiaError(
        'invalid_argument',
        typed === null
          ? `Proposal ${shortHash(hash)} destroys ${deployment}: give its slug to approve it.`
          : `${typed} is not what proposal ${shortHash(hash)} destroys: nothing was approved.`,
      );
  }
  if (role === 'owner') return;
  const added = new Decimal(ours.monthly.difference);
  if (added.gte(0) && added.lte(operatorLimit) && ours.unknown.length === 0 && !new Decimal(operatorLimit).isZero())
    return;
  throw new ArcadiaError(
    'forbidden',
    `Proposal ${shortHash(hash)} costs ${ours.monthly.difference} ${ours.currency} a month more; operators approve up to ${operatorLimit}: an owner has to approve it.`,
  );
}

/** Discards a proposal: it cannot be approved or rolled out any more. Throws not_found; proposal_closed. */
export async function discard(db: Database, hash: string, by: string, now: Temporal.Instant): Promise<ProposalRow> {
  return db.transaction().execute(async (trx) => {
    await lockProposal(trx, hash);
    const row = await requireProposal(trx, hash);
    if (row.rolloutId !== null)
      throw proposalClosed(`Proposal ${shortHash(hash)} is being rolled out, or has been: it cannot be discarded.`);
    await updateDiscarded(trx, row.proposalId, by, now);
    return requireProposal(trx, hash);
  });
}

export const proposalStates = ['proposed', 'blocked', 'approved', 'rolled_out', 'expired', 'discarded'] as const;
export type ProposalState = (typeof proposalStates)[number];

/** How a proposal stands. */
export function stateOf(
  head: Pick<ProposalHead, 'rolloutId' | 'discardedAt' | 'expiresAt' | 'isBlocked' | 'approvals' | 'purpose'>,
  now: Temporal.Instant,
  approvalsNeeded: number,
): ProposalState {
  if (head.rolloutId !== null) return 'rolled_out';
  if (head.discardedAt !== null) return 'discarded';
  if (Temporal.Instant.compare(head.expiresAt, now) <= 0) return 'expired';
  if (head.isBlocked) return 'blocked';
  return head.approvals >= approvalsOf(head.purpose, approvalsNeeded) ? 'approved' : 'proposed';
}

/** What lists show of a whole one. */
export function headOf(row: ProposalRow): ProposalHead {
  const { document, approvals, ...rest } = row;
  const { purpose, deployment, customer, account, blueprint, steps, ours, customers, problems } = document;
  return {
    ...rest,
    purpose,
    deployment,
    customer,
    account,
    blueprint: blueprint?.blueprint ?? null,
    version: blueprint?.version ?? null,
    steps: steps.length,
    currency: ours.currency,
    difference: ours.monthly.difference,
    customersDifference: customers?.months.at(-1)?.difference ?? null,
    customersCurrency: customers?.currency ?? null,
    isBlocked: problems.length > 0,
    approvals: approvals.length,
  };
}

/** A page of them, the newest first. */
export async function proposalPage(
  db: Queryable,
  deployment: string | null,
  { q, limit, cursor }: Pick<PageRequest, 'q' | 'limit' | 'cursor'>,
): Promise<Required<Page<ProposalHead>>> {
  const filter = { deployment, q };
  const before = cursor === null ? null : Number(cursor);
  const rows = await selectHeads(db, filter, { before, limit: limit + 1 });
  return {
    ...pageOf(rows, limit, ({ proposalId }) => String(proposalId)),
    total: await countProposals(db, filter),
  };
}
