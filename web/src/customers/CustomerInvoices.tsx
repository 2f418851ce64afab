import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Money } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';

const shownMax = 24;

interface CustomerInvoicesProps {
  readonly customer: string;
  readonly now: string;
  readonly title: string;
}

/** What a customer was billed, the newest first. */
export function CustomerInvoices({ customer, now, title }: CustomerInvoicesProps) {
  const invoices = useRead(['listInvoices', customer], (signal) =>
    bodyOf(
      api.GET('/invoices', {
        params: { query: { customer, limit: shownMax } },
        headers: { accept: 'application/json' },
        signal,
      }),
    ),
  );
  return (
    <section className={`${ui.card} ${styles.half} ${styles.card}`} aria-labelledby="invoices">
      <div className={ui.cardHead}>
        <h2 id="invoices">{title}</h2>
        <a
          className={ui.link}
          href={`/api/v1/invoices.csv?customer=${encodeURIComponent(customer)}`}
          download="invoices.csv"
        >
          CSV
        </a>
      </div>
      <States query={invoices} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="There is no invoice yet.">
              <p>
                Drafts are written every night, of the month before: <code>arcadia invoice draft</code> writes them now.
              </p>
            </Empty>
          ) : (
            <InvoiceTable items={items} now={now} />
          )
        }
      </States>
    </section>
  );
}

interface InvoiceTableProps {
  readonly items: readonly Schemas['Invoice'][];
  readonly now: string;
}

function InvoiceTable({ items, now }: InvoiceTableProps) {
  return (
    <DataTable label="Invoices" isCards>
      <thead>
        <tr>
          <th scope="col">Month</th>
          <th scope="col">State</th>
          <th scope="col">Due on</th>
          <th scope="col" className={styles.figure}>
            Total, with tax
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ invoiceId, number, kind, state, month, dueOn, total, currency }) => (
          <tr key={invoiceId} data-row="">
            <th scope="row">
              {monthName(month)}
              <span className={ui.note}>
                {' '}
                {kind === 'credit_note' ? 'credit note ' : ''}
                {number === null ? null : (
                  <a className={ui.link} href={`/api/v1/invoices/${invoiceId}/pdf`} target="_blank" rel="noreferrer">
                    {number}
                  </a>
                )}
              </span>
            </th>
            <td className={styles.spare}>{state}</td>
            <td className={styles.spare}>{dueOn === null ? '–' : day(dueOn, now)}</td>
            <td className={styles.figure}>
              <Money amount={total} currency={currency} />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
