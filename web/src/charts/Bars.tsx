import { quantity } from '../ui/decimal.ts';
import { day as dayText } from '../ui/time.ts';
import styles from './charts.module.css';
import { linear, toNumber } from './scale.ts';

interface BarsProps {
  /** From the first day of the month on; null: nothing was metered. */
  readonly values: readonly (string | null)[];
  readonly label: string;
  readonly month: string;
  readonly now: string;
}

const height = 22;
const step = 6;

/** Days of a month beside a figure. */
export function Bars({ values, label, month, now }: BarsProps) {
  const numbers = values.map((value) => (value === null ? 0 : toNumber(value)));
  const y = linear(0, Math.max(...numbers, 0), 0, height - 1);
  const dayAt = (at: number) => dayText(`${month}-${String(at + 1).padStart(2, '0')}`, now);
  return (
    <svg width={values.length * step} height={height} role="img" aria-label={label}>
      <path d={`M0 ${height - 0.5}H${values.length * step}`} className={styles.grid} />
      {values.map((value, at) => {
        if (value === null) return null;
        const tall = Math.max(0.5, y(numbers[at] ?? 0));
        return (
          <rect
            key={dayAt(at)}
            x={at * step + 0.5}
            y={height - tall}
            width={step - 2}
            height={tall}
            className={styles.small}
          >
            <title>{`${dayAt(at)}: ${quantity(value)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
