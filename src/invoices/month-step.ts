import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { invoiceFactsChanged } from './errors.ts';
import { getInvoice, type Invoice } from './invoices.ts';
import { type MonthInvoice, weigh } from './month-invoices.ts';
import * as store from './invoices.store.ts';

export interface MonthStep {
  readonly done: readonly Invoice[];
  readonly refused: readonly {
    readonly invoiceId: number;
    readonly customer: string;
    readonly code: string;
    readonly message: string;
  }[];
  /** Where to go on; null: there is no more. */
  readonly next: number | null;
  /** What those beyond `next` came to when the step began: `expected` of the next one. */
  readonly rest: readonly CurrencyTotal[];
}

/** Some invoices in a currency, and what they come to with tax. */
interface CurrencyTotal {
  readonly currency: string;
  readonly invoices: number;
  readonly total: string;
}

interface MonthStepOptions extends store.MonthChoice {
  /** Of those that the step is for. */
  readonly state: 'draft' | 'approved';
  /** Only invoices with a greater id; 0: the first step. */
  readonly after: number;
  /** What whoever decides has seen of those beyond `after`; refused where they come to something else by now. */
  readonly expected?: readonly CurrencyTotal[] | undefined;
  /** As many at most; 100 unless given. */
  readonly limit?: number;
  readonly signal: AbortSignal;
}

/** As many as end well within the time of a request. */
const invoicesAtOnce = 100;

/**
 * Does a step to chosen invoices of a month, in the order of their ids. One that is refused stops no other. With the
 * totals that were seen, then those that each answer gives of the rest, nothing is done to what nobody has seen.
 * @param step is given the total that was seen, where one is expected
 * @throws ArcadiaError invoice_facts_changed (other totals than expected; the step did nothing)
 */
export async function stepMonth(
  db: Queryable,
  { after, expected, limit = invoicesAtOnce, signal, ...choice }: MonthStepOptions,
  step: (invoiceId: number, expectedTotal: string | undefined) => Promise<unknown>,
): Promise<MonthStep> {
  const rows = await store.selectStep(db, choice, after, limit);
  if (expected !== undefined) assertExpected(choice, after, rows.map(inMoney), expected);
  const chosen = rows.flatMap((row) => row.step).sort((a, b) => a.invoiceId - b.invoiceId);
  const rest = rows
    .filter(({ restInvoices }) => restInvoices > 0)
    .map(({ currency, restInvoices, restTotal }) => inMoney({ currency, invoices: restInvoices, total: restTotal }));
  const done: Invoice[] = [];
  const refused: MonthStep['refused'][number][] = [];
  for (const { invoiceId, customer, total } of chosen) {
    signal.throwIfAborted();
    try {
      await step(invoiceId, expected === undefined ? undefined : total);
      done.push(await getInvoice(db, String(invoiceId)));
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      refused.push({ invoiceId, customer, code: error.code, message: error.message });
    }
  }
  return { done, refused, next: rest.length === 0 ? null : (chosen.at(-1)?.invoiceId ?? null), rest };
}

function assertExpected(
  { month }: store.MonthChoice,
  after: number,
  found: readonly CurrencyTotal[],
  expected: readonly CurrencyTotal[],
): void {
  const isSame =
    found.length === expected.length &&
    found.every(({ currency, invoices, total }) =>
      expected.some(
        (one) => one.currency === currency && one.invoices === invoices && new Decimal(one.total).eq(total),
      ),
    );
  if (isSame) return;
  const words = (totals: readonly CurrencyTotal[]) =>
    totals.map(({ currency, invoices, total }) => `${invoices} for ${total} ${currency}`).join(', ') || 'none';
  const what = after === 0 ? 'Nothing was done: they' : 'Nothing more was done: those that are left';
  throw invoiceFactsChanged(`${what} are now ${words(found)}, and not ${words(expected)}.`, {
    details: { found, expected },
    next: { operation: 'invoice list', arguments: { month: month.toPlainYearMonth().toString() } },
  });
}

function inMoney({ currency, invoices, total }: CurrencyTotal): CurrencyTotal {
  return { currency, invoices, total: formatMoney(new Decimal(total), currency) };
}

export interface MonthPreview {
  /** What the chosen come to, by currency: `expected` of the step. */
  readonly totals: readonly CurrencyTotal[];
  /** The chosen that something keeps, by their ids; the first `exceptionsMax`. */
  readonly exceptions: readonly MonthInvoice[];
  readonly exceptionsTotal: number;
}

const exceptionsMax = 100;
const pageSize = 500;

/** What a step would be done to, and what somebody should look at first. Nothing is written. */
export async function previewMonthStep(
  db: Queryable,
  choice: store.MonthChoice,
  now: Temporal.Instant,
): Promise<MonthPreview> {
  const exceptions: MonthInvoice[] = [];
  let exceptionsTotal = 0;
  for (let after = 0; ; ) {
    const rows = await store.selectInvoicesOfMonth(db, choice, after, pageSize);
    const held = (await weigh(db, choice.month, rows, now)).filter(({ holds }) => holds.length > 0);
    exceptionsTotal += held.length;
    exceptions.push(...held.slice(0, exceptionsMax - exceptions.length));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) break;
    after = last.invoiceId;
  }
  return { totals: (await store.selectChosenTotals(db, choice)).map(inMoney), exceptions, exceptionsTotal };
}
