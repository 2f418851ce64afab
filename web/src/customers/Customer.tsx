import { Link, useParams, useSearch } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { MonthTable } from '../deployments/MonthTable.tsx';
import { readMonths } from '../deployments/read.ts';
import styles from '../lists/lists.module.css';
import { OnDemand } from '../lists/OnDemand.tsx';
import { totalsText } from '../lists/parts.tsx';
import { Empty, States } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { CustomerInvoices } from './CustomerInvoices.tsx';

/** What does this customer have, and owe? */
export function Customer() {
  const { customer } = useParams({ from: '/customers/$customer' });
  const { m, why: _why, ...order } = useSearch({ from: '/customers/$customer' });
  const { data: me } = useMe();
  const search = { ...order, customer };
  const one = useRead(['getCustomer', customer], (signal) =>
    bodyOf(api.GET('/customers/{customer}', { params: { path: { customer } }, signal })),
  );
  const months = useRead(['listDeploymentMonths', m ?? null, search], (signal) => readMonths(m, search, signal), {
    keepsPrevious: true,
  });
  const now = me?.now ?? '';
  const totals = months.data?.totals ?? [];
  return (
    <States query={one} rows={12} title="Customer">
      {({ name, currency, deployments, closedAt }) => (
        <div className={styles.page}>
          <header>
            <p className={styles.crumb}>
              <Link to="/customers" search={m === undefined ? {} : { m }}>
                Customers
              </Link>
            </p>
            <h1 tabIndex={-1}>{name}</h1>
            <p className={ui.note}>
              <span className={ui.mono}>{customer}</span>, billed in {currency}, {deployments}{' '}
              {deployments === 1 ? 'deployment' : 'deployments'}
              {closedAt === null ? '' : `, closed since ${day(closedAt, now)}`}
              {totals.length === 0 || months.data === undefined
                ? ''
                : `. ${monthName(months.data.month)}: ${totalsText(totals)}, before tax`}
            </p>
          </header>
          <States query={months} rows={4}>
            {(data) =>
              data.items.length === 0 ? (
                <Empty title="It has no deployment yet.">
                  <p>
                    <code>arcadia deployment create</code>
                  </p>
                </Empty>
              ) : (
                <MonthTable page={data} search={search} m={m} showsCustomer={false} />
              )
            }
          </States>
          <div className={styles.cards}>
            <OnDemand title="invoices">
              <CustomerInvoices customer={customer} now={now} title="Invoices" />
            </OnDemand>
            <OnDemand title="billing details">
              <BillingCard customer={customer} />
            </OnDemand>
          </div>
        </div>
      )}
    </States>
  );
}

/** To whom its invoices are addressed. */
function BillingCard({ customer }: { readonly customer: string }) {
  const { data: me } = useMe();
  const mayRead = me?.may.includes('getCustomerBilling') === true;
  const billing = useRead(
    ['getCustomerBilling', customer],
    (signal) => bodyOf(api.GET('/customers/{customer}/billing', { params: { path: { customer } }, signal })),
    { enabled: mayRead },
  );
  if (!mayRead) return null;
  return (
    <section className={`${ui.card} ${styles.half} ${styles.card}`} aria-labelledby="billing">
      <div className={ui.cardHead}>
        <h2 id="billing">Billing details</h2>
      </div>
      <div className={ui.cardBody}>
        <States query={billing} rows={3}>
          {({ history }) => {
            const [newest] = history.toReversed();
            if (newest === undefined)
              return (
                <Empty title="No billing details yet.">
                  <p>
                    It is billed by the default seller: <code>arcadia customer billing set</code>
                  </p>
                </Empty>
              );
            const { legalName, address, taxIds, email, entity } = newest;
            return (
              <dl className={styles.facts}>
                <dt>Name</dt>
                <dd>{legalName ?? 'as above'}</dd>
                <dt>Address</dt>
                <dd>{address.join(', ')}</dd>
                <dt>Tax ids</dt>
                <dd>{taxIds.length === 0 ? '–' : taxIds.join(', ')}</dd>
                <dt>Email</dt>
                <dd>{email ?? '–'}</dd>
                <dt>Seller</dt>
                <dd>{entity ?? 'the default one'}</dd>
              </dl>
            );
          }}
        </States>
      </div>
    </section>
  );
}
