import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { isNegative, money, quantity, unitOf } from './decimal.ts';
import styles from './ui.module.css';

interface FigureProps {
  /** The proof that it opens, as `?why=` names it; null: there is none. */
  readonly why: string | null;
  readonly children: ReactNode;
  /** The exact digits, where the screen shows fewer. */
  readonly exact?: string | undefined;
}

/** A figure that opens to its proof. */
export function Figure({ why, children, exact }: FigureProps) {
  const navigate = useNavigate();
  const isChanged = useChanged(exact);
  const className = isChanged ? styles.changed : undefined;
  if (why === null)
    return (
      <span className={className} title={exact}>
        {children}
      </span>
    );
  return (
    <button
      type="button"
      className={`${styles.figure} ${className ?? ''}`}
      title={exact}
      data-figure=""
      onClick={() => void navigate({ to: '.', search: (before) => ({ ...before, why }) })}
    >
      {children}
    </button>
  );
}

/** For a second, whether the value is another than it was. */
function useChanged(value: string | undefined): boolean {
  const before = useRef(value);
  const [isChanged, setChanged] = useState(false);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    setChanged(true);
    const timer = setTimeout(() => setChanged(false), 1_000);
    return () => clearTimeout(timer);
  }, [value]);
  return isChanged;
}

interface MoneyProps {
  /** As the API has it; null: not known. */
  readonly amount: string | null;
  /** Where the column or title does not say it. */
  readonly currency?: string;
  readonly why?: string | null;
  /** Why it is not known. */
  readonly reason?: string | null;
}

export function Money({ amount, currency, why = null, reason }: MoneyProps) {
  if (amount === null) return <Unknown reason={reason ?? 'not known yet'} />;
  return (
    <Figure why={why} exact={amount}>
      <span className={isNegative(amount) ? styles.negative : undefined}>{money(amount)}</span>
      {currency === undefined ? null : <span className={styles.unit}> {currency}</span>}
    </Figure>
  );
}

interface QuantityProps {
  readonly amount: string;
  readonly unit?: string;
  readonly why?: string | null;
}

export function Quantity({ amount, unit, why = null }: QuantityProps) {
  return (
    <Figure why={why} exact={amount}>
      {quantity(amount)}
      {unit === undefined ? null : <span className={styles.unit}> {unitOf(unit, amount)}</span>}
    </Figure>
  );
}

/** Not known, which is not nothing. */
export function Unknown({ reason }: { readonly reason: string }) {
  return (
    <span className={styles.unknown} title={reason}>
      ?<span className="visually-hidden"> ({reason})</span>
    </span>
  );
}
