import styles from './charts.module.css';
import { linear } from './scale.ts';

interface SparkProps {
  /** The oldest first. */
  readonly values: readonly number[];
  /** Of the same length: what is drawn on top of them, as what went wrong. */
  readonly wrong: readonly number[];
  /** What it shows, in words and figures. */
  readonly label: string;
}

const height = 24;
const width = 120;

/** An hour in bars: a shape beside figures, which say how many. */
export function Spark({ values, wrong, label }: SparkProps) {
  const most = Math.max(1, ...values.map((value, at) => value + (wrong[at] ?? 0)));
  const tall = linear(0, most, 0, height - 2);
  const step = width / Math.max(1, values.length);
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <path d={`M0 ${height - 0.5}H${width}`} className={styles.grid} />
      {values.map((value, at) => {
        const failed = wrong[at] ?? 0;
        if (value === 0 && failed === 0) return null;
        const done = tall(value);
        const lost = tall(failed);
        const place = { x: at * step, width: Math.max(1, step - 0.5) };
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a minute is its place.
          <g key={at}>
            <rect {...place} y={height - 1 - done} height={done} className={styles.small} />
            <rect {...place} y={height - 1 - done - lost} height={lost} className={styles.failed} />
          </g>
        );
      })}
    </svg>
  );
}

interface GaugeProps {
  readonly value: number;
  readonly limit: number;
  readonly label: string;
}

/** How much of a limit is in use. */
export function Gauge({ value, limit, label }: GaugeProps) {
  const full = linear(0, Math.max(1, limit), 0, 46);
  return (
    <svg width="48" height="10" role="img" aria-label={label} className={styles.gauge}>
      <rect x="0.5" y="0.5" width="47" height="9" rx="2" className={styles.gaugeEdge} />
      <rect x="1" y="1" width={Math.min(46, full(value))} height="8" rx="1.5" className={styles.small} />
    </svg>
  );
}
