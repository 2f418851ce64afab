// Where decimals are drawn. The only place that makes numbers of figures: a place on the screen is not exact, and no
// text comes from here.

/** For a place on the screen. */
export function toNumber(text: string): number {
  return Number(text);
}

/** From a value to a place. */
export function linear(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = to - from;
  return (value) => (span === 0 ? start : start + ((value - from) / span) * (end - start));
}

/** Round values from 0 to at least `max`, about `count` of them. */
export function ticksTo(max: number, count: number): readonly number[] {
  if (max <= 0) return [0];
  const raw = max / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((each) => each * power >= raw) ?? 10) * power;
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, at) => at * step);
}

/** A tick's label: of a scale, not of a figure. */
export function tickLabel(value: number): string {
  if (value >= 1_000_000) return `${trimmed(value / 1_000_000)}M`;
  if (value >= 10_000) return `${trimmed(value / 1_000)}k`;
  return trimmed(value);
}

function trimmed(value: number): string {
  return value.toFixed(2).replace(/\.?0+$/, '');
}

/** A path through points. */
export function pathOf(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** Where each part of a sum begins and ends, one on the other; a `whole` stands on the ground by itself. */
export function stepsOf(parts: readonly { readonly amount: string; readonly isWhole: boolean }[]) {
  let level = 0;
  return parts.map(({ amount, isWhole }) => {
    const from = isWhole ? 0 : level;
    const to = from + toNumber(amount);
    level = to;
    return { from, to };
  });
}
