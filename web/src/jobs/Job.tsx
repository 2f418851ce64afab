import { Link, useParams } from '@tanstack/react-router';
import { busyWord, useChange } from '../app/change.ts';
import { useRead } from '../app/reads.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { Empty, Failed, States } from '../ui/States.tsx';
import { exactMoment, millisecondsBetween, spanText } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { argumentsText } from './JobTable.tsx';
import own from './jobs.module.css';
import { type Decision, decide, type JobLife, readJob } from './read.ts';

/** What became of one job: how long it waited, each attempt with its worker and error, how far it is. */
export function Job() {
  const { job } = useParams({ from: '/jobs/$job' });
  const life = useRead(['getJob', job], (signal) => readJob(job, signal));
  return (
    <div className={styles.page}>
      <p className={styles.crumb}>
        <Link to="/jobs" search={{}}>
          Jobs
        </Link>{' '}
        / <span className={ui.mono}>{job}</span>
      </p>
      <States query={life} rows={10} title="Job">
        {(data) => <Life life={data} />}
      </States>
    </div>
  );
}

function Life({ life }: { readonly life: JobLife }) {
  const { jobId, job, queue, title, state, reason, arguments: args, attempt, attemptsMax, progress } = life;
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>
            {job} {sentenceOf(life)}
          </h1>
          <p className={ui.note}>{title ?? 'This program has no such job.'}</p>
        </div>
        <Decide life={life} />
      </header>
      {reason === null ? null : (
        <p className={state === 'dead' ? `${own.error} ${styles.wrong}` : own.error}>
          {state === 'dead' ? <span aria-hidden="true">▲ </span> : null}
          {reason}
        </p>
      )}
      {progress === null ? null : (
        <p role="status" className={own.progress}>
          {progress.text} <span className={ui.note}>at {exactMoment(progress.at)}</span>
        </p>
      )}
      <div className={styles.cards}>
        <section className={`${ui.card} ${styles.half}`} aria-labelledby="timeline">
          <div className={ui.cardHead}>
            <h2 id="timeline">Timeline</h2>
          </div>
          <div className={ui.cardBody}>
            <Timeline life={life} />
          </div>
        </section>
        <section className={`${ui.card} ${styles.half}`} aria-labelledby="what">
          <div className={ui.cardHead}>
            <h2 id="what">What it is</h2>
          </div>
          <div className={ui.cardBody}>
            <dl className={styles.facts}>
              <dt>Queue</dt>
              <dd>
                <Link to="/jobs" search={{ queue }} className={ui.link}>
                  {queue}
                </Link>
              </dd>
              <dt>Arguments</dt>
              <dd className={ui.mono}>{argumentsText(args)}</dd>
              <dt>Attempt</dt>
              <dd>
                {attempt} of {attemptsMax}
              </dd>
              <dt>In the log</dt>
              <dd>
                lines with <code className={ui.mono}>"id":"{jobId}"</code>
              </dd>
              <dt>Others like it</dt>
              <dd>
                <Link to="/jobs" search={{ job }} className={ui.link}>
                  All {job}
                </Link>
              </dd>
            </dl>
          </div>
        </section>
        <Attempts life={life} />
      </div>
    </div>
  );
}

function sentenceOf({ state, attempts, createdAt, startedAt, endedAt }: JobLife): string {
  const took = startedAt === null || endedAt === null ? '' : ` after ${spanBetween(startedAt, endedAt)}`;
  switch (state) {
    case 'waiting':
      return 'waits to run.';
    case 'scheduled':
      return 'waits for its time.';
    case 'running':
      return 'runs.';
    case 'completed':
      return `completed${took}.`;
    case 'cancelled':
      return 'was cancelled.';
    case 'dead':
      return `is dead: ${attempts.length === 0 ? 'it failed as often as it may' : 'every attempt failed'}, the last ${
        endedAt === null ? '' : `${spanBetween(createdAt, endedAt)} after it was enqueued`
      }.`;
  }
}

