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
  type Window,
  windowsOf,
} from './timeline.ts';

/**
 * What a reserved IP, an image or a volume was between two listings, from the actions completed in between.
 *
 * The laws are those of droplet-timeline.ts: what a listing told stays as it was told, and the same actions
 * give the same timeline. What is listed ends by no action, and an end that no action tells is when it was seen.
 */

/**
 * What an action does. `begin`: the life of something begins of which listings tell no creation. `become`: what was
 * something else since its creation is of this kind from now on.
 */
type Effect = 'begin' | 'become' | 'end' | 'attach' | 'detach' | 'resize' | 'move';

const imageEffects: Readonly<Record<string, Effect>> = {
  image_destroy: 'end',
  destroy: 'end',
  image_transfer: 'move',
  transfer: 'move',
};

/**
 * By the kind, and by the provider's word for the action. The API description names `reserve_ip`, `assign_ip`,
 * `attach_volume` and `detach_volume`, and `assign`, `unassign`, `attach`, `detach`, `resize`, `transfer` and
 * `convert` for what is asked for.
 */
const effects: Readonly<Record<string, Readonly<Record<string, Effect>>>> = {
  reserved_ip: {
    reserve_ip: 'begin',
    create: 'begin',
    release_ip: 'end',
    destroy: 'end',
    assign_ip: 'attach',
    assign: 'attach',
    unassign_ip: 'detach',
    unassign: 'detach',
  },
  // A backup that is converted is a snapshot from then on, by the same id, with the creation that it had.
  snapshot: { ...imageEffects, convert: 'become', image_convert: 'become' },
  droplet_backup: { ...imageEffects, convert: 'end', image_convert: 'end' },
  custom_image: imageEffects,
  volume: {
    attach_volume: 'attach',
    attach: 'attach',
    detach_volume: 'detach',
    detach: 'detach',
    resize_volume: 'resize',
    resize: 'resize',
  },
};

/** The action types that say anything about a kind. */
export function tellingActionsOf(kind: string): readonly string[] {
  return Object.keys(effects[kind] ?? {});
}

function effectOf(kind: string, { type }: CompletedAction): Effect | undefined {
  const ofKind = effects[kind] ?? {};
  return Object.hasOwn(ofKind, type) ? ofKind[type] : undefined;
}

/** An action of a kind with what it does. */
interface Done {
  readonly effect: Effect;
  readonly at: Temporal.Instant;
}

interface Surroundings {
  /** All actions are there since then. */
  readonly since?: Temporal.Instant;
  /** When a listing first showed the resource. */
  readonly firstSeen?: Temporal.Instant;
  /**
   * Actions that may be about it and are not known to be: where they lie, what earlier ones had corrected is
   * made anew.
   */
  readonly others?: readonly CompletedAction[];
}

/** Corrects what is believed of one resource by the actions about it, in order of completion (see correctByActions). */
export function correctResource(
  kind: string,
  believed: readonly Believed[],
  sightings: readonly Temporal.Instant[],
  actions: readonly CompletedAction[],
  { since = beginning(), firstSeen = since, others = [] }: Surroundings = {},
): Correction[] {
  const done = actions.flatMap((action): Done[] => {
    const effect = effectOf(kind, action);
    return effect === undefined ? [] : [{ effect, at: action.completedAt }];
  });
  const became = done.findLast(({ effect, at }) => effect === 'become' && compare(at, firstSeen) <= 0)?.at;
  const lived = became === undefined ? believed : lifeSince(believed, became);
  const corrections = windowsOf(lived, sightings, since).flatMap((window) => {
    const between = done.filter((each) => isWithin(window, each));
    const touched = between.length > 0 || others.some(({ completedAt }) => lies(window, completedAt));
    if (!touched) return [];
    if (window.before !== null) return differences(lived, timeline(window, window.before, between));
    return window.after === null ? [] : fromBirth(lived, window, window.after, between);
  });
  const first = believed[0];
  return became === undefined || first === undefined || compare(first.from, became) >= 0
    ? corrections
    : [{ from: first.from, to: became, state: null }, ...corrections];
}

/** What is believed of the time since an instant. */
function lifeSince(believed: readonly Believed[], at: Temporal.Instant): Believed[] {
  return believed.flatMap((row) => {
    if (row.to !== null && compare(row.to, at) <= 0) return [];
    return [compare(row.from, at) < 0 ? { ...row, from: at } : row];
  });
}

