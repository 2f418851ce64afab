import { Link, useSearch } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv, Listed, SearchField, SortHead } from '../lists/parts.tsx';
import { Empty } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import { useMe } from '../app/session.ts';
import ui from '../ui/ui.module.css';
import { type Plan, plansQuery, readPlans } from './read.ts';
import type { PlansSearch } from './search.ts';
import { feeOf, limitsOf } from './words.ts';

const own = { sort: 'plan', order: 'asc' } as const;

/** What is sold, and at which prices? */
export function Plans() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/plans' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const page = useRead(['listPlans', search], (signal) => readPlans(search, signal), { keepsPrevious: true });
  const { cursor: _cursor, retired, ...query } = plansQuery(search);
  const csv = { ...query, ...(retired === undefined ? {} : { retired: 'true' }) };
  const total = page.data?.total ?? 0;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>
            {page.data === undefined ? 'Plans' : `${total} ${total === 1 ? 'plan' : 'plans'} at today's prices`}
          </h1>
          <p className={ui.note}>
            A price never changes for days that are over: a new version holds from its first day on.
          </p>
        </div>
        <div className={styles.tools}>
          <Link to="/quote" className={ui.button}>
            Quote
          </Link>
          <Csv path="/plans" query={csv} file="plans" />
        </div>
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Name or slug" />
        <Chip name="retired" value={undefined} chosen={search.retired}>
          For sale
        </Chip>
        <Chip name="retired" value="yes" chosen={search.retired}>
          Retired too
        </Chip>
      </div>
      <Listed query={page} cursor={search.cursor} rows={6} empty={<NoPlans isFiltered={search.q !== undefined} />}>
        {({ items }) => <PlanTable items={items} search={search} now={now} />}
      </Listed>
    </div>
  );
}

interface PlanTableProps {
  readonly items: readonly Plan[];
  readonly search: PlansSearch;
  readonly now: string;
}

function PlanTable({ items, search, now }: PlanTableProps) {
  return (
    <div className={`${styles.scroll} ${styles.cardList}`} role="region" aria-label="Plans, as a table" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <SortHead sort="name" search={search} own={own}>
              Name
            </SortHead>
            <th scope="col">Fee</th>
            <th scope="col" className={styles.figure}>
              Meters
            </th>
            <th scope="col">Limits</th>
            <SortHead sort="from" search={search} own={own}>
              Prices since
            </SortHead>
            <th scope="col">On it</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.plan} data-row="">
              <th scope="row">
                <Link to="/plans/$plan" params={{ plan: item.plan }} className={styles.name}>
                  {item.name}
                </Link>{' '}
                <span className={`${ui.note} ${ui.mono}`}>{item.plan}</span>
                {item.retiredAt === null ? null : <span className={styles.muted}> retired</span>}
              </th>
              <td>{feeOf(item)}</td>
              <td className={`${styles.figure} ${styles.spare}`}>{item.items.length}</td>
              <td className={styles.spare}>{limitsOf(item).join(', ') || '–'}</td>
              <td className={styles.spare}>{item.from <= '2000-01-01' ? 'the beginning' : day(item.from, now)}</td>
              <td className={styles.spare}>
                <Link to="/deployments" search={{ plan: item.plan }} className={ui.link}>
                  Deployments
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoPlans({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered)
    return (
      <Empty title="There is no plan yet.">
        <p>
          A plan is a file: <code>arcadia plan apply plans/studio.yaml</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No plan matches.">
      <Link to="/plans" search={inPeriod({})} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
