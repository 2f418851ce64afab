import { api, bodyOf, type Schemas } from '../api/client.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Empty, States } from '../ui/States.tsx';
import { day, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';

const shownMax = 50;

interface HistoryProps {
  readonly deployment: string;
  readonly now: string;
}

/** What it owned when, the newest first. */
export function OwnershipCard({ deployment, now }: HistoryProps) {
  const owned = useRead(['listOwnership', deployment], (signal) =>
    bodyOf(
      api.GET('/deployments/{deployment}/ownership', {
        params: { path: { deployment }, query: { limit: shownMax } },
        headers: { accept: 'application/json' },
        signal,
      }),
    ),
  );
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="owned">
      <div className={ui.cardHead}>
        <h2 id="owned">Owned over time</h2>
        <a
          className={ui.link}
          href={`/api/v1/deployments/${deployment}/ownership.csv`}
          download={`${deployment}-ownership.csv`}
        >
          CSV
        </a>
      </div>
      <States query={owned} rows={4}>
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <Empty title="It has never owned anything.">
              <p>A rule or an assignment gives it resources.</p>
            </Empty>
          ) : (
            <div
              className={`${styles.scroll} ${styles.cardList}`}
              role="region"
              aria-label="Ownership, as a table"
              tabIndex={0}
            >
              <table className={styles.table}>
                <thead>
                  <tr>
                    <th scope="col">Resource</th>
                    <th scope="col">Kind</th>
                    <th scope="col">From</th>
                    <th scope="col">To</th>
                    <th scope="col">Share</th>
                    <th scope="col">By</th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((item) => (
                    <OwnedRow key={`${item.resourceId} ${item.from}`} item={item} now={now} />
                  ))}
                </tbody>
              </table>
              {nextCursor === null ? null : (
                <p className={`${styles.foot} ${ui.note}`}>The newest {items.length}; all are in the CSV.</p>
              )}
            </div>
          )
        }
      </States>
    </section>
  );
}

interface OwnedRowProps {
  readonly item: Schemas['Ownership'];
  readonly now: string;
}

function OwnedRow({ item: { name, externalId, kind, from, to, weight, weightTotal, rule }, now }: OwnedRowProps) {
  return (
    <tr data-row="">
      <th scope="row" title={externalId}>
        {name === null || name === '' ? externalId : name}
      </th>
      <td>{kind.replaceAll('_', ' ')}</td>
      <td className={styles.spare} title={from}>
        {moment(from, now)}
      </td>
      <td className={styles.spare} title={to ?? undefined}>
        {to === null ? 'still' : moment(to, now)}
      </td>
      <td className={styles.spare}>{weight === weightTotal ? 'all' : `${weight}/${weightTotal}`}</td>
      <td className={styles.spare}>{rule === null ? '–' : rule.replaceAll('_', ' ')}</td>
    </tr>
  );
}

/** Which plans it was on, the newest first. */
export function PlansCard({ deployment, now }: HistoryProps) {
  const { data: me } = useMe();
  const mayRead = me?.may.includes('listSubscriptionHistory') === true;
  const plans = useRead(
    ['listSubscriptionHistory', deployment],
    (signal) =>
      bodyOf(
        api.GET('/deployments/{deployment}/subscriptions', {
          params: { path: { deployment }, query: { limit: shownMax } },
          headers: { accept: 'application/json' },
          signal,
        }),
      ),
    { enabled: mayRead },
  );
  if (!mayRead) return null;
  return (
    <section className={`${ui.card} ${styles.half} ${styles.card}`} aria-labelledby="plans">
      <div className={ui.cardHead}>
        <h2 id="plans">Plans over time</h2>
      </div>
      <States query={plans} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="It has never been on a plan.">
              <p>
                Nothing is billed: <code>arcadia subscription start</code>
              </p>
            </Empty>
          ) : (
            <ul className={ui.cardBody}>
              {items.map(({ plan, paused, from, to }) => (
                <li key={from} data-row="">
                  {plan}
                  {paused ? ', paused' : ''}{' '}
                  <span className={ui.note}>
                    from {day(from, now)} {to === null ? 'on' : `to ${day(to, now)}`}
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </States>
    </section>
  );
}
