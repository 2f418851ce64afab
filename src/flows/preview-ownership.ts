import { createHash } from 'node:crypto';
import { changeAfterLook, type MovedOwnership, previewing, type StagedMove, stageMove } from '../deployments/index.ts';
import { invoiceStandings, payingCustomers } from '../invoices/index.ts';
import { completeRange, usageStoreAddress } from '../metering/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { FlowContext } from './context.ts';
import { allMonths, type MovedMoney, moneyOf, touchedMonths, type TriedChange } from './moved-money.ts';

export interface OwnershipPreview extends MovedOwnership {
  /** null: usage is in a ClickHouse, where nothing can be tried. */
  readonly money: MovedMoney | null;
}

export interface PreviewContext extends Pick<FlowContext, 'now' | 'signal'> {
  /** How long its money may take, metering and rating before the change and after it, in milliseconds; 10,000 unless given. */
  readonly moneyMsMax?: number;
  /** How many changes of owners to show; 100 unless given. */
  readonly limit?: number;
  /** What `too_costly` says of it. */
  readonly words?: { readonly what: string; readonly todo: string };
}

const assigning = { what: 'To preview this', todo: 'Preview fewer resources at a time, or fewer months.' };
const changesShown = 100;
const moneyMs = 10_000;

/**
 * What a change of ownership would do: who gains and loses what, which months it touches, and what they come to
 * before and after. All of it is made (the change, the derivation of ownership, metering, rating) in one
 * transaction that is rolled back, so that it says what would be written. What would take too long is left out, the
 * oldest months first, and named.
 * @param change makes the change
 * @throws ArcadiaError what the change throws; too_costly (a step takes longer than ten seconds); cancelled
 */
export async function previewOwnership<Made>(
  db: Database,
  change: (trx: UnitOfWork) => Promise<Made>,
  { now, signal, moneyMsMax = moneyMs, limit = changesShown, words = assigning }: PreviewContext,
): Promise<OwnershipPreview & { readonly made: Made }> {
  const limits = { ...words, signal };
  const isHere = (await usageStoreAddress(db)) === null;
  return previewing(db, limits, async (trx) => {
    const move = await stageMove(trx, change, now, { limit });
    const { made, resources, totals, changes, changesTotal } = move;
    const digest = await digestOf(trx, move, now);
    return {
      made,
      resources,
      totals,
      changes,
      changesTotal,
      digest,
      money: isHere ? await moneyOf(trx, triedMove(move), { now, signal, moneyMsMax }) : null,
    };
  });
}

/**
 * What a preview has said, in short: 32 hexadecimal digits of who changes owner when, and 32 of the invoices that are
 * issued of the months whose amounts this can change. Amounts are not in it: they move with every day that is metered.
 */
async function digestOf(trx: UnitOfWork, move: StagedMove<unknown>, now: Temporal.Instant): Promise<string> {
  const paying = await payingCustomers(
    trx,
    move.totals.map(({ deployment }) => deployment),
  );
  const customerIds = paying.map(({ customerId }) => customerId);
  const issued: string[] = [];
  for (const month of allMonths(touchedMonths(move.times, await completeRange(trx, now), now), now)) {
    for (const { state, invoiceId } of await invoiceStandings(trx, month, customerIds))
      if (state === 'issued') issued.push(String(invoiceId));
  }
  const documents = createHash('sha256').update(issued.sort().join(' ')).digest('hex');
  return move.digest.slice(0, digestHalf) + documents.slice(0, digestHalf);
}

const digestHalf = 32;

/**
 * Makes a change of ownership. With `expect`, the digest of a preview: where it still does what that said; nobody else
 * decides between that look and the change.
 *
 * Errors: what the change throws; conflict, which says what it would do now; too_costly.
 */
export function changeAsPreviewed<Made>(
  db: Database,
  change: (trx: UnitOfWork) => Promise<Made>,
  { expect, now, signal }: Pick<FlowContext, 'now' | 'signal'> & { readonly expect: string | undefined },
): Promise<Made> {
  const look = async (trx: UnitOfWork, move: StagedMove<unknown>) => {
    const found = await digestOf(trx, move, now);
    if (found !== expect) throw changedSince(move, found, expect ?? '');
  };
  return changeAfterLook(db, change, { look: expect === undefined ? null : look, now, signal });
}

/** Of the deployments that gain or lose as many as an error names. */
const namedMax = 5;

function changedSince({ resources, totals }: MovedOwnership, found: string, expected: string): ArcadiaError {
  const named = totals
    .slice(0, namedMax)
    .map(({ deployment, gains, loses }) => `${deployment} gains ${gains}, loses ${loses}`);
  const more = totals.length > namedMax ? [`and ${totals.length - namedMax} more deployments`] : [];
  const moved = `${resources} ${resources === 1 ? 'resource' : 'resources'} would change owner`;
  const would = resources === 0 ? 'no resource would change owner' : `${moved} (${[...named, ...more].join('; ')})`;
  const isSameMove = found.slice(0, digestHalf) === expected.slice(0, digestHalf);
  const since = isSameMove ? 'Invoices of its months were issued or cancelled since.' : `Now ${would}.`;
  return new ArcadiaError('conflict', `Nothing was written: the preview no longer holds. ${since}`, {
    todo: 'Look at the preview again, then decide with its digest.',
    details: { expected, found, resources, totals },
  });
}

function triedMove({ times, totals, reached, write }: StagedMove<unknown>): TriedChange {
  const deployments = [...totals].sort((a, b) => b.gains + b.loses - a.gains - a.loses);
  return { times, deployments: deployments.map(({ deployment }) => deployment), reached, make: write };
}
