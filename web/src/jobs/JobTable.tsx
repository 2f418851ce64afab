import { Link } from '@tanstack/react-router';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './jobs.module.css';
import type { JobRow } from './read.ts';

interface JobTableProps {
  readonly items: readonly JobRow[];
  /** Ids of those that have left the list. */
  readonly left: ReadonlySet<string>;
  /** By the clock of jobs, which is real. */
  readonly now: string;
}

/** The newest first; what failed says why in its row. */
export function JobTable({ items, left, now }: JobTableProps) {
  return (
    <DataTable label="Jobs" isCards>
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">State</th>
          <th scope="col">Arguments</th>
          <th scope="col" className={styles.figure}>
            Attempt
          </th>
          <th scope="col">Enqueued</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ jobId, job, queue, state, arguments: args, attempt, attemptsMax, createdAt, reason }) => (
          <tr key={jobId} data-row="" data-left={left.has(jobId)}>
            <th scope="row" title={jobId}>
              <Link to="/jobs/$job" params={{ job: jobId }} search={{}} className={styles.name}>
                {job}
              </Link>
              <span className={ui.note}> {queue}</span>
            </th>
            <td className={state === 'dead' ? styles.wrong : undefined}>
              {state === 'dead' ? <span aria-hidden="true">▲ </span> : null}
              {state}
            </td>
            <td className={`${ui.mono} ${styles.spare}`}>{argumentsText(args)}</td>
            <td className={`${styles.figure} ${styles.spare}`}>
              {attempt} of {attemptsMax}
            </td>
            <td className={styles.spare} title={createdAt}>
              {moment(createdAt, now)}
            </td>
            <td className={reason === null ? styles.spare : own.reason} title={reason ?? undefined}>
              {reason ?? '–'}
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

/** `account acme, kinds droplet`; a dash for none. */
export function argumentsText(args: JobRow['arguments']): string {
  const all = Object.entries(args).map(([name, value]) => `${name} ${String(value)}`);
  return all.length === 0 ? '–' : all.join(', ');
}