/** Whether an instant lies in a window, its ends included. */
function lies({ previous, until }: Window, at: Temporal.Instant): boolean {
  return compare(at, until) <= 0 && (previous === undefined || compare(at, previous) >= 0);
}

/**
 * Whether an action belongs to a window. Of one at the very instant of a listing, what that shows tells whether it
 * came before it or after.
 */
function isWithin(window: Window, done: Done): boolean {
  if (!lies(window, done.at)) return false;
  if (window.previous?.equals(done.at)) return !isShown(done.effect, window.before);
  return !window.until.equals(done.at) || isShown(done.effect, window.after);
}

function isShown(effect: Effect, state: ResourceState | null): boolean {
  switch (effect) {
    case 'begin':
    case 'become':
      return state !== null;
    case 'end':
      return state === null;
    case 'attach':
      return state !== null && isAttached(state);
    case 'detach':
      return state === null || !isAttached(state);
    // It tells no size and no region: as with droplets, the listing is believed to show it.
    default:
      return true;
  }
}

/** What was so from the window's beginning, seen as `before`. */
function timeline({ previous, until, after }: Window, before: ResourceState, done: readonly Done[]): Correction[] {
  const ended = after === null ? done.find(({ effect }) => effect === 'end') : undefined;
  const end = ended?.at ?? until;
  const pieces = phases(previous as Temporal.Instant, before, end, after, done);
  return compare(end, until) < 0 ? [...pieces, { from: end, to: until, state: null }] : pieces;
}

/** The corrections of what was first seen at the window's end, as `seen`, from its birth on. */
function fromBirth(
  believed: readonly Believed[],
  { until }: Window,
  seen: ResourceState,
  done: readonly Done[],
): Correction[] {
  const born = lifeBefore(believed, until);
  const since = done.findLast(({ effect }) => effect === 'begin')?.at ?? born;
  const inLife = done.filter(({ at }) => compare(at, since) > 0);
  const first = inLife.find(({ effect }) => effect === 'attach' || effect === 'detach');
  const state = stateAt(believed, born) ?? seen;
  const held = first === undefined ? attachedAs(state, seen) : attachedTo(state, first.effect === 'detach', []);
  const pieces = phases(since, held, until, seen, inLife);
  if (compare(born, since) < 0) return differences(believed, [{ from: born, to: since, state: null }, ...pieces]);
  // What is not believed yet differs from nothing.
  const earlier = pieces.flatMap((piece) =>
    compare(piece.from, born) < 0 ? [{ ...piece, to: compare(piece.to, born) < 0 ? piece.to : born }] : [],
  );
  return [...earlier, ...differences(believed, pieces)];
}

/** The states over [from, end), `before` at first; `after` is what was seen next (null: it was gone). */
function phases(
  from: Temporal.Instant,
  before: ResourceState,
  end: Temporal.Instant,
  after: ResourceState | null,
  done: readonly Done[],
): Correction[] {
  const pieces: Correction[] = [];
  let state = before;
  let since = from;
  const attachments = done.filter(({ effect }) => effect === 'attach' || effect === 'detach');
  // Where two lie between, what was so between them nobody tells: the old one, until the last.
  const resized = done.findLast(({ effect }) => effect === 'resize');
  const moved = done.findLast(({ effect }) => effect === 'move');
  for (const each of done) {
    if (compare(each.at, end) >= 0) break;
    let next = state;
    if (each.effect === 'attach') {
      // Of the droplets between, no action tells which.
      const known = each === attachments.at(-1) && after !== null && isAttached(after);
      next = known ? attachedAs(state, after) : attachedTo(state, true, []);
    }
    if (each.effect === 'detach') next = attachedTo(state, false, []);
    if (each === resized && after !== null) next = withSize(next, after);
    if (each === moved && after !== null) next = { ...next, region: after.region };
    if (next === state) continue;
    if (compare(since, each.at) < 0) pieces.push({ from: since, to: each.at, state });
    since = each.at;
    state = next;
  }
  if (compare(since, end) < 0) pieces.push({ from: since, to: end, state });
  return pieces;
}

const isDroplet = (parent: string) => parent.startsWith('droplet:');

