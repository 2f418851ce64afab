import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv, Listed, SearchField } from '../lists/parts.tsx';
import { grouped } from '../ui/decimal.ts';
import { Act } from '../ui/Act.tsx';
import { Empty, States } from '../ui/States.tsx';
import { moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { DecideSheet } from './DecideSheet.tsx';
import { FilterSelects } from './FilterSelects.tsx';
import { JobTable } from './JobTable.tsx';
import own from './jobs.module.css';
import { QueueTable } from './QueueTable.tsx';
import { type Decision, filterOf, readJobs, readJobsSummary, type Summary } from './read.ts';
import { type JobsSearch, type JobState, states } from './search.ts';
import { Schedule } from './Schedule.tsx';

/** What runs, what waits, what failed, and why? */
export function Jobs() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/jobs' });
  const summary = useRead(['getJobsSummary', filterOf(search)], (signal) => readJobsSummary(search, signal), {
    keepsPrevious: true,
  });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{summary.data === undefined ? 'Jobs' : sentenceOf(summary.data)}</h1>
          <p className={ui.note}>Times of jobs are real time, UTC, also where the clock is simulated.</p>
        </div>
        <Csv path="/jobs" query={{ ...filterOf(search), state: search.state }} file="jobs" />
      </header>
      {/* As high as ten queues, whose rows have buttons in them. */}
      <States query={summary} rows={14}>
        {(data) => <QueueTable summary={data} />}
      </States>
      {/* Read beside the queues, and shown below them once it is known how high they are. */}
      <div className={summary.isPending ? own.below : styles.page}>
        <div className={styles.tools} role="group" aria-label="What is listed">
          <Chip name="tab" value={undefined} chosen={search.tab}>
            Jobs
          </Chip>
          <Chip name="tab" value="schedule" chosen={search.tab}>
            Schedule
          </Chip>
        </div>
        {search.tab === 'schedule' ? <Schedule /> : <JobList search={search} summary={summary.data} />}
      </div>
    </div>
  );
}

function sentenceOf({ totals, minutes }: Summary): string {
  const { running, waiting, dead, completed, failed } = totals;
  const isStill = running === 0 && waiting === 0;
  const now = [
    ...(isStill
      ? ['No job runs or waits']
      : [
          `${grouped(String(running))} ${running === 1 ? 'job runs' : 'jobs run'}`,
          `${grouped(String(waiting))} ${waiting === 1 ? 'waits' : 'wait'}`,
        ]),
    ...(dead === 0 ? [] : [`${grouped(String(dead))} ${dead === 1 ? 'is' : 'are'} dead`]),
  ];
  const attempts = failed === 0 ? '' : `, ${grouped(String(failed))} attempts failed`;
  return `${now.join(', ')}; ${grouped(String(completed))} completed in the last ${minutes} minutes${attempts}.`;
}

/** Of these all are counted, however many there are. */
const liveStates: readonly JobState[] = ['waiting', 'scheduled', 'running', 'dead'];

/** That older jobs are not among the counts, where it is so. */
function CountedSince({ summary }: { readonly summary: Summary | undefined }) {
  if (summary === undefined || summary.countedSince === null) return null;
  return (
    <p className={ui.note}>
      Completed and cancelled jobs are counted since {moment(summary.countedSince, summary.asOf)}; older ones are listed
      all the same.
    </p>
  );
}

interface JobListProps {
  readonly search: JobsSearch;
  readonly summary: Summary | undefined;
}

function JobList({ search, summary }: JobListProps) {
  const { tab: _tab, ...listed } = search;
  const page = useRead(['listJobs', listed], (signal) => readJobs(search, signal), { keepsPrevious: true });
  const [decision, setDecision] = useState<Decision | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const counts = new Map(summary?.states.map(({ state, jobs }) => [state, jobs]));
  const since = summary?.countedSince ?? null;
  const isWhole = since === null || (search.state !== undefined && liveStates.includes(search.state));
  const total = search.state === undefined ? summary?.matching : counts.get(search.state);
  return (
    <>
      <div className={styles.tools}>
        <div className={own.find}>
          <SearchField q={search.q} label="Id or argument" />
        </div>
        <div className={styles.tools} role="group" aria-label="States">
          <Chip name="state" value={undefined} chosen={search.state}>
            All{summary === undefined ? '' : ` ${grouped(String(summary.matching))}`}
          </Chip>
          {states.map((state) => (
            <Chip key={state} name="state" value={state} chosen={search.state}>
              {state} {grouped(String(counts.get(state) ?? 0))}
            </Chip>
          ))}
        </div>
        <span className={own.acts}>
          <Act operation="retryJobs" needs="operator" onAct={() => setDecision('retry')}>
            Retry all that match
          </Act>
          <Act operation="cancelJobs" needs="operator" onAct={() => setDecision('cancel')}>
            Cancel all that match
          </Act>
        </span>
      </div>
      <div className={styles.tools}>
        <FilterSelects search={search} summary={summary} />
      </div>
      {done === null ? null : (
        <p role="status" className={own.done}>
          {done}
        </p>
      )}
      <CountedSince summary={summary} />
      <Listed
        query={page}
        cursor={search.cursor}
        rows={12}
        total={isWhole ? total : undefined}
        empty={<NoJobs search={search} />}
        held={{ keyOf: ({ jobId }) => jobId, list: JSON.stringify(listed) }}
      >
        {({ items }, left) => <JobTable items={items} left={left} now={summary?.asOf ?? ''} />}
      </Listed>
      {decision === null ? null : (
        <DecideSheet
          decision={decision}
          search={search}
          onClose={() => setDecision(null)}
          onDone={(text) => {
            setDone(text);
            setDecision(null);
          }}
        />
      )}
    </>
  );
}

function NoJobs({ search }: { readonly search: JobsSearch }) {
  const { state } = search;
  const isFiltered = state !== undefined || Object.keys(filterOf(search)).length > 0;
  return (
    <Empty title={state === undefined ? 'No matching jobs.' : `No matching jobs are ${state}.`}>
      <p>Jobs that ended are kept for a week, dead ones for 90 days.</p>
      {isFiltered ? (
        <Link to="/jobs" search={inPeriod({})} className={ui.link}>
          Clear the filters
        </Link>
      ) : null}
    </Empty>
  );
}
