import styles from './charts.module.css';
import { linear, toNumber } from './scale.ts';

interface SparkProps {
  /** The earliest first; null: not known. */
  readonly values: readonly (string | null)[];
  readonly label: string;
}

const height = 22;
const step = 9;

/** Amounts month by month beside a figure: above and below nothing. */
export function MonthSpark({ values, label }: SparkProps) {
  const numbers = values.map((value) => (value === null ? 0 : toNumber(value)));
  const y = linear(Math.min(0, ...numbers), Math.max(0, ...numbers), height - 1, 1);
  return (
    <svg width={values.length * step} height={height} role="img" aria-label={label}>
      <path d={`M0 ${y(0)}H${values.length * step}`} className={styles.grid} />
      {numbers.map((value, at) =>
        values[at] === null ? null : (
          <rect
            key={at}
            x={at * step + 1}
            y={Math.min(y(0), y(value))}
            width={step - 3}
            height={Math.max(1, Math.abs(y(value) - y(0)))}
            className={value < 0 ? styles.loss : styles.plain}
          />
        ),
      )}
    </svg>
  );
}
