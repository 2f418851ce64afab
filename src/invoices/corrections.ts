import type { RawBuilder } from 'kysely';
import { dayOf } from '../metering/index.ts';
import { readWatermark } from '../platform/changes.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { cursorOf, type Sorted } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { UsageSums } from '../pricing/index.ts';
import { compose, type ComposedCustomer } from './compose.ts';
import { applyChanges, countUnlookedMonths } from './checks.store.ts';
import * as store from './corrections.store.ts';
import { type CreditNote, issueCreditNotes } from './credit-notes.ts';
import * as drafts from './drafts.store.ts';
import { failed, type Failure, isOfOne } from './failures.ts';
import * as invoices from './invoices.store.ts';
import { draftMonths, takeBackPending, type TakenBack } from './pending.ts';

// What an issued month costs now, minus all that was issued for it: invoices, corrections and
// credit notes that are not void. It is proposed; the operator decides.

/** One line of a proposed correction. Money has its currency's digits and is signed. */
export interface ProposedLine {
  readonly component: string;
  readonly description: string;
  /** What it costs now, what was issued for it, what was decided and not issued yet. */
  readonly costs: string;
  readonly issued: string;
  readonly decided: string;
  /** costs - issued - decided */
  readonly amount: string;
}

/** All that is to be corrected of a deployment's month in a currency. */
export interface Proposal {
  readonly customer: string;
  readonly deployment: string;
  /** `2026-05` */
  readonly month: string;
  readonly currency: string;
  /** The sum of the lines. */
  readonly amount: string;
  readonly lines: readonly ProposedLine[];
}

export type ProposalFilter = store.ProposalFilter;
export type Decision = store.DecisionRow;

/** At most so many lines are listed at once. */
const proposedLinesMax = 10_000;
const customersPerBatch = 500;

/**
 * Finds the issued months that may cost something else by now, and rates those anew. Cheap where
 * nothing has changed: it reads the log of changes from where it was read last.
 * A customer who cannot be rated keeps nobody else from being looked at; at the end it is named.
 * @returns how many customers' months may have changed
 * @throws ArcadiaError what kept customers' months from being rated
 */
export async function checkCorrections(
  db: Database,
  options: {
    readonly customerId?: number;
    /** Only this month is rated; others that may have changed are left to the next check. */
    readonly month?: Temporal.PlainDate;
    readonly signal?: AbortSignal;
  } = {},
): Promise<number> {
  const customerId = options.customerId ?? null;
  const watermark = await readWatermark(db);
  const candidates = await db.transaction().execute(async (trx) => {
    await store.lockChecks(trx);
    const mark = (touched: RawBuilder<unknown>) => store.markStale(trx, touched);
    await applyChanges(trx, 'correction_checks', watermark, customerId, mark);
    return store.selectCandidates(trx, customerId);
  });
  const failures: Failure[] = [];
  const wanted = options.month ? candidates.filter(({ month }) => month.equals(options.month ?? month)) : candidates;
  for (const [month, customers] of groupByMonth(wanted)) {
    // Before any of its usage is read, which is once for all batches: what changes meanwhile shows again.
    const changeId = await readWatermark(db);
    const sums = new UsageSums(db);
    for (let start = 0; start < customers.length; start += customersPerBatch) {
      options.signal?.throwIfAborted();
      const batch = customers.slice(start, start + customersPerBatch);
      const rate = (some: readonly store.Candidate[]) => rateAgain(db, month, changeId, some, sums);
      try {
        await rate(batch);
      } catch (error) {
        if (!isOfOne(error)) throw error;
        failures.push(...(await rateEach(batch, rate)));
      }
    }
  }
  if (failures.length > 0) throw failed('looked at', failures);
  return candidates.length;
}

/** How many customers' issued months have facts that changed since they were looked at. Writes nothing. */
export async function countUnlooked(db: Database): Promise<number> {
  return countUnlookedMonths(db, await readWatermark(db));
}

async function rateEach(
  candidates: readonly store.Candidate[],
  rate: (some: readonly store.Candidate[]) => Promise<void>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const candidate of candidates) {
    try {
      await rate([candidate]);
    } catch (error) {
      if (!isOfOne(error)) throw error;
      failures.push({ ...candidate, error });
    }
  }
  return failures;
}

function groupByMonth(candidates: readonly store.Candidate[]): [Temporal.PlainDate, store.Candidate[]][] {
  const months = new Map<string, [Temporal.PlainDate, store.Candidate[]]>();
  for (const candidate of candidates) {
    const { month } = candidate;
    const group = months.get(month.toString()) ?? [month, []];
    group[1].push(candidate);
    months.set(month.toString(), group);
  }
  return [...months.values()];
}

/**
 * Usage is read, which may take long and a connection of its own, before the lock is taken; who was rated
 * meanwhile by newer usage is then left as it is.
 */
