import { importPaymentsOperation, listPayments, recordPayment } from '../../invoices/operations/payments.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Column, count, moment, plural } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Payment = RowOf<typeof listPayments>;

const columns: readonly Column<Payment>[] = [
  { header: 'id', value: (row) => String(row.paymentId), align: 'right' },
  { header: 'invoice', value: (row) => row.invoice },
  { header: 'customer', value: (row) => row.customer },
  { header: 'kind', value: (row) => row.kind },
  { header: 'provider', value: (row) => row.provider },
  { header: 'payment', value: (row) => row.payment },
  { header: 'amount', value: (row) => `${row.amount} ${row.currency}`, align: 'right' },
  { header: 'paid (utc)', value: (row) => moment(row.paidAt) },
];

/** `part paid: 30.00 of 50.00 USD left` */
export function standingText({
  paymentState,
  owed,
  balance,
  currency,
}: Pick<AnswerOf<typeof recordPayment>, 'paymentState' | 'owed' | 'balance' | 'currency'>): string | null {
  if (paymentState === null || balance === null) return null;
  const state = paymentState.replace('_', ' ');
  if (paymentState === 'paid') return state;
  if (paymentState === 'credit') return `in credit: ${balance.replace('-', '')} ${currency}`;
  return `${state}: ${balance} of ${owed} ${currency} left`;
}

function importText({ written, recorded, known, problems }: AnswerOf<typeof importPaymentsOperation>): string {
  const lines = problems.map(
    ({ line, column, reason }) => `line ${line}${column === null ? '' : `, ${column}`}: ${reason}`,
  );
  if (lines.length > 0) return lines.join('\n');
  return written
    ? `Imported: ${count(recorded)} recorded, ${count(known)} known.`
    : `${count(recorded)} would be recorded, ${count(known)} known. Nothing was imported.`;
}

export const invoicePaymentNoun: Noun = {
  name: 'invoice payment',
  summary: 'what was paid of invoices',
  views: [
    actionView(recordPayment, {
      details:
        'It never changes. What was recorded in error is taken back, as a whole, with --kind reversal under its --payment.',
      example: `
$ arcadia invoice payment record INV-000017 --provider bank --payment tx-4711 --amount 20.00 --currency USD
Recorded. INV-000017 is part paid: 30.00 of 50.00 USD left.`,
      text: (row) =>
        `${row.changed ? 'Recorded' : 'It was recorded before'}. ${row.invoice} is ${standingText(row) ?? 'not to be paid'}.`,
    }),
    actionView(importPaymentsOperation, {
      details: `The file is as arcadia invoice payment list --csv writes it; provider, payment, invoice, amount, currency and paidAt are
needed. It is all or nothing, and the same file again changes nothing.`,
      example: `
$ arcadia invoice payment import payments.csv --dry-run
2 would be recorded, 0 known. Nothing was imported.`,
      text: importText,
      differs: ({ written, recorded }) => !written && recorded > 0,
      failure: ({ problems }) =>
        problems.length === 0
          ? null
          : new ArcadiaError('invalid_argument', `${plural(problems.length, 'error')}. Nothing imported.`),
    }),
    listView(listPayments, {
      example: `
$ arcadia invoice payment list --invoice INV-000017
ID  INVOICE     CUSTOMER  KIND     PROVIDER  PAYMENT  AMOUNT     PAID (UTC)
 1  INV-000017  c-17      payment  bank      tx-4711  20.00 USD  2026-06-12 00:00:00Z`,
      columns,
      empty: 'No payment.',
    }),
  ],
};
