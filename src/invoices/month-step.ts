import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { getInvoice, type Invoice } from './invoices.ts';
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
}

interface MonthStepOptions {
  /** Its first day. */
  readonly month: Temporal.PlainDate;
  /** Of those that the step is for. */
  readonly state: 'draft' | 'approved';
  /** Only invoices with a greater id. */
  readonly after: number;
  readonly signal: AbortSignal;
}

/** As many as end well within the time of a request. */
const invoicesAtOnce = 100;

/** Does a step to a month's invoices in a state, in the order of their ids. One that is refused stops no other. */
export async function stepMonth(
  db: Queryable,
  { month, state, after, signal }: MonthStepOptions,
  step: (invoiceId: number) => Promise<unknown>,
): Promise<MonthStep> {
  const chosen = await store.selectInvoicesOfMonth(db, month, state, after, invoicesAtOnce);
  const done: Invoice[] = [];
  const refused: MonthStep['refused'][number][] = [];
  for (const { invoiceId, customer } of chosen) {
    signal.throwIfAborted();
    try {
      await step(invoiceId);
      done.push(await getInvoice(db, String(invoiceId)));
    } catch (error) {
      if (!(error instanceof ArcadiaError)) throw error;
      refused.push({ invoiceId, customer, code: error.code, message: error.message });
    }
  }
  const last = chosen.at(-1);
  return { done, refused, next: chosen.length === invoicesAtOnce && last !== undefined ? last.invoiceId : null };
}