async function rateAgain(
  db: Database,
  month: Temporal.PlainDate,
  changeId: number,
  candidates: readonly store.Candidate[],
  sums: UsageSums,
): Promise<void> {
  const ids = candidates.map(({ customerId }) => customerId);
  const customers = await drafts.selectBilledCustomers(db, month, {
    after: 0,
    limit: customersPerBatch,
    customerIds: await store.selectToRate(db, month, changeId, ids),
  });
  const composed = await compose(db, month, customers, sums);
  await db.transaction().execute(async (trx) => {
    await store.lockChecks(trx);
    const toRate = new Set(await store.selectToRate(trx, month, changeId, ids));
    const rated = composed.filter(({ customer }) => toRate.has(customer.customerId));
    const examined = customers.map(({ customerId }) => customerId).filter((id) => toRate.has(id));
    await store.replaceCosts(trx, month, changeId, examined, rated.flatMap(costsOf));
  });
}

/** What a month's usage and fees cost, without what was added by hand or corrects another month. */
export function costsOf({ customer, invoices }: ComposedCustomer): store.CostRow[] {
  return invoices.flatMap(({ currency, lines }) =>
    lines
      .filter((line) => line.kind !== 'manual' && line.kind !== 'correction')
      .map((line) => ({
        customerId: customer.customerId,
        deploymentId: line.deploymentId as number,
        currency,
        component: line.component,
        description: line.description,
        amount: line.amount,
      })),
  );
}

/** A page of what is yet to be decided, as of the last check, and what all of it comes to, by currency. */
export async function proposalPage(
  db: Queryable,
  filter: Omit<ProposalFilter, 'q'>,
  page: PageRequest<store.ProposalSort>,
): Promise<Page<Proposal> & { readonly totals: ProposalTotal[] }> {
  const wanted = { ...filter, q: page.q };
  const rows = await store.selectProposalPage(db, wanted, { ...page, limit: page.limit + 1 });
  const groups = [...Map.groupBy(rows, ({ sortTie }) => sortTie).values()];
  const { items, nextCursor } = pageOf(groups, page.limit, ([first]) => cursorOf(first as Sorted));
  return { items: groupProposals(items.flat()), nextCursor, totals: await proposalTotals(db, wanted) };
}

export type ProposalTotal = store.ProposalTotalRow;

/** How many months of deployments are to be corrected, and by how much together: by currency. */
export async function proposalTotals(db: Queryable, filter: ProposalFilter = {}): Promise<ProposalTotal[]> {
  const rows = await store.sumProposals(db, filter);
  return rows.map((row) => ({ ...row, amount: formatMoney(new Decimal(row.amount), row.currency) }));
}

