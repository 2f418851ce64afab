import type { ReactNode } from 'react';
import ui from '../ui/ui.module.css';
import styles from './lists.module.css';

interface ChosenBarProps {
  readonly count: number;
  readonly onClear: () => void;
  /** What can be done with what is chosen. */
  readonly children: ReactNode;
}

/** At the foot of a list, while rows of it are chosen. */
export function ChosenBar({ count, onClear, children }: ChosenBarProps) {
  if (count === 0) return null;
  return (
    <div className={styles.bar} role="status">
      <span>{count} chosen</span>
      <button type="button" className={ui.button} onClick={onClear}>
        Clear
      </button>
      {children}
    </div>
  );
}
