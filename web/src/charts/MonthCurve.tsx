import { type PointerEvent, useId, useState } from 'react';
import { money } from '../ui/decimal.ts';
import { day as dayText, daysIn } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Axes, margin, monthAxes } from './Axes.tsx';
import styles from './charts.module.css';
import { pathOf, toNumber } from './scale.ts';
import { useWidth } from './useWidth.ts';

interface CurveDay {
  readonly day: string;
  /** What the month came to at the day's end. */
  readonly revenue: string;
}

interface MonthCurveProps {
  readonly month: string;
  readonly now: string;
  readonly currency: string;
  readonly days: readonly CurveDay[];
  readonly forecast: string | null;
  readonly lastMonthSameDay: string | null;
  readonly lastMonth: string | null;
}

const height = 220;

/** What a month amounts to as it goes on: what is due, filled; its forecast, dashed; the month before, faint. */
export function MonthCurve(props: MonthCurveProps) {
  const { now, currency, days, forecast } = props;
  const [at, setAt] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const chosen = at === null ? undefined : days[at];
  return (
    <figure className={styles.figure}>
      <Plot {...props} at={at} onAt={setAt} />
      <figcaption className={styles.caption}>
        <span>
          <i className={styles.keyDue} /> due
        </span>
        {forecast === null ? null : (
          <span>
            <i className={styles.keyForecast} /> forecast
          </span>
        )}
        <span>
          <i className={styles.keyBefore} /> month before
        </span>
        <output className={styles.reading}>
          {chosen === undefined ? '' : `${dayText(chosen.day, now)}: ${money(chosen.revenue)} ${currency} so far`}
        </output>
        <button type="button" className={ui.link} aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Hide table' : 'Show table'}
        </button>
      </figcaption>
      {isTable ? <DayTable days={days} now={now} currency={currency} /> : null}
    </figure>
  );
}

interface PlotProps extends MonthCurveProps {
  /** The day that is pointed at. */
  readonly at: number | null;
  readonly onAt: (at: number | null) => void;
}

function Plot({ at, onAt, ...props }: PlotProps) {
  const { month, currency, days } = props;
  const [place, width] = useWidth<HTMLDivElement>();
  const titleId = useId();
  const drawn = draw(props, width);
  const onMove = ({ clientX, currentTarget }: PointerEvent<SVGSVGElement>) => {
    const x = clientX - currentTarget.getBoundingClientRect().left;
    const ends = days.map(({ day }) => drawn.x(dayNumber(day)));
    const index = ends.findIndex((end) => x <= end);
    onAt(index === -1 || x < margin.left ? null : index);
  };
  const pointed = at === null ? undefined : days[at];
  return (
    <div ref={place} className={styles.canvas} style={{ height }}>
      {width === 0 ? null : (
        <svg
          width={width}
          height={height}
          role="img"
          aria-labelledby={titleId}
          onPointerMove={onMove}
          onPointerLeave={() => onAt(null)}
        >
          <title id={titleId}>{`Due in ${currency} day by day, ${month}`}</title>
          <Axes axes={drawn.axes} />
          <path d={drawn.before} className={styles.before} />
          <path d={drawn.area} className={styles.area} />
          <path d={drawn.line} className={styles.due} />
          <path d={drawn.forecast} className={styles.forecast} />
          {drawn.end === null ? null : <circle cx={drawn.end[0]} cy={drawn.end[1]} r="3.5" className={styles.dot} />}
          {pointed === undefined ? null : (
            <path
              d={`M${drawn.x(dayNumber(pointed.day))} ${margin.top}V${height - margin.bottom}`}
              className={styles.cross}
            />
          )}
        </svg>
      )}
    </div>
  );
}

function dayNumber(day: string): number {
  return parseInt(day.slice(8, 10), 10);
}

function draw({ month, days, forecast, lastMonth, lastMonthSameDay }: MonthCurveProps, width: number) {
  const values = days.map(({ day, revenue }) => [dayNumber(day), toNumber(revenue)] as const);
  const [ahead, before, sameDay] = [forecast, lastMonth, lastMonthSameDay].map((each) =>
    each === null ? null : toNumber(each),
  ) as [number | null, number | null, number | null];
  const most = Math.max(0, ...values.map(([, value]) => value), ahead ?? 0, before ?? 0);
  const length = daysIn(month);
  const axes = monthAxes(length, most, width, height);
  const { x, y } = axes;
  const points = values.map(([day, value]) => [x(day), y(value)] as const);
  const [start] = values;
  const first = start === undefined ? [] : [[x(start[0] - 1), y(0)] as const];
  const end = points.at(-1) ?? null;
  const last = values.at(-1)?.[0] ?? 0;
  const line = pathOf(end === null ? [] : [...first, ...points]);
  const faint = [
    [x(0), y(0)] as const,
    ...(sameDay === null || last === 0 ? [] : [[x(last), y(sameDay)] as const]),
    ...(before === null ? [] : [[x(length), y(before)] as const]),
  ];
  return {
    x,
    axes,
    line,
    area: end === null ? '' : `${line}L${end[0].toFixed(1)} ${y(0)}Z`,
    forecast: end === null || ahead === null || last >= length ? '' : pathOf([end, [x(length), y(ahead)]]),
    before: before === null ? '' : pathOf(faint),
    end,
  };
}

interface DayTableProps {
  readonly days: readonly CurveDay[];
  readonly now: string;
  readonly currency: string;
}

function DayTable({ days, now, currency }: DayTableProps) {
  return (
    <div className={styles.scroll} role="region" aria-label="Days" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Day</th>
            <th scope="col">Due so far, {currency}</th>
          </tr>
        </thead>
        <tbody>
          {days.map(({ day, revenue }) => (
            <tr key={day}>
              <th scope="row">{dayText(day, now)}</th>
              <td>{money(revenue)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