function isAttached({ parents, attributes }: ResourceState): boolean {
  return parents.some(isDroplet) || attributes.assigned === true;
}

/** The same, with the droplets of another state. */
function attachedAs(state: ResourceState, other: ResourceState): ResourceState {
  return attachedTo(state, isAttached(other), other.parents.filter(isDroplet));
}

function attachedTo(state: ResourceState, assigned: boolean, droplets: readonly string[]): ResourceState {
  const { parents, attributes } = state;
  const others = parents.filter((parent) => !isDroplet(parent));
  return {
    ...state,
    parents: [...others, ...droplets].sort(),
    attributes: 'assigned' in attributes ? { ...attributes, assigned } : attributes,
  };
}

function withSize(state: ResourceState, { attributes: { size_gb: size } }: ResourceState): ResourceState {
  return size === undefined ? state : { ...state, attributes: { ...state.attributes, size_gb: size } };
}

// Actions without an id -----------------------------------------------------------------------------

/** One of which an action may tell that does not say which one it is about. */
export interface Suspect {
  readonly resourceId: number;
  readonly believed: readonly Believed[];
  readonly sightings: readonly Temporal.Instant[];
}

/** An action that does not say which resource of its kind it is about. */
export interface Anonymous extends CompletedAction {
  /** null: not told. */
  readonly region: string | null;
}

/**
 * Which of the suspects, all that there are of a kind, each action is about, where only one can be meant: a change
 * between two listings that a single action in its region explains, and that action explains no other. What was done
 * and undone unseen took two actions, one of each sort: beside a change it makes two of a sort, and nothing is told.
 * Where actions are missing from the log yet, another may seem to be the only one; when they come, all of it is
 * decided anew. `gone` tells whether a droplet's life ended in a window: what was attached to it then needed no action.
 */
export function matchAnonymous(
  kind: string,
  suspects: readonly Suspect[],
  actions: readonly Anonymous[],
  gone: (droplet: string, from: Temporal.Instant, to: Temporal.Instant) => boolean,
  since = beginning(),
): Map<number, Anonymous[]> {
  const claims = suspects.flatMap(({ resourceId, believed, sightings }) =>
    windowsOf(believed, sightings, since).flatMap((window) =>
      changesIn(window, gone).map((effect) => ({
        resourceId,
        window,
        explaining: actions.filter(
          (action) =>
            effectOf(kind, action) === effect && lies(window, action.completedAt) && isNear(action.region, window),
        ),
      })),
    ),
  );
  const claimed = new Map<Anonymous, number>();
  for (const action of claims.flatMap(({ explaining }) => explaining))
    claimed.set(action, (claimed.get(action) ?? 0) + 1);
  const found = claims.flatMap(({ resourceId, window, explaining }) => {
    const [only, ...rest] = explaining;
    if (only === undefined || rest.length > 0 || claimed.get(only) !== 1) return [];
    // Of the instant of the listing before, that one is believed: it may have shown what was done.
    return window.previous?.equals(only.completedAt) ? [] : [{ resourceId, only }];
  });
  found.sort((a, b) => compare(a.only.completedAt, b.only.completedAt));
  const matches = Map.groupBy(found, ({ resourceId }) => resourceId);
  return new Map([...matches].map(([resourceId, all]) => [resourceId, all.map(({ only }) => only)]));
}

/**
 * What must have been done between two listings for the second to show what it does. Of what was so at the first
 * of all, no log tells whether it reaches back far enough.
 */
function changesIn({ previous, until, before, after }: Window, gone: Parameters<typeof matchAnonymous>[3]): Effect[] {
  if (previous === undefined) return [];
  const droplets = (state: ResourceState | null) => state?.parents.filter(isDroplet) ?? [];
  const changes: Effect[] = [];
  if (droplets(before).join() !== droplets(after).join()) {
    const wasFreed = droplets(before).some((droplet) => gone(droplet, previous, until));
    if (before !== null && isAttached(before) && !wasFreed) changes.push('detach');
    if (after !== null && isAttached(after)) changes.push('attach');
  }
  if (before !== null && after !== null && before.attributes.size_gb !== after.attributes.size_gb)
    changes.push('resize');
  return changes;
}

function isNear(region: string | null, { before, after }: Window): boolean {
  const own = (after ?? before)?.region ?? null;
  return region === null || own === null || region === own;
}
