import { ownersText, sizeText } from './lanes.ts';
import type { Life } from './read.ts';

/** Something that happened to a resource, and how it is known. */
export interface LifeEvent {
  readonly at: string;
  readonly what: string;
  readonly detail: string;
  readonly how: string;
  /** The proof that shows it; null: none does. */
  readonly why: string | null;
}

interface Known {
  readonly from: string;
  readonly source: string;
  readonly syncRunId: number | null;
  readonly recordedBy: string | null;
}

const sources: Readonly<Record<string, string>> = {
  assumed: "by the provider's created date",
  operator: 'by a person',
  resource: 'said by itself',
};

function how({ source, syncRunId, recordedBy }: Omit<Known, 'from'>): Pick<LifeEvent, 'how' | 'why'> {
  if (recordedBy !== null) return { how: `by ${recordedBy}`, why: null };
  if (syncRunId === null) return { how: sources[source] ?? source, why: null };
  const by = source === 'action' ? 'the action log, ' : '';
  return { how: `${by}sync run ${syncRunId}`, why: `sync:${syncRunId}` };
}

function changes<Interval extends Known>(
  intervals: readonly Interval[],
  what: (interval: Interval, before: Interval | undefined) => Pick<LifeEvent, 'what' | 'detail'> | null,
): readonly LifeEvent[] {
  return intervals.flatMap((interval, at) => {
    const said = what(interval, intervals[at - 1]);
    return said === null ? [] : [{ at: interval.from, ...said, ...how(interval) }];
  });
}

const shownMax = 60;

/** All that is known to have happened, the newest first. */
export function eventsOf({ lanes, actions, status, expectsOwner }: Life): readonly LifeEvent[] {
  const { state, size, tags, owner } = lanes;
  const last = state.at(-1);
  const ended =
    status === null && last?.to != null ? [{ at: last.to, what: 'Ended', detail: '', how: '', why: null }] : [];
  return [
    ...ended,
    ...changes(state, ({ status: now, name }, before) => {
      if (before === undefined) return { what: 'Appeared', detail: `as ${name || 'itself'}, ${now || 'there'}` };
      if (before.name !== name) return { what: 'Renamed', detail: `from ${before.name} to ${name}` };
      return { what: `State ${now || 'unknown'}`, detail: `before: ${before.status || 'unknown'}` };
    }),
    ...changes(size, ({ size: now }, before) =>
      before === undefined
        ? null
        : {
            what: 'Resized',
            detail: `from ${sizeText(before.size)} to ${sizeText(now)}`,
          },
    ),
    ...changes(tags, ({ tags: now }, before) =>
      before === undefined || before.tags.join() === now.join()
        ? null
        : { what: 'Tags', detail: now.length === 0 ? 'none' : now.join(', ') },
    ),
    ...(expectsOwner ? owner : []).map(({ from, owners, rule, ruleKind }) => ({
      at: from,
      what: owners.length === 0 ? 'Unassigned' : 'Assigned',
      detail: owners.length === 0 ? '' : `to ${ownersText(owners)}`,
      how: rule === null ? 'no rule matches' : `rule ${rule}, by ${(ruleKind ?? '').replaceAll('_', ' ')}`,
      why: rule === null ? null : `rule:${rule}`,
    })),
    ...actions.flatMap(({ type, status: result, completedAt, startedAt }) => {
      const at = completedAt ?? startedAt;
      const what = `Action ${type.replaceAll('_', ' ')}`;
      return at === null ? [] : [{ at, what, detail: result, how: "the provider's action log", why: null }];
    }),
  ]
    .toSorted((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0))
    .slice(0, shownMax);
}
