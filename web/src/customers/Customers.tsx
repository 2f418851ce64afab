import { Link, useSearch } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed, Change, Csv, Due, SearchField, SortHead, totalsText } from '../lists/parts.tsx';
import type { ListSearch } from '../lists/search.ts';
import { Empty } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type CustomerMonths, customersQuery, readCustomers } from './read.ts';

const own = { sort: 'name', order: 'asc' } as const;

/** Who pays, and how much? */
export function Customers() {
  const { m, why: _why, ...search } = useSearch({ from: '/customers' });
  const page = useRead(['listCustomerMonths', m ?? null, search], (signal) => readCustomers(m, search, signal), {
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = customersQuery(m, search);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{page.data === undefined ? 'Customers' : sentenceOf(page.data)}</h1>
          <p className={ui.note}>{page.data === undefined ? '' : `${monthName(page.data.month)}, before tax`}</p>
        </div>
        <Csv path="/customer-months" query={query} file="customers" />
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Name or id" />
      </div>
      <Listed query={page} cursor={search.cursor} rows={16} empty={<NoCustomers isFiltered={search.q !== undefined} />}>
        {(data) => <CustomerTable page={data} search={search} m={m} />}
      </Listed>
    </div>
  );
}

function sentenceOf({ total, totals }: CustomerMonths): string {
  const what = `${total} ${total === 1 ? 'customer' : 'customers'}`;
  return totals.length === 0 ? `${what}, nothing due.` : `${what}: ${totalsText(totals)}.`;
}

interface CustomerTableProps {
  readonly page: CustomerMonths;
  readonly search: ListSearch;
  readonly m: string | undefined;
}

function CustomerTable({ page: { items, ratedAt }, search, m }: CustomerTableProps) {
  const isRated = ratedAt !== null;
  return (
    <DataTable label="Customers" isCards>
      <thead>
        <tr>
          <SortHead sort="name" search={search} own={own}>
            Name
          </SortHead>
          <th scope="col" className={styles.figure}>
            Deployments
          </th>
          <SortHead sort="amountToDate" first="desc" isFigure search={search} own={own}>
            So far
          </SortHead>
          <SortHead sort="forecast" first="desc" isFigure search={search} own={own}>
            Forecast
          </SortHead>
          <SortHead sort="change" first="desc" isFigure search={search} own={own}>
            Change
          </SortHead>
        </tr>
      </thead>
      <tbody>
        {items.map(({ customer, name, deployments, currency, amountToDate, forecast, change }) => (
          <tr key={`${customer} ${currency}`} data-row="">
            <th scope="row">
              <Link
                to="/customers/$customer"
                params={{ customer }}
                search={m === undefined ? {} : { m }}
                className={styles.name}
              >
                {name}
              </Link>
            </th>
            <td className={`${styles.figure} ${styles.spare}`}>{deployments}</td>
            <td className={styles.figure}>
              <Due amount={amountToDate} currency={currency} isRated={isRated} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Due amount={forecast} currency={currency} isRated={isRated} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Change change={change} isRated={isRated} />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function NoCustomers({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered)
    return (
      <Empty title="There is no customer yet.">
        <p>Create one, or import a file of them:</p>
        <p>
          <code>arcadia customer create</code> <code>arcadia import customers</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No customer matches.">
      <Link to="/customers" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
