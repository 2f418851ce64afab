import { Link } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { linear, toNumber } from '../charts/scale.ts';
import { type DeploymentMonths, readMonth, readMonths } from '../deployments/read.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Due, Listed } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { isZero, money, quantity } from '../ui/decimal.ts';
import { Money, Quantity } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { day, dayBefore, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './customer.module.css';
import { useCustomerSearch } from './search.ts';

/** What does this month come to, and how much of what is included is used? */
export function ThisMonth() {
  const { m, deployment, cursor } = useCustomerSearch();
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const search = cursor === undefined ? {} : { cursor };
  const months = useRead(['listDeploymentMonths', m ?? null, search], (signal) => readMonths(m, search, signal), {
    keepsPrevious: true,
  });
  const shown = deployment ?? months.data?.items[0]?.deployment;
  return (
    <div className={styles.page}>
      <header>
        <h1 tabIndex={-1}>{months.data === undefined ? 'This month' : sentenceOf(months.data)}</h1>
        <p className={ui.note}>{months.data === undefined ? '' : noteOf(months.data, now)}</p>
      </header>
      <Listed
        query={months}
        cursor={cursor}
        rows={4}
        empty={
          <Empty title="You have no deployment yet.">
            <p>What you use appears here from its first day on.</p>
          </Empty>
        }
      >
        {(data) => <MonthsTable page={data} shown={shown} />}
      </Listed>
      {shown === undefined ? null : <Allowances deployment={shown} m={m} />}
    </div>
  );
}

/** The first line: what is due so far, and what is expected. */
function sentenceOf({ month, totals, ratedAt }: DeploymentMonths): string {
  if (ratedAt === null) return `${monthName(month)} has not been rated yet.`;
  if (totals.length === 0) return `Nothing is due for ${monthName(month)}.`;
  const list = (of: (total: (typeof totals)[number]) => string) =>
    totals.map((total) => `${money(of(total))} ${total.currency}`).join(' and ');
  return `${monthName(month)}: ${list(({ amountToDate }) => amountToDate)} so far, ${list(({ forecast }) => forecast)} expected.`;
}

function noteOf({ meteredThrough }: DeploymentMonths, now: string): string {
  const through = meteredThrough === null ? '' : `, by usage through ${day(dayBefore(meteredThrough), now)}`;
  return `Before tax${through}. Expected: if everything stays as it is.`;
}

interface MonthsTableProps {
  readonly page: DeploymentMonths;
  /** Whose allowances are shown. */
  readonly shown: string | undefined;
}

function MonthsTable({ page: { items, month, ratedAt }, shown }: MonthsTableProps) {
  const isRated = ratedAt !== null;
  return (
    <DataTable label="Deployments" isCards>
      <thead>
        <tr>
          <th scope="col">Deployment</th>
          <th scope="col">Plan</th>
          <th scope="col" className={styles.figure}>
            So far
          </th>
          <th scope="col" className={styles.figure}>
            Expected
          </th>
          <th scope="col" className={styles.figure}>
            Last month
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ deployment, name, plan, paused, currency, amountToDate, forecast, lastMonth }) => (
          <tr key={`${deployment} ${currency}`} data-row="">
            <th scope="row">
              <Link
                to="."
                search={changed({ deployment }) as never}
                className={styles.name}
                aria-current={deployment === shown ? 'true' : 'false'}
              >
                {name}
              </Link>
            </th>
            <td className={styles.spare}>
              {plan ?? '–'}
              {paused ? ', paused' : ''}
            </td>
            <td className={styles.figure}>
              <Due amount={amountToDate} currency={currency} why={`quote:${deployment}/${month}`} isRated={isRated} />
            </td>
            <td className={styles.figure}>
              <Due amount={forecast} currency={currency} isRated={isRated} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Due amount={lastMonth} currency={currency} isRated={isRated} />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

interface AllowancesProps {
  readonly deployment: string;
  readonly m: string | undefined;
}

/** What is included in the plan, and how much of it is used. */
function Allowances({ deployment, m }: AllowancesProps) {
  const detail = useRead(['getDeploymentMonth', deployment, m ?? null], (signal) => readMonth(deployment, m, signal), {
    keepsPrevious: true,
  });
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="included">
      <div className={ui.cardHead}>
        <h2 id="included">Used of what is included{detail.data === undefined ? '' : `: ${detail.data.name}`}</h2>
      </div>
      <div className={ui.cardBody}>
        <States query={detail} rows={4}>
          {({ meters, month }) => {
            const shown = meters.filter(
              ({ quantity: used, allowance }) => !isZero(used) || (allowance !== null && !isZero(allowance)),
            );
            if (shown.length === 0) return <p className={styles.muted}>Nothing was used in this month.</p>;
            return (
              <ul className={own.meters}>
                {shown.map(({ kind, title, unit, quantity: used, allowance, billable, amount, currency }) => (
                  <li key={kind} data-row="">
                    <span>{title}</span>
                    <span className={own.used}>
                      <Quantity amount={used} unit={unit} why={`usage:${deployment}/${kind}/${month}`} />
                      {allowance === null || isZero(allowance) ? '' : ` of ${quantity(allowance)}`}
                    </span>
                    <Bar used={used} allowance={allowance} />
                    <span className={ui.note}>
                      {billable === null || isZero(billable) ? (
                        ''
                      ) : (
                        <>
                          {quantity(billable)} beyond it
                          {amount === null || currency === null ? null : (
                            <>
                              {': '}
                              <Money amount={amount} currency={currency} />
                            </>
                          )}
                        </>
                      )}
                    </span>
                  </li>
                ))}
              </ul>
            );
          }}
        </States>
      </div>
    </section>
  );
}

const width = 160;

/** The part that is used; what lies beyond has another shape. */
function Bar({ used, allowance }: { readonly used: string; readonly allowance: string | null }) {
  if (allowance === null || isZero(allowance)) return <span />;
  const most = Math.max(toNumber(used), toNumber(allowance));
  const x = linear(0, most, 0, width);
  const [end, mark] = [x(toNumber(used)), x(toNumber(allowance))];
  return (
    <svg width={width} height="10" viewBox={`0 0 ${width} 10`} aria-hidden="true" className={own.bar}>
      <rect x="0" y="2" width={width} height="6" rx="3" className={own.ground} />
      <rect x="0" y="2" width={Math.min(end, mark)} height="6" rx="3" className={own.fill} />
      {end > mark ? <rect x={mark} y="2" width={end - mark} height="6" className={own.beyond} /> : null}
      <path d={`M${Math.min(mark, width - 1)} 0V10`} className={own.mark} />
    </svg>
  );
}
