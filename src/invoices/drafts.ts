import { readWatermark } from '../platform/changes.ts';
import type { UnitOfWork, Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { type UsageSource, UsageSums } from '../pricing/index.ts';
import { failed, type Failure, isOfOne } from './failures.ts';
import { type ComposedCustomer, compose, openComposition, storedLine } from './compose.ts';
import * as store from './drafts.store.ts';
import { lockDraftChecks, upsertDraftChecks } from './late-months.store.ts';

/** What drafting a month did, in invoices. */
export interface DraftedMonth {
  /** `2026-05` */
  readonly month: string;
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Drafts of what is no longer billed. */
  readonly removed: number;
  /** Approved or issued: left as they are. */
  readonly kept: number;
}

interface DraftOptions {
  /** The first day of the month. */
  readonly month: Temporal.PlainDate;
  readonly now: Temporal.Instant;
  /** Only some customers, by their ids. */
  readonly customerIds?: readonly number[];
  /** Remember that nothing is due to them but what is drafted, until facts change (`findLateMonths`). */
  readonly remember?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (customers: number) => void;
}

/** So many customers' invoices are in memory, and in one transaction, at a time. */
export const customersPerBatch = 500;

/**
 * Brings the drafts of a month up to date with the facts: every customer's, one per currency. A
 * month that is not over is drafted to where it is. What is approved or issued is left alone; the
 * same facts again write nothing. It can be stopped and run again at any time. A customer who cannot
 * be rated keeps nobody else from being drafted; at the end it is named.
 * @throws ArcadiaError invalid_argument (a month to come), cancelled; what kept customers from being rated
 */
export async function draftMonth(db: Database, options: DraftOptions): Promise<DraftedMonth> {
  const { month, now, signal, remember = false } = options;
  assertBegun(month, now);
  // Before any of its usage is read, which is once for all batches: what changes meanwhile shows later.
  const changeId = await readWatermark(db);
  const seen = { ...(await store.selectSeen(db, month)), changeId };
  const sums = new UsageSums(db);
  const counts = { created: 0, changed: 0, unchanged: 0, removed: 0, kept: 0 };
  const failures: Failure[] = [];
  let customers = 0;
  for (let after = 0; ; ) {
    if (signal?.aborted) {
      throw new ArcadiaError('cancelled', `Drafting ${month.toPlainYearMonth()} stopped after ${customers} customers.`);
    }
    const batch = await store.selectBilledCustomers(db, month, {
      after,
      limit: customersPerBatch,
      ...(options.customerIds && { customerIds: options.customerIds }),
    });
    const last = batch.at(-1);
    if (last === undefined) break;
    const composed = await composeEach(db, month, batch, sums, failures);
    const done = await db.transaction().execute((trx) => writeBatch(trx, { month, now, seen, remember }, composed));
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += done[key];
    after = last.customerId;
    customers += batch.length;
    options.onProgress?.(customers);
  }
  if (failures.length > 0) throw failed('drafted', failures);
  return { month: month.toPlainYearMonth().toString(), ...counts };
}

/** All together; where one of them cannot be rated, the others all the same. */
export async function composeEach(
  db: Queryable,
  month: Temporal.PlainDate,
  customers: readonly store.BilledCustomer[],
  sums: UsageSource,
  failures: Failure[],
): Promise<ComposedCustomer[]> {
  const [composed] = await composeEachWith(db, month, customers, [sums]);
  failures.push(...(composed?.failures ?? []));
  return [...(composed?.customers ?? [])];
}

/** What customers owe, and who could not be rated, and why. */
export interface ComposedBatch {
  readonly customers: readonly ComposedCustomer[];
  readonly failures: readonly Failure[];
}

/** The same with each of several usages, in their order. */
export async function composeEachWith(
  db: Queryable,
  month: Temporal.PlainDate,
  customers: readonly store.BilledCustomer[],
  sources: readonly UsageSource[],
): Promise<ComposedBatch[]> {
  const together = await orNull(openComposition(db, month, customers));
  const batches: ComposedBatch[] = [];
  for (const sums of sources) {
    const composed = together && (await orNull(together.compose(sums)));
    batches.push(composed ? { customers: composed, failures: [] } : await composeSingly(db, month, customers, sums));
  }
  return batches;
}

/** Null where one of those that it is about is why it failed. */
async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    return null;
  }
}

