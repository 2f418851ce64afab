import { Menu } from '@base-ui/react/menu';
import { useNavigate, useSearch } from '@tanstack/react-router';
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
  const months = Array.from({ length: 13 }, (_, at) => monthsLater(present, -at));
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
      <Menu.Root modal={false}>
        <Menu.Trigger>{month === present ? 'This month' : monthName(month)}</Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner className={styles.positioner} align="start" sideOffset={6}>
            <Menu.Popup className={styles.popup}>
              <Menu.RadioGroup value={month} onValueChange={(value: string) => choose(value)}>
                {months.map((each) => (
                  <Menu.RadioItem key={each} value={each} closeOnClick className={styles.item}>
                    {monthName(each)}
                    {each === present ? <span className={styles.hint}>this month</span> : null}
                  </Menu.RadioItem>
                ))}
              </Menu.RadioGroup>
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
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
