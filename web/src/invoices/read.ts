import { api, bodyOf, problemOf, type Schemas } from '../api/client.ts';
import { listQuery } from '../lists/search.ts';
import type { InvoicesSearch, Sort } from './search.ts';

const pageSize = 100;

/** What the list is asked for, as the API names it: what differs most comes first. */
export function invoicesQuery(month: string, search: InvoicesSearch) {
  const { tab, currency, payment } = search;
  const of =
    tab === undefined
      ? {}
      : tab === 'credit_note'
        ? ({ kind: 'credit_note' } as const)
        : ({ kind: 'invoice', state: tab } as const);
  return {
    sort: 'change' as Sort,
    order: 'desc' as const,
    ...listQuery<Sort>(search),
    ...of,
    ...(currency === undefined ? {} : { currency }),
    ...(payment === undefined ? {} : { payment }),
    month,
  };
}

export async function readInvoices(month: string, search: InvoicesSearch, signal: AbortSignal) {
  const query = { ...invoicesQuery(month, search), limit: pageSize };
  const page = await bodyOf(
    api.GET('/invoices', { params: { query }, headers: { accept: 'application/json' }, signal }),
  );
  return { ...page, total: page.totals.reduce((count, { invoices }) => count + invoices, 0) };
}

export type Invoices = Awaited<ReturnType<typeof readInvoices>>;
export type InvoiceRow = Invoices['items'][number];
export type Hold = InvoiceRow['holds'][number];

export function readSummary(month: string, signal: AbortSignal) {
  return bodyOf(api.GET('/invoices/summary', { params: { query: { month } }, signal }));
}

export type Summary = Schemas['InvoicesSummary'];

/** An invoice with what it was read as, which a change of it has to name. */
export async function readInvoice(invoice: string, signal: AbortSignal) {
  const { data, error, response } = await api.GET('/invoices/{invoice}', { params: { path: { invoice } }, signal });
  if (data === undefined) throw problemOf(error, response);
  return { ...data, etag: response.headers.get('etag') ?? '*' };
}

export type InvoiceDetail = Awaited<ReturnType<typeof readInvoice>>;

export const holdWords: Readonly<Record<Hold, string>> = {
  not_final: 'usage not final',
  in_grace: 'grace period',
  incomplete: 'details missing',
  no_exchange_rate: 'no exchange rate',
  differs: 'change over 20 %',
  numbered_elsewhere: 'numbered elsewhere',
};

export const stateWords: Readonly<Record<InvoiceRow['state'], string>> = {
  draft: 'Draft',
  approved: 'Approved',
  issued: 'Issued',
  cancelled: 'Cancelled',
};

export type PaymentState = NonNullable<InvoiceRow['paymentState']>;

export const paymentWords: Readonly<Record<PaymentState, string>> = {
  open: 'Open',
  part_paid: 'Part paid',
  paid: 'Paid',
  overdue: 'Overdue',
  credit: 'In credit',
};

export interface Step {
  readonly month: string;
  readonly step: 'approve' | 'issue';
  /** null: all of the month. */
  readonly only: readonly number[] | null;
  readonly except: readonly number[];
}

interface StepDecision extends Step {
  readonly expected: readonly { readonly currency: string; readonly invoices: number; readonly total: string }[];
  /** Why, although the month is not final; '': no reason is given. */
  readonly override: string;
  /** Although details are missing. */
  readonly incomplete: boolean;
}

function chosenOf({ only, except }: Step) {
  return { ...(only === null ? {} : { only: [...only] }), except: [...except] };
}

/** What approving or issuing would be done to; nothing is written. */
export async function previewStep(step: Step, signal: AbortSignal) {
  const params = { path: { month: step.month }, query: { preview: true } };
  const asked = { params, body: chosenOf(step), signal };
  const { preview } = await bodyOf(
    step.step === 'approve'
      ? api.POST('/invoice-months/{month}/approve', asked)
      : api.POST('/invoice-months/{month}/issue', asked),
  );
  if (preview === null) throw new Error('The server did not preview.');
  return preview;
}

export type StepPreview = Awaited<ReturnType<typeof previewStep>>;

/** Approves or issues what was previewed, and nothing else, in as many requests as it takes; each with a key of its own. */
export async function takeStep(decision: StepDecision, headers: Readonly<Record<string, string>>) {
  const { month, step, expected, override, incomplete } = decision;
  const done: Schemas['Invoice'][] = [];
  const refused: { invoiceId: number; customer: string; code: string; message: string }[] = [];
  let seen = [...expected];
  for (let after = 0; ; ) {
    const asked = {
      params: { path: { month }, query: { after } },
      headers: { ...headers, 'idempotency-key': `${headers['idempotency-key'] ?? ''}-${after}` },
    };
    const chosen = { ...chosenOf(decision), expected: seen };
    const answer = await bodyOf(
      step === 'approve'
        ? api.POST('/invoice-months/{month}/approve', {
            ...asked,
            body: { ...chosen, ...(override === '' ? {} : { override }) },
          })
        : api.POST('/invoice-months/{month}/issue', {
            ...asked,
            body: { ...chosen, ...(incomplete ? { incomplete } : {}) },
          }),
    );
    done.push(...answer.done);
    refused.push(...answer.refused);
    if (answer.next === null) return { done, refused };
    after = answer.next;
    seen = answer.rest;
  }
}
