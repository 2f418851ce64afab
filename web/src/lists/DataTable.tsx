import type { ReactNode } from 'react';
import styles from './lists.module.css';

interface DataTableProps {
  /** What its rows are: `Tax rates`. */
  readonly label: string;
  /** On a phone each row is a card. */
  readonly isCards?: boolean;
  /** Beside what all tables have. */
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A table that scrolls within itself, by the keyboard too. */
export function DataTable({ label, isCards = false, className = '', children }: DataTableProps) {
  return (
    <div
      className={isCards ? `${styles.scroll} ${styles.cardList}` : styles.scroll}
      role="region"
      aria-label={`${label}, as a table`}
      tabIndex={0}
    >
      <table className={`${styles.table} ${className}`}>{children}</table>
    </div>
  );
}
