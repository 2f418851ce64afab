import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import styles from '../lists/lists.module.css';
import { Act } from '../ui/Act.tsx';
import { States } from '../ui/States.tsx';
import { exactMoment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './accounts.module.css';
import { type AccountRow, checkToken, type TokenCheck } from './read.ts';
import { hiddenText, kindName } from './words.ts';

/** What the token may not read and what that hides, as it was last checked; or asked of the provider now. */
export function TokenCard({ row: { account, token } }: { readonly row: AccountRow; readonly now: string }) {
  const [isAsked, setAsked] = useState(false);
  const check = useQuery({
    queryKey: ['checkToken', account],
    queryFn: ({ signal }) => checkToken(account, signal),
    // Only when somebody asks: each time takes some twenty of the account's requests.
    enabled: false,
    retry: false,
    gcTime: 0,
  });
  const ask = () => {
    setAsked(true);
    void check.refetch();
  };
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="token">
      <div className={ui.cardHead}>
        <h2 id="token">Token</h2>
        <Act operation="checkAccount" needs="operator" isBusy={check.isFetching} onAct={ask}>
          {check.isFetching ? 'Asking the provider' : 'Check the token now'}
        </Act>
      </div>
      <div className={ui.cardBody}>
        {isAsked ? (
          <States query={check} rows={6}>
            {(found) => <Checked found={found} />}
          </States>
        ) : token === null ? (
          <p className={styles.muted}>Not checked yet. It is checked once a day, with the sizes.</p>
        ) : (
          <>
            <p>
              {token.missing.length === 0
                ? 'No scope is missing'
                : `${token.missing.length} ${token.missing.length === 1 ? 'scope is' : 'scopes are'} missing`}
              , checked {exactMoment(token.checkedAt)}.
            </p>
            <ul className={own.scopes}>
              {token.missing.map(({ scope, money, others }) => (
                <Missing key={scope} scope={scope} hides={[...money.map(hiddenText), ...others]} />
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}

function Checked({ found: { name, scopes, unlisted } }: { readonly found: TokenCheck }) {
  const missing = scopes.filter(({ granted }) => granted !== 'yes');
  return (
    <>
      <p role="status">
        The token answers as {name}.{' '}
        {missing.length === 0
          ? `All ${scopes.length} scopes are granted.`
          : `${missing.length} of ${scopes.length} scopes are missing.`}
      </p>
      <ul className={own.scopes}>
        {missing.map(({ scope, granted, money, others }) => (
          <Missing
            key={scope}
            scope={granted === 'no' ? scope : `${scope} (${granted})`}
            hides={[...money.map(hiddenText), ...others]}
          />
        ))}
      </ul>
      {unlisted.map(({ kind, hidden, urns }) => (
        <p key={kind}>
          In projects and in no listing: {hidden} {kindName(kind)} <span className={ui.mono}>{urns.join(', ')}</span>
        </p>
      ))}
    </>
  );
}

function Missing({ scope, hides }: { readonly scope: string; readonly hides: readonly string[] }) {
  return (
    <li>
      <span className={styles.wrong}>
        <span aria-hidden="true">▲ </span>
        {scope}
      </span>
      <ul className={own.hides}>
        {hides.length === 0 ? <li>hides nothing</li> : hides.map((each) => <li key={each}>{each}</li>)}
      </ul>
    </li>
  );
}
