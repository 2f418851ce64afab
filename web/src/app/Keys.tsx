import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { monthsLater } from '../ui/time.ts';
import type { Layer } from './layer.ts';
import { areLettersOff } from './letters.ts';
import { live } from './live.ts';
import { useChooseMonth, useMonth } from './Period.tsx';
import type { Place } from './places.ts';
import { nextTheme } from './theme.ts';

const togetherMs = 1_500;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

interface KeysProps {
  readonly places: readonly Place[];
  readonly now: string;
  readonly onLayer: (layer: Layer) => void;
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
      if (document.querySelector('[role="dialog"], [role="alertdialog"], :popover-open') !== null) return;
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
