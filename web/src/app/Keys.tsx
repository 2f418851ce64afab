import { Dialog } from '@base-ui/react/dialog';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { monthsLater } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import styles from './frame.module.css';
import { live } from './live.ts';
import { useChooseMonth, useMonth } from './Period.tsx';
import type { Place } from './places.ts';
import { nextTheme } from './theme.ts';

const storageKey = 'arcadia.keys';
const togetherMs = 1_500;

function areLettersOff(): boolean {
  try {
    return localStorage.getItem(storageKey) === 'off';
  } catch {
    return false;
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

interface KeysProps {
  readonly places: readonly Place[];
  readonly now: string;
  readonly onLayer: (layer: 'palette' | 'keys') => void;
}

/** Single letters act where no field has the focus and no layer is open, and can be switched off. */
export function Keys({ places, now, onLayer }: KeysProps) {
  const navigate = useNavigate();
  const month = useMonth(now);
  const choose = useChooseMonth(now);
  const goes = useRef(-togetherMs);
  useEffect(() => {
    const letters: Readonly<Record<string, () => void>> = {
      '?': () => onLayer('keys'),
      '/': () => document.querySelector<HTMLInputElement>('main input[type="search"]')?.focus(),
      '[': () => choose(monthsLater(month, -1)),
      ']': () => choose(monthsLater(month, 1)),
      j: () => moveFocus(1),
      k: () => moveFocus(-1),
      e: () => openFigure(),
      l: () => live.toggle(),
      t: nextTheme,
      y: () => void navigator.clipboard?.writeText(location.href),
    };
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        onLayer('palette');
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || areLettersOff()) return;
      if (document.querySelector('[role="dialog"], [role="menu"], [role="alertdialog"]') !== null) return;
      if (performance.now() - goes.current < togetherMs) {
        goes.current = -togetherMs;
        const place = places.find(({ key }) => key === event.key);
        if (place !== undefined) {
          event.preventDefault();
          void navigate({ to: place.to, search: ({ m }) => (m === undefined ? {} : { m }) });
        }
        return;
      }
      if (event.key === 'g') goes.current = performance.now();
      const act = letters[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [places, month, choose, navigate, onLayer]);
  return null;
}

/** To the next row of the view, or the one before. */
function moveFocus(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))];
  next?.querySelector<HTMLElement>('a, button')?.focus();
}

/** The proof of the row that has the focus, else of the first figure. */
function openFigure(): void {
  const row = document.activeElement?.closest('[data-row]') ?? document.querySelector('main');
  row?.querySelector<HTMLElement>('[data-figure]')?.click();
}

const meanings = [
  ['Ctrl K', 'Search, go to a view, or do something'],
  [
    'g then o, u, i, d, c, r, s, v, x, p, j, a, e, h',
    'Overview, Unassigned, Inventory, Deployments, Customers, Rules, Usage, Invoices, Corrections, Plans, Jobs, Accounts, Settings, Audit',
  ],
  ['/', 'To the filter of the view'],
  ['[ and ]', 'The month before and after'],
  ['j and k', 'Next row, row before'],
  ['Enter', 'Open'],
  ['e', 'Where a figure comes from'],
  ['y', 'Copy the link of this view'],
  ['l', 'Pause or resume live changes'],
  ['t', 'Next theme'],
  ['Esc', 'Close'],
] as const;

export function KeysHelp({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const [isOff, setOff] = useState(areLettersOff);
  const change = (isOn: boolean) => {
    setOff(!isOn);
    try {
      if (isOn) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, 'off');
    } catch {
      // Storage is switched off: letters stay on.
    }
  };
  return (
    <Dialog.Root open={open} onOpenChange={(isOpen) => (isOpen ? null : onClose())}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.dialog}>
          <Dialog.Title render={<h2 />}>Keyboard shortcuts</Dialog.Title>
          <dl className={styles.keys}>
            {meanings.map(([keys, meaning]) => (
              <div key={keys} style={{ display: 'contents' }}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
          <label className={styles.check}>
            <input type="checkbox" checked={!isOff} onChange={(event) => change(event.target.checked)} />
            Single letters act
          </label>
          <Dialog.Close className={ui.button}>Close</Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
