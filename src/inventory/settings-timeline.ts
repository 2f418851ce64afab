import { beginning, compare, type CompletedAction } from './timeline.ts';

/**
 * What was on at a droplet between two listings, from the actions completed in between: so that what went off and
 * came on again unseen has a phase of its own.
 *
 * As with states, what a listing told stays as it was told, and the same actions give the same timeline.
 */

type Values = Readonly<Record<string, unknown>>;

/** An interval [from, to) of what is believed; to null: still so. */
export interface BelievedSettings {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly settings: Values;
  readonly hidden: readonly string[];
}

/** Over [from, to) this was so, not what is believed. */
interface SettingsCorrection {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly settings: Values;
  readonly hidden: readonly string[];
}

/** The setting that an action leaves. */
const switches: Readonly<Record<string, { readonly key: string; readonly value: boolean }>> = {
  enable_backups: { key: 'backups', value: true },
  disable_backups: { key: 'backups', value: false },
  enable_ipv6: { key: 'ipv6', value: true },
};

/** The action types that say anything about a droplet's settings. */
export const settingActions: readonly string[] = Object.keys(switches);

/**
 * Corrects what is believed of one droplet's settings, in order, by all actions since `since`, in order of completion.
 * `sightings` are the instants, in order, at which a listing showed what is believed of it.
 */
export function correctSettings(
  believed: readonly BelievedSettings[],
  sightings: readonly Temporal.Instant[],
  actions: readonly CompletedAction[],
  since = beginning(),
): SettingsCorrection[] {
  const telling = actions.filter(({ type }) => Object.hasOwn(switches, type));
  if (telling.length === 0) return [];
  const ends = believed.flatMap(({ to }) => (to !== null && rowAt(believed, to) === undefined ? [to] : []));
  const known = [...sightings, ...ends].sort(compare);
  return known.flatMap((until, index) => {
    const previous = known[index - 1];
    if (previous?.equals(until) || compare(until, since) <= 0) return [];
    const seen = previous === undefined ? undefined : rowAt(believed, previous);
    const after = rowAt(believed, until);
    const from = seen === undefined ? after && lifeBefore(believed, until) : previous;
    const first = seen ?? (from && rowAt(believed, from));
    if (from === undefined || first === undefined) return [];
    const between = telling.filter(
      ({ completedAt }) => compare(completedAt, from) >= 0 && compare(completedAt, until) <= 0,
    );
    if (between.length === 0) return [];
    const settings = seen === undefined ? atBirth(first.settings, between) : first.settings;
    return differences(believed, timeline({ ...first, from, settings }, until, after?.settings, between));
  });
}

/** Of a droplet that was not seen before: what its first actions switched was the other way round. */
function atBirth(seen: Values, actions: readonly CompletedAction[]): Values {
  return actions.toReversed().reduce((settings, { type }) => {
    const { key, value } = switches[type]!;
    return switched(settings, key, !value, undefined);
  }, seen);
}

function timeline(
  before: BelievedSettings,
  until: Temporal.Instant,
  after: Values | undefined,
  actions: readonly CompletedAction[],
): SettingsCorrection[] {
  const { hidden } = before;
  const pieces: SettingsCorrection[] = [];
  let { from, settings } = before;
  for (const { type, completedAt } of actions) {
    const { key, value } = switches[type]!;
    if (settings[key] === value) continue;
    if (compare(from, completedAt) < 0) pieces.push({ from, to: completedAt, settings, hidden });
    from = completedAt;
    settings = switched(settings, key, value, after);
  }
  if (compare(from, until) < 0) pieces.push({ from, to: until, settings, hidden });
  return pieces;
}

/** The same settings with one of them switched. There is a backup policy where there are backups: as it is seen next. */
function switched(settings: Values, key: string, value: boolean, after: Values | undefined): Values {
  if (key !== 'backups') return { ...settings, [key]: value };
  const policies = (of: Values) => Object.entries(of).filter(([name]) => name.startsWith('backup_policy/'));
  const others = Object.entries(settings).filter(([name]) => !name.startsWith('backup_policy/'));
  const policy = value && after?.backups === true ? policies(after) : [];
  return { ...Object.fromEntries([...others, ...policy]), backups: value };
}

/** The parts of a timeline that are not believed already. */
function differences(
  believed: readonly BelievedSettings[],
  pieces: readonly SettingsCorrection[],
): SettingsCorrection[] {
  return pieces.flatMap((piece) =>
    believed.flatMap((row) => {
      const from = compare(row.from, piece.from) > 0 ? row.from : piece.from;
      const to = row.to !== null && compare(row.to, piece.to) < 0 ? row.to : piece.to;
      return compare(from, to) >= 0 || isSame(row.settings, piece.settings) ? [] : [{ ...piece, from, to }];
    }),
  );
}

function isSame(a: Values, b: Values): boolean {
  const sorted = (values: Values) => Object.entries(values).sort(([x], [y]) => (x < y ? -1 : 1));
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function rowAt(believed: readonly BelievedSettings[], at: Temporal.Instant): BelievedSettings | undefined {
  return believed.find(({ from, to }) => compare(from, at) <= 0 && (to === null || compare(at, to) < 0));
}

/** When the life began that goes on at an instant. */
function lifeBefore(believed: readonly BelievedSettings[], at: Temporal.Instant): Temporal.Instant {
  let born = at;
  for (const { from, to } of believed.toReversed()) {
    if (compare(from, born) < 0 && (to === null || compare(to, born) >= 0)) born = from;
  }
  return born;
}
