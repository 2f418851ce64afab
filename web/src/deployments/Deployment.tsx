import { Link, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { Bars } from '../charts/Bars.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { OnDemand } from '../lists/OnDemand.tsx';
import { Change, Due } from '../lists/parts.tsx';
import { isZero } from '../ui/decimal.ts';
import { Money, Quantity, Unknown } from '../ui/Figure.tsx';
import { Band, Empty, Skeleton, States } from '../ui/States.tsx';
import { day, dayBefore, month as monthName, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { CustomerInvoices } from '../customers/CustomerInvoices.tsx';
import { OwnershipCard, PlansCard } from './History.tsx';
import { type MonthDetail, readMonth } from './read.ts';

// With its sheets it weighs as much as the rest of the view.
const DeploymentCard = lazy(() => import('../provisioning/DeploymentCard.tsx'));

/** What is it, what does it use, and what does that come to? */
export function Deployment() {
  const { deployment } = useParams({ from: '/deployments/$deployment' });
  const { m } = useSearch({ from: '/deployments/$deployment' });
  const { data: me } = useMe();
  const month = useRead(['getDeploymentMonth', deployment, m ?? null], (signal) => readMonth(deployment, m, signal), {
    keepsPrevious: true,
  });
  const now = me?.now ?? '';
  return (
    <States query={month} rows={14} title="Deployment">
      {(data) => (
        <div className={styles.page}>
          <header>
            <p className={styles.crumb}>
              <Link to="/deployments" search={m === undefined ? {} : { m }}>
                Deployments
              </Link>
            </p>
            <h1 tabIndex={-1}>{data.name}</h1>
            <p className={ui.note}>{sentenceOf(data, now)}</p>
          </header>
          <Obstacles detail={data} />
          <div className={styles.cards}>
            <MoneyCard detail={data} />
            <FactsCard detail={data} now={now} />
            <MetersCard detail={data} now={now} />
            <OwnershipCard deployment={deployment} now={now} />
            <OnDemand title="proposals and rollouts">
              <Suspense fallback={<Skeleton rows={3} />}>
                <DeploymentCard deployment={deployment} />
              </Suspense>
            </OnDemand>
            <OnDemand title="plans over time">
              <PlansCard deployment={deployment} now={now} />
            </OnDemand>
            {data.customer === null || me?.may.includes('listInvoices') !== true ? null : (
              <OnDemand title="invoices">
                <CustomerInvoices customer={data.customer} now={now} title={`Invoices of ${data.customerName ?? ''}`} />
              </OnDemand>
            )}
          </div>
        </div>
      )}
    </States>
  );
}

function sentenceOf({ month, meteredThrough, status }: MonthDetail, now: string): string {
  const isMetered = meteredThrough > `${month}-01`;
  const metered = isMetered ? `metered through ${day(dayBefore(meteredThrough), now)}` : 'not metered yet';
  return `${monthName(month)}, ${metered}${status?.final === true ? ', final' : ''}`;
}

/** Of a month that goes on, that is the only thing that would be said. */
function Obstacles({ detail: { status } }: { readonly detail: MonthDetail }) {
  const [first] = status?.obstacles ?? [];
  if (status === null || first === undefined || !status.complete) return null;
  return (
    <Band>
      Not final: {first.message} {first.todo}
      {status.obstaclesTotal > 1 ? ` And ${status.obstaclesTotal - 1} more.` : ''}
    </Band>
  );
}

function MoneyCard({ detail }: { readonly detail: MonthDetail }) {
  const { money, deployment, month, ratedAt, quoted, method } = detail;
  const isRated = ratedAt !== null;
  return (
    <section className={`${ui.card} ${styles.wideCard} ${styles.card}`} aria-label="The month in money">
      <div className={ui.cardHead}>
        <h2>Due to us</h2>
        <span className={ui.note}>before tax</span>
      </div>
      <div className={ui.cardBody}>
        {money.length === 0 ? (
          <Empty title={isRated ? 'Nothing is due.' : 'Not known yet.'}>
            <p>
              {quoted.reason ??
                (isRated ? 'It is on no plan that charges anything.' : 'This month has not been rated.')}
            </p>
          </Empty>
        ) : (
          money.map(({ currency, amountToDate, forecast, lastMonthSameDay, lastMonth, change }) => (
            <dl key={currency} className={styles.figures}>
              <div>
                <dt>Due so far</dt>
                <dd>
                  <Due
                    amount={amountToDate}
                    currency={currency}
                    why={`quote:${deployment}/${month}`}
                    isRated={isRated}
                  />
                </dd>
              </div>
              <div>
                <dt>Forecast</dt>
                <dd title={method ?? undefined}>
                  <Due amount={forecast} currency={currency} isRated={isRated} />
                </dd>
              </div>
              <div>
                <dt>Last month by now</dt>
                <dd>
                  <Due amount={lastMonthSameDay} currency={currency} isRated={isRated} />
                </dd>
              </div>
              <div>
                <dt>Change</dt>
                <dd>
                  <Change change={change} isRated={isRated} />
                </dd>
              </div>
              <div>
                <dt>Last month, whole</dt>
                <dd>
                  <Due amount={lastMonth} currency={currency} isRated={isRated} />
                </dd>
              </div>
            </dl>
          ))
        )}
      </div>
    </section>
  );
}

function FactsCard({ detail, now }: { readonly detail: MonthDetail; readonly now: string }) {
  const { deployment, customer, customerName, plan, paused, startsAt, endsAt, resources, alerts } = detail;
  return (
    <section className={`${ui.card} ${styles.narrowCard} ${styles.card}`} aria-label="About it">
      <div className={ui.cardBody}>
        <dl className={styles.facts}>
          <dt>Slug</dt>
          <dd className={ui.mono}>{deployment}</dd>
          <dt>Customer</dt>
          <dd>
            {customer === null ? (
              'unassigned'
            ) : (
              <Link to="/customers/$customer" params={{ customer }} className={ui.link}>
                {customerName}
              </Link>
            )}
          </dd>
          <dt>Plan</dt>
          <dd>
            {plan ?? 'none'}
            {paused ? ', paused' : ''}
          </dd>
          <dt>Since</dt>
          <dd title={startsAt ?? undefined}>{startsAt === null ? '–' : day(startsAt, now)}</dd>
          {endsAt === null ? null : (
            <>
              <dt>Ends</dt>
              <dd title={endsAt}>{day(endsAt, now)}</dd>
            </>
          )}
          <dt>Owns now</dt>
          <dd>
            <Link to="/resources" search={{ owner: deployment }} className={ui.link}>
              {resources} {resources === 1 ? 'resource' : 'resources'}
            </Link>
          </dd>
          <dt>Unexpected changes</dt>
          <dd>
            <Link to="/drift" search={inPeriod({ tab: 'each' as const, deployment })} className={ui.link}>
              Show
            </Link>
          </dd>
          {alerts === null ? null : (
            <>
              <dt>Alerts</dt>
              <dd>
                {alerts.length === 0
                  ? 'none fired on this month'
                  : alerts.map(({ kind, value, unit, threshold, firedAt }) => (
                      <p key={`${kind} ${firedAt}`} className={styles.wrong}>
                        ▲ {kind ?? 'amount'} {value} of {threshold} {unit}, {moment(firedAt, now)}
                      </p>
                    ))}
              </dd>
            </>
          )}
        </dl>
      </div>
    </section>
  );
}

const notPriced = 'It could not be priced.';

function MetersCard({ detail, now }: { readonly detail: MonthDetail; readonly now: string }) {
  const { meters, deployment, month } = detail;
  const used = meters.filter(
    ({ quantity, allowance }) => !isZero(quantity) || (allowance !== null && !isZero(allowance)),
  );
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="meters">
      <div className={ui.cardHead}>
        <h2 id="meters">Used</h2>
        <Link to="/usage" search={{ by: 'kind', deployment, m: month }} className={ui.link}>
          Day by day
        </Link>
      </div>
      {used.length === 0 ? (
        <Empty title="Nothing was used in this month.">
          <p>Usage appears once a day is metered on which it owned something.</p>
        </Empty>
      ) : (
        <DataTable label="Meters" isCards>
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col">Days</th>
              <th scope="col" className={styles.figure}>
                Used
              </th>
              <th scope="col" className={styles.figure}>
                Included
              </th>
              <th scope="col" className={styles.figure}>
                Beyond
              </th>
              <th scope="col" className={styles.figure}>
                Forecast
              </th>
              <th scope="col" className={styles.figure}>
                Due
              </th>
            </tr>
          </thead>
          <tbody>
            {used.map((meter) => (
              <MeterRow key={meter.kind} meter={meter} detail={detail} now={now} />
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  );
}

interface MeterRowProps {
  readonly meter: MonthDetail['meters'][number];
  readonly detail: MonthDetail;
  readonly now: string;
}

function MeterRow({ meter, detail: { deployment, month, quoted }, now }: MeterRowProps) {
  const { kind, title, unit, quantity, allowance, billable, forecast, amount, currency, days } = meter;
  const reason = quoted.reason ?? notPriced;
  return (
    <tr data-row="">
      <th scope="row">
        <span className={styles.name}>{title}</span>
      </th>
      <td className={styles.spare}>
        <Bars values={days} label={`${title} day by day, ${monthName(month)}`} now={now} month={month} />
      </td>
      <td className={styles.figure}>
        <Quantity amount={quantity} unit={unit} why={`usage:${deployment}/${kind}/${month}`} />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {allowance === null ? <Unknown reason={reason} /> : <Quantity amount={allowance} />}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {billable === null ? <Unknown reason={reason} /> : <Quantity amount={billable} />}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {forecast === null ? <Unknown reason={reason} /> : <Quantity amount={forecast} />}
      </td>
      <td className={styles.figure}>
        <Money
          amount={amount}
          reason={reason}
          why={`quote:${deployment}/${month}`}
          {...(currency === null ? {} : { currency })}
        />
      </td>
    </tr>
  );
}
