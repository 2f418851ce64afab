import { Link } from '@tanstack/react-router';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed } from '../lists/parts.tsx';
import { Act } from '../ui/Act.tsx';
import { Empty, Failed } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { argumentsText } from './JobTable.tsx';
import { type JobRow, readSchedule, runJob } from './read.ts';

/** When jobs run by themselves; each can be run now. */
export function Schedule() {
  const schedule = useRead(['listSchedule'], readSchedule);
  const { data: me } = useMe();
  return (
    <Listed query={schedule} cursor={undefined} rows={16} empty={<Empty title="The schedule is empty." />}>
      {({ items }) => (
        <DataTable label="Schedule" isCards>
          <thead>
            <tr>
              <th scope="col">Entry</th>
              <th scope="col">When, UTC</th>
              <th scope="col">Job</th>
              <th scope="col">Next</th>
              <th scope="col">Last</th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ name, when, cron, job, arguments: args, next, last }) => (
              <tr key={name} data-row="">
                <th scope="row">{name}</th>
                <td title={cron}>{when}</td>
                <td className={styles.spare}>
                  {job} <span className={ui.note}>{Object.keys(args).length === 0 ? '' : argumentsText(args)}</span>
                </td>
                <td className={styles.spare}>{moment(next, me?.now ?? next)}</td>
                <td className={styles.spare}>{last === null ? '–' : moment(last, me?.now ?? last)}</td>
                <td className={styles.rowActs}>
                  <RunNow name={name} job={job} args={args} />
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </Listed>
  );
}

function RunNow({
  name,
  job,
  args,
}: {
  readonly name: string;
  readonly job: string;
  readonly args: JobRow['arguments'];
}) {
  const change = useChange({ write: (body: Parameters<typeof runJob>[0], headers) => runJob(body, headers) });
  if (change.answer !== null)
    return (
      <span role="status">
        <Link to="/jobs/$job" params={{ job: change.answer.jobId }} search={{}} className={ui.link}>
          {change.answer.enqueued ? 'Enqueued' : 'Runs already'}
        </Link>
      </span>
    );
  return (
    <>
      <Act
        operation="runJob"
        needs="operator"
        label={`Run now: ${name}`}
        isBusy={change.state !== 'idle'}
        onAct={() => change.send({ job, arguments: args })}
      >
        {busyWord(change.state) ?? 'Run now'}
      </Act>
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
    </>
  );
}
