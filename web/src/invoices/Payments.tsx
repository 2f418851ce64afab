import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { money } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, States } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type InvoiceDetail, type PaymentState, paymentWords } from './read.ts';

const shownMax = 100;
const kinds = ['payment', 'refund', 'chargeback', 'reversal'] as const;
type Kind = (typeof kinds)[number];

interface PaymentsProps {
  readonly detail: InvoiceDetail;
  readonly now: string;
  /** Whoever looks may record: not the customer. */
  readonly records: boolean;
}

/** What was paid of an invoice, what is left, and whether it is overdue. */
export function Payments({ detail, now, records }: PaymentsProps) {
  const { invoiceId, paymentState, currency } = detail;
  const [isOpen, setOpen] = useState(false);
  const payments = useRead(
    ['listPayments', invoiceId],
    (signal) =>
      bodyOf(
        api.GET('/payments', {
          params: { query: { invoiceId, limit: shownMax } },
          headers: { accept: 'application/json' },
          signal,
        }),
      ),
    { enabled: paymentState !== null },
  );
  if (paymentState === null) return null;
  return (
    <section className={ui.card} aria-label="Payment">
      <div className={ui.cardHead}>
        <h2>{standingText(detail, paymentState, now)}</h2>
      </div>
      <States query={payments} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <p className={`${ui.cardBody} ${ui.note}`}>Nothing was paid of it yet.</p>
          ) : (
            <DataTable label="Payments">
              <tbody>
                {items.map(({ paymentId, payment, provider, kind, amount, paidAt }) => (
                  <tr key={paymentId}>
                    <th scope="row">
                      {day(paidAt, now)}
                      <span className={ui.note}>
                        {' '}
                        {kind === 'payment' ? '' : `${kind}, `}
                        {provider} {payment}
                      </span>
                    </th>
                    <td className={styles.figure}>
                      <Money amount={amount} currency={currency} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </DataTable>
          )
        }
      </States>
      {records ? (
        <div className={ui.cardBody}>
          <Act operation="recordPayment" needs="owner or finance" onAct={() => setOpen(true)}>
            Record a payment
          </Act>
        </div>
      ) : null}
      {isOpen ? <RecordSheet detail={detail} onClose={() => setOpen(false)} /> : null}
    </section>
  );
}

function standingText({ balance, currency, dueOn }: InvoiceDetail, state: PaymentState, now: string): string {
  const word = paymentWords[state];
  const left = `${money((balance ?? '').replace('-', ''))} ${currency}`;
  switch (state) {
    case 'paid':
      return word;
    case 'credit':
      return `${word}: ${left} in the customer's favour`;
    case 'overdue':
      return `▲ ${word}: ${left} were due ${dueOn === null ? '' : day(dueOn, now)}`;
    default:
      return `${word}: ${left} left to pay${dueOn === null ? '' : `, due ${day(dueOn, now)}`}`;
  }
}

interface Said {
  readonly kind: Kind;
  readonly amount: string;
  readonly payment: string;
  readonly paidOn: string;
  readonly note: string;
}

/** A payment by hand, or something given back. */
function RecordSheet({ detail, onClose }: { readonly detail: InvoiceDetail; readonly onClose: () => void }) {
  const { invoiceId, number, currency, balance } = detail;
  const left = balance === null || balance.startsWith('-') ? '' : balance;
  const [said, setSaid] = useState<Said>({ kind: 'payment', amount: left, payment: '', paidOn: '', note: '' });
  const set = (name: keyof Said) => (value: string) => setSaid({ ...said, [name]: value });
  const record = useChange({
    write: ({ kind, amount, payment, paidOn, note }: Said, headers) =>
      bodyOf(
        api.POST('/payments', {
          body: {
            provider: 'manual',
            invoice: number ?? '',
            invoiceId,
            kind,
            amount,
            payment,
            currency,
            ...(paidOn === '' ? {} : { paidAt: `${paidOn}T00:00:00Z` }),
            ...(note === '' ? {} : { note }),
          },
          headers,
        }),
      ),
    onDone: onClose,
  });
  return (
    <Sheet
      title="Record a payment"
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={said.amount.trim() === '' || said.payment.trim() === '' || record.state !== 'idle'}
          onClick={() => record.send(said)}
        >
          {busyWord(record.state) ?? 'Record'}
        </button>
      }
    >
      <p className={ui.note}>
        It never changes. What was recorded in error is taken back by a reversal with its reference and its amount.
      </p>
      <label className={sheet.label}>
        What it is
        <select className={sheet.input} value={said.kind} onChange={({ target }) => set('kind')(target.value)}>
          {kinds.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
      </label>
      <Field label={`Amount in ${currency}, above zero`} value={said.amount} onChange={set('amount')} />
      <Field label="Its reference, such as the bank's" value={said.payment} onChange={set('payment')} />
      <Field label="Paid on; now unless given" type="date" value={said.paidOn} onChange={set('paidOn')} />
      <Field label="Note, for us alone" value={said.note} onChange={set('note')} />
      {record.problem === null ? null : <Failed isChange problem={record.problem} onRetry={record.clear} />}
    </Sheet>
  );
}
