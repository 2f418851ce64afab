import { AlertDialog } from '@base-ui/react/alert-dialog';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Problem } from '../api/client.ts';
import { minutesBetween, presentInstant } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { type Me, resume, signIn, signOut, useSessionState } from './session.ts';

/** For whoever is not signed in. The address stays as it is: the view that was asked for opens afterwards. */
export function SignIn({ refused }: { readonly refused: Problem | null }) {
  return (
    <main className={styles.signIn}>
      <div className={styles.signInCard}>
        <img src="/favicon.svg" width="32" height="32" alt="" />
        <h1>Sign in to arcadia-cloud</h1>
        {refused === null ? null : (
          <p className={styles.error} role="alert">
            {refused.message} {refused.todo}
          </p>
        )}
        <TokenForm />
        <p className={styles.hint}>
          The link that <code>npm start</code> prints signs you in by itself. On the server's machine,{' '}
          <code>arcadia token issue --role viewer</code> makes a token.
        </p>
      </div>
    </main>
  );
}

function TokenForm() {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(token.trim());
      await resume(client);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(String(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)}>
      <label htmlFor="token">Token</label>
      <textarea
        id="token"
        value={token}
        autoComplete="off"
        spellCheck={false}
        required
        onChange={(event) => setToken(event.target.value)}
      />
      {problem === null ? null : (
        <p className={styles.error} role="alert">
          {problem.message} {problem.todo}
        </p>
      )}
      <button type="submit" className={`${ui.button} ${ui.primary}`} disabled={isBusy}>
        {isBusy ? 'Signing in' : 'Sign in'}
      </button>
    </form>
  );
}

/** The address at which a person signs in, and comes back from to this view; null: this server knows none. */
function signInAddress(me: Me): string | null {
  if (me.signInUrl === null) return null;
  const address = new URL(me.signInUrl);
  address.searchParams.set('return', location.pathname + location.search);
  return address.href;
}

/** Over the view, which stays as it was, once the server no longer knows who is asking. */
export function SignedOut({ me }: { readonly me: Me }) {
  const state = useSessionState();
  const address = signInAddress(me);
  return (
    <AlertDialog.Root open={state === 'ended'}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Popup className={styles.dialog}>
          <AlertDialog.Title render={<h2 />}>Signed out</AlertDialog.Title>
          <AlertDialog.Description>
            Your session has ended. This view stays as it is; sign in to go on.
          </AlertDialog.Description>
          {address === null ? null : (
            <a className={`${ui.button} ${ui.primary}`} href={address} target="_blank" rel="noreferrer">
              Sign in in a new tab
            </a>
          )}
          <TokenForm />
          <button type="button" className={ui.button} onClick={() => void signOut()}>
            Leave
          </button>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

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
      <AlertDialog.Root open={isOpen} onOpenChange={setOpen}>
        <AlertDialog.Portal>
          <AlertDialog.Backdrop className={styles.backdrop} />
          <AlertDialog.Popup className={styles.dialog}>
            <AlertDialog.Title render={<h2 />}>Renew your session</AlertDialog.Title>
            <TokenForm />
            <AlertDialog.Close className={ui.button}>Cancel</AlertDialog.Close>
          </AlertDialog.Popup>
        </AlertDialog.Portal>
      </AlertDialog.Root>
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
