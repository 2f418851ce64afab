import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { money } from '../ui/decimal.ts';
import { Band, States } from '../ui/States.tsx';
import { day, moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { BillingForm } from './BillingForm.tsx';
import { InvoiceActions } from './InvoiceActions.tsx';
import own from './invoices.module.css';
import { Paper } from './Paper.tsx';
import { Payments } from './Payments.tsx';
import { type InvoiceDetail, readInvoice, stateWords } from './read.ts';

/** What does it say, is it right, and what becomes of it? */
export function Invoice() {
  const { invoice } = useParams({ from: '/invoices/$invoice' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const detail = useRead(['getInvoice', invoice], (signal) => readInvoice(invoice, signal));
  return (
    <States query={detail} rows={16} title="Invoice">
      {(data) => (
        <div className={styles.page}>
          <header>
            <p className={styles.crumb}>
              <Link to="/invoices" search={{ m: data.month }}>
                Invoices of {monthName(data.month)}
              </Link>
            </p>
            <h1 tabIndex={-1}>{sentenceOf(data, now)}</h1>
          </header>
          <div className={own.sides}>
            <Paper printed={data.printed} invoice={String(data.invoiceId)} />
            <aside className={own.side} aria-label="State">
              <StateCard detail={data} now={now} />
              <Payments detail={data} now={now} records />
              <Lacks detail={data} />
              <InvoiceActions detail={data} />
            </aside>
          </div>
        </div>
      )}
    </States>
  );
}

/** The first line: whose, how much, and how it stands. */
function sentenceOf({ kind, number, state, customerName, total, currency, dueOn }: InvoiceDetail, now: string): string {
  const what = kind === 'credit_note' ? 'credit note' : 'invoice';
  const name = number === null ? `${stateWords[state]} ${what}` : `${what[0]?.toUpperCase()}${what.slice(1)} ${number}`;
  const due = dueOn === null ? '' : `, due ${day(dueOn, now)}`;
  return `${name} for ${customerName}: ${money(total)} ${currency}${due}`;
}

function StateCard({ detail, now }: { readonly detail: InvoiceDetail; readonly now: string }) {
  const { invoiceId, number, kind, state, approvedAt, approvedBy, overrideReason, issuedAt, issuedBy } = detail;
  const by = (at: string | null, who: string | null) =>
    at === null ? '' : `${moment(at, now)}${who === null ? '' : ` by ${who}`}`;
  const steps = [
    ['Drafted', true, 'It follows the facts until it is approved.'],
    ['Approved', approvedAt !== null, by(approvedAt, approvedBy)],
    ['Issued', issuedAt !== null, by(issuedAt, issuedBy)],
  ] as const;
  const path = `/api/v1/invoices/${number ?? String(invoiceId)}`;
  return (
    <section className={ui.card} aria-label="How it stands">
      <div className={ui.cardBody}>
        <ol className={own.steps}>
          {(kind === 'credit_note' ? steps.slice(2) : steps).map(([name, isReached, text]) => (
            <li key={name} data-reached={isReached}>
              <span aria-hidden="true">{isReached ? '✓' : '○'}</span>
              <span>
                {name}
                <span className="visually-hidden">{isReached ? '' : ', not yet'}</span>
                {isReached && text !== '' ? <p className={ui.note}>{text}</p> : null}
              </span>
            </li>
          ))}
          {state === 'cancelled' ? (
            <li data-reached="true">
              <span aria-hidden="true">✓</span>
              <span>
                Cancelled
                <p className={ui.note}>
                  {by(detail.cancelledAt, null)}
                  {detail.cancelledBy === null ? '' : ', by credit note '}
                  {detail.cancelledBy === null ? null : (
                    <Link to="/invoices/$invoice" params={{ invoice: detail.cancelledBy }} className={ui.link}>
                      {detail.cancelledBy}
                    </Link>
                  )}
                  {detail.cancelReason === null ? '' : `: ${detail.cancelReason}`}
                </p>
              </span>
            </li>
          ) : null}
        </ol>
        {overrideReason === null ? null : (
          <p className={ui.note}>Approved before its month was final: {overrideReason}</p>
        )}
        {detail.credits === null ? null : (
          <p className={ui.note}>
            It credits{' '}
            <Link to="/invoices/$invoice" params={{ invoice: detail.credits }} className={ui.link}>
              {detail.credits}
            </Link>
            .
          </p>
        )}
      </div>
      <div className={`${ui.cardBody} ${own.actions}`}>
        <a className={ui.button} href={`${path}/pdf`} target="_blank" rel="noreferrer">
          PDF
        </a>
        <a className={ui.button} href={`${path}/csv`} download={`${number ?? `draft-${invoiceId}`}.csv`}>
          CSV
        </a>
      </div>
    </section>
  );
}

/** What keeps it from being issued, with the field to fill where that is the customer's. */
function Lacks({ detail: { settles, lacking, customer, state, unbilled } }: { readonly detail: InvoiceDetail }) {
  const { data: me } = useMe();
  const [isOpen, setOpen] = useState(false);
  const isBuyers = settles.some(({ next }) => next?.operation === 'customer billing set');
  const mayFill = isBuyers && me?.may.includes('updateCustomerBilling') === true;
  if (settles.length + lacking.length + unbilled.length === 0 || state === 'issued') return null;
  return (
    <section className={ui.card} aria-label="What it lacks">
      <div className={ui.cardHead}>
        <h2>{settles.length > 0 ? 'It lacks' : lacking.length > 0 ? 'Could be added' : 'Not billed'}</h2>
      </div>
      <div className={ui.cardBody}>
        {settles.map(({ message, next }) => (
          <Band key={message}>
            <span>
              {message} {next === null || next.operation === 'customer billing set' ? '' : commandOf(next)}
            </span>
          </Band>
        ))}
        {mayFill && !isOpen ? (
          <p>
            <button type="button" className={ui.button} onClick={() => setOpen(true)}>
              Fill in billing details
            </button>
          </p>
        ) : null}
        {isOpen ? <BillingForm customer={customer} onClose={() => setOpen(false)} /> : null}
        {lacking.length === 0 ? null : (
          <details>
            <summary className={ui.note}>
              For an electronic invoice: {lacking.length === 1 ? '1 detail' : `${lacking.length} details`}
            </summary>
            <ul className={ui.note}>
              {lacking.map(({ rule, message }) => (
                <li key={`${rule} ${message}`}>
                  {message} <span className={ui.mono}>{rule}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
        {unbilled.map(({ message }) => (
          <p key={message} className={ui.note}>
            {message}
          </p>
        ))}
      </div>
    </section>
  );
}

function commandOf({ operation }: { readonly operation: string }) {
  return <code className={ui.mono}>arcadia {operation}</code>;
}
