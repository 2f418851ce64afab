import {
  beginning,
  compare,
  type Believed,
  type CompletedAction,
  type Correction,
  differences,
  lifeBefore,
  type ResourceState,
  stateAt,
  windowsOf,
} from './timeline.ts';

/**
 * What a droplet was between two listings, from the actions completed in between.
 *
 * A listing tells what was so at its instant, and that stays as it was told; in between, an action
 * log tells when power and size changed, also where a droplet went off and came on again unseen. The
 * same actions give the same timeline, so that doing it again corrects nothing.
 *
 * Actions refine what listings tell and never stand against them: a droplet that is listed ends by
 * no `destroy`, and one that is not listed ends at the listing if no `destroy` says when.
 */

/**
 * The status that an action leaves. One that is not sure counts only where what follows agrees: a
 * shutdown is a request that the droplet may ignore, a reboot of one that is off does nothing.
 * `before` is what a sure one says of the time up to it.
 */
const powerActions: Readonly<Record<string, { status: string; before: string; sure: boolean }>> = {
  create: { status: 'active', before: 'new', sure: true },
  power_on: { status: 'active', before: 'off', sure: true },
  boot: { status: 'active', before: 'off', sure: true },
  power_off: { status: 'off', before: 'active', sure: true },
  shutdown: { status: 'off', before: 'active', sure: false },
  power_cycle: { status: 'active', before: 'active', sure: false },
  reboot: { status: 'active', before: 'active', sure: false },
};

/** The action types that say anything about a droplet's state. */
export const tellingActions: readonly string[] = [...Object.keys(powerActions), 'resize', 'destroy'];

/**
 * Corrects what is believed by the actions. `believed` is one droplet's history around the actions,
 * in order; `sightings` the instants, in order, at which a listing showed what is believed of it (or
 * that it was not there); `actions` are all that were completed since `since` and up to
 * the last sighting, in order of completion. One after the last sighting, or at its instant, waits for the
 * next: of one instant, what happened last is so, and only the next listing tells the order.
 */
export function correctByActions(
  believed: readonly Believed[],
  sightings: readonly Temporal.Instant[],
  actions: readonly CompletedAction[],
  since = beginning(),
): Correction[] {
  const corrections: Correction[] = [];
  for (const { previous, until, before, after } of windowsOf(believed, sightings, since)) {
    const between = actions.filter(
      ({ completedAt }) =>
        compare(completedAt, until) <= 0 && (previous === undefined || compare(completedAt, previous) > 0),
    );
    if (before !== null) between.unshift(...unseenAt(previous!, before, actions));
    if (between.length === 0) continue;
    if (before !== null) {
      corrections.push(...differences(believed, timeline(previous!, before, until, after, between)));
    } else if (after !== null) {
      const born = lifeBefore(believed, until);
      const inLife = between.filter(({ completedAt }) => compare(completedAt, born) > 0);
      const first = { ...stateAt(believed, born)!, status: statusAtBirth(after, inLife) };
      corrections.push(...differences(believed, timeline(born, first, until, after, inLife)));
    }
  }
  return corrections;
}

/**
 * The actions completed at the very instant of a listing that it does not show: they came after it.
 * Only those that say for sure what is so from then on; a resize tells no size, and what is not sure
 * could have come before: what follows decides of them, which a later reading may know better.
 */
function unseenAt(at: Temporal.Instant, seen: ResourceState, actions: readonly CompletedAction[]): CompletedAction[] {
  const sure = actions.filter(
    ({ type, completedAt }) =>
      completedAt.equals(at) && (type === 'destroy' || (Object.hasOwn(powerActions, type) && powerActions[type]!.sure)),
  );
  const last = sure.findLast(({ type }) => type !== 'destroy');
  return last !== undefined && powerActions[last.type]!.status === seen.status
    ? sure.filter(({ type }) => type === 'destroy')
    : sure;
}

/** What was so from `from`, seen as `before`, until `until`, seen as `after` (null: gone). */
function timeline(
  from: Temporal.Instant,
  before: ResourceState,
  until: Temporal.Instant,
  after: ResourceState | null,
  actions: readonly CompletedAction[],
): Correction[] {
  const destroyed = after === null ? actions.find(({ type }) => type === 'destroy') : undefined;
  const end = destroyed?.completedAt ?? until;
  // Where two resizes lie between, the size between them is not known: the old one, until the last.
  const resized =
    after !== null && before.attributes.size_slug !== after.attributes.size_slug
      ? actions.findLast(({ type }) => type === 'resize')
      : undefined;
  const statuses = statusChanges(actions, after?.status ?? null);

  const pieces: Correction[] = [];
  let state = before;
  let since = from;
  const turn = (at: Temporal.Instant, next: ResourceState) => {
    if (compare(since, at) < 0) pieces.push({ from: since, to: at, state });
    since = at;
    state = next;
  };
  for (const action of actions) {
    if (compare(action.completedAt, end) >= 0) break;
    const status = statuses.get(action);
    if (status !== undefined) turn(action.completedAt, { ...state, status });
    if (action === resized && after !== null) turn(action.completedAt, { ...state, attributes: after.attributes });
  }
  if (compare(since, end) < 0) pieces.push({ from: since, to: end, state });
  if (compare(end, until) < 0) pieces.push({ from: end, to: until, state: null });
  return pieces;
}

/** The actions that change the status, each with the status that it leaves. */
function statusChanges(actions: readonly CompletedAction[], last: string | null): Map<CompletedAction, string> {
  const changes = new Map<CompletedAction, string>();
  let following = last;
  for (const action of actions.toReversed()) {
    const effect = Object.hasOwn(powerActions, action.type) ? powerActions[action.type] : undefined;
    if (effect === undefined || (!effect.sure && effect.status !== following)) continue;
    changes.set(action, effect.status);
    following = effect.before;
  }
  return changes;
}

/**
 * The status of a droplet at its birth, seen later as `seen`: as seen, unless its first action tells its
 * power before. Nobody tells what else it was: it stays as it is believed.
 */
function statusAtBirth(seen: ResourceState, actions: readonly CompletedAction[]): string {
  const changes = statusChanges(actions, seen.status);
  const first = actions.find((action) => changes.has(action));
  if (first === undefined) return seen.status;
  // A new droplet counts from its creation on, as the provider counts it.
  return first.type === 'create' ? 'active' : powerActions[first.type]!.before;
}
