import type { ReactNode } from 'react';
import { Problem } from '../api/client.ts';
import { Failed } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import own from './provisioning.module.css';

interface RefusedProps {
  readonly problem: Error;
  readonly onRetry: () => void;
  /** What is done where it is no longer what was proposed. */
  readonly again?: ReactNode;
}

/** By now it would say something else, or it is closed: sent again it is refused again. */
const superseded: readonly string[] = ['proposal_stale', 'proposal_closed', 'proposal_blocked'];

/** What was refused, place by place, and what to do about it. */
export function Refused({ problem, onRetry, again }: RefusedProps) {
  if (!(problem instanceof Problem)) return <Failed isChange problem={problem} onRetry={onRetry} />;
  const { code, errors, todo, message } = problem;
  if (superseded.includes(code))
    return (
      <div className={`${ui.block} ${ui.failed}`} role="alert">
        <p>
          <strong>This was not done.</strong> {message}
        </p>
        {todo === null ? null : <p>{todo}</p>}
        {again}
      </div>
    );
  return (
    <>
      <Failed isChange problem={problem} onRetry={onRetry} />
      {errors.length === 0 ? null : (
        <ul className={own.list}>
          {errors.map(({ pointer, detail }) => (
            <li key={`${pointer} ${detail}`}>
              {pointer}: {detail}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
