/** How far apart rules are placed where there is no rule behind them. */
const STEP = 0.001;

const rounded = (position: number) => Math.round(position * 1e9) / 1e9;

/**
 * Positions for rules that shall be tried in the given order, of which some stand somewhere already
 * (null: new). As many as can stay where they stand (so that leaving one rule out, or adding one,
 * moves no other, in the past neither); the rest goes between them, or behind them all.
 */
export function placeInOrder(standing: readonly (number | null)[], start: number): number[] {
  const kept = longestRising(standing);
  const places: number[] = [];
  for (let index = 0; index < standing.length; ) {
    if (kept.has(index)) {
      places.push(standing[index++] as number);
      continue;
    }
    let end = index;
    while (end < standing.length && !kept.has(end)) end++;
    const before = places.at(-1) ?? null;
    const behind = end < standing.length ? (standing[end] as number) : null;
    const count = end - index;
    // Behind everything: one step each. Before everything: likewise, down to zero. Else in equal parts.
    const low = before ?? (behind === null ? start - STEP : Math.max(0, behind - STEP * (count + 1)));
    const step = behind === null ? STEP : (behind - low) / (count + 1);
    for (let place = 1; place <= count; place++) places.push(rounded(low + step * place));
    index = end;
  }
  const rising = places.every((place, index) => index === 0 || place > (places[index - 1] as number));
  // Too narrow to squeeze in between: all are placed anew.
  return rising ? places : standing.map((_, index) => rounded(start + STEP * index));
}

/** Positions for rules of which some stand somewhere already and stay there; the new ones go behind `last`, in order. */
export function placeBehind(standing: readonly (number | null)[], last: number): number[] {
  let place = last;
  return standing.map((own) => own ?? (place = rounded(place + STEP)));
}

/** The indices of a longest strictly rising subsequence; null is never part of it. */
function longestRising(values: readonly (number | null)[]): Set<number> {
  // Of the rising ones of each length so far, the index at which the one with the smallest end ends.
  const ends: number[] = [];
  // For each index the one before it in the longest that ends there.
  const before = new Map<number, number | undefined>();
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[ends[middle] as number] as number) < value) low = middle + 1;
      else high = middle;
    }
    before.set(index, ends[low - 1]);
    ends[low] = index;
  }
  const longest = new Set<number>();
  for (let index = ends.at(-1); index !== undefined; index = before.get(index)) longest.add(index);
  return longest;
}
