import { lazy, Suspense, useEffect, useState } from 'react';
import { minutesBetween, presentInstant } from '../ui/time.ts';
import { Boundary } from './Boundary.tsx';
import styles from './frame.module.css';
import { type Me, signInAddress } from './session.ts';

const Renew = lazy(() => import('./Renew.tsx'));

const saysBeforeMinutes = 5;

/** A few minutes before the session ends, how to renew it. */
export function ExpiryBar({ me }: { readonly me: Me }) {
  const [isOpen, setOpen] = useState(false);
  const { expiresAt } = me;
  const isNear = useIsNear(expiresAt);
  if (!isNear || expiresAt === null) return null;
  const address = signInAddress(me);
  return (
    <div className={styles.bar} role="status">
      Your session ends at {expiresAt.slice(11, 16)} UTC.
      {address === null ? (
        <button type="button" className={styles.barLink} onClick={() => setOpen(true)}>
          Renew
        </button>
      ) : (
        <a className={styles.barLink} href={address} target="_blank" rel="noreferrer">
          Renew
        </a>
      )}
      {isOpen ? (
        <Boundary onClose={() => setOpen(false)}>
          <Suspense fallback={null}>
            <Renew onClose={() => setOpen(false)} />
          </Suspense>
        </Boundary>
      ) : null}
    </div>
  );
}

/** By real time, which a session ends by, whatever time the accounts have. */
function useIsNear(expiresAt: string | null): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const look = () => setNear(expiresAt !== null && minutesBetween(presentInstant(), expiresAt) < saysBeforeMinutes);
    look();
    const timer = setInterval(look, 15_000);
    return () => clearInterval(timer);
  }, [expiresAt]);
  return isNear;
}
