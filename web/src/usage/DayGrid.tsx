import { Link } from '@tanstack/react-router';
import { useMe } from '../app/session.ts';
import { linear, toNumber } from '../charts/scale.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { SortHead } from '../lists/parts.tsx';
import { isNegative, isZero, quantity, unitOf } from '../ui/decimal.ts';
import { Figure, Quantity } from '../ui/Figure.tsx';
import { day as dayText, monthOf } from '../ui/time.ts';
import type { Grid, UsageSearch } from './read.ts';
import own from './usage.module.css';

interface DayGridProps {
  readonly grid: Grid;
  readonly search: UsageSearch;
  readonly month: string;
  readonly now: string;
}

type Row = Grid['items'][number];
const sorted = { sort: 'total', order: 'desc' } as const;

/** Rows by days: shaded by value within each row, so that each row's own course is seen. */
export function DayGrid({ grid, search, month, now }: DayGridProps) {
  const days = (grid.items[0]?.days ?? []).map((_, at) => `${month}-${String(at + 1).padStart(2, '0')}`);
  return (
    <>
      <DataTable label="Usage by day" className={own.grid}>
        <thead>
          <tr>
            <SortHead sort="name" search={search} own={sorted}>
              {search.by === 'customer' ? 'Customer' : search.by === 'deployment' ? 'Deployment' : 'Meter'}
            </SortHead>
            <SortHead sort="total" first="desc" isFigure search={search} own={sorted}>
              Total
            </SortHead>
            <SortHead sort="change" first="desc" isFigure search={search} own={sorted}>
              Change
            </SortHead>
            {days.map((each) => (
              <th key={each} scope="col" className={own.day}>
                <span className="visually-hidden">{dayText(each, now)}</span>
                <span aria-hidden="true">{each.slice(8)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {grid.items.map((row) => (
            <GridRow key={row.key} row={row} search={search} days={days} now={now} month={month} />
          ))}
        </tbody>
        <Totals grid={grid} days={days} now={now} />
      </DataTable>
      <Legend />
    </>
  );
}

interface GridRowProps {
  readonly row: Row;
  readonly search: UsageSearch;
  readonly days: readonly string[];
  readonly month: string;
  readonly now: string;
}

function GridRow({ row, search, days, month, now }: GridRowProps) {
  const { total, change, unit, marks } = row;
  const why = proofOf(row, search, month);
  const most = Math.max(0, ...row.days.map((value) => (value === null ? 0 : toNumber(value))));
  const shade = linear(0, most, 0, 5);
  return (
    <tr data-row="">
      <th scope="row">
        <RowName row={row} search={search} month={month} now={now} />
      </th>
      <td className={styles.figure}>
        <Quantity amount={total} unit={unit} why={why} />
      </td>
      <td className={styles.figure}>{change === null ? '–' : <Moved change={change} />}</td>
      {days.map((each, at) => {
        const value = row.days[at] ?? null;
        const mark = marks[at] ?? '-';
        return (
          <td
            key={each}
            aria-label={titleOf(dayText(each, now), value, unit, mark)}
            className={own.cell}
            data-shade={value === null ? 0 : Math.ceil(shade(toNumber(value)))}
            data-mark={mark}
          >
            <Figure why={value === null ? null : why} exact={titleOf(dayText(each, now), value, unit, mark)}>
              <span aria-hidden="true">
                {value === null ? (mark === '-' ? '' : mark === 'r' ? 'r' : '–') : '\u2007'}
              </span>
              <span className="visually-hidden">
                {value === null ? marksText[mark] : `${quantity(value)} ${unitOf(unit, value)}`}
              </span>
            </Figure>
          </td>
        );
      })}
    </tr>
  );
}

const marksText: Readonly<Record<string, string>> = {
  '.': 'nothing',
  c: 'nothing, not confirmed',
  r: 'rolled up',
  '-': 'not metered',
};

function titleOf(day: string, value: string | null, unit: string, mark: string): string {
  if (value === null) return `${day}: ${marksText[mark] ?? ''}`;
  return `${day}: ${value} ${unitOf(unit, value)}${mark === 'c' ? ', not confirmed by a complete listing yet' : ''}`;
}

/** The proof of a row: of a deployment and a meter. What is of several deployments opens to its rows. */
function proofOf({ key }: Row, { by, meter, deployment }: UsageSearch, month: string): string | null {
  if (by === 'deployment') return `usage:${key}/${meter}/${month}`;
  return by === 'kind' && deployment !== undefined ? `usage:${deployment}/${key}/${month}` : null;
}

/** Where a row goes on: a meter to its deployments, a customer to theirs, a deployment to its page. */
function RowName({ row: { key, name }, search, month, now }: Omit<GridRowProps, 'days'>) {
  const { data: me } = useMe();
  const keep = month === monthOf(now) ? {} : { m: month };
  if (search.by === 'deployment' && me?.role === 'customer')
    return (
      <Link to="/usage" search={{ ...keep, by: 'kind', deployment: key }} className={styles.name}>
        {name}
      </Link>
    );
  if (search.by === 'deployment') {
    if (key === 'unattributed') return <span className={styles.unassigned}>Unassigned</span>;
    return (
      <Link to="/deployments/$deployment" params={{ deployment: key }} search={keep} className={styles.name}>
        {name}
      </Link>
    );
  }
  if (search.by === 'customer' && key === 'unattributed') return <span className={styles.unassigned}>Unassigned</span>;
  const next: UsageSearch =
    search.by === 'customer'
      ? { by: 'deployment', customer: key, ...(search.meter === undefined ? {} : { meter: search.meter }) }
      : { by: 'deployment', meter: key, ...(search.customer === undefined ? {} : { customer: search.customer }) };
  if (search.by === 'kind' && search.deployment !== undefined) return <span className={styles.name}>{name}</span>;
  return (
    <Link to="/usage" search={{ ...keep, ...next }} className={styles.name}>
      {name}
    </Link>
  );
}

function Moved({ change }: { readonly change: string }) {
  if (isZero(change)) return <>0</>;
  const isLess = isNegative(change);
  return (
    <>
      <span aria-hidden="true">{isLess ? '▼' : '▲'}</span>
      <span className="visually-hidden">{isLess ? 'less by' : 'more by'}</span>{' '}
      <Figure why={null} exact={change}>
        {quantity(change)}
      </Figure>
    </>
  );
}

function Totals({ grid, days, now }: Pick<DayGridProps, 'grid' | 'now'> & { readonly days: readonly string[] }) {
  const { quantity: all, dayTotals, items } = grid;
  if (all === null) return null;
  const unit = items[0]?.unit ?? '';
  const most = Math.max(0, ...dayTotals.map((value) => (value === null ? 0 : toNumber(value))));
  const y = linear(0, most, 0, 20);
  return (
    <tfoot>
      <tr>
        <th scope="row">In all</th>
        <td className={styles.figure}>
          <Quantity amount={all} unit={unit} />
        </td>
        <td>–</td>
        {days.map((each, at) => {
          const value = dayTotals[at] ?? null;
          return (
            <td
              key={each}
              className={own.sum}
              title={value === null ? undefined : `${dayText(each, now)}: ${value} ${unitOf(unit, value)}`}
            >
              {value === null ? null : (
                <svg width="10" height="20" aria-hidden="true">
                  <rect x="1" width="8" y={20 - y(toNumber(value))} height={y(toNumber(value))} className={own.bar} />
                </svg>
              )}
              <span className="visually-hidden">
                {value === null ? 'nothing' : `${quantity(value)} ${unitOf(unit, value)}`}
              </span>
            </td>
          );
        })}
      </tr>
    </tfoot>
  );
}

function Legend() {
  return (
    <p className={own.legend}>
      <span>
        <i data-shade="2" />
        <i data-shade="4" />
        <i data-shade="5" /> more within the row
      </span>
      <span>
        <i data-shade="3" data-mark="c" /> not confirmed by a complete listing yet
      </span>
      <span>empty: not metered</span>
    </p>
  );
}
