import type { Database } from '../platform/database/database.ts';
import type { NextOperation } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import { checkCorrections } from './corrections.ts';
import { assertBegun, draftMonth } from './drafts.ts';
import { invoiceFactsChanged } from './errors.ts';
import { isOfOne } from './failures.ts';
import { getInvoice, type Invoice } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import {
  type Accepted,
  heldBy,
  type MonthInvoice,
  readMonthInvoices,
  type SellerTotal,
  totalsBySeller,
} from './month-invoices.ts';

/** Why an invoice of the month was not issued. */
interface NotIssued extends Pick<MonthInvoice, 'invoiceId' | 'customer' | 'customerName' | 'total' | 'currency'> {
  readonly code: string;
  readonly message: string;
  readonly next: Required<NextOperation> | null;
}

interface ClosedStep {
  readonly issued: readonly Invoice[];
  readonly notIssued: readonly NotIssued[];
  /** What kept customers from being drafted, in words; null: all were, or this is not the first step. */
  readonly notDrafted: string | null;
  /** Where to go on; null: there is no more. */
  readonly next: number | null;
}

interface CloseOptions extends Accepted {
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  /** Only invoices with a greater id; 0: the first step. */
  readonly after: number;
  /** Only drafts the month: nothing is approved, nor issued. */
  readonly draftOnly?: boolean | undefined;
  /** What may be issued by whoever decided it: of the first step, refused where it comes to something else by now. */
  readonly expected?: readonly SellerTotal[] | undefined;
  readonly by: string;
  readonly now: Temporal.Instant;
  readonly signal: AbortSignal;
}

/** As many as end well within the time of a request. */
const invoicesAtOnce = 50;

/** Drafts of a month are looked at so many at a time. */
const pageSize = 500;

/**
 * Approves and issues invoices of a month, by their ids, in batches of fifty: all that nothing keeps. The first step
 * drafts the month, and finds what issued months need corrected. An invoice is issued at the total that its draft says, or not at all. What is issued stays so:
 * whoever was stopped begins again, and nothing is done twice. One that is refused stops no other.
 * @throws ArcadiaError invalid_argument (a month to come); invoice_facts_changed (other totals than expected); cancelled
 */
export async function closeMonthStep(db: Database, options: CloseOptions): Promise<ClosedStep> {
  const { month, now, after, signal, expected, ...accepted } = options;
  assertBegun(month, now);
  const notDrafted = after === 0 ? await draftFirst(db, options) : null;
  if (options.draftOnly === true) return { issued: [], notIssued: [], notDrafted, next: null };
  if (after === 0 && expected !== undefined) await assertExpected(db, options, expected);
  const invoices = await readMonthInvoices(db, { month, now, after, limit: invoicesAtOnce });
  const issued: Invoice[] = [];
  const notIssued: NotIssued[] = [];
  for (const invoice of invoices) {
    signal.throwIfAborted();
    const { invoiceId, customer, customerName, total, currency } = invoice;
    const refuse = (why: Pick<NotIssued, 'code' | 'message' | 'next'>) =>
      notIssued.push({ invoiceId, customer, customerName, total, currency, ...why });
    const holds = heldBy(invoice, accepted);
    const [first] = holds;
    if (first !== undefined) {
      refuse({ code: first.reason, message: holds.map(({ message }) => message).join(' '), next: first.next });
      continue;
    }
    try {
      issued.push(await issueOne(db, invoice, options));
    } catch (error) {
      if (!isOfOne(error)) throw error;
      const next = error.next ? { operation: error.next.operation, arguments: error.next.arguments ?? {} } : null;
      refuse({ code: error.code, message: error.message, next });
    }
  }
  const last = invoices.at(-1);
  const isMore = invoices.length === invoicesAtOnce && last !== undefined;
  return { issued, notIssued, notDrafted, next: isMore ? last.invoiceId : null };
}

async function draftFirst(db: Database, { month, now, signal }: CloseOptions): Promise<string | null> {
  try {
    await draftMonth(db, { month, now, signal });
    await checkCorrections(db, { signal });
    return null;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    return error.message;
  }
}

async function issueOne(db: Database, invoice: MonthInvoice, options: CloseOptions): Promise<Invoice> {
  const { invoiceId, state, total } = invoice;
  const { by, now, override, incomplete } = options;
  if (state === 'draft') await approveInvoice(db, invoiceId, { by, now, override, expectedTotal: total });
  await issueInvoice(db, invoiceId, { by, now, incomplete });
  return getInvoice(db, String(invoiceId));
}

async function assertExpected(db: Database, options: CloseOptions, expected: readonly SellerTotal[]): Promise<void> {
  const { month, now } = options;
  const ready: MonthInvoice[] = [];
  for (let after = 0; ; ) {
    const page = await readMonthInvoices(db, { month, now, after, limit: pageSize });
    ready.push(...page.filter((invoice) => heldBy(invoice, options).length === 0));
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = last.invoiceId;
  }
  const found = totalsBySeller(ready);
  const isSame =
    found.length === expected.length &&
    found.every(({ entity, currency, invoices, total }) =>
      expected.some(
        (one) =>
          one.entity === entity &&
          one.currency === currency &&
          one.invoices === invoices &&
          new Decimal(one.total).eq(total),
      ),
    );
  if (isSame) return;
  const words = (totals: readonly SellerTotal[]) =>
    totals.map((one) => `${one.invoices} of ${one.entity} for ${one.total} ${one.currency}`).join(', ') || 'none';
  throw invoiceFactsChanged(
    `Nothing was issued: what may be issued is now ${words(found)}, and not ${words(expected)}.`,
    {
      details: { found, expected },
      next: { operation: 'month status', arguments: { month: month.toPlainYearMonth().toString() } },
    },
  );
}
