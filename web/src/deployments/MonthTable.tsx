import { Link } from '@tanstack/react-router';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Change, Due, SortHead } from '../lists/parts.tsx';
import { Money } from '../ui/Figure.tsx';
import type { DeploymentMonths, DeploymentsSearch } from './read.ts';

const own = { sort: 'name', order: 'asc' } as const;

interface MonthTableProps {
  readonly page: DeploymentMonths;
  readonly search: DeploymentsSearch;
  /** The period goes along to where a row leads. */
  readonly m: string | undefined;
  readonly showsCustomer?: boolean;
}

/** Deployments in rows, with what each month comes to; at the foot what all that match come to. */
export function MonthTable({ page, search, m, showsCustomer = true }: MonthTableProps) {
  const { items, totals } = page;
  return (
    <DataTable label="Deployments" isCards>
      <thead>
        <tr>
          <SortHead sort="name" search={search} own={own}>
            Name
          </SortHead>
          {showsCustomer ? <th scope="col">Customer</th> : null}
          <th scope="col">Plan</th>
          <SortHead sort="amountToDate" first="desc" isFigure search={search} own={own}>
            So far
          </SortHead>
          <SortHead sort="forecast" first="desc" isFigure search={search} own={own}>
            Forecast
          </SortHead>
          <SortHead sort="change" first="desc" isFigure search={search} own={own}>
            Change
          </SortHead>
          <th scope="col" className={styles.figure}>
            Resources
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={`${item.deployment} ${item.currency}`}
            item={item}
            page={page}
            m={m}
            showsCustomer={showsCustomer}
          />
        ))}
      </tbody>
      <tfoot>
        {totals.map(({ currency, deployments, amountToDate, forecast, change }) => (
          <tr key={currency}>
            <th scope="row" colSpan={showsCustomer ? 3 : 2}>
              {deployments} in {currency}, in all
            </th>
            <td className={styles.figure}>
              <Money amount={amountToDate} currency={currency} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Money amount={forecast} currency={currency} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Change change={change} isRated />
            </td>
            <td className={styles.spare}>–</td>
          </tr>
        ))}
      </tfoot>
    </DataTable>
  );
}

interface RowProps extends Pick<MonthTableProps, 'page' | 'm'> {
  readonly item: DeploymentMonths['items'][number];
  readonly showsCustomer: boolean;
}

function Row({ item: { deployment, name, currency, ...row }, page: { month, ratedAt }, m, showsCustomer }: RowProps) {
  const isRated = ratedAt !== null;
  const keep = m === undefined ? {} : { m };
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="/deployments/$deployment" params={{ deployment }} search={keep} className={styles.name}>
          {name}
        </Link>
        {row.alerts === 0 ? null : (
          <span className={styles.wrong} title={`${row.alerts} alerts fired on this month`}>
            {' '}
            ▲<span className="visually-hidden">alert fired</span>
          </span>
        )}
      </th>
      {showsCustomer ? (
        <td className={styles.spare}>
          <Link to="/customers/$customer" params={{ customer: row.customer }} search={keep} className={styles.name}>
            {row.customerName}
          </Link>
        </td>
      ) : null}
      <td className={styles.spare}>
        {row.plan ?? <span className={styles.muted}>no plan</span>}
        {row.paused ? <span className={styles.muted}>, paused</span> : null}
      </td>
      <td className={styles.figure}>
        <Due amount={row.amountToDate} currency={currency} why={`quote:${deployment}/${month}`} isRated={isRated} />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        <Due amount={row.forecast} currency={currency} isRated={isRated} />
      </td>
      <td className={styles.figure}>
        <Change change={row.change} isRated={isRated} />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        <Link to="/resources" search={{ owner: deployment }} className={styles.name}>
          {row.resources} owned
        </Link>
      </td>
    </tr>
  );
}
