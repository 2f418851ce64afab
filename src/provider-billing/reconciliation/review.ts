import type { Queryable, UnitOfWork } from '../../platform/database/database.ts';
import { ArcadiaError, notFound } from '../../platform/errors.ts';
import { Decimal } from '../../platform/quantity.ts';
import { selectBills } from '../shown-bills.store.ts';
import {
  type DecisionKind,
  insertDecision,
  reopenReconciliation,
  selectDeploymentId,
  signReconciliation,
} from './decisions.store.ts';
import { type ReconciliationRow, selectReconciledLines, selectReconciliations } from './shown.store.ts';

/** What counts of a bill, and what differs from it since it was signed. */
interface Shown {
  readonly counts: ReconciliationRow;
  /** What stands beside what was signed; null: nothing has changed since, or it is not signed. */
  readonly since: ReconciliationRow | null;
}

/** A bill's reconciliation. Errors: not_found, also where it has not been reconciled yet. */
export async function getReconciliation(db: Queryable, billId: number): Promise<Shown> {
  const [counts, since = null] = await selectReconciliations(db, billId);
  if (counts !== undefined) return { counts, since };
  const [bill] = await selectBills(db, { bill: billId, limit: 1, after: null });
  if (bill === undefined) throw notFound('bill', String(billId));
  throw new ArcadiaError('not_found', `Bill ${billId} has not been reconciled yet.`, {
    next: { operation: 'bill reconcile' },
  });
}

interface Said {
  readonly billId: number;
  /** The line; null: the bill as a whole. */
  readonly position: number | null;
  readonly kind: Exclude<DecisionKind, 'sign' | 'reopen'>;
  /** Of an assignment: who bears the line; null: what the rules say again. */
  readonly deployment?: string | null;
  readonly reason: string;
}

/**
 * Keeps what somebody says about a bill or a line: a note, that a difference is accepted, who bears a line. Errors:
 * not_found for the bill, the line, the deployment; conflict for assigning a line of a bill that was signed.
 */
export async function decide(trx: UnitOfWork, said: Said, by: string, now: Temporal.Instant): Promise<void> {
  const { billId, position, kind, deployment = null, reason } = said;
  const { counts } = await getReconciliation(trx, billId);
  if (position !== null) {
    const filters = { position, limit: 1, after: 0 };
    if ((await selectReconciledLines(trx, counts.reconciliationId, filters)).length === 0)
      throw notFound(`line of bill ${billId}`, String(position));
  }
  if (kind === 'assign' && counts.signedAt !== null)
    throw new ArcadiaError('conflict', `Bill ${billId} is signed; reopen it before a line is assigned.`);
  const deploymentId = deployment === null ? null : await selectDeploymentId(trx, deployment);
  if (deployment !== null && deploymentId === null) throw notFound('deployment', deployment);
  await insertDecision(trx, { versionId: counts.versionId, position, kind, deploymentId, reason }, by, now);
}

/**
 * Signs a bill: its figures stand from now on, whatever becomes known later. Errors: conflict for a preview, a bill that
 * is signed, and, without a reason, one with something unexplained or a residual.
 */
export async function signBill(
  trx: UnitOfWork,
  billId: number,
  reason: string | null,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const { counts } = await getReconciliation(trx, billId);
  if (counts.kind === 'preview')
    throw new ArcadiaError(
      'conflict',
      `Bill ${billId} is a preview, which changes every night; the final bill is signed.`,
    );
  if (counts.signedAt !== null) throw new ArcadiaError('conflict', `Bill ${billId} is signed already.`);
  const { unexplained, residual } = counts;
  if (reason === null && !(new Decimal(unexplained).isZero() && new Decimal(residual).isZero())) {
    const left = `${unexplained} ${counts.currency} unexplained and a residual of ${residual}`;
    throw new ArcadiaError('conflict', `Bill ${billId} has ${left}: give the reason why it is signed all the same.`);
  }
  if (!(await signReconciliation(trx, counts.reconciliationId, reason, by, now)))
    throw new ArcadiaError('conflict', `Bill ${billId} was reconciled anew meanwhile.`);
  const said = { versionId: counts.versionId, position: null, kind: 'sign', deploymentId: null } as const;
  await insertDecision(trx, { ...said, reason: reason ?? '' }, by, now);
}

/** Has what stands now count again in place of what was signed. Errors: not_found; conflict: it is not signed. */
export async function reopenBill(
  trx: UnitOfWork,
  billId: number,
  reason: string,
  by: string,
  now: Temporal.Instant,
): Promise<ReconciliationRow> {
  const { counts } = await getReconciliation(trx, billId);
  if (counts.signedAt === null || !(await reopenReconciliation(trx, counts.reconciliationId, reason, by, now)))
    throw new ArcadiaError('conflict', `Bill ${billId} is not signed.`);
  const said = { versionId: counts.versionId, position: null, kind: 'reopen', deploymentId: null, reason } as const;
  await insertDecision(trx, said, by, now);
  return counts;
}
