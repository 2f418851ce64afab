import charts from '../charts/charts.module.css';
import { linear, pathOf, toNumber } from '../charts/scale.ts';
import type { Sheet } from './read.ts';

const [width, height] = [120, 28];

/** What a meter costs by quantity, from 0 on: small, beside its price. */
export function Curve({ curve: { title, unit, points } }: { readonly curve: Sheet['curves'][number] }) {
  const xs = points.map(({ quantity }) => toNumber(quantity));
  const ys = points.map(({ amount }) => toNumber(amount));
  const x = linear(0, Math.max(...xs, 0), 1, width - 1);
  const y = linear(0, Math.max(...ys, 0), height - 2, 2);
  const last = points.at(-1);
  const label = `${title}: 0 ${unit} cost ${points[0]?.amount ?? '0'}, ${last?.quantity ?? '0'} ${unit} cost ${last?.amount ?? '0'}`;
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={`M0 ${height - 1.5}H${width}`} className={charts.grid} />
      <path d={pathOf(xs.map((each, at) => [x(each), y(ys[at] ?? 0)] as const))} className={charts.due} />
    </svg>
  );
}
