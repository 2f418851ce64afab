import { Link } from '@tanstack/react-router';
import { useChange } from '../app/change.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { changed } from '../lists/search.ts';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Empty, Failed } from '../ui/States.tsx';
import { millisecondsOf, moment, spanText } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { setPaused, type Source } from './read.ts';

/** A clock that is off by more is said so. */
const skewShownSeconds = 60;

/** Who sends: when it was heard last, how far it is behind, and by how much its clock is off. */
export function SourceTable({ items }: { readonly items: readonly Source[] }) {
  const { data: me } = useMe();
  const now = me?.now ?? '';
  if (items.length === 0)
    return (
      <Empty title="No source sends events.">
        <p>
          <code>arcadia gateway source add</code> adds one, and says its secret.
        </p>
      </Empty>
    );
  return (
    <DataTable label="Sources" isCards>
      <thead>
        <tr>
          <th scope="col">Source</th>
          <th scope="col">Last event</th>
          <th scope="col" className={styles.figure}>
            Waiting
          </th>
          <th scope="col" className={styles.figure}>
            Behind
          </th>
          <th scope="col" className={styles.figure}>
            Clock
          </th>
          <th scope="col" className={styles.figure}>
            Dead letters
          </th>
          <th scope="col">Confirmed through</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map((row) => (
          <Row key={row.source} row={row} now={now} />
        ))}
      </tbody>
    </DataTable>
  );
}

function Row({ row, now }: { readonly row: Source; readonly now: string }) {
  const { source, name, paused, disconnectedAt, lastReceivedAt, backlog, oldestAt, skewSeconds, dead } = row;
  const { queue, queueOpen, queueProblem, rejected, rejectedReason } = row;
  const pause = useChange({ write: (isPaused: boolean, headers) => setPaused(source, isPaused, headers) });
  const isOff = skewSeconds !== null && Math.abs(skewSeconds) > skewShownSeconds;
  const behind = oldestAt === null ? 0 : Math.max(0, (millisecondsOf(now) - millisecondsOf(oldestAt)) / 1_000);
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="." search={changed({ tab: 'events', source }) as never} className={styles.name}>
          {source}
        </Link>
        {name === source ? null : <span className={ui.note}> {name}</span>}
        {disconnectedAt !== null ? (
          <span className={styles.wrong}> disconnected</span>
        ) : paused ? (
          <span className={styles.wrong}> paused</span>
        ) : null}
        {queueOpen === false ? (
          <p className={styles.wrong}>
            <span aria-hidden="true">▲ </span>No server reads {queue}
            {queueProblem === null ? '' : `: ${queueProblem}`}
          </p>
        ) : null}
        {rejected === 0 ? null : (
          <p className={styles.wrong}>
            <span aria-hidden="true">▲ </span>
            {grouped(String(rejected))} {rejected === 1 ? 'message' : 'messages'} rejected: {rejectedReason}
          </p>
        )}
        {pause.problem === null ? null : <Failed isChange problem={pause.problem} onRetry={pause.clear} />}
      </th>
      <td className={styles.spare}>{lastReceivedAt === null ? 'none yet' : moment(lastReceivedAt, now)}</td>
      <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(backlog))}</td>
      <td className={`${styles.figure} ${styles.spare}`}>{oldestAt === null ? '–' : spanText(Math.round(behind))}</td>
      <td className={`${styles.figure} ${isOff ? styles.wrong : styles.spare}`}>
        {skewSeconds === null ? '–' : isOff ? <Skew seconds={skewSeconds} /> : 'right'}
      </td>
      <td className={`${styles.figure} ${dead === 0 ? styles.spare : styles.wrong}`}>
        {dead === 0 ? (
          0
        ) : (
          <Link
            to="."
            search={changed({ tab: 'dead', source }) as never}
            className={`${ui.link} ${styles.wrong}`}
            aria-label={`${dead} dead letters of ${source}`}
          >
            <span aria-hidden="true">▲ </span>
            {grouped(String(dead))}
          </Link>
        )}
      </td>
      <td className={styles.spare}>{row.confirmedThrough === null ? '–' : moment(row.confirmedThrough, now)}</td>
      <td className={styles.rowActs}>
        <Act
          operation="changeGatewaySource"
          needs="operator"
          isBusy={pause.state !== 'idle'}
          label={`${paused ? 'Resume' : 'Pause'} ${source}`}
          onAct={() => pause.send(!paused)}
        >
          {paused ? 'Resume' : 'Pause'}
        </Act>
      </td>
    </tr>
  );
}

function Skew({ seconds }: { readonly seconds: number }) {
  return (
    <>
      <span aria-hidden="true">▲ </span>
      {spanText(Math.abs(seconds))} {seconds < 0 ? 'ahead' : 'behind'}
    </>
  );
}
