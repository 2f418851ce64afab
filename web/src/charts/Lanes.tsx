import { useState } from 'react';
import { day as dayText, instantAt, millisecondsOf, month as monthText, monthOf, monthsLater } from '../ui/time.ts';
import styles from './charts.module.css';
import { linear } from './scale.ts';
import { useWidth } from './useWidth.ts';

/** A time in which something was one thing. */
export interface LanePart {
  readonly from: string;
  /** null: it still is. */
  readonly to: string | null;
  readonly text: string;
  /** assumed: from before it was watched; nobody: no owner; none: nothing was there. */
  readonly look: 'plain' | 'assumed' | 'nobody';
}

export interface Lane {
  readonly name: string;
  readonly parts: readonly LanePart[];
}

/** An instant worth a mark: what was done to it. */
export interface LaneMark {
  readonly at: string;
  readonly text: string;
}

interface LanesProps {
  readonly title: string;
  readonly lanes: readonly Lane[];
  readonly marks: readonly LaneMark[];
  readonly now: string;
}

const laneHeight = 34;
const barHeight = 22;
const axisHeight = 22;
const nameWidth = 64;
/** Of a letter, about: what does not fit is left to the title and the table. */
const letterWidth = 6.2;

/** A life in lanes, from its beginning to now; marks, in a lane of their own, are what was done to it. */
export function Lanes({ title, lanes, marks, now }: LanesProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState('');
  const shown = lanes.filter(({ parts }) => parts.length > 0);
  const starts = shown.flatMap(({ parts }) => parts.map(({ from }) => millisecondsOf(from)));
  const end = millisecondsOf(now);
  const start = Math.min(end - 86_400_000, ...starts);
  const x = linear(start, end, nameWidth, Math.max(nameWidth, width));
  const lived = marks.filter(({ at }) => millisecondsOf(at) >= start);
  const marksTop = shown.length * laneHeight;
  const height = marksTop + (lived.length === 0 ? 0 : laneHeight) + axisHeight;
  return (
    <figure className={styles.figure}>
      <div ref={place} className={styles.canvas} style={{ height }}>
        {width === 0 ? null : (
          <svg width={width} height={height} role="img" aria-label={title} className={styles.lanes}>
            {monthsBetween(start, end, width).map(({ at, label }) => (
              <g key={label}>
                <line x1={x(at)} x2={x(at)} y1={0} y2={height - axisHeight} className={styles.grid} />
                <text x={x(at) + 4} y={height - 6} className={styles.tick}>
                  {label}
                </text>
              </g>
            ))}
            {shown.map((lane, row) => (
              <LaneRow
                key={lane.name}
                lane={lane}
                top={row * laneHeight}
                x={x}
                end={end}
                now={now}
                onPoint={setPointed}
              />
            ))}
            {lived.length === 0 ? null : (
              <text x={0} y={marksTop + 20} className={styles.laneName}>
                Actions
              </text>
            )}
            {lived.map(({ at, text }) => (
              <rect
                key={`${at} ${text}`}
                x={x(millisecondsOf(at)) - 2}
                y={marksTop + 8}
                width={4}
                height={14}
                rx="2"
                className={styles.action}
                onPointerEnter={() => setPointed(`${dayText(at, now)} ${at.slice(11, 16)}: ${text}`)}
              />
            ))}
          </svg>
        )}
      </div>
      <figcaption className={styles.caption}>
        <output className={styles.reading}>{pointed}</output>
      </figcaption>
    </figure>
  );
}

interface LaneRowProps {
  readonly lane: Lane;
  readonly top: number;
  readonly x: (value: number) => number;
  readonly end: number;
  readonly now: string;
  readonly onPoint: (text: string) => void;
}

function LaneRow({ lane: { name, parts }, top, x, end, now, onPoint }: LaneRowProps) {
  return (
    <g>
      <text x={0} y={top + 20} className={styles.laneName}>
        {name}
      </text>
      {parts.map(({ from, to, text, look }) => {
        const [left, right] = [x(millisecondsOf(from)), x(to === null ? end : millisecondsOf(to))];
        const wide = Math.max(2, right - left - 1);
        const letters = Math.floor((wide - 10) / letterWidth);
        const said = `${text}: ${dayText(from, now)} to ${to === null ? 'now' : dayText(to, now)}`;
        return (
          <g key={from} onPointerEnter={() => onPoint(said)}>
            <rect
              x={left}
              y={top + 4}
              width={wide}
              height={barHeight}
              rx="3"
              className={look === 'nobody' ? styles.nobody : look === 'assumed' ? styles.assumed : styles.bar}
            />
            {letters < 3 ? null : (
              <text x={left + 6} y={top + 19} className={styles.barText}>
                {text.length > letters ? `${text.slice(0, letters - 1)}…` : text}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** Beginnings of months, as many as there is room for. */
function monthsBetween(start: number, end: number, width: number) {
  const first = instantAt(start);
  const last = instantAt(end);
  const all: { readonly at: number; readonly label: string }[] = [];
  for (let of = monthsLater(monthOf(first), 1); of <= monthOf(last); of = monthsLater(of, 1))
    all.push({ at: millisecondsOf(`${of}-01T00:00:00Z`), label: shortMonth(of) });
  const step = Math.max(1, Math.ceil(all.length / Math.max(1, Math.floor((width - nameWidth) / 64))));
  return all.filter((_, at) => at % step === 0);
}

function shortMonth(text: string): string {
  return text.endsWith('-01') ? text.slice(0, 4) : monthText(text).slice(0, 3);
}
