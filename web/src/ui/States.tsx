import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Problem } from '../api/client.ts';
import styles from './ui.module.css';

interface StatesProps<Data> {
  readonly query: UseQueryResult<Data, Error>;
  /** How many rows the block has once it is loaded. */
  readonly rows?: number;
  readonly children: (data: Data) => ReactNode;
}

/** A block that is read: while it loads, when it failed, and with what it has. What fails is this block alone. */
export function States<Data>({ query, rows = 4, children }: StatesProps<Data>) {
  const { data, error, isFetching, refetch } = query;
  if (data !== undefined)
    return (
      <div className={isFetching ? styles.refetch : undefined}>
        {error === null ? null : <Failed problem={error} onRetry={() => void refetch()} />}
        {children(data)}
      </div>
    );
  if (error !== null) return <Failed problem={error} onRetry={() => void refetch()} />;
  return <Skeleton rows={rows} />;
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
}

export function Failed({ problem, onRetry }: FailedProps) {
  const { status, todo, requestId } = problem instanceof Problem ? problem : new Problem(problem.message);
  return (
    <div className={`${styles.block} ${styles.failed}`} role="alert">
      <p>
        <strong>{status === 404 ? 'Not found.' : status === 403 ? 'Not allowed.' : 'This could not be read.'}</strong>{' '}
        {problem.message}
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
