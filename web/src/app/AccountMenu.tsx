import { Menu } from '@base-ui/react/menu';
import { Icon } from '../ui/icons.tsx';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { type Me, signOut } from './session.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';

const themes = [
  ['light', 'Light'],
  ['dark', 'Dark'],
  ['system', 'As the system'],
] as const;

export function AccountMenu({ me, onHelp }: { readonly me: Me; readonly onHelp: () => void }) {
  const theme = useTheme();
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className={ui.icon} aria-label="Account">
        <Icon name="person" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner className={styles.positioner} align="end" sideOffset={6}>
          <Menu.Popup className={styles.popup}>
            <div className={styles.who}>
              <strong>{me.subject}</strong>
              {me.role}
              {me.customer === null ? '' : `, ${me.customer.name}`}
            </div>
            <div className={styles.separator} />
            <Menu.RadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
              <Menu.GroupLabel className={styles.groupLabel}>Theme</Menu.GroupLabel>
              {themes.map(([value, label]) => (
                <Menu.RadioItem key={value} value={value} className={styles.item}>
                  {label}
                  {theme === value ? <span aria-hidden="true">✓</span> : null}
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <div className={styles.separator} />
            <Menu.Item className={styles.item} onClick={onHelp}>
              Keyboard shortcuts <span aria-hidden="true">?</span>
            </Menu.Item>
            <Menu.LinkItem className={styles.item} href="/api/v1/docs">
              API reference
            </Menu.LinkItem>
            <Menu.Item className={styles.item} onClick={() => void signOut()}>
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
