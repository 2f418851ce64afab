import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Problem } from '../api/client.ts';
import styles from './ui.module.css';

interface StatesProps<Data> {
  readonly query: UseQueryResult<Data, Error>;
  /** How many rows the block has once it is loaded. */
  readonly rows?: number;
  /** Of a view that has its own only once it is read. */
  readonly title?: string;
  readonly children: (data: Data) => ReactNode;
}

/** A block that is read: while it loads, when it failed, and with what it has. What fails is this block alone. */
export function States<Data>({ query, rows = 4, title, children }: StatesProps<Data>) {
  const { data, error, isFetching, refetch } = query;
  if (data !== undefined)
    return (
      <div className={isFetching ? styles.refetch : undefined}>
        {error === null ? null : <Failed problem={error} onRetry={() => void refetch()} />}
        {children(data)}
      </div>
    );
  return (
    <>
      {title === undefined ? null : <h1 tabIndex={-1}>{title}</h1>}
      {error === null ? <Skeleton rows={rows} /> : <Failed problem={error} onRetry={() => void refetch()} />}
    </>
  );
}

export function Skeleton({ rows }: { readonly rows: number }) {
  return (
    <div className={styles.skeleton} aria-busy="true">
      <p className="visually-hidden">Loading</p>
      {Array.from({ length: rows }, (_, at) => (
        <span key={at} />
      ))}
    </div>
  );
}

interface FailedProps {
  readonly problem: Error;
  readonly onRetry: () => void;
  /** Something was to be changed, not read. */
  readonly isChange?: boolean;
}

export function Failed({ problem, onRetry, isChange = false }: FailedProps) {
  const { status, todo, requestId } = problem instanceof Problem ? problem : new Problem(problem.message);
  return (
    <div className={`${styles.block} ${styles.failed}`} role="alert">
      <p>
        <strong>{failedText(status, isChange)}</strong> {problem.message}
      </p>
      {todo === null ? null : <p>{todo}</p>}
      {requestId === null ? null : (
        <p className={styles.note}>
          Request <span className={styles.mono}>{requestId}</span>
        </p>
      )}
      {status === 404 || status === 403 ? null : (
        <button type="button" className={styles.button} onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

function failedText(status: number, isChange: boolean): string {
  if (status === 404) return 'Not found.';
  if (status === 403) return 'Not allowed.';
  return isChange ? 'This was not done.' : 'This could not be read.';
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div className={styles.block}>
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Above content that is not all there, or not of now. */
export function Band({ children }: { readonly children: ReactNode }) {
  return <div className={styles.band}>{children}</div>;
}
