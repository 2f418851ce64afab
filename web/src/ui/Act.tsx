import type { ReactNode } from 'react';
import { useMe } from '../app/session.ts';
import ui from './ui.module.css';

interface ActProps {
  /** The operation that it calls. */
  readonly operation: string;
  /** Who may, in a word: `operator`. */
  readonly needs: string;
  /** Of what only owners do here, whoever else may call the operation. */
  readonly isOwners?: boolean;
  readonly onAct: () => void;
  readonly isPrimary?: boolean;
  readonly isBusy?: boolean;
  /** Where several buttons say the same. */
  readonly label?: string | undefined;
  readonly children: ReactNode;
}

/** A button that does something; disabled, with who may, for whoever may not. */
export function Act({
  operation,
  needs,
  isOwners = false,
  onAct,
  isPrimary = false,
  isBusy = false,
  label,
  children,
}: ActProps) {
  const { data: me } = useMe();
  const may = me !== undefined && me.may.includes(operation) && (!isOwners || me.role === 'owner');
  return (
    <button
      type="button"
      className={isPrimary ? `${ui.button} ${ui.primary}` : ui.button}
      disabled={!may || isBusy}
      title={may ? undefined : `Needs ${needs}`}
      aria-label={label}
      onClick={onAct}
    >
      {children}
      {may ? null : <span className="visually-hidden">, needs {needs}</span>}
    </button>
  );
}
