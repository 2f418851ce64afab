import type { UseQueryResult } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { inPeriod } from '../app/address.ts';
import { useChange } from '../app/change.ts';
import styles from '../lists/lists.module.css';
import { Csv } from '../lists/parts.tsx';
import { listQuery } from '../lists/search.ts';
import { Act } from '../ui/Act.tsx';
import { Band, Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { CoverageTable } from './CoverageTable.tsx';
import { Declarations } from './Declarations.tsx';
import { Each } from './Each.tsx';
import { Filters } from './Filters.tsx';
import { GroupTable } from './GroupTable.tsx';
import { type Coverage, filterOf, sweep, useCoverage, useFindings, useGroups } from './read.ts';
import { RuleList } from './RuleList.tsx';
import type { DriftSearch, Sort, Tab } from './search.ts';
import { reasonText, sentenceOf, unseenText } from './words.ts';

const tabWords: readonly (readonly [Tab | undefined, string])[] = [
  [undefined, 'By deployment'],
  ['each', 'One by one'],
  ['coverage', 'Not seen'],
  ['declarations', 'Declarations'],
  ['rules', 'What counts'],
];

/** What differs from what should be there, since when, and what does it cost? */
export function Drift() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/drift' });
  return (
    <div className={styles.page}>
      <Head search={search} />
      <div className={styles.tools} role="group" aria-label="What is listed">
        {tabWords.map(([tab, text]) => (
          <Link
            key={text}
            to="/drift"
            search={({ m }) => ({ ...(m === undefined ? {} : { m }), ...(tab === undefined ? {} : { tab }) })}
            className={styles.chip}
            data-chosen={tab === search.tab}
            aria-current={tab === search.tab ? 'true' : 'false'}
          >
            {text}
          </Link>
        ))}
      </div>
      <Part search={search} />
    </div>
  );
}

function Part({ search }: { readonly search: DriftSearch }) {
  switch (search.tab) {
    case undefined:
      return <Groups search={search} />;
    case 'each':
      return <Each search={search} />;
    case 'coverage':
      return <CoverageTable cursor={search.cursor} />;
    case 'declarations':
      return <Declarations search={search} />;
    case 'rules':
      return <RuleList search={search} />;
  }
}

/** The first line is of what is chosen, by whichever list it is shown; by that of other things it is of all. */
function useCompared(search: DriftSearch) {
  const isEach = search.tab === 'each';
  const groups = useGroups(search.tab === undefined ? search : {}, !isEach);
  const findings = useFindings(search, isEach);
  return isEach ? findings : groups;
}

function Head({ search }: { readonly search: DriftSearch }) {
  const { tab } = search;
  const compared = useCompared(search);
  const isOfFindings = tab === undefined || tab === 'each';
  const sweptAt = compared.data?.sweptAt ?? null;
  // That nothing differs is said with what was seen, which lists of declarations and of rules do not read.
  const isNone = compared.data?.totals.findings === 0 && sweptAt !== null;
  const coverage = useCoverage(undefined, tab === undefined || tab === 'coverage' || (isNone && tab === 'each'));
  const isKnown = compared.data !== undefined && !(isNone && coverage.data === undefined);
  // What the list below reads, it says itself.
  const own: readonly UseQueryResult<unknown, Error>[] = [
    ...(isOfFindings ? [] : [compared]),
    ...(tab === 'coverage' ? [] : [coverage]),
  ];
  const unread = own.flatMap(({ data, error, refetch }) =>
    data === undefined && error !== null ? [{ error, refetch }] : [],
  )[0];
  // What is queued is said until what is read was compared later.
  const [queuedAt, setQueuedAt] = useState<string | null>(null);
  const change = useChange({ write: (_: null, headers) => sweep(headers), onDone: () => setQueuedAt(sweptAt) });
  const job = sweptAt === queuedAt ? (change.answer?.job ?? null) : null;
  return (
    <>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>
            {isKnown
              ? sentenceOf(compared.data, isOfFindings ? search : {}, coverage.data?.items.length !== 0)
              : 'Unexpected changes'}
          </h1>
          <p className={ui.note}>
            What differs from a declaration, and what is exposed, unprotected, idle or left behind. At list price.
          </p>
        </div>
        <div className={styles.tools}>
          <Act operation="sweepDrift" needs="operator" isBusy={change.state !== 'idle'} onAct={() => change.send(null)}>
            Compare now
          </Act>
          {isOfFindings ? <FindingsCsv search={search} /> : null}
        </div>
      </header>
      {unread === undefined ? null : <Failed problem={unread.error} onRetry={() => void unread.refetch()} />}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={() => change.send(null)} />}
      {job === null ? null : (
        <p className={ui.note} role="status">
          Comparison queued.{' '}
          <Link to="/jobs" search={inPeriod({ job })} className={ui.link}>
            Show the job
          </Link>
        </p>
      )}
    </>
  );
}

function FindingsCsv({ search }: { readonly search: DriftSearch }) {
  const { category, state, ...query } = filterOf(search);
  const isEach = search.tab === 'each';
  const { sort, order } = isEach ? listQuery<Sort>(search) : {};
  return (
    <Csv
      path={isEach ? '/drift' : '/drift/groups'}
      query={{ ...query, category: category?.[0], state: state?.[0], sort, order }}
      file={isEach ? 'unexpected-changes' : 'unexpected-changes-by-deployment'}
    />
  );
}

function Groups({ search }: { readonly search: DriftSearch }) {
  const groups = useGroups(search, true);
  const coverage = useCoverage(undefined);
  return (
    <>
      <Filters search={search} />
      {coverage.data === undefined ? null : <NotSeenBand coverage={coverage.data} />}
      <GroupTable query={groups} search={search} isBlind={coverage.data?.items.length !== 0} />
    </>
  );
}

/** What is not seen is not compared: it is said above what was found. */
function NotSeenBand({ coverage: { items, total } }: { readonly coverage: Coverage }) {
  const [first] = items;
  if (first === undefined) return null;
  const others = total === undefined || total < 2 ? '' : ` And ${total - 1} more.`;
  return (
    <Band>
      <span>
        Not seen, so not compared: {unseenText(first)} in {first.account}, {reasonText(first.reason)}.{others}
      </span>
      <Link to="/drift" search={inPeriod({ tab: 'coverage' as const })}>
        Show
      </Link>
    </Band>
  );
}
