import { once } from '../platform/once.ts';

/** What the timelines of resources are made from: what is believed, when it was seen, what actions correct of it. */

export interface ResourceState {
  readonly name: string;
  readonly status: string;
  readonly region: string | null;
  readonly tags: readonly string[];
  readonly parents: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An interval [from, to) of what is believed; to null: still so. */
export interface Believed {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly state: ResourceState;
}

export interface CompletedAction {
  readonly type: string;
  readonly completedAt: Temporal.Instant;
}

/** Over [from, to) a resource was in this state, not in the one that is believed; null: it was gone. */
export interface Correction {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly state: ResourceState | null;
}

/** The earlier one first. */
export const compare = (one: Temporal.Instant, other: Temporal.Instant) => Temporal.Instant.compare(one, other);

/** Before all that is known. */
export const beginning = once(() => new Temporal.Instant(0n));

/** The time between two sightings, or from before the first one. */
export interface Window {
  readonly previous: Temporal.Instant | undefined;
  readonly until: Temporal.Instant;
  /** As it was seen at `previous`; null: it was not there, or there is no sighting before. */
  readonly before: ResourceState | null;
  /** As it was seen at `until`; null: it was not there. */
  readonly after: ResourceState | null;
}

/**
 * The windows of one resource. `believed` is its history, in order; `sightings` the instants, in order, at which
 * a listing showed what is believed of it, or that it was not there. An end is as good as one. What ends at `since`
 * or before is left out: all of its actions may not be there.
 */
export function windowsOf(
  believed: readonly Believed[],
  sightings: readonly Temporal.Instant[],
  since: Temporal.Instant,
): Window[] {
  const ends = believed.flatMap(({ to }) => (to !== null && stateAt(believed, to) === null ? [to] : []));
  const known = [...sightings, ...ends].sort(compare);
  return known.flatMap((until, index) => {
    const previous = known[index - 1];
    if (previous?.equals(until) || compare(until, since) <= 0) return [];
    const before = previous === undefined ? null : stateAt(believed, previous);
    return [{ previous, until, before, after: stateAt(believed, until) }];
  });
}

/** The parts of a timeline that are not believed already. */
export function differences(believed: readonly Believed[], pieces: readonly Correction[]): Correction[] {
  const found: Correction[] = [];
  for (const piece of pieces) {
    for (const row of believed) {
      const from = compare(row.from, piece.from) > 0 ? row.from : piece.from;
      const to = row.to !== null && compare(row.to, piece.to) < 0 ? row.to : piece.to;
      if (compare(from, to) >= 0 || (piece.state !== null && isSame(row.state, piece.state))) continue;
      const last = found.at(-1);
      if (last && last.state === piece.state && last.to.equals(from)) found[found.length - 1] = { ...last, to };
      else found.push({ from, to, state: piece.state });
    }
  }
  return found;
}

export function stateAt(believed: readonly Believed[], at: Temporal.Instant): ResourceState | null {
  const row = believed.find(({ from, to }) => compare(from, at) <= 0 && (to === null || compare(at, to) < 0));
  return row?.state ?? null;
}

/** When the life began that goes on at an instant. */
export function lifeBefore(believed: readonly Believed[], at: Temporal.Instant): Temporal.Instant {
  let born = at;
  for (const { from, to } of believed.toReversed()) {
    if (compare(from, born) < 0 && (to === null || compare(to, born) >= 0)) born = from;
  }
  return born;
}

function isSame(a: ResourceState, b: ResourceState): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted({ name, status, region, tags, parents, attributes }: ResourceState) {
  return [name, status, region, tags, parents, Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))];
}
