import { Link } from '@tanstack/react-router';
import { MonthSpark } from '../charts/MonthSpark.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { SortHead } from '../lists/parts.tsx';
import { isNegative, isZero, money } from '../ui/decimal.ts';
import { Figure, Money, Unknown } from '../ui/Figure.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './margin.module.css';
import type { MarginRow, Margins } from './read.ts';
import type { MarginSearch } from './search.ts';

const ownSort = { sort: 'margin', order: 'asc' } as const;

const whys: Readonly<Record<NonNullable<MarginRow['notKnown']>, string>> = {
  no_bill: 'No bill of the month is reconciled.',
  not_rated: 'The month was never rated.',
  no_exchange_rate: 'It is in several currencies: choose one, for which a rate must be known.',
};

const parts: Readonly<Record<Exclude<MarginRow['part'], 'customers'>, readonly [name: string, why: string]>> = {
  unassigned: ['Unassigned', 'cost of what belongs to no deployment'],
  operator: ['Ours', 'by an allocation rule'],
  unexplained: ['Unexplained', 'lines that nothing explains'],
  residual: ['In headers alone', 'by how much bills differ from their lines'],
};

interface MarginTableProps {
  readonly page: Margins;
  readonly search: MarginSearch;
  readonly month: string;
}

/** Revenue, cost and margin in rows; what no customer bears is on top, and the foot is all of it. */
export function MarginTable({ page: { items, totals }, search, month }: MarginTableProps) {
  const isTargeted = search.target !== undefined && (search.by ?? 'deployment') === 'deployment';
  return (
    <DataTable label="Margins" isCards>
      <thead>
        <tr>
          <SortHead sort="month" search={search} own={ownSort}>
            Of
          </SortHead>
          <SortHead sort="revenue" first="desc" isFigure search={search} own={ownSort}>
            Revenue
          </SortHead>
          <SortHead sort="cost" first="desc" isFigure search={search} own={ownSort}>
            Cost
          </SortHead>
          <SortHead sort="margin" isFigure search={search} own={ownSort}>
            Margin
          </SortHead>
          <th scope="col" className={styles.figure}>
            %
          </th>
          <th scope="col">Six months</th>
          {isTargeted ? (
            <th scope="col" className={styles.figure}>
              Base fee for {search.target} %
            </th>
          ) : null}
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {items.map((row) => (
          <Row key={keyOf(row)} row={row} month={month} isTargeted={isTargeted} />
        ))}
      </tbody>
      <tfoot>
        {totals.map(({ currency, revenue, cost, margin, notKnown }) => (
          <tr key={currency}>
            <th scope="row">All, in {currency}</th>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Money amount={revenue} currency={currency} reason={whyOf(notKnown)} />
            </td>
            <td className={`${styles.figure} ${styles.spare}`}>
              <Money amount={cost} currency={currency} reason={whyOf(notKnown)} />
            </td>
            <td className={styles.figure}>
              <Money amount={margin} currency={currency} reason={whyOf(notKnown)} />
            </td>
            <td className={styles.spare} colSpan={isTargeted ? 4 : 3}>
              –
            </td>
          </tr>
        ))}
      </tfoot>
    </DataTable>
  );
}

function whyOf(notKnown: MarginRow['notKnown']): string {
  return notKnown === null ? 'not known' : whys[notKnown];
}

function keyOf({ part, deployment, customer, plan, kind, product, currency }: MarginRow): string {
  return [part, deployment, customer, plan, kind, product, currency].join(' ');
}

interface RowProps {
  readonly row: MarginRow;
  readonly month: string;
  readonly isTargeted: boolean;
}

function Row({ row, month, isTargeted }: RowProps) {
  const { part, deployment, currency, revenue, cost, margin, marginPercent, notKnown, trend, baseFeeNeeded } = row;
  const isPinned = part !== 'customers';
  const why = whyOf(notKnown);
  return (
    <tr data-row="" className={part === 'unassigned' ? own.unassigned : isPinned ? own.pinned : undefined}>
      <th scope="row">
        <Name row={row} />
      </th>
      <td className={`${styles.figure} ${styles.spare}`}>
        <Money
          amount={revenue}
          currency={currency}
          reason={why}
          why={deployment === null || isPinned ? null : `quote:${deployment}/${month}`}
        />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        <Money
          amount={cost}
          currency={currency}
          reason={why}
          why={
            part === 'unassigned'
              ? `cost:unattributed/-/${month}`
              : deployment === null
                ? null
                : `cost:${deployment}/-/${month}`
          }
        />
      </td>
      <td className={styles.figure}>
        {margin === null ? (
          <Unknown reason={why} />
        ) : (
          <>
            {isNegative(margin) && !isPinned ? (
              <span className={styles.wrong}>
                <span aria-hidden="true">▲ </span>
                <span className="visually-hidden">a loss of </span>
              </span>
            ) : null}
            <Money amount={margin} currency={currency} />
          </>
        )}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {marginPercent === null ? '–' : <Figure why={null}>{percent(marginPercent)}</Figure>}
      </td>
      <td className={styles.spare}>
        <MonthSpark values={trend.map((each) => each.margin)} label={trendText(trend, currency)} />
      </td>
      {isTargeted ? (
        <td className={`${styles.figure} ${styles.spare}`}>
          {isPinned ? '–' : <Money amount={baseFeeNeeded} currency={currency} reason={why} />}
        </td>
      ) : null}
      <td className={`${styles.wide} ${own.why}`}>
        <Why row={row} />
      </td>
    </tr>
  );
}

/** Of a loss what most of it is for; of an amount that is not known, why. */
function Why({ row: { part, reasons, fromBill, notKnown } }: { readonly row: MarginRow }) {
  const notes = [
    ...(part === 'customers' ? [] : [parts[part][1]]),
    ...(fromBill === null || isZero(fromBill) ? [] : [`${money(fromBill)} of the cost is from the bill alone`]),
    ...(notKnown === null ? [] : [whyOf(notKnown)]),
  ];
  return (
    <>
      {reasons.join('; ')}
      {notes.length === 0 ? null : (
        <span className={styles.muted}>
          {reasons.length === 0 ? '' : '; '}
          {notes.join('; ')}
        </span>
      )}
    </>
  );
}

function percent(text: string): string {
  return text.replace('-', '\u2212');
}

function trendText(trend: MarginRow['trend'], currency: string): string {
  const known = trend.flatMap(({ month, margin }) => (margin === null ? [] : [`${monthName(month)} ${money(margin)}`]));
  return known.length === 0 ? 'Not known in earlier months' : `Margin in ${currency}: ${known.join(', ')}`;
}

/** Of whom or what it is, and the way to that. */
function Name({ row: { part, deployment, customer, plan, kind, product } }: { readonly row: MarginRow }) {
  if (part === 'unassigned')
    return (
      <Link to="/unassigned" className={styles.name}>
        Unassigned
      </Link>
    );
  if (part !== 'customers') return parts[part][0];
  if (deployment !== null)
    return (
      <>
        <Link to="/deployments/$deployment" params={{ deployment }} className={styles.name}>
          {deployment}
        </Link>{' '}
        {customer === null ? null : <span className={ui.note}>{customer}</span>}
      </>
    );
  if (customer !== null)
    return (
      <Link to="/customers/$customer" params={{ customer }} className={styles.name}>
        {customer}
      </Link>
    );
  return plan ?? kind ?? product ?? <span className={styles.muted}>of none of them</span>;
}
