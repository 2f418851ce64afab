import { type ReactNode, useState } from 'react';
import ui from '../ui/ui.module.css';
import styles from './lists.module.css';

interface OnDemandProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** A part of a view that is read once somebody wants to see it. */
export function OnDemand({ title, children }: OnDemandProps) {
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return children;
  return (
    <section className={`${ui.card} ${styles.half}`}>
      <div className={ui.cardBody}>
        <button type="button" className={ui.link} aria-expanded="false" onClick={() => setOpen(true)}>
          Show {title}
        </button>
      </div>
    </section>
  );
}