async function composeSingly(
  db: Queryable,
  month: Temporal.PlainDate,
  customers: readonly store.BilledCustomer[],
  sums: UsageSource,
): Promise<ComposedBatch> {
  const composed: ComposedCustomer[] = [];
  const failures: Failure[] = [];
  for (const customer of customers) {
    try {
      composed.push(...(await compose(db, month, [customer], sums)));
    } catch (error) {
      if (!isOfOne(error)) throw error;
      failures.push({ customer: customer.externalId, month, error });
    }
  }
  return { customers: composed, failures };
}

/** The same for one customer, in the caller's transaction. */
export async function draftCustomer(
  trx: UnitOfWork,
  customerId: number,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<void> {
  await store.lockMonth(trx, month);
  const seen = await store.selectSeen(trx, month);
  await writeBatch(trx, { month, now, seen, remember: false }, await composeCustomer(trx, customerId, month));
}

/** What a customer owes for a month; nothing of a customer that has nothing to be billed. */
export async function composeCustomer(
  db: Queryable,
  customerId: number,
  month: Temporal.PlainDate,
): Promise<ComposedCustomer[]> {
  return compose(
    db,
    month,
    await store.selectBilledCustomers(db, month, { after: 0, limit: 1, customerIds: [customerId] }),
  );
}

export function assertBegun(month: Temporal.PlainDate, now: Temporal.Instant): void {
  if (month.day !== 1) throw new RangeError(`${month} is not the first day of a month`);
  if (hasBegun(month, now)) return;
  throw new ArcadiaError(
    'invalid_argument',
    `${month.toPlainYearMonth()} has not begun: it is ${now.round('second')}.`,
  );
}

export function hasBegun(month: Temporal.PlainDate, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(month.toZonedDateTime('UTC').toInstant(), now) <= 0;
}

type Counts = Omit<DraftedMonth, 'month'>;

/** What is drafted, when, by which facts, and whether that nothing else is due is remembered. */
interface Drafting {
  readonly month: Temporal.PlainDate;
  readonly now: Temporal.Instant;
  readonly seen: store.Seen;
  readonly remember: boolean;
}

async function writeBatch(
  trx: UnitOfWork,
  { month, now, seen, remember }: Drafting,
  composed: readonly ComposedCustomer[],
): Promise<Counts> {
  await store.lockMonth(trx, month);
  const existing = await store.lockInvoices(
    trx,
    month,
    composed.map(({ customer }) => customer.customerId),
  );
  const byKey = new Map(existing.map((invoice) => [`${invoice.customerId} ${invoice.currency}`, invoice]));
  const write: store.DraftContent[] = [];
  const touch: number[] = [];
  let kept = 0;
  for (const content of composed.flatMap(({ invoices }) => invoices)) {
    const key = `${content.customerId} ${content.currency}`;
    const old = byKey.get(key);
    byKey.delete(key);
    if (old && old.state !== 'draft') kept += 1;
    else if (old?.inputsDigest === content.inputsDigest) touch.push(old.invoiceId);
    else write.push({ ...content, invoiceId: old?.invoiceId ?? null, lines: content.lines.map(storedLine) });
  }
  const gone = [...byKey.values()].filter((invoice) => invoice.state === 'draft');
  await store.deleteDrafts(
    trx,
    gone.map((invoice) => invoice.invoiceId),
  );
  await store.writeDrafts(trx, month, seen, write, now);
  await store.touchDrafts(trx, touch, seen);
  if (remember) {
    await lockDraftChecks(trx);
    const customerIds = composed.map(({ customer }) => customer.customerId);
    await upsertDraftChecks(trx, month, seen.changeId, customerIds);
  }
  const created = write.filter((draft) => draft.invoiceId === null).length;
  return {
    created,
    changed: write.length - created,
    unchanged: touch.length,
    removed: gone.length,
    kept: kept + byKey.size - gone.length,
  };
}
