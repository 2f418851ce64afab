import { Link } from '@tanstack/react-router';
import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { causeText } from '../bills/words.ts';
import styles from '../lists/lists.module.css';
import { Change } from '../lists/parts.tsx';
import { isZero } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';

const shownMax = 26;

/** The lines of bills that charged a resource, the newest month first. */
export function BillLines({ resource }: { readonly resource: number }) {
  const lines = useRead(['listLinesOfBills', resource], (signal) =>
    bodyOf(
      api.GET('/bill-lines', {
        params: { query: { resource, limit: shownMax } },
        headers: { accept: 'application/json' },
        signal,
      }),
    ),
  );
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="charged">
      <div className={ui.cardHead}>
        <h2 id="charged">Charged by the provider</h2>
        <a
          className={ui.link}
          href={`/api/v1/bill-lines.csv?resource=${resource}`}
          download={`resource-${resource}-charges.csv`}
        >
          CSV
        </a>
      </div>
      <States query={lines} rows={4}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title="No bill charges it.">
              <p>It is free, or no bill of its months has been reconciled.</p>
            </Empty>
          ) : (
            <LineTable items={items} isWhole={nextCursor === null} />
          )
        }
      </States>
    </section>
  );
}

interface LineTableProps {
  readonly items: readonly Schemas['LineOfBills'][];
  readonly isWhole: boolean;
}

function LineTable({ items, isWhole }: LineTableProps) {
  return (
    <div
      className={`${styles.scroll} ${styles.cardList}`}
      role="region"
      aria-label="Bill lines, as a table"
      tabIndex={0}
    >
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col">Product</th>
            <th scope="col" className={styles.figure}>
              Amount
            </th>
            <th scope="col" className={styles.figure}>
              Difference
            </th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          {items.map(({ bill, position, month, product, amount, currency, difference, cause, state }) => (
            <tr key={`${bill} ${position}`} data-row="">
              <th scope="row">
                <Link to="/bills/$bill" params={{ bill: String(bill) }} className={styles.name}>
                  {monthName(month)}
                </Link>
              </th>
              <td className={styles.spare}>{product ?? '–'}</td>
              <td className={styles.figure}>
                <Money amount={amount} currency={currency} why={`bill:${bill}/${position}`} />
              </td>
              <td className={`${styles.figure} ${styles.spare}`}>
                {isZero(difference) ? '0' : <Change change={difference} isRated />}
              </td>
              <td>
                {state}
                {cause === 'none' ? '' : `, ${causeText(cause)}`}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {isWhole ? null : <p className={`${styles.foot} ${ui.note}`}>The newest {items.length}; all are in the CSV.</p>}
    </div>
  );
}
