import { Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed } from '../lists/parts.tsx';
import { PaymentMark } from '../invoices/InvoiceTable.tsx';
import { money } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Empty } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { useCustomerSearch } from './search.ts';

const pageSize = 50;

/** What was billed, and when is it due? */
export function CustomerInvoices() {
  const { cursor } = useCustomerSearch();
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const page = useRead(
    ['listInvoices', cursor ?? null],
    async (signal) => {
      const query = { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
      const found = await bodyOf(
        api.GET('/invoices', { params: { query }, headers: { accept: 'application/json' }, signal }),
      );
      return { ...found, total: found.totals.reduce((count, { invoices }) => count + invoices, 0) };
    },
    { keepsPrevious: true },
  );
  const newest = page.data?.items[0];
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>
          {newest === undefined
            ? 'Invoices'
            : `The newest is of ${monthName(newest.month)}: ${money(newest.total)} ${newest.currency}${
                newest.dueOn === null ? '' : `, due ${day(newest.dueOn, now)}`
              }.`}
        </h1>
        <Csv path="/invoices" query={{}} file="invoices" />
      </header>
      <Listed query={page} cursor={cursor} rows={6} empty={<Empty title="There is no invoice yet." />}>
        {({ items }) => <IssuedTable items={items} now={now} />}
      </Listed>
    </div>
  );
}

function IssuedTable({ items, now }: { readonly items: readonly Schemas['ListedInvoice'][]; readonly now: string }) {
  return (
    <DataTable label="Invoices" isCards>
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">Month</th>
          <th scope="col">State</th>
          <th scope="col">Due</th>
          <th scope="col" className={styles.figure}>
            Total, with tax
          </th>
          <th scope="col">Document</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ invoiceId, number, kind, state, month, total, currency, dueOn, paymentState }) => (
          <tr key={invoiceId} data-row="">
            <th scope="row">
              <Link to="/invoices/$invoice" params={{ invoice: number ?? String(invoiceId) }} className={styles.name}>
                {number ?? invoiceId}
              </Link>
              {kind === 'credit_note' ? <span className={ui.note}> credit note</span> : null}
            </th>
            <td className={styles.spare}>{monthName(month)}</td>
            <td className={styles.spare}>
              {state}
              <PaymentMark state={paymentState} />
            </td>
            <td className={styles.spare}>{dueOn === null ? '–' : day(dueOn, now)}</td>
            <td className={styles.figure}>
              <Money amount={total} currency={currency} />
            </td>
            <td className={styles.spare}>
              <a
                className={ui.link}
                href={`/api/v1/invoices/${number ?? invoiceId}/pdf`}
                target="_blank"
                rel="noreferrer"
              >
                PDF<span className="visually-hidden"> of {number ?? invoiceId}</span>
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
