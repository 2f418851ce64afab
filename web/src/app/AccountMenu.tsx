import { useRef } from 'react';
import { Icon } from '../ui/icons.tsx';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import type { Layer } from './layer.ts';
import { type Me, signOut } from './session.ts';
import { setTheme, useTheme } from './theme.ts';

const themes = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['system', 'As the system'],
] as const;

interface AccountMenuProps {
  readonly me: Me;
  readonly onLayer: (layer: Layer) => void;
}

/** Who is signed in, and what concerns them alone. The browser itself opens and closes it. */
export function AccountMenu({ me, onLayer }: AccountMenuProps) {
  const theme = useTheme();
  const menu = useRef<HTMLDivElement>(null);
  const open = (layer: Layer) => {
    menu.current?.hidePopover();
    onLayer(layer);
  };
  return (
    <>
      <button type="button" className={ui.icon} aria-label="Account" popoverTarget="account">
        <Icon name="person" />
      </button>
      <div ref={menu} id="account" popover="auto" role="group" aria-label="Account" className={styles.popup}>
        <div className={styles.who}>
          <strong>{me.subject}</strong>
          {me.role}
          {me.customer === null ? '' : `, ${me.customer.name}`}
        </div>
        <fieldset className={styles.themes}>
          <legend>Theme</legend>
          {themes.map(([value, label]) => (
            <label key={value} className={styles.item}>
              <input type="radio" name="theme" checked={theme === value} onChange={() => setTheme(value)} />
              {label}
            </label>
          ))}
        </fieldset>
        {me.role === 'customer' ? null : (
          <button type="button" className={styles.item} onClick={() => open('who')}>
            Who sees this view
          </button>
        )}
        <button type="button" className={styles.item} onClick={() => open('keys')}>
          Keyboard shortcuts
        </button>
        <a className={styles.item} href="/api/v1/docs">
          API reference
        </a>
        <button type="button" className={styles.item} onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </>
  );
}
