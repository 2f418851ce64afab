import styles from './charts.module.css';
import { linear, tickLabel, ticksTo } from './scale.ts';

export const margin = { top: 12, right: 12, bottom: 24, left: 44 };

/** The frame of a curve over the days of a month: places of days and values, and what is written beside them. */
export interface MonthAxes {
  /** From days of the month, the first beginning at 0. */
  readonly x: (day: number) => number;
  readonly y: (value: number) => number;
  readonly width: number;
  readonly height: number;
  readonly ticks: readonly number[];
  readonly days: readonly number[];
}

const ticksShown = 4;

export function monthAxes(days: number, most: number, width: number, height: number): MonthAxes {
  const ticks = ticksTo(Math.max(0, most), ticksShown);
  const step = width < 420 ? 7 : width < 720 ? 4 : 2;
  return {
    x: linear(0, days, margin.left, Math.max(margin.left, width - margin.right)),
    y: linear(0, ticks.at(-1) ?? 1, height - margin.bottom, margin.top),
    width,
    height,
    ticks,
    days: Array.from({ length: Math.ceil(days / step) }, (_, at) => 1 + at * step),
  };
}

export function Axes({ axes: { x, y, width, height, ticks, days } }: { readonly axes: MonthAxes }) {
  return (
    <>
      {ticks.map((value) => (
        <g key={value}>
          <line x1={margin.left} x2={width - margin.right} y1={y(value)} y2={y(value)} className={styles.grid} />
          <text x={margin.left - 8} y={y(value) + 4} textAnchor="end" className={styles.tick}>
            {tickLabel(value)}
          </text>
        </g>
      ))}
      {days.map((day) => (
        <text key={day} x={x(day - 0.5)} y={height - 6} textAnchor="middle" className={styles.tick}>
          {day}
        </text>
      ))}
    </>
  );
}
