import { Link } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import own from '../invoices/invoices.module.css';
import { Paper } from '../invoices/Paper.tsx';
import { Payments } from '../invoices/Payments.tsx';
import { type InvoiceDetail, readInvoice } from '../invoices/read.ts';
import styles from '../lists/lists.module.css';
import { money } from '../ui/decimal.ts';
import { States } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';

/** What was billed, line by line, each open to what was used. */
export function CustomerInvoice({ invoice }: { readonly invoice: string }) {
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const detail = useRead(['getInvoice', invoice], (signal) => readInvoice(invoice, signal));
  return (
    <States query={detail} rows={16} title="Invoice">
      {(data) => {
        const path = `/api/v1/invoices/${data.number ?? String(data.invoiceId)}`;
        return (
          <div className={styles.page}>
            <header className={styles.head}>
              <div>
                <p className={styles.crumb}>
                  <Link to="/invoices">Invoices</Link>
                </p>
                <h1 tabIndex={-1}>{sentenceOf(data, now)}</h1>
              </div>
              <div className={own.actions}>
                <a className={ui.button} href={`${path}/pdf`} target="_blank" rel="noreferrer">
                  PDF
                </a>
                <a className={ui.button} href={`${path}/csv`} download={`${data.number ?? 'invoice'}.csv`}>
                  CSV
                </a>
              </div>
            </header>
            <Payments detail={data} now={now} records={false} />
            <Paper printed={data.printed} invoice={String(data.invoiceId)} />
          </div>
        );
      }}
    </States>
  );
}

function sentenceOf(
  { kind, number, month, total, currency, dueOn, state, cancelledBy }: InvoiceDetail,
  now: string,
): string {
  const what = kind === 'credit_note' ? 'Credit note' : 'Invoice';
  const due = dueOn === null ? '' : `, due ${day(dueOn, now)}`;
  const cancelled = state === 'cancelled' ? `, cancelled${cancelledBy === null ? '' : ` by ${cancelledBy}`}` : due;
  return `${what} ${number ?? ''} of ${monthName(month)}: ${money(total)} ${currency}${cancelled}`;
}
