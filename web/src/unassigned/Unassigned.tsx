import { useQueryClient } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { ChosenBar } from '../lists/ChosenBar.tsx';
import styles from '../lists/lists.module.css';
import { Listed, Chip, Csv } from '../lists/parts.tsx';
import { money } from '../ui/decimal.ts';
import { Empty, Failed, States } from '../ui/States.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { AssignSheet } from './AssignSheet.tsx';
import { type Assignment, readSummary, readUnassigned, type Summary, unassign, type UnassignedSearch } from './read.ts';
import { UnassignedTable } from './UnassignedTable.tsx';
import own from './unassigned.module.css';

/** Which money has no customer? */
export function Unassigned() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/unassigned' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const mayAssign = me?.may.includes('assignResources') === true;
  const summary = useRead(['getUnattributedSummary'], readSummary);
  const page = useRead(['listUnattributedResources', search], (signal) => readUnassigned(search, signal), {
    keepsPrevious: true,
  });
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const [isAssigning, setAssigning] = useState(false);
  const [done, setDone] = useState<Assignment | null>(null);
  const group = summary.data?.bySuggestion.find(({ rule }) => rule.deployment === search.suggestion);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{summary.data === undefined ? 'Unassigned' : sentenceOf(summary.data, now)}</h1>
        <Csv path="/unattributed-resources" query={{ suggestion: search.suggestion }} file="unassigned" />
      </header>
      {done === null ? null : <Done assignment={done} onGone={() => setDone(null)} />}
      <States query={summary} rows={1}>
        {(data) => <Groups summary={data} search={search} />}
      </States>
      {group === undefined ? null : <p className={ui.note}>Because {group.reason}.</p>}
      <Listed
        query={page}
        cursor={search.cursor}
        rows={12}
        empty={<NothingUnassigned isFiltered={search.suggestion !== undefined} />}
      >
        {(data) => (
          <UnassignedTable items={data.items} now={now} chosen={chosen} onChoose={mayAssign ? setChosen : null} />
        )}
      </Listed>
      <ChosenBar count={chosen.size} onClear={() => setChosen(new Set())}>
        <button type="button" className={`${ui.button} ${ui.primary}`} onClick={() => setAssigning(true)}>
          Assign
        </button>
      </ChosenBar>
      {isAssigning ? (
        <AssignSheet
          resources={[...chosen]}
          suggested={group?.deploymentExists === true ? (search.suggestion ?? '') : ''}
          onClose={() => setAssigning(false)}
          onDone={(assignment) => {
            setDone(assignment);
            setChosen(new Set());
            setAssigning(false);
          }}
        />
      ) : null}
    </div>
  );
}

/** The first line: how many, what they cost, since when. */
function sentenceOf({ resources, costPerMonth, unpriced, oldest }: Summary, now: string): string {
  if (resources === 0) return 'Everything is assigned.';
  const cost = costPerMonth.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(' and ');
  const parts = [
    `${resources} ${resources === 1 ? 'resource is' : 'resources are'} unassigned`,
    cost === '' ? '' : `about ${cost} a month`,
    unpriced === 0 ? '' : `${unpriced} of unknown price`,
    oldest === null ? '' : `the oldest since ${day(oldest, now)}`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function Groups({ summary, search }: { readonly summary: Summary; readonly search: UnassignedSearch }) {
  const { bySuggestion, unexplained, resources } = summary;
  const costOf = (costs: Summary['costPerMonth']) =>
    costs.map(({ currency, amount }) => `${money(amount)} ${currency}`).join(', ');
  const deployments = [...new Map(bySuggestion.map((one) => [one.rule.deployment ?? '', one]))];
  if (resources === 0) return null;
  return (
    <div className={styles.tools} role="group" aria-label="Suggested owners">
      <Chip name="suggestion" value={undefined} chosen={search.suggestion}>
        All {resources}
      </Chip>
      {deployments.map(([deployment, { resources: count, costPerMonth, deploymentExists }]) => (
        <Chip key={deployment} name="suggestion" value={deployment} chosen={search.suggestion}>
          Looks like {deployment}: {count}
          {costPerMonth.length === 0 ? '' : `, ${costOf(costPerMonth)} a month`}
          {deploymentExists ? '' : ' (no such deployment yet)'}
        </Chip>
      ))}
      {unexplained.resources === 0 ? null : (
        <Chip name="suggestion" value="none" chosen={search.suggestion}>
          No suggestion: {unexplained.resources}
          {unexplained.costPerMonth.length === 0 ? '' : `, ${costOf(unexplained.costPerMonth)} a month`}
        </Chip>
      )}
    </div>
  );
}

/** What was just done, and the way back. */
function Done({ assignment, onGone }: { readonly assignment: Assignment; readonly onGone: () => void }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Error | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { resources, deployment } = assignment;
  const undo = () => {
    setBusy(true);
    unassign(assignment)
      .then(async () => {
        await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'getMe' });
        onGone();
      })
      .catch((error: unknown) => setProblem(error instanceof Error ? error : new Error(String(error))))
      .finally(() => setBusy(false));
  };
  return (
    <div className={own.done} role="status">
      <span>
        {resources.length} {resources.length === 1 ? 'resource' : 'resources'} assigned to{' '}
        <Link to="/deployments/$deployment" params={{ deployment }} className={ui.link}>
          {deployment}
        </Link>
        . Ownership follows within seconds.
      </span>
      <button type="button" className={ui.button} disabled={isBusy} onClick={undo}>
        Undo
      </button>
      <button type="button" className={ui.button} onClick={onGone}>
        Dismiss
      </button>
      {problem === null ? null : <Failed isChange problem={problem} onRetry={undo} />}
    </div>
  );
}

function NothingUnassigned({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="Nothing of this suggestion is left.">
      <Link to="/unassigned" search={{}} className={ui.link}>
        Show all
      </Link>
    </Empty>
  ) : (
    <Empty title="Everything is assigned.">
      <p>What appears and no rule knows is listed here, with what it costs.</p>
    </Empty>
  );
}
