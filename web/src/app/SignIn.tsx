import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Problem } from '../api/client.ts';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { resume, signIn } from './session.ts';

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

export function TokenForm() {
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
