import { Link } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import styles from '../lists/lists.module.css';
import { isNegative, isZero } from '../ui/decimal.ts';
import { Money, Unknown } from '../ui/Figure.tsx';
import type { Group } from './read.ts';
import type { Severity } from './search.ts';

/** How severe: a shape and a colour where somebody has to act, else the word alone. */
export function SeverityMark({ severity }: { readonly severity: Severity }) {
  if (severity === 'low' || severity === 'medium') return <span className={styles.muted}>{severity}</span>;
  return (
    <span className={styles.wrong}>
      <span aria-hidden="true">▲ </span>
      {severity}
    </span>
  );
}

interface MonthlyProps {
  readonly amount: string | null;
  readonly currency: string | null;
}

/** What it adds to a month, or saves. */
export function Monthly({ amount, currency }: MonthlyProps) {
  if (amount === null || currency === null) return <Unknown reason="No list price of it is known." />;
  if (isZero(amount)) return <>–</>;
  return (
    <>
      {isNegative(amount) ? '' : '+'}
      <Money amount={amount} currency={currency} />
    </>
  );
}

/** Of a group: by currency, and that there is more where a price is not known. */
export function GroupMonthly({ monthly, unpriced }: Pick<Group, 'monthly' | 'unpriced'>) {
  const shown = monthly.filter(({ amount }) => !isZero(amount));
  if (shown.length === 0) return unpriced > 0 ? <Unknown reason={`${unpriced} of unknown price`} /> : <>–</>;
  return (
    <span title={unpriced === 0 ? undefined : `${unpriced} of unknown price are not in it`}>
      {unpriced === 0 ? '' : 'at least '}
      {shown.map(({ currency, amount }, at) => (
        <span key={currency}>
          {at === 0 ? '' : ', '}
          <Monthly amount={amount} currency={currency} />
        </span>
      ))}
    </span>
  );
}

/** Whose it is; of no deployment, or of several, in words. */
export function Whose({ deployment }: { readonly deployment: string | null }) {
  if (deployment === null) return <span className={styles.muted}>no single deployment</span>;
  return (
    <Link to="/deployments/$deployment" params={{ deployment }} search={inPeriod({})} className={styles.name}>
      {deployment}
    </Link>
  );
}
