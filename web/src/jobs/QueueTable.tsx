import { useState } from 'react';
import { useChange } from '../app/change.ts';
import { Gauge, Spark } from '../charts/Spark.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { changed } from '../lists/search.ts';
import { Act } from '../ui/Act.tsx';
import { grouped } from '../ui/decimal.ts';
import { Failed } from '../ui/States.tsx';
import { spanText } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Link } from '@tanstack/react-router';
import own from './jobs.module.css';
import { controlQueue, type QueueChange, type QueueRow, type Summary } from './read.ts';
import { ScaleSheet } from './ScaleSheet.tsx';

/** Where jobs wait: what each queue does, and has done in the last hour. */
export function QueueTable({ summary: { queues, minutes } }: { readonly summary: Summary }) {
  const [scaled, setScaled] = useState<string | null>(null);
  const of = queues.find(({ queue }) => queue === scaled);
  return (
    <>
      <DataTable label="Queues" isCards>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">Running</th>
            <th scope="col" className={styles.figure}>
              Waiting
            </th>
            <th scope="col" className={styles.figure}>
              Oldest wait
            </th>
            <th scope="col" className={styles.figure}>
              Dead
            </th>
            <th scope="col">Last {minutes} minutes</th>
            <th scope="col" className={styles.figure}>
              Completed
            </th>
            <th scope="col" className={styles.figure}>
              Failed
            </th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {queues.map((row) => (
            <Row key={row.queue} row={row} minutes={minutes} onScale={() => setScaled(row.queue)} />
          ))}
        </tbody>
      </DataTable>
      {of === undefined ? null : <ScaleSheet row={of} onClose={() => setScaled(null)} />}
    </>
  );
}

interface RowProps {
  readonly row: QueueRow;
  readonly minutes: number;
  readonly onScale: () => void;
}

function Row({ row, minutes, onScale }: RowProps) {
  const { queue, limit, exclusive, paused, running, waiting, lagSeconds, dead, completed, failed, workers } = row;
  const control = useChange({
    write: (change: QueueChange, headers) => controlQueue(queue, change, headers),
  });
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="." search={changed({ queue, tab: undefined }) as never} className={styles.name}>
          {queue}
        </Link>
        {paused ? <span className={own.paused}> paused</span> : null}
        {workers.map(({ worker, limit: own_, paused: isPaused }) => (
          <span key={worker} className={ui.note}>
            {' '}
            {worker}: {isPaused ? 'paused' : own_}
          </span>
        ))}
        {control.problem === null ? null : <Failed isChange problem={control.problem} onRetry={control.clear} />}
      </th>
      <td>
        <Gauge value={running} limit={limit} label={`${running} of ${limit} running`} /> {running} of {limit}
        <span className={ui.note}>{exclusive ? ' in all' : ' a process'}</span>
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(waiting))}</td>
      <td className={`${styles.figure} ${styles.spare}`}>{waiting === 0 ? '–' : spanText(lagSeconds)}</td>
      <td className={`${styles.figure} ${dead === 0 ? styles.spare : styles.wrong}`}>
        {dead === 0 ? (
          0
        ) : (
          <Link
            to="."
            search={changed({ queue, state: 'dead', tab: undefined }) as never}
            className={`${ui.link} ${styles.wrong}`}
          >
            <span aria-hidden="true">▲ </span>
            {grouped(String(dead))}
          </Link>
        )}
      </td>
      <td className={styles.spare}>
        <Spark
          values={row.completedPerMinute}
          wrong={row.failedPerMinute}
          label={`${completed} completed, ${failed} failed in ${minutes} minutes`}
        />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>{grouped(String(completed))}</td>
      <td className={`${styles.figure} ${styles.spare} ${failed === 0 ? '' : styles.wrong}`}>
        {grouped(String(failed))}
      </td>
      <td className={styles.rowActs}>
        <Act
          operation="controlQueue"
          needs="operator"
          isBusy={control.state !== 'idle'}
          label={`${paused ? 'Resume' : 'Pause'} ${queue}`}
          onAct={() => control.send({ paused: !paused })}
        >
          {paused ? 'Resume' : 'Pause'}
        </Act>
        <Act operation="controlQueue" needs="operator" label={`Scale ${queue}`} onAct={onScale}>
          Scale
        </Act>
      </td>
    </tr>
  );
}
