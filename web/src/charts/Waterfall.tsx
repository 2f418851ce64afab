import type { ReactNode } from 'react';
import styles from './charts.module.css';
import { linear, stepsOf } from './scale.ts';
import { useWidth } from './useWidth.ts';

/** A part of a sum. */
export interface WaterfallPart {
  readonly id: string;
  readonly label: ReactNode;
  readonly lines: number | null;
  readonly amount: string;
  /** As it is written. */
  readonly text: ReactNode;
  /** base: what the sum begins with; part: what is added or taken off; whole: what it comes to. */
  readonly role: 'base' | 'part' | 'whole';
}

interface WaterfallProps {
  readonly title: string;
  readonly parts: readonly WaterfallPart[];
}

/** A sum from part to part: a table whose bars stand one on the other. Small parts of a large sum are drawn on a cut axis. */
export function Waterfall({ title, parts }: WaterfallProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const steps = stepsOf(parts.map(({ amount, role }) => ({ amount, isWhole: role !== 'part' })));
  const { x, isCut } = axisOf(parts, steps, Math.max(0, width));
  return (
    <div className={styles.waterfall} role="region" aria-label={title} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Lines</th>
            <th scope="col">
              <span className="visually-hidden">Drawn</span>
              <div ref={place} />
            </th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ id, label, lines, text, role, amount }, at) => (
            <tr key={id} data-role={role}>
              <th scope="row">{label}</th>
              <td>{lines ?? ''}</td>
              <td aria-hidden="true">
                <StepBar
                  step={steps[at] ?? { from: 0, to: 0 }}
                  x={x}
                  isCut={isCut && role !== 'part'}
                  isLess={amount.startsWith('-')}
                  role={role}
                  width={width}
                />
              </td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Step {
  readonly from: number;
  readonly to: number;
}

/** Below this part of the whole, what is added would not be seen. */
const seenPart = 0.3;

function axisOf(parts: readonly WaterfallPart[], steps: readonly Step[], width: number) {
  const ends = steps.flatMap(({ from, to }) => [from, to]);
  const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const moved = steps.flatMap(({ from, to }, at) => (parts[at]?.role === 'part' ? [from, to] : []));
  const [low, high] = [Math.min(...moved), Math.max(...moved)];
  const isCut = moved.length > 0 && low > 0 && high > low && high - low < seenPart * (most - least);
  if (!isCut) return { isCut, x: linear(least, most, 0, width) };
  const span = high - low;
  return { isCut, x: linear(low - span * 0.75, high + span * 0.1, 0, width) };
}

const height = 18;

interface StepBarProps {
  readonly step: Step;
  readonly x: (value: number) => number;
  readonly isCut: boolean;
  readonly isLess: boolean;
  readonly role: WaterfallPart['role'];
  readonly width: number;
}

function StepBar({ step: { from, to }, x, isCut, isLess, role, width }: StepBarProps) {
  if (width === 0) return null;
  const [left, right] = [Math.max(0, Math.min(x(from), x(to))), Math.min(width, Math.max(x(from), x(to)))];
  const name = role === 'part' ? (isLess ? styles.stepLess : styles.stepMore) : styles.stepWhole;
  return (
    <svg width={width} height={height} className={styles.step}>
      <rect x={left} y={2} width={Math.max(1.5, right - left)} height={height - 4} className={name} />
      {isCut ? <path d={`M10 0l5 ${height / 3}-5 ${height / 3} 5 ${height / 3}`} className={styles.cut} /> : null}
    </svg>
  );
}
