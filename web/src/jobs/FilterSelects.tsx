import { useNavigate } from '@tanstack/react-router';
import { changed } from '../lists/search.ts';
import own from './jobs.module.css';
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
      <Select label="Queue" value={search.queue} values={queues} onChange={(queue) => set({ queue })} />
      <Select label="Job" value={search.job} values={jobs} onChange={(job) => set({ job })} />
      <Day label="Enqueued from" value={search.from} onChange={(from) => set({ from })} />
      <Day label="before" value={search.to} onChange={(to) => set({ to })} />
    </>
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly values: readonly string[];
  readonly onChange: (value: string | undefined) => void;
}

function Select({ label, value, values, onChange }: SelectProps) {
  // What the address names is there while the others are still read.
  const all = value === undefined || values.includes(value) ? values : [value, ...values];
  return (
    <label className={own.filter}>
      {label}
      <select value={value ?? ''} onChange={({ target }) => onChange(target.value === '' ? undefined : target.value)}>
        <option value="">all</option>
        {all.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({ label, value, onChange }: Omit<SelectProps, 'values'>) {
  return (
    <label className={own.filter}>
      {label}
      <input
        type="date"
        value={value ?? ''}
        onChange={({ target }) => onChange(target.value === '' ? undefined : target.value)}
      />
    </label>
  );
}
