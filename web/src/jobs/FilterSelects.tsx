import { useNavigate } from '@tanstack/react-router';
import styles from '../lists/lists.module.css';
import { FilterSelect } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import type { Summary } from './read.ts';
import type { JobsSearch } from './search.ts';

interface FilterSelectsProps {
  readonly search: JobsSearch;
  readonly summary: Summary | undefined;
}

/** By queue, by kind of job, and by when it was enqueued. */
export function FilterSelects({ search, summary }: FilterSelectsProps) {
  const navigate = useNavigate();
  const set = (values: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: changed(values) as never });
  const queues = summary?.queues.map(({ queue }) => queue) ?? [];
  const jobs = summary?.jobs.map(({ job }) => job).toSorted() ?? [];
  return (
    <>
      <FilterSelect
        label="Queue"
        name="queue"
        value={search.queue}
        values={queues.map((each) => [each, each] as const)}
      />
      <FilterSelect label="Job" name="job" value={search.job} values={jobs.map((each) => [each, each] as const)} />
      <Day label="Enqueued from" value={search.from} onChange={(from) => set({ from })} />
      <Day label="before" value={search.to} onChange={(to) => set({ to })} />
    </>
  );
}

interface DayProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}

function Day({ label, value, onChange }: DayProps) {
  return (
    <label className={styles.filter}>
      {label}
      <input
        type="date"
        value={value ?? ''}
        onChange={({ target }) => onChange(target.value === '' ? undefined : target.value)}
      />
    </label>
  );
}
