import { useQuery } from '@tanstack/react-query';
import { busyWord, useChange } from '../app/change.ts';
import { grouped } from '../ui/decimal.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { Failed, Skeleton } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { type Chosen, countDecided, type Decision, decide, filterOf } from './read.ts';
import { type JobsSearch } from './search.ts';

interface DecideSheetProps {
  readonly decision: Decision;
  readonly search: JobsSearch;
  readonly onClose: () => void;
  /** With what was done, in words. */
  readonly onDone: (text: string) => void;
}

const counted = (count: number) => `${grouped(String(count))} ${count === 1 ? 'job' : 'jobs'}`;

/** All that match, on whatever page they are: how many that is, before it is done. */
export function DecideSheet({ decision, search, onClose, onDone }: DecideSheetProps) {
  const isRetry = decision === 'retry';
  const chosen = chosenOf(decision, search);
  const preview = useQuery({
    queryKey: ['decided', decision, chosen],
    queryFn: ({ signal }) => countDecided(decision, chosen, signal),
    gcTime: 0,
    staleTime: 0,
  });
  const change = useChange({
    write: (expectedCount: number, headers) => decide(decision, { ...chosen, expectedCount }, headers),
    onDone: (count) => onDone(`${counted(count)} ${isRetry ? 'will run again' : 'cancelled'}.`),
    onRefused: () => void preview.refetch(),
  });
  const count = preview.isFetching ? undefined : preview.data;
  const verb = isRetry ? 'Retry' : 'Cancel';
  return (
    <Sheet
      title={`${verb} jobs`}
      onClose={onClose}
      action={
        <button
          type="button"
          className={`${ui.button} ${ui.primary}`}
          disabled={count === undefined || count === 0 || change.state !== 'idle'}
          onClick={() => change.send(count ?? 0)}
        >
          {busyWord(change.state) ?? `${verb} ${count === undefined ? 'jobs' : counted(count)}`}
        </button>
      }
    >
      <p>{wordsOf(search)}</p>
      {preview.isFetching ? <Skeleton rows={2} /> : null}
      {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
      {count === undefined ? null : <p>{consequence(decision, count)}</p>}
      {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
    </Sheet>
  );
}

/** A retry without a state is of what is dead: what somebody cancelled stays so unless it is asked for. */
function chosenOf(decision: Decision, search: JobsSearch): Chosen {
  const state = search.state ?? (decision === 'retry' ? ('dead' as const) : undefined);
  const filter = filterOf(search);
  if (state !== undefined) return { ...filter, state };
  // Every job that waits or runs: there is no job of before.
  return Object.keys(filter).length === 0 ? { from: '2000-01-01T00:00:00Z' } : filter;
}

function consequence(decision: Decision, count: number): string {
  if (count === 0)
    return decision === 'retry'
      ? 'None of them can be retried: only dead and cancelled jobs can, where the same does not wait already.'
      : 'None of them can be cancelled: only what waits or runs can.';
  return decision === 'retry'
    ? `${counted(count)} will run again, with all attempts. Where the same job waits already, that one will do.`
    : `${counted(count)} will be cancelled. What runs is stopped; what it has not committed is not stored.`;
}

/** The filter in words. */
function wordsOf({ q, queue, job, state, from, to }: JobsSearch): string {
  const parts = [
    state === undefined ? 'All jobs' : `Jobs that are ${state}`,
    job === undefined ? '' : `of ${job}`,
    queue === undefined ? '' : `in queue ${queue}`,
    q === undefined ? '' : `with "${q}" in their id or arguments`,
    from === undefined ? '' : `enqueued from ${from} on`,
    to === undefined ? '' : `enqueued before ${to}`,
  ];
  return `${parts.filter((part) => part !== '').join(', ')}, on all pages.`;
}
