import { sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { holds } from '../platform/database/keyset.ts';
import { statement } from '../platform/database/statement.ts';
import { toStorableJson } from '../platform/storable-json.ts';
import type { ProposalDocument } from './proposal-document.ts';

export interface ProposalRow {
  readonly proposalId: number;
  readonly hash: string;
  readonly accountId: number;
  /** null: of a proposal of destroying. */
  readonly blueprintVersionId: number | null;
  readonly document: ProposalDocument;
  readonly secrets: Buffer | null;
  readonly proposedAt: Temporal.Instant;
  readonly proposedBy: string;
  readonly expiresAt: Temporal.Instant;
  readonly discardedAt: Temporal.Instant | null;
  readonly discardedBy: string | null;
  readonly approvals: readonly { readonly by: string; readonly at: string }[];
  /** The rollout that has begun of it; null: none. */
  readonly rolloutId: number | null;
}

const columns = sql`
  p.proposal_id AS "proposalId", p.hash, p.account_id AS "accountId", p.blueprint_version_id AS "blueprintVersionId", p.document, p.secrets, p.proposed_at AS "proposedAt",
  p.proposed_by AS "proposedBy", p.expires_at AS "expiresAt", p.discarded_at AS "discardedAt", p.discarded_by AS "discardedBy",
  coalesce(a.approvals, '[]') AS approvals, r.rollout_id AS "rolloutId"`;

const joined = sql`
  LEFT JOIN rollouts r USING (proposal_id)
  LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('by', approved_by, 'at', approved_at) ORDER BY approved_at, approved_by) AS approvals
    FROM proposal_approvals WHERE proposal_id = p.proposal_id) a ON true`;

/** One by its id or its hash. */
export async function selectProposal(
  db: Queryable,
  by: { readonly hash: string } | { readonly proposalId: number },
): Promise<ProposalRow | undefined> {
  const { rows } = await statement<ProposalRow>('provisioning.selectProposal')`
    SELECT ${columns} FROM proposals p ${joined}
    WHERE ${'hash' in by ? sql`p.hash = ${by.hash}` : sql`p.proposal_id = ${by.proposalId}`}`.execute(db);
  return rows[0];
}

/** Has whoever decides about a proposal wait for each other; false: there is none. */
export async function lockProposal(trx: UnitOfWork, hash: string): Promise<boolean> {
  const { rows } = await statement('provisioning.lockProposal')`
    SELECT FROM proposals WHERE hash = ${hash} FOR UPDATE`.execute(trx);
  return rows.length === 1;
}

interface NewProposal {
  readonly hash: string;
  readonly accountId: number;
  readonly blueprintVersionId: number | null;
  readonly document: ProposalDocument;
  readonly secrets: Buffer | null;
}

/** The same again is the same one: the first stays. */
export async function insertProposal(
  trx: UnitOfWork,
  { hash, accountId, blueprintVersionId, document, secrets }: NewProposal,
  by: string,
): Promise<void> {
  const { purpose, deployment, proposedAt, expiresAt } = document;
  await statement('provisioning.insertProposal')`
    INSERT INTO proposals (hash, purpose, deployment, account_id, blueprint_version_id, document, secrets, proposed_at,
                           proposed_by, expires_at)
    VALUES (${hash}, ${purpose}, ${deployment}, ${accountId}, ${blueprintVersionId}::bigint, ${toStorableJson(document)}::jsonb,
            ${secrets}::bytea, ${proposedAt}, ${by}, ${expiresAt})
    ON CONFLICT (hash) DO NOTHING`.execute(trx);
}

/** False: this person has approved it before. */
export async function insertApproval(
  trx: UnitOfWork,
  proposalId: number,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  const { numAffectedRows } = await statement('provisioning.insertApproval')`
    INSERT INTO proposal_approvals (proposal_id, approved_by, approved_at) VALUES (${proposalId}, ${by}, ${now})
    ON CONFLICT DO NOTHING`.execute(trx);
  return numAffectedRows === 1n;
}

export async function updateDiscarded(
  trx: UnitOfWork,
  proposalId: number,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  await statement('provisioning.updateDiscarded')`
    UPDATE proposals SET discarded_at = ${now}, discarded_by = ${by}
    WHERE proposal_id = ${proposalId} AND discarded_at IS NULL`.execute(trx);
}

/** The last proposal of a deployment that has been rolled out, or is being; undefined: there is none. */
export async function selectRolledOut(db: Queryable, deployment: string): Promise<ProposalRow | undefined> {
  const { rows } = await statement<ProposalRow>('provisioning.selectRolledOut')`
    SELECT ${columns} FROM proposals p ${joined}
    WHERE p.deployment = ${deployment} AND p.blueprint_version_id IS NOT NULL AND r.state = 'done'
    ORDER BY r.rollout_id DESC LIMIT 1`.execute(db);
  return rows[0];
}

/** A proposal without its steps. */
export interface ProposalHead {
  readonly proposalId: number;
  readonly hash: string;
  readonly purpose: ProposalDocument['purpose'];
  readonly deployment: string;
  readonly customer: string;
  readonly account: string;
  readonly blueprint: string | null;
  readonly version: number | null;
  readonly steps: number;
  readonly currency: string;
  /** Of our cost, a month. */
  readonly difference: string;
  /** What it adds to what the customer pays for the last month that is named; null: it is on no plan. */
  readonly customersDifference: string | null;
  readonly customersCurrency: string | null;
  readonly isBlocked: boolean;
  readonly approvals: number;
  readonly proposedAt: Temporal.Instant;
  readonly proposedBy: string;
  readonly expiresAt: Temporal.Instant;
  readonly discardedAt: Temporal.Instant | null;
  readonly rolloutId: number | null;
}

interface HeadFilter {
  readonly deployment: string | null;
  readonly q: string | null;
}

function filtered({ deployment, q }: HeadFilter) {
  return sql`(${deployment}::text IS NULL OR p.deployment = ${deployment}) AND ${holds(q, sql`p.deployment`, sql`p.proposed_by`)}`;
}

/** The newest first, of those before one. */
export async function selectHeads(
  db: Queryable,
  filter: HeadFilter,
  page: { readonly before: number | null; readonly limit: number },
): Promise<ProposalHead[]> {
  const { rows } = await statement<ProposalHead>('provisioning.selectHeads')`
    SELECT p.proposal_id AS "proposalId", p.hash, p.purpose, p.deployment, p.document ->> 'customer' AS customer, c.slug AS account,
           p.document -> 'blueprint' ->> 'blueprint' AS blueprint, (p.document -> 'blueprint' ->> 'version')::int AS version,
           jsonb_array_length(p.document -> 'steps') AS steps, p.document -> 'ours' ->> 'currency' AS currency,
           p.document -> 'ours' -> 'monthly' ->> 'difference' AS difference,
           p.document -> 'customers' -> 'months' -> -1 ->> 'difference' AS "customersDifference",
           p.document -> 'customers' ->> 'currency' AS "customersCurrency",
           jsonb_array_length(p.document -> 'problems') > 0 AS "isBlocked",
           (SELECT count(*) FROM proposal_approvals a WHERE a.proposal_id = p.proposal_id) AS approvals,
           p.proposed_at AS "proposedAt", p.proposed_by AS "proposedBy", p.expires_at AS "expiresAt",
           p.discarded_at AS "discardedAt", r.rollout_id AS "rolloutId"
    FROM proposals p JOIN inventory_accounts c USING (account_id) LEFT JOIN rollouts r USING (proposal_id)
    WHERE ${filtered(filter)} AND (${page.before}::bigint IS NULL OR p.proposal_id < ${page.before})
    ORDER BY p.proposal_id DESC LIMIT ${page.limit}`.execute(db);
  return rows;
}

export async function countProposals(db: Queryable, filter: HeadFilter): Promise<number> {
  const { rows } = await statement<{ count: number }>('provisioning.countProposals')`
    SELECT count(*) AS count FROM proposals p WHERE ${filtered(filter)}`.execute(db);
  return rows[0]?.count ?? 0;
}