function spanBetween(from: string, to: string): string {
  return spanText(millisecondsBetween(from, to) / 1000);
}

/** Created, waited, ran: each with how long it took. */
function Timeline({ life }: { readonly life: JobLife }) {
  const { createdAt, runAfter, startedAt, endedAt, state, attempts } = life;
  const first = attempts[0]?.startedAt ?? startedAt;
  return (
    <ol className={own.timeline}>
      <li data-state="done">
        <strong>Enqueued</strong> {exactMoment(createdAt)}
      </li>
      {first === null ? (
        <li data-state="now">
          <strong>{state === 'scheduled' ? 'Waits until' : 'Waits'}</strong>{' '}
          {state === 'scheduled' ? exactMoment(runAfter) : ''}
        </li>
      ) : (
        <li data-state="done">
          <strong>Waited</strong> {spanBetween(createdAt, first)}, then started {exactMoment(first)}
        </li>
      )}
      {attempts.length > 1 ? (
        <li data-state="done">
          <strong>{attempts.length} runs</strong>, see below
        </li>
      ) : null}
      {state === 'running' ? (
        <li data-state="now">
          <strong>Runs</strong> {startedAt === null ? '' : `since ${exactMoment(startedAt)}`}
        </li>
      ) : null}
      {endedAt === null ? null : (
        <li data-state={state === 'completed' ? 'done' : 'wrong'}>
          <strong>{state === 'completed' ? 'Completed' : state === 'dead' ? 'Dead' : 'Cancelled'}</strong>{' '}
          {exactMoment(endedAt)}
        </li>
      )}
    </ol>
  );
}

function Attempts({ life: { attempts } }: { readonly life: JobLife }) {
  return (
    <section className={`${ui.card} ${styles.whole} ${styles.card}`} aria-labelledby="attempts">
      <div className={ui.cardHead}>
        <h2 id="attempts">Attempts</h2>
      </div>
      {attempts.length === 0 ? (
        <Empty title="None yet.">
          <p>Workers write attempts down once a second. Of jobs of earlier versions there are none.</p>
        </Empty>
      ) : (
        <DataTable label="Attempts">
          <thead>
            <tr>
              <th scope="col">Attempt</th>
              <th scope="col">Outcome</th>
              <th scope="col">Worker</th>
              <th scope="col">Started</th>
              <th scope="col" className={styles.figure}>
                Took
              </th>
              <th scope="col">Error</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map(({ attempt, worker, startedAt, endedAt, outcome, reason }) => (
              <tr key={startedAt}>
                <th scope="row">{attempt}</th>
                <td className={outcome === 'dead' || outcome === 'failed' || outcome === 'lost' ? styles.wrong : ''}>
                  {outcome?.replaceAll('_', ' ') ?? 'running'}
                </td>
                <td>{worker ?? '?'}</td>
                <td>{exactMoment(startedAt)}</td>
                <td className={styles.figure}>{endedAt === null ? '–' : spanBetween(startedAt, endedAt)}</td>
                <td className={own.error}>{reason ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </section>
  );
}

/** What can still be done about it. */
function Decide({ life: { jobId, state } }: { readonly life: JobLife }) {
  const change = useChange({
    write: (decision: Decision, headers) => decide(decision, { ids: [jobId], expectedCount: 1 }, headers),
  });
  const isEnded = state === 'dead' || state === 'cancelled';
  if (state === 'completed') return null;
  return (
    <div className={own.acts}>
      <Act
        operation={isEnded ? 'retryJobs' : 'cancelJobs'}
        needs="operator"
        isBusy={change.state !== 'idle'}
        onAct={() => change.send(isEnded ? 'retry' : 'cancel')}
      >
        {busyWord(change.state) ?? (isEnded ? 'Retry' : 'Cancel the job')}
      </Act>
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
    </div>
  );
}
