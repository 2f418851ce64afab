import { Link, useSearch } from '@tanstack/react-router';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Alerts } from './Alerts.tsx';
import { Limits } from './Limits.tsx';
import { Meters } from './Meters.tsx';
import { needs, type SettingsSearch, type Tab, tabs } from './search.ts';
import { Sellers } from './Sellers.tsx';
import { Tax } from './Tax.tsx';
import { Tokens } from './Tokens.tsx';

const words: Readonly<Record<Tab, string>> = {
  meters: 'Meters',
  limits: 'Limits',
  sellers: 'Sellers',
  tax: 'Tax',
  alerts: 'Alerts',
  tokens: 'Tokens',
};

const sentences: Readonly<Record<Tab, string>> = {
  meters: 'What is metered, and how, from which day on.',
  limits: 'How long usage goes on without being seen.',
  sellers: 'Who bills, and how its documents look.',
  tax: 'At which rates invoices are taxed, from which day on.',
  alerts: 'Which thresholds are watched before a month ends.',
  tokens: 'Who may come in, and which tokens are refused.',
};

/** How it is set up: meters, limits, sellers, tax, alerts, tokens. Each is dated where money depends on it. */
export function Settings() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/settings' });
  const { data: me } = useMe();
  const tab = search.tab ?? 'meters';
  const shown = tabs.filter((each) => me?.may.includes(needs[each]) ?? false);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{sentences[tab]}</h1>
      </header>
      <div className={styles.tools} role="group" aria-label="Settings">
        {shown.map((each) => (
          <Link
            key={each}
            to="/settings"
            search={({ m }) => ({ ...(m === undefined ? {} : { m }), ...(each === 'meters' ? {} : { tab: each }) })}
            className={styles.chip}
            data-chosen={each === tab}
            aria-current={each === tab ? 'true' : 'false'}
          >
            {words[each]}
          </Link>
        ))}
      </div>
      <Part tab={tab} search={search} />
    </div>
  );
}

function Part({ tab, search }: { readonly tab: Tab; readonly search: SettingsSearch }) {
  switch (tab) {
    case 'meters':
      return <Meters search={search} />;
    case 'limits':
      return <Limits />;
    case 'sellers':
      return <Sellers search={search} />;
    case 'tax':
      return <Tax search={search} />;
    case 'alerts':
      return <Alerts search={search} />;
    case 'tokens':
      return <Tokens search={search} />;
  }
}