function groupProposals(rows: readonly store.ProposalRow[]): Proposal[] {
  const groups = new Map<string, store.ProposalRow[]>();
  for (const row of rows) {
    const key = `${row.deployment} ${row.month} ${row.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map((lines) => {
    const { customer, deployment, month, currency } = lines[0] as store.ProposalRow;
    const money = (amount: string) => formatMoney(new Decimal(amount), currency);
    return {
      customer,
      deployment,
      month: month.toPlainYearMonth().toString(),
      currency,
      amount: sumOf(lines, currency),
      lines: lines.map(({ component, description, costs, issued, decided, amount }) => ({
        component,
        description,
        costs: money(costs),
        issued: money(issued),
        decided: money(decided),
        amount: money(amount),
      })),
    };
  });
}

/** What was decided about corrections, newest first; at most `limit` lines. */
export async function listDecisions(db: Queryable, filter: ProposalFilter, limit: number): Promise<Decision[]> {
  return store.selectDecisions(db, filter, limit);
}

export interface CorrectRequest {
  readonly deployment: string;
  /** The first day of the month that is corrected. */
  readonly month: Temporal.PlainDate;
  /** Needed where the month is corrected in more than one. */
  readonly currency?: string | undefined;
  /** The sum that whoever decides has seen: refused where it is another by now. */
  readonly expectedAmount?: string | undefined;
  readonly by: string;
  readonly now: Temporal.Instant;
}

// Each decision first takes back what was decided the other way and is not issued (`pending.ts`). Together,
// what is taken back and what is decided come to the proposal.

/**
 * Puts a proposed correction on the customer's next invoice: that of the first month, from the last
 * that is over on, that is neither approved nor issued, whose draft has it from now on.
 * @returns what comes on the invoice of which month; null: nothing, for it was all taken back
 * @throws ArcadiaError not_found (nothing is to be corrected), conflict (another amount than expected)
 */
export async function correctOnNextInvoice(
  db: Database,
  request: CorrectRequest,
): Promise<{ amount: string; month: string | null; takenBack: TakenBack[] }> {
  return decide(db, request, async (trx, { left, takenBack, months, ...proposal }) => {
    const { customerId, currency } = proposal;
    const amount = sumOf(left, currency);
    if (left.length === 0) {
      await draftMonths(trx, customerId, months, request.now);
      return { amount, month: null, takenBack };
    }
    const next = request.month.add({ months: 1 });
    const lastComplete = dayOf(request.now).with({ day: 1 }).subtract({ months: 1 });
    const after = Temporal.PlainDate.compare(next, lastComplete) < 0 ? lastComplete : next;
    const targetMonth = await store.selectOpenMonth(trx, customerId, currency, after);
    const decision = { decision: 'invoice', targetMonth, creditNoteId: null, reason: null } as const;
    await store.insertCorrections(trx, left, decision, request.by, request.now);
    await draftMonths(trx, customerId, [...months, targetMonth], request.now);
    return { amount, month: targetMonth.toPlainYearMonth().toString(), takenBack };
  });
}

/**
 * Waives a proposed correction: exactly these amounts. What changes afterwards is proposed again.
 * @returns what is waived
 * @throws ArcadiaError not_found, conflict, invalid_argument (no reason)
 */
export async function waiveCorrection(
  db: Database,
  request: CorrectRequest & { readonly reason: string },
): Promise<{ amount: string; takenBack: TakenBack[] }> {
  if (request.reason.trim() === '')
    throw new ArcadiaError('invalid_argument', 'A waiver needs its reason, for the record.');
  return decide(db, request, async (trx, { customerId, currency, left, takenBack, months }) => {
    const decision = {
      decision: 'waive',
      targetMonth: null,
      creditNoteId: null,
      reason: request.reason.trim(),
    } as const;
    await store.insertCorrections(trx, left, decision, request.by, request.now);
    await draftMonths(trx, customerId, months, request.now);
    return { amount: sumOf(left, currency), takenBack };
  });
}

export interface CreditRequest extends CorrectRequest {
  readonly number?: string | undefined;
  readonly incomplete?: boolean | undefined;
}

/** What became of a correction that was to be credited. */
export interface Credited {
  /** One of each invoice that charged what is given back, the oldest first; none where all was taken back. */
  readonly creditNotes: CreditNote[];
  readonly takenBack: TakenBack[];
}

/**
 * Gives a proposed correction back at once: what was to come on a draft is taken off it; what was issued is
 * credited, by a credit note of each invoice that charged it, numbered in a series of its own, at the tax at which it was charged.
 * @throws ArcadiaError not_found; conflict (the customer owes more, not less, or an invoice would be credited beyond
 *   its total; another amount than expected; details are missing); invalid_argument (the number)
 */
export async function issueCreditNote(db: Database, request: CreditRequest): Promise<Credited> {
  return decide(db, request, async (trx, { left, takenBack, months, ...proposal }) => {
    const { deployment, amount, currency, customerId } = proposal;
    if (!new Decimal(amount).isNegative()) {
      throw new ArcadiaError(
        'conflict',
        `${deployment} owes ${amount} ${currency} more for ${proposal.month}; ` +
          'a credit note gives back. Put it on the next invoice instead.',
      );
    }
    // Before the credit notes' own locks: see the order of locks in the README.
    await draftMonths(trx, customerId, months, request.now);
    const [first, ...others] = left;
    if (first === undefined) return { creditNotes: [], takenBack };
    return { creditNotes: await issueCreditNotes(trx, [first, ...others], request), takenBack };
  });
}

/** A proposal to be decided, with what is left of it once what is pending the other way was taken back. */
interface Deciding extends Proposal {
  readonly customerId: number;
  readonly left: readonly store.ProposalRow[];
  readonly takenBack: TakenBack[];
  /** Whose drafts are to be drafted again. */
  readonly months: readonly Temporal.PlainDate[];
}

/** Brings the deployment's customer up to date, then decides on what is proposed, under the customer's lock. */
async function decide<T>(
  db: Database,
  request: CorrectRequest,
  work: (trx: UnitOfWork, deciding: Deciding) => Promise<T>,
): Promise<T> {
  const { deployment, month, currency } = request;
  const customerId = await invoices.selectCustomerOfDeployment(db, deployment);
  if (customerId === undefined) throw new ArcadiaError('not_found', `There is no deployment "${deployment}".`);
  await checkCorrections(db, { customerId, month });
  return db.transaction().execute(async (trx) => {
    await invoices.lockCustomer(trx, customerId);
    const [first, ...others] = await store.selectProposals(trx, { deployment, month, currency }, proposedLinesMax);
    if (!first) {
      throw new ArcadiaError(
        'not_found',
        `Nothing is to be corrected of ${month.toPlainYearMonth()} for "${deployment}".`,
      );
    }
    const [proposal, second] = groupProposals([first, ...others]) as [Proposal, Proposal?];
    if (second) {
      throw new ArcadiaError(
        'invalid_argument',
        `${month.toPlainYearMonth()} of "${deployment}" is corrected in ${proposal.currency} and ${second.currency}; say which.`,
      );
    }
    if (request.expectedAmount !== undefined && !new Decimal(request.expectedAmount).eq(proposal.amount)) {
      throw new ArcadiaError(
        'conflict',
        `The correction is ${proposal.amount} ${proposal.currency} now, not ${request.expectedAmount}.`,
      );
    }
    return work(trx, { ...proposal, customerId, ...(await takeBackPending(trx, [first, ...others], request)) });
  });
}

function sumOf(rows: readonly { readonly amount: string }[], currency: string): string {
  return formatMoney(
    rows.reduce((sum, row) => sum.plus(row.amount), new Decimal(0)),
    currency,
  );
}
