import { isNegative, isZero } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import styles from '../lists/lists.module.css';
import type { Proposal, Rollout } from './read.ts';
import { proposalWords, rolloutWords } from './words.ts';

interface MoreProps {
  readonly amount: string | null;
  readonly currency: string | null;
  /** Why there is no amount. */
  readonly none: string;
}

/** What it adds to a month, or saves. */
export function More({ amount, currency, none }: MoreProps) {
  if (amount === null || currency === null) return <span className={styles.muted}>{none}</span>;
  return (
    <>
      {isNegative(amount) || isZero(amount) ? '' : '+'}
      <Money amount={amount} currency={currency} />
    </>
  );
}

/** A shape and a colour where a person has to act, else the word alone. */
function Mark({ isWrong, children }: { readonly isWrong: boolean; readonly children: string }) {
  if (!isWrong) return <>{children}</>;
  return (
    <span className={styles.wrong}>
      <span aria-hidden="true">▲ </span>
      {children}
    </span>
  );
}

export function ProposalState({ state }: Pick<Proposal, 'state'>) {
  return <Mark isWrong={state === 'blocked'}>{proposalWords[state]}</Mark>;
}

export function RolloutState({ state }: Pick<Rollout, 'state'>) {
  return <Mark isWrong={state === 'held' || state === 'failed'}>{rolloutWords[state]}</Mark>;
}

/** Of a step. */
export function StepState({ isWrong, text }: { readonly isWrong: boolean; readonly text: string }) {
  return <Mark isWrong={isWrong}>{text}</Mark>;
}
