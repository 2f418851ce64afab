import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { isEqual, quantity, sum, unitOf } from '../ui/decimal.ts';
import styles from './proof.module.css';

interface RungProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** A step of a proof. */
export function Rung({ title, children }: RungProps) {
  return (
    <section className={styles.rung}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface AddsUpProps {
  readonly parts: readonly string[];
  readonly total: string;
  readonly unit: string;
}

/** The foot of a list of parts: whether they are the whole, exactly. */
export function AddsUp({ parts, total, unit }: AddsUpProps) {
  const found = sum(parts);
  const difference = sum([total, found.startsWith('-') ? found.slice(1) : `-${found}`]);
  return (
    <p className={isEqual(found, total) ? styles.addsUp : styles.doesNot}>
      {isEqual(found, total)
        ? `✓ adds up to ${quantity(total)} ${unitOf(unit, total)}`
        : `${quantity(found)} of ${quantity(total)} ${unitOf(unit, total)}: ${quantity(difference)} are not among these`}
    </p>
  );
}

/** To another proof, of a part of this one. */
export function Deeper({ why, children }: { readonly why: string; readonly children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <button
      type="button"
      className={styles.deeper}
      onClick={() => void navigate({ to: '.', search: (before) => ({ ...before, why }) })}
    >
      {children}
    </button>
  );
}
