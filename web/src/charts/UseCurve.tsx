import { useId, useState } from 'react';
import { money } from '../ui/decimal.ts';
import { daysIn, millisecondsOf, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Axes, margin, monthAxes } from './Axes.tsx';
import styles from './charts.module.css';
import { pathOf, toNumber } from './scale.ts';
import { useWidth } from './useWidth.ts';

export interface UsePoint {
  readonly at: string;
  readonly used: string;
  readonly expected: string | null;
}

interface UseCurveProps {
  readonly month: string;
  readonly now: string;
  readonly currency: string;
  readonly points: readonly UsePoint[];
  /** By the month's end; null: the month is over. */
  readonly forecast: string | null;
}

const height = 200;

/** What a month was charged as it went on, and what was there by the price book, dashed. */
export function UseCurve(props: UseCurveProps) {
  const { points, now, currency } = props;
  const [at, setAt] = useState<number | null>(null);
  const [isTable, setTable] = useState(false);
  const chosen = at === null ? undefined : points[at];
  return (
    <figure className={styles.figure}>
      <Plot {...props} onAt={setAt} />
      <figcaption className={styles.caption}>
        <span>
          <i className={styles.keyCost} /> balance
        </span>
        <span>
          <i className={styles.keyBefore} /> by the run rate
        </span>
        <output className={styles.reading}>
          {chosen === undefined
            ? ''
            : `${moment(chosen.at, now)}: ${money(chosen.used)} ${currency}${chosen.expected === null ? '' : `, ${money(chosen.expected)} expected`}`}
        </output>
        <button type="button" className={ui.link} aria-expanded={isTable} onClick={() => setTable(!isTable)}>
          {isTable ? 'Hide table' : 'Show table'}
        </button>
      </figcaption>
      {isTable ? <PointTable {...props} /> : null}
    </figure>
  );
}

function Plot({
  month,
  currency,
  points,
  forecast,
  onAt,
}: UseCurveProps & { readonly onAt: (at: number | null) => void }) {
  const [place, width] = useWidth<HTMLDivElement>();
  const titleId = useId();
  const drawn = draw({ month, points, forecast }, width);
  return (
    <div ref={place} className={styles.canvas} style={{ height }}>
      {width === 0 ? null : (
        <svg
          width={width}
          height={height}
          role="img"
          aria-labelledby={titleId}
          onPointerLeave={() => onAt(null)}
          onPointerMove={({ clientX, currentTarget }) => {
            const x = clientX - currentTarget.getBoundingClientRect().left;
            const found = points.findIndex((point) => x <= drawn.xOf(point.at));
            onAt(found === -1 || x < margin.left ? null : found);
          }}
        >
          <title id={titleId}>{`Charged in ${currency} day by day, ${month}`}</title>
          <Axes axes={drawn.axes} />
          <path d={drawn.expected} className={styles.before} />
          <path d={drawn.used} className={styles.cost} />
          <path d={drawn.ahead} className={styles.costAhead} />
          {drawn.end === null ? null : (
            <circle cx={drawn.end[0]} cy={drawn.end[1]} r="3.5" className={styles.costDot} />
          )}
        </svg>
      )}
    </div>
  );
}

function draw({ month, points, forecast }: Pick<UseCurveProps, 'month' | 'points' | 'forecast'>, width: number) {
  const start = millisecondsOf(`${month}-01T00:00:00Z`);
  const length = daysIn(month);
  const dayOf = (at: string) => (millisecondsOf(at) - start) / 86_400_000;
  const known = points.flatMap(({ at, expected }) =>
    expected === null ? [] : [[dayOf(at), toNumber(expected)] as const],
  );
  const used = points.map(({ at, used: amount }) => [dayOf(at), toNumber(amount)] as const);
  const ahead = forecast === null ? null : toNumber(forecast);
  const most = Math.max(0, ahead ?? 0, ...[...known, ...used].map(([, value]) => value));
  const axes = monthAxes(length, most, width, height);
  const { x, y } = axes;
  const path = (values: readonly (readonly [number, number])[]) =>
    values.length === 0 ? '' : pathOf([[x(0), y(0)], ...values.map(([at, value]) => [x(at), y(value)] as const)]);
  const last = used.at(-1);
  const end = last === undefined ? null : ([x(last[0]), y(last[1])] as const);
  return {
    axes,
    xOf: (at: string) => x(dayOf(at)),
    used: path(used),
    expected: path(known),
    ahead: end === null || ahead === null ? '' : pathOf([end, [x(length), y(ahead)]]),
    end,
  };
}

function PointTable({ points, now, currency }: UseCurveProps) {
  return (
    <div className={styles.scroll} role="region" aria-label="Balances" tabIndex={0}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">At</th>
            <th scope="col">Balance, {currency}</th>
            <th scope="col">By the run rate</th>
          </tr>
        </thead>
        <tbody>
          {points.map(({ at, used, expected }) => (
            <tr key={at}>
              <th scope="row">{moment(at, now)}</th>
              <td>{money(used)}</td>
              <td>{expected === null ? '?' : money(expected)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
