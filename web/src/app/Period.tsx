import { useNavigate, useSearch } from '@tanstack/react-router';
import { useRef } from 'react';
import { Icon } from '../ui/icons.tsx';
import { month as monthName, monthOf, monthsLater } from '../ui/time.ts';
import styles from './frame.module.css';

const monthsBack = 24;

/** The month that the view is of. */
export function useMonth(now: string): string {
  return useSearch({ strict: false, select: ({ m }: { m?: string }) => m ?? monthOf(now) });
}

/** Chooses a month; the present one leaves the address as it is. */
export function useChooseMonth(now: string): (month: string) => void {
  const navigate = useNavigate();
  const present = monthOf(now);
  return (month) => {
    if (month > present || month < monthsLater(present, -monthsBack)) return;
    void navigate({
      to: '.',
      search: ({ m: _before, ...rest }) => (month === present ? rest : { ...rest, m: month }),
    });
  };
}

/** One control for the time of every view, which goes along from view to view in the address. */
export function Period({ now }: { readonly now: string }) {
  const present = monthOf(now);
  const month = useMonth(now);
  const choose = useChooseMonth(now);
  const isByPointer = useRef(false);
  const recent = Array.from({ length: 13 }, (_, at) => monthsLater(present, -at));
  const months = recent.includes(month) ? recent : [...recent, month];
  return (
    <div className={styles.period} role="group" aria-label="Period">
      <button
        type="button"
        aria-label="The month before"
        aria-keyshortcuts="["
        onClick={() => choose(monthsLater(month, -1))}
      >
        <Icon name="chevronLeft" />
      </button>
      <select
        aria-label="Month of the view"
        value={month}
        onPointerDown={() => (isByPointer.current = true)}
        onKeyDown={() => (isByPointer.current = false)}
        onChange={({ target }) => {
          choose(target.value);
          // Whoever chose by the keyboard goes on there; else the letters act again.
          if (isByPointer.current) target.blur();
        }}
      >
        {months.map((each) => (
          <option key={each} value={each}>
            {each === present ? 'This month' : monthName(each)}
          </option>
        ))}
      </select>
      <button
        type="button"
        aria-label="The month after"
        aria-keyshortcuts="]"
        disabled={month >= present}
        onClick={() => choose(monthsLater(month, 1))}
      >
        <Icon name="chevronRight" />
      </button>
    </div>
  );
}
